"""Unsold stock that is flagged."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Owner: helper together."""
