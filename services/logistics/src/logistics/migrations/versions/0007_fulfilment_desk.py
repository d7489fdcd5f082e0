"""What the fulfilment desk keeps."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Owner: helper desks."""
