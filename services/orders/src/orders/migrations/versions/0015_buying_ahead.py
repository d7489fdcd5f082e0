"""Presales and donations."""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Owner: helper ahead."""
