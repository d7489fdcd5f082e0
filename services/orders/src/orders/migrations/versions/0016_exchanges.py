"""Exchanges, and goods that come back into stock."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Owner: helper exchange."""
