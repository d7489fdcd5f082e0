"""Empty: helper reserve fills it in."""

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Nothing yet."""
