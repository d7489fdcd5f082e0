"""Messages, and endpoints that are told of events."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Owner: helper messages."""
