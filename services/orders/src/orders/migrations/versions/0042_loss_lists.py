"""Empty: helper losses fills it in."""

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Nothing yet."""
