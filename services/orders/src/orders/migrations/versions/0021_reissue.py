"""What the service desk sends again."""

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Owner: helper reissue."""
