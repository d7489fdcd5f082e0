"""Empty: helper gifts fills it in."""

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Nothing yet."""
