"""Recognition, directories, credit, enforcement, brands, demonstration."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
