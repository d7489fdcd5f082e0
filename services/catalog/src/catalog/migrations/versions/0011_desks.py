"""What the remaining desks need."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Nothing yet."""
