"""Empty: helper bidding fills it in."""

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Nothing yet."""
