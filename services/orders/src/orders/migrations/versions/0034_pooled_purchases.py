"""Owner: helper pooled (a later helper). Nothing yet."""

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Nothing yet."""
