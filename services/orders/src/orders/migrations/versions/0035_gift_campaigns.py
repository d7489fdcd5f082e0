"""Owner: helper campaign. Nothing yet."""

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Nothing yet."""
