"""Replacement shipments: what is sent again for an exchange, beside the part's first shipment."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A part has one first shipment, an exchange one replacement."""
    op.add_column("shipments", sa.Column("kind", sa.Text(), server_default="FIRST", nullable=False))
    op.add_column("shipments", sa.Column("exchange_id", sa.Uuid()))
    op.create_check_constraint(op.f("ck_shipments_kind_is_known"), "shipments", "kind IN ('FIRST', 'REPLACEMENT')")
    op.create_check_constraint(
        op.f("ck_shipments_replacement_has_exchange"),
        "shipments",
        "(kind = 'REPLACEMENT') = (exchange_id IS NOT NULL)",
    )
    op.drop_constraint(op.f("uq_shipments_supplier_order_id"), "shipments")
    op.create_index(
        "ix_shipments_supplier_order_id_first",
        "shipments",
        ["supplier_order_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'FIRST'"),
    )
    op.create_index(op.f("ix_shipments_exchange_id"), "shipments", ["exchange_id"], unique=True)
