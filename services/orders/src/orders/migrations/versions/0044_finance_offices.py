"""Empty: helper finance fills it in."""

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Nothing yet."""
