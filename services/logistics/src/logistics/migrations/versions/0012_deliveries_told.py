"""Of a shipment of several parcels it is kept which arrivals were told while others were still awaited."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """What arrived before is not told any more."""
    op.execute("ALTER TABLE parcels ADD COLUMN arrival_told_at TIMESTAMP WITH TIME ZONE")
    op.execute("UPDATE parcels SET arrival_told_at = delivered_at WHERE delivered_at IS NOT NULL")
