"""Readings after the parcel's arrival are kept and not judged.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every series learns when its parcel's way ended."""
    op.execute("ALTER TABLE reading_series ADD COLUMN rested_at timestamptz")
    op.execute("""
        UPDATE reading_series SET rested_at = coalesce(parcels.delivered_at, parcels.returned_at)
        FROM parcels WHERE parcels.parcel_id = reading_series.parcel_id
    """)
