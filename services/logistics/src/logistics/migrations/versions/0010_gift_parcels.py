"""Gifts: an order of a unit goes to many recipients, each of whom has a shipment."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    """A gift's parcel has one shipment, whatever is told twice."""
    op.add_column("shipments", sa.Column("gift_parcel_id", sa.Uuid()))
    op.drop_constraint(op.f("ck_shipments_kind_is_known"), "shipments")
    op.create_check_constraint(
        op.f("ck_shipments_kind_is_known"), "shipments", "kind IN ('FIRST', 'REPLACEMENT', 'GIFT')"
    )
    op.create_check_constraint(
        op.f("ck_shipments_gift_has_parcel"), "shipments", "(kind = 'GIFT') = (gift_parcel_id IS NOT NULL)"
    )
    op.create_index(op.f("ix_shipments_gift_parcel_id"), "shipments", ["gift_parcel_id"], unique=True)
