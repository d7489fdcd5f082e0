"""What buyers say of what they bought."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
