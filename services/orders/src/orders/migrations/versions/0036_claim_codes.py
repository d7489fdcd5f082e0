"""Owner: helper claim. Nothing yet."""

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Nothing yet."""
