"""SKU replica, stock, carts and orders.

Revision ID: 0001
"""

from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from shared.migrations import create_job_tables, create_shared_tables, execute_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
METADATA = sa.MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def upgrade() -> None:
    """Make the shared tables, then ours, then the functions and triggers over them."""
    operations = cast(Operations, op)  # alembic's module stands for it
    create_shared_tables(operations)
    create_job_tables(operations)
    create_sku_tables()
    create_stock_tables()
    create_cart_tables()
    create_order_tables()
    for name in ("0001_stock_functions.sql", "0001_order_functions.sql"):
        execute_script(operations, (SQL / name).read_text(encoding="utf-8"))


def create_table(name: str, *items: sa.Column[Any] | sa.CheckConstraint, **options: Any) -> None:
    """Like `op.create_table`, with our constraint names."""
    sa.Table(name, METADATA, *items, **options).create(op.get_bind())


def create_sku_tables() -> None:
    """The replica of the catalog's sellable SKUs."""
    create_table(
        "sellable_skus",
        sa.Column("sku_id", UUID, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("is_listed", sa.Boolean, nullable=False),
        sa.Column("delisted_reason", sa.Text),
        sa.Column("product_id", UUID, nullable=False),
        sa.Column("supplier_id", UUID, nullable=False),
        sa.Column("supplier_name", sa.Text, nullable=False),
        sa.Column("supplier_county_code", sa.Text, nullable=False),
        sa.Column("product_title", sa.Text, nullable=False),
        sa.Column("product_title_en", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("specification", sa.Text, nullable=False),
        sa.Column("specification_en", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("picture", sa.Text, nullable=False),
        sa.Column("origin_county_code", sa.Text, nullable=False),
        sa.Column("designations", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("net_weight_g", sa.BigInteger, nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("price_valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price_valid_until", sa.DateTime(timezone=True)),
        sa.Column("temperature_class", sa.Text, nullable=False),
        sa.Column("shelf_life_days", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("price_fen > 0", name="price_is_positive"),
        sa.CheckConstraint("net_weight_g >= 0", name="weight_is_not_negative"),
        postgresql_with={"fillfactor": "85"},
    )
    op.create_index("ix_sellable_skus_supplier_id_sku_id", "sellable_skus", ["supplier_id", "sku_id"])


def create_stock_tables() -> None:
    """Counters, ledger and holds."""
    create_table(
        "stock_levels",
        sa.Column("sku_id", UUID, primary_key=True),
        sa.Column("on_hand", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("held", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("available", sa.Integer, sa.Computed("on_hand - held", persisted=True), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="on_hand_is_not_negative"),
        sa.CheckConstraint("held >= 0", name="held_is_not_negative"),
        sa.CheckConstraint("available >= 0", name="available_is_not_negative"),
        postgresql_with={"fillfactor": "70"},
    )
    create_table(
        "stock_ledger",
        sa.Column("entry_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("sku_id", UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("order_id", UUID),
        sa.Column("reference", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("recorded_by", UUID),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('received', 'held', 'released', 'shipped', 'adjusted')", name="kind_is_known"),
        sa.CheckConstraint("quantity > 0 OR (kind = 'adjusted' AND quantity <> 0)", name="quantity_fits_kind"),
    )
    op.create_index("ix_stock_ledger_sku_id_entry_id", "stock_ledger", ["sku_id", "entry_id"])
    create_table(
        "stock_holds",
        sa.Column("holder_id", UUID, primary_key=True),
        sa.Column("sku_id", UUID, sa.ForeignKey("stock_levels.sku_id"), primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("open_count", sa.Integer, nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("quantity > 0", name="quantity_is_positive"),
        sa.CheckConstraint("open_count BETWEEN 0 AND quantity", name="open_count_is_part_of_quantity"),
        sa.CheckConstraint("(open_count = 0) = (ended_at IS NOT NULL)", name="ended_when_nothing_is_open"),
        postgresql_with={"fillfactor": "80"},
    )


def create_cart_tables() -> None:
    """What people mean to buy."""
    create_table(
        "cart_lines",
        sa.Column("person_id", UUID, primary_key=True),
        sa.Column("sku_id", UUID, primary_key=True),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("seen_price_fen", sa.BigInteger, nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity_is_positive"),
        postgresql_with={"fillfactor": "80"},
    )


def money_columns() -> list[sa.Column[int]]:
    """The four sums of an order or of a part."""
    return [
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in ("goods_fen", "discount_fen", "delivery_fen", "payable_fen")
    ]


def money_checks() -> list[sa.CheckConstraint]:
    """What must hold between them."""
    return [
        sa.CheckConstraint("goods_fen >= 0 AND delivery_fen >= 0", name="money_is_not_negative"),
        sa.CheckConstraint("discount_fen BETWEEN 0 AND goods_fen", name="discount_fits_goods"),
        sa.CheckConstraint("payable_fen = goods_fen - discount_fen + delivery_fen", name="payable_adds_up"),
    ]


def create_order_tables() -> None:
    """Orders, their parts by supplier, lines as sold, and history."""
    create_table(
        "orders",
        sa.Column("order_id", UUID, primary_key=True),
        sa.Column("order_number", sa.Text, nullable=False, unique=True),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("buyer_id", UUID, nullable=False),
        sa.Column("buyer_kind", sa.Text, nullable=False),
        sa.Column("organisation_id", UUID),
        *money_columns(),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("county_code", sa.Text, nullable=False),
        sa.Column("address_detail", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payment_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("payment_id", UUID),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("cancel_reason", sa.Text),
        *money_checks(),
        sa.CheckConstraint("status IN ('PENDING_PAYMENT', 'PAID', 'COMPLETED', 'CANCELLED')", name="status_is_known"),
        sa.CheckConstraint("(paid_at IS NULL) = (payment_id IS NULL)", name="paid_by_a_payment"),
        sa.CheckConstraint("status NOT IN ('PAID', 'COMPLETED') OR paid_at IS NOT NULL", name="paid_has_instant"),
        sa.CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", name="cancelled_has_instant"),
        sa.CheckConstraint("(status = 'COMPLETED') = (completed_at IS NOT NULL)", name="completed_has_instant"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_orders_buyer_id_placed_at_order_id", "orders", ["buyer_id", "placed_at", "order_id"])
    op.create_index("ix_orders_placed_at_order_id", "orders", ["placed_at", "order_id"])
    op.create_index(
        "ix_orders_payment_due_at_pending",
        "orders",
        ["payment_due_at"],
        postgresql_where=sa.text("status = 'PENDING_PAYMENT'"),
    )
    create_part_tables()
    create_table(
        "order_changes",
        sa.Column("change_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", UUID, sa.ForeignKey("orders.order_id"), nullable=False),
        sa.Column("supplier_order_id", UUID),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("changed_by", UUID),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "change IN ('PLACED', 'PAID', 'CANCELLED', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'SHIPPED_AFTER_CANCEL')",
            name="change_is_known",
        ),
    )
    op.create_index("ix_order_changes_order_id_change_id", "order_changes", ["order_id", "change_id"])


def create_part_tables() -> None:
    """Supplier orders and their lines."""
    create_table(
        "supplier_orders",
        sa.Column("supplier_order_id", UUID, primary_key=True),
        sa.Column("order_id", UUID, sa.ForeignKey("orders.order_id"), nullable=False),
        sa.Column("part_number", sa.SmallInteger, nullable=False),
        sa.Column("supplier_id", UUID, nullable=False),
        sa.Column("supplier_name", sa.Text, nullable=False),
        sa.Column("ship_from_county_code", sa.Text, nullable=False),
        sa.Column("fulfilment", sa.Text, nullable=False),
        *money_columns(),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        *money_checks(),
        sa.CheckConstraint(
            "fulfilment IN ('PENDING_PAYMENT', 'PENDING_SHIPMENT', 'SHIPPED', 'DELIVERED', 'CANCELLED')",
            name="fulfilment_is_known",
        ),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_supplier_orders_order_id_part_number", "supplier_orders", ["order_id", "part_number"], unique=True
    )
    op.create_index(
        "ix_supplier_orders_supplier_id_placed_at_supplier_order_id",
        "supplier_orders",
        ["supplier_id", "placed_at", "supplier_order_id"],
    )
    create_table(
        "order_lines",
        sa.Column("line_id", UUID, primary_key=True),
        sa.Column("supplier_order_id", UUID, sa.ForeignKey("supplier_orders.supplier_order_id"), nullable=False),
        sa.Column("line_number", sa.SmallInteger, nullable=False),
        sa.Column("sku_id", UUID, nullable=False),
        sa.Column("product_id", UUID, nullable=False),
        sa.Column("product_title", sa.Text, nullable=False),
        sa.Column("product_title_en", sa.Text, nullable=False),
        sa.Column("specification", sa.Text, nullable=False),
        sa.Column("specification_en", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("picture", sa.Text, nullable=False),
        sa.Column("origin_county_code", sa.Text, nullable=False),
        sa.Column("designations", ARRAY(sa.Text), nullable=False),
        sa.Column("temperature_class", sa.Text, nullable=False),
        sa.Column("net_weight_g", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("discount_fen", sa.BigInteger, nullable=False),
        sa.Column("payable_fen", sa.BigInteger, nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity_is_positive"),
        sa.CheckConstraint("amount_fen = unit_price_fen * quantity", name="amount_adds_up"),
        sa.CheckConstraint("discount_fen BETWEEN 0 AND amount_fen", name="discount_fits_amount"),
        sa.CheckConstraint("payable_fen = amount_fen - discount_fen", name="payable_adds_up"),
    )
    op.create_index(
        "ix_order_lines_supplier_order_id_line_number", "order_lines", ["supplier_order_id", "line_number"], unique=True
    )
