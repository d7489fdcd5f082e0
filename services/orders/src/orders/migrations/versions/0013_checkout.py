"""Guests' carts, pickup points, invoice details."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Owner: helper checkout."""
