"""Where pieces lie, of which lot, who holds them until when, and what the daily check finds.

Revision ID: 0005
"""

from pathlib import Path
from typing import cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.migrations import execute_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
NOBODY = "00000000-0000-0000-0000-000000000000"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Tables, then what is there already, then the functions and triggers that keep it."""
    create_sites_and_lots()
    create_terms()
    create_checks()
    create_shortfalls()
    widen_what_is_there()
    move_what_is_there()
    operations = cast(Operations, op)  # alembic's module stands for it
    for name in ("0005_places.sql", "0005_stock.sql"):
        execute_script(operations, (SQL / name).read_text(encoding="utf-8"))
    tell_of_what_is_there()


def create_sites_and_lots() -> None:
    """Sites, lots, shelves (pieces by SKU, site and lot) and the plan from where paid goods leave."""
    op.create_table(
        "stock_sites",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("temperature_classes", ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("is_default", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("revision", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_stock_sites"),
        sa.UniqueConstraint("supplier_id", "name", name="uq_stock_sites_supplier_id_name"),
        sa.CheckConstraint("is_active OR NOT is_default", name="ck_stock_sites_default_is_active"),
        sa.CheckConstraint("county_code ~ '^[0-9]{6}$'", name="ck_stock_sites_county_code_is_one"),
    )
    op.create_index(
        "ix_stock_sites_supplier_id_default",
        "stock_sites",
        ["supplier_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "stock_lots",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("lot_number", sa.Text(), nullable=False),
        sa.Column("harvested_on", sa.Date()),
        sa.Column("expires_on", sa.Date()),
        sa.Column("is_held", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name="pk_stock_lots"),
        sa.UniqueConstraint("sku_id", "lot_number", name="uq_stock_lots_sku_id_lot_number"),
        sa.CheckConstraint("lot_number <> ''", name="ck_stock_lots_number_is_there"),
        sa.CheckConstraint("harvested_on <= expires_on", name="ck_stock_lots_harvested_before_it_ends"),
    )
    op.create_index("ix_stock_lots_lot_number", "stock_lots", ["lot_number"])
    op.create_index("ix_stock_lots_expires_on", "stock_lots", ["expires_on"])
    op.create_table(
        "held_lots",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sku_ids", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("lot_id", name="pk_held_lots"),
    )
    op.create_index("ix_held_lots_code", "held_lots", ["code"])
    op.create_table(
        "stock_shelves",
        sa.Column("shelf_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shelf_id", name="pk_stock_shelves"),
        sa.UniqueConstraint(
            "sku_id",
            "site_id",
            "lot_id",
            name="uq_stock_shelves_sku_id_site_id_lot_id",
            postgresql_nulls_not_distinct=True,
        ),
        sa.ForeignKeyConstraint(["sku_id"], ["stock_levels.sku_id"], name="fk_stock_shelves_sku_id_stock_levels"),
        sa.ForeignKeyConstraint(["site_id"], ["stock_sites.site_id"], name="fk_stock_shelves_site_id_stock_sites"),
        sa.ForeignKeyConstraint(["lot_id"], ["stock_lots.lot_id"], name="fk_stock_shelves_lot_id_stock_lots"),
        sa.CheckConstraint("on_hand >= 0", name="ck_stock_shelves_on_hand_is_not_negative"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_stock_shelves_lot_id", "stock_shelves", ["lot_id"])
    op.create_index("ix_stock_shelves_site_id", "stock_shelves", ["site_id"])
    op.create_table(
        "stock_allocations",
        sa.Column("supplier_order_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("open_count", sa.Integer(), nullable=False),
        sa.Column("distance", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("supplier_order_id", "sku_id", "site_id", name="pk_stock_allocations"),
        sa.ForeignKeyConstraint(["site_id"], ["stock_sites.site_id"], name="fk_stock_allocations_site_id_stock_sites"),
        sa.CheckConstraint("quantity > 0", name="ck_stock_allocations_quantity_is_positive"),
        sa.CheckConstraint(
            "open_count BETWEEN 0 AND quantity", name="ck_stock_allocations_open_count_is_part_of_quantity"
        ),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_stock_allocations_order_id", "stock_allocations", ["order_id"])
    op.create_index(
        "ix_stock_allocations_sku_id_site_id_open",
        "stock_allocations",
        ["sku_id", "site_id"],
        postgresql_where=sa.text("open_count > 0"),
    )


def create_terms() -> None:
    """Holds that are no order's: who asked for them, for what, until when."""
    op.create_table(
        "stock_terms",
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("revision", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        sa.PrimaryKeyConstraint("holder_id", name="pk_stock_terms"),
        sa.CheckConstraint("purpose IN ('cart', 'campaign')", name="ck_stock_terms_purpose_is_known"),
        sa.CheckConstraint("status IN ('OPEN', 'RELEASED', 'EXPIRED')", name="ck_stock_terms_status_is_known"),
        sa.CheckConstraint("(status = 'OPEN') = (ended_at IS NULL)", name="ck_stock_terms_ended_has_instant"),
    )
    op.create_index(
        "ix_stock_terms_expires_at_open", "stock_terms", ["expires_at"], postgresql_where=sa.text("status = 'OPEN'")
    )
    op.create_index("ix_stock_terms_supplier_id_holder_id", "stock_terms", ["supplier_id", "holder_id"])


def create_checks() -> None:
    """Each run of the daily check, and every SKU that did not agree."""
    op.create_table(
        "stock_checks",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT),
        sa.Column("sku_count", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("finding_count", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("looked_to", sa.Uuid()),
        sa.PrimaryKeyConstraint("check_id", name="pk_stock_checks"),
    )
    op.create_table(
        "stock_findings",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("sku_id", sa.Uuid(), nullable=False),
        sa.Column("figures", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.Uuid()),
        sa.Column("reason", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("adjusted_by", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("finding_id", name="pk_stock_findings"),
        sa.ForeignKeyConstraint(
            ["check_id"], ["stock_checks.check_id"], name="fk_stock_findings_check_id_stock_checks"
        ),
        sa.CheckConstraint("status IN ('OPEN', 'REPAIRED', 'GONE')", name="ck_stock_findings_status_is_known"),
        sa.CheckConstraint("(status = 'OPEN') = (ended_at IS NULL)", name="ck_stock_findings_ended_has_instant"),
        sa.CheckConstraint("status <> 'REPAIRED' OR reason <> ''", name="ck_stock_findings_repair_is_explained"),
    )
    op.create_index("ix_stock_findings_check_id", "stock_findings", ["check_id"])
    op.create_index(
        "ix_stock_findings_sku_id_open",
        "stock_findings",
        ["sku_id"],
        unique=True,
        postgresql_where=sa.text("status = 'OPEN'"),
    )


def create_shortfalls() -> None:
    """Paid pieces that were never sent."""
    op.create_table(
        "order_shortfalls",
        sa.Column("shortfall_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_order_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("refund_fen", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("shortfall_id", "line_id", name="pk_order_shortfalls"),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.line_id"], name="fk_order_shortfalls_line_id_order_lines"),
        sa.CheckConstraint("quantity > 0", name="ck_order_shortfalls_quantity_is_positive"),
        sa.CheckConstraint("refund_fen >= 0", name="ck_order_shortfalls_refund_is_not_negative"),
    )
    op.create_index("ix_order_shortfalls_supplier_order_id", "order_shortfalls", ["supplier_order_id"])


def widen_what_is_there() -> None:
    """Levels know when they are low, entries where and of what, holds for what, and parts may leave in pieces."""
    op.add_column("stock_levels", sa.Column("low_at", sa.Integer(), nullable=False, server_default=sa.text("10")))
    op.create_check_constraint(op.f("ck_stock_levels_low_at_is_not_negative"), "stock_levels", "low_at >= 0")
    op.add_column("stock_ledger", sa.Column("site_id", sa.Uuid()))
    op.add_column("stock_ledger", sa.Column("lot_id", sa.Uuid()))
    op.add_column("stock_ledger", sa.Column("shipment_id", sa.Uuid()))
    replace_check(
        "stock_ledger",
        "kind_is_known",
        "kind IN ('received', 'held', 'released', 'shipped', 'adjusted', 'moved')",
    )
    replace_check(
        "stock_ledger", "quantity_fits_kind", "quantity > 0 OR (kind IN ('adjusted', 'moved') AND quantity <> 0)"
    )
    op.create_index(
        "ix_stock_ledger_order_id_shipped",
        "stock_ledger",
        ["order_id"],
        postgresql_where=sa.text("kind = 'shipped'"),
    )
    op.create_check_constraint(
        op.f("ck_stock_holds_purpose_is_known"), "stock_holds", "purpose IN ('order', 'cart', 'campaign', 'lot')"
    )
    op.create_check_constraint(
        op.f("ck_stock_holds_cart_and_campaign_end"),
        "stock_holds",
        "purpose NOT IN ('cart', 'campaign') OR expires_at IS NOT NULL",
    )
    replace_check(
        "supplier_orders",
        "fulfilment_is_known",
        "fulfilment IN ('PENDING_PAYMENT', 'PENDING_SHIPMENT', 'PARTLY_SHIPPED', 'SHIPPED', 'DELIVERED', 'CANCELLED')",
    )
    replace_check(
        "order_changes",
        "change_is_known",
        "change IN ('PLACED', 'PAID', 'CANCELLED', 'PARTLY_SHIPPED', 'SHIPPED', 'GIVEN_UP', 'DELIVERED', 'COMPLETED',"
        " 'SHIPPED_AFTER_CANCEL')",
    )


def replace_check(table: str, name: str, condition: str) -> None:
    """The same constraint with another condition."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def move_what_is_there() -> None:
    """Each supplier gets its default site, and all pieces so far lie there, of no lot. Entries are told their site once,
    so their guard is off meanwhile."""
    op.execute("""
        INSERT INTO stock_sites (site_id, supplier_id, name, county_code, is_default, created_at)
        SELECT DISTINCT ON (supplier_id) uuidv7(), supplier_id, '主仓', supplier_county_code, true, now()
        FROM sellable_skus ORDER BY supplier_id, revision DESC
    """)
    op.execute(f"""
        INSERT INTO stock_sites (site_id, supplier_id, name, county_code, is_default, created_at)
        SELECT uuidv7(), '{NOBODY}', '主仓', '000000', true, now()
        WHERE EXISTS (SELECT FROM stock_levels AS level LEFT JOIN sellable_skus AS sku USING (sku_id)
                      WHERE sku.sku_id IS NULL)
    """)  # noqa: S608 - our own figure
    home = f"""
        SELECT level.sku_id, level.on_hand, site.site_id
        FROM stock_levels AS level LEFT JOIN sellable_skus AS sku USING (sku_id)
        JOIN stock_sites AS site ON site.is_default AND site.supplier_id = coalesce(sku.supplier_id, '{NOBODY}')
    """  # noqa: S608
    op.execute(f"INSERT INTO stock_shelves (sku_id, on_hand, site_id) {home}")
    op.execute("ALTER TABLE stock_ledger DISABLE TRIGGER stock_ledger_is_append_only")
    op.execute(f"""
        UPDATE stock_ledger AS entry SET site_id = home.site_id FROM ({home}) AS home
        WHERE entry.sku_id = home.sku_id AND entry.kind IN ('received', 'adjusted', 'shipped')
    """)  # noqa: S608
    op.execute("ALTER TABLE stock_ledger ENABLE TRIGGER stock_ledger_is_append_only")
    op.create_check_constraint(
        op.f("ck_stock_ledger_pieces_move_somewhere"),
        "stock_ledger",
        "(kind IN ('held', 'released')) = (site_id IS NULL)",
    )


def tell_of_what_is_there() -> None:
    """Paid parts that wait get their plan; the catalog hears of every level once."""
    op.execute("""
        INSERT INTO stock_allocations (supplier_order_id, sku_id, site_id, order_id, quantity, open_count, distance)
        SELECT part.supplier_order_id, line.sku_id, site.site_id, part.order_id, sum(line.quantity), sum(line.quantity),
               site_distance(site.county_code, placed.county_code)
        FROM supplier_orders AS part JOIN orders AS placed USING (order_id)
        JOIN order_lines AS line USING (supplier_order_id)
        JOIN stock_sites AS site ON site.supplier_id = part.supplier_id AND site.is_default
        WHERE part.fulfilment = 'PENDING_SHIPMENT'
        GROUP BY part.supplier_order_id, line.sku_id, site.site_id, part.order_id, placed.county_code
    """)
    op.execute("""
        INSERT INTO outbox (id, type, subject, time, data)
        SELECT uuidv7(),
               CASE WHEN level.available > level.low_at THEN 'orders.back-in-stock.v1' ELSE 'orders.stock-low.v1' END,
               level.sku_id::text, now(), jsonb_build_object(
                   'sku_id', level.sku_id, 'product_id', sku.product_id, 'supplier_id', sku.supplier_id,
                   'available', level.available, 'low_at', level.low_at,
                   'revision', nextval('stock_signal_revision'), 'noted_at', now())
        FROM stock_levels AS level JOIN sellable_skus AS sku USING (sku_id)
    """)
