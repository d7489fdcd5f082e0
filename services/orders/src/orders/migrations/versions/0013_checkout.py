"""Guests' carts, invoice titles, pickup points, and pieces kept for a cart."""

from pathlib import Path
from typing import cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import ARRAY

from shared.migrations import execute_script

revision = "0013"
down_revision = "0012"

SQL = Path(__file__).parents[1] / "sql"
INSTANT = sa.DateTime(timezone=True)
KINDS = "kind IN ('PERSONAL', 'ENTERPRISE', 'UNIT')"
IDS = (
    "CASE kind WHEN 'PERSONAL' THEN taxpayer_id = '' WHEN 'ENTERPRISE' THEN length(taxpayer_id) = 18"
    " ELSE length(taxpayer_id) IN (0, 18) END"
)


def upgrade() -> None:
    """Each in its turn."""
    create_guest_carts()
    create_invoice_titles()
    create_pickup_points()
    create_cart_holds()


def create_guest_carts() -> None:
    """A guest's lines know until when they are kept."""
    op.add_column("cart_lines", sa.Column("guest_until", INSTANT))
    op.create_index(
        "ix_cart_lines_guest_until",
        "cart_lines",
        ["guest_until"],
        postgresql_where=sa.text("guest_until IS NOT NULL"),
    )


def create_invoice_titles() -> None:
    """A person's book, and what an order was given."""
    op.create_table(
        "saved_invoice_titles",
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("taxpayer_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_saved_invoice_titles_kind_is_known")),
        sa.CheckConstraint(IDS, name=op.f("ck_saved_invoice_titles_taxpayer_id_fits_kind")),
        sa.PrimaryKeyConstraint("title_id", name=op.f("pk_saved_invoice_titles")),
    )
    op.create_index(
        "ix_saved_invoice_titles_one_default",
        "saved_invoice_titles",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        "ix_saved_invoice_titles_once_each",
        "saved_invoice_titles",
        ["person_id", "kind", "name", "taxpayer_id", "email"],
        unique=True,
    )
    op.create_table(
        "order_invoice_titles",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("taxpayer_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_order_invoice_titles_kind_is_known")),
        sa.CheckConstraint(IDS, name=op.f("ck_order_invoice_titles_taxpayer_id_fits_kind")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("fk_order_invoice_titles_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_invoice_titles")),
    )


def create_pickup_points() -> None:
    """The replica of logistics' points, and where an order's goods wait."""
    op.create_table(
        "pickup_points",
        sa.Column("pickup_point_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kept_classes", ARRAY(sa.Text()), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("status IN ('OPEN', 'CLOSED')", name=op.f("ck_pickup_points_status_is_known")),
        sa.CheckConstraint("county_code ~ '^[0-9]{6}$'", name=op.f("ck_pickup_points_county_code_has_six_digits")),
        sa.PrimaryKeyConstraint("pickup_point_id", name=op.f("pk_pickup_points")),
    )
    op.add_column("orders", sa.Column("pickup_point_id", sa.Uuid()))
    op.add_column("orders", sa.Column("pickup_point_name", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_check_constraint(
        op.f("ck_orders_pickup_point_has_name"), "orders", "(pickup_point_id IS NULL) = (pickup_point_name = '')"
    )


def create_cart_holds() -> None:
    """A person's cart holds once at a time, and an order may use what it holds."""
    op.drop_constraint(op.f("ck_stock_terms_status_is_known"), "stock_terms", type_="check")
    op.create_check_constraint(
        op.f("ck_stock_terms_status_is_known"), "stock_terms", "status IN ('OPEN', 'RELEASED', 'EXPIRED', 'USED')"
    )
    op.create_index(
        "ix_stock_terms_one_open_cart",
        "stock_terms",
        ["owner_id"],
        unique=True,
        postgresql_where=sa.text("purpose = 'cart' AND status = 'OPEN'"),
    )
    op.create_index(
        "ix_stock_terms_owner_id_cart",
        "stock_terms",
        ["owner_id", "created_at"],
        postgresql_where=sa.text("purpose = 'cart'"),
    )
    operations = cast(Operations, op)  # alembic's module stands for it
    execute_script(operations, (SQL / "0013_cart_holds.sql").read_text(encoding="utf-8"))
