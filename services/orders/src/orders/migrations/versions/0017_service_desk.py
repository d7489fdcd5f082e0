"""What the service desk keeps."""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Owner: helper desks."""
