"""Empty: helper pooled fills it in."""

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Nothing yet."""
