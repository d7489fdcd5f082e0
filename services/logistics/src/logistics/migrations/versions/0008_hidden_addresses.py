"""Where a donation goes is not shown to its buyer."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Shipments know."""
    op.add_column(
        "shipments", sa.Column("hides_address", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
