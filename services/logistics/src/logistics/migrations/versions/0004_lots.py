"""Held lots, and what left of which lot."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "held_lots",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sku_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("is_recalled", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_held_lots")),
        sa.UniqueConstraint("code", name=op.f("uq_held_lots_code")),
    )
    op.create_index(
        "ix_held_lots_sku_ids",
        "held_lots",
        ["sku_ids"],
        postgresql_using="gin",
        postgresql_where=sa.text("is_held"),
    )
    op.create_table(
        "shipment_lots",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("lot_code", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lots_quantity_is_positive")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipments.shipment_id"], name=op.f("fk_shipment_lots_shipment_id_shipments")
        ),
        sa.PrimaryKeyConstraint("shipment_id", "sku_id", "lot_code", name=op.f("pk_shipment_lots")),
    )
    op.create_index(op.f("ix_shipment_lots_lot_code"), "shipment_lots", ["lot_code"])
