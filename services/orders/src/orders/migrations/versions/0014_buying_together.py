"""Group buys and love purchases."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Owner: helper together."""
