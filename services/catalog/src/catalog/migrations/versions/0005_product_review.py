"""Product review, prices by quantity and buyer group, seasons, tax."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
