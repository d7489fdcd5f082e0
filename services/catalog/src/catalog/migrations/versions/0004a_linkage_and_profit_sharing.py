"""Household linkage and profit sharing."""

from pathlib import Path
from typing import cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations

from shared.migrations import execute_script

revision = "0004a"
down_revision = "0003"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """The tables, then what holds them to their word."""
    make_linkage_tables()
    make_profit_tables()
    execute_script(cast(Operations, op), (SQL / "0004_what_was_shared.sql").read_text())


def make_linkage_tables() -> None:
    op.create_table(
        "linkages",
        sa.Column("linkage_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("agreement_document_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("estimated_household_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("estimated_person_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("estimate_coefficient_fen", sa.BigInteger(), nullable=True),
        sa.Column("estimate_source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "estimated_household_count = 0 OR (estimate_coefficient_fen > 0 AND estimate_source <> '')",
            name=op.f("ck_linkages_estimate_explained"),
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'CONFIRMED', 'RETURNED', 'ENDED')", name=op.f("ck_linkages_status_known")
        ),
        sa.CheckConstraint(
            "way IN ('purchase', 'employment', 'land_lease', 'dividend', 'shareholding', 'long_term_order')",
            name=op.f("ck_linkages_way_known"),
        ),
        sa.CheckConstraint(
            "estimated_household_count >= 0 AND estimated_person_count >= 0", name=op.f("ck_linkages_not_negative")
        ),
        sa.CheckConstraint("until_on IS NULL OR until_on >= from_on", name=op.f("ck_linkages_days_in_order")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_linkages_county_code_regions")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_linkages_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("linkage_id", name=op.f("pk_linkages")),
    )
    op.create_index("ix_linkages_county_code", "linkages", ["county_code", "status", "linkage_id"], unique=False)
    op.create_index("ix_linkages_supplier_id", "linkages", ["supplier_id", "linkage_id"], unique=False)
    op.create_index(
        "uq_linkages_one_entry",
        "linkages",
        ["supplier_id", "way", "county_code", "township", "village", "from_on"],
        unique=True,
    )
    op.create_table(
        "linkage_households",
        sa.Column("linkage_id", sa.Uuid(), nullable=False),
        sa.Column("household_key", sa.Text(), nullable=False),
        sa.Column("person_count", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("household_key ~ '^[0-9a-f]{32}$'", name=op.f("ck_linkage_households_key_form")),
        sa.CheckConstraint("person_count BETWEEN 1 AND 30", name=op.f("ck_linkage_households_persons_in_range")),
        sa.ForeignKeyConstraint(
            ["linkage_id"], ["linkages.linkage_id"], name=op.f("fk_linkage_households_linkage_id_linkages")
        ),
        sa.PrimaryKeyConstraint("linkage_id", "household_key", name=op.f("pk_linkage_households")),
    )
    op.create_index("ix_linkage_households_household_key", "linkage_households", ["household_key"], unique=False)
    op.create_table(
        "linkage_incomes",
        sa.Column("linkage_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("wage_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("asset_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("operating_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "wage_fen >= 0 AND asset_fen >= 0 AND operating_fen >= 0", name=op.f("ck_linkage_incomes_not_negative")
        ),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_linkage_incomes_year_in_range")),
        sa.ForeignKeyConstraint(
            ["linkage_id"], ["linkages.linkage_id"], name=op.f("fk_linkage_incomes_linkage_id_linkages")
        ),
        sa.PrimaryKeyConstraint("linkage_id", "year", name=op.f("pk_linkage_incomes")),
    )


def make_profit_tables() -> None:
    op.create_table(
        "profit_contracts",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.Column("deduction_bp", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("floor_bp", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("floor_source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("basis IN ('line_payable', 'net_proceeds')", name=op.f("ck_profit_contracts_basis_known")),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'SUBMITTED', 'CONFIRMED', 'RETURNED', 'ENDED')",
            name=op.f("ck_profit_contracts_status_known"),
        ),
        sa.CheckConstraint("share_bp >= floor_bp", name=op.f("ck_profit_contracts_not_below_floor")),
        sa.CheckConstraint(
            "share_bp BETWEEN 1 AND 10000 AND deduction_bp BETWEEN 0 AND 9999",
            name=op.f("ck_profit_contracts_basis_points"),
        ),
        sa.CheckConstraint("until_on IS NULL OR until_on >= from_on", name=op.f("ck_profit_contracts_days_in_order")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["regions.code"], name=op.f("fk_profit_contracts_county_code_regions")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.product_id"], name=op.f("fk_profit_contracts_product_id_products")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.supplier_id"], name=op.f("fk_profit_contracts_supplier_id_suppliers")
        ),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_profit_contracts")),
    )
    op.create_index("ix_profit_contracts_county_code", "profit_contracts", ["county_code", "contract_id"], unique=False)
    op.create_index("ix_profit_contracts_supplier_id", "profit_contracts", ["supplier_id", "contract_id"], unique=False)
    op.create_table(
        "profit_contract_households",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("household_key", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.CheckConstraint("household_key ~ '^[0-9a-f]{32}$'", name=op.f("ck_profit_contract_households_key_form")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000000", name=op.f("ck_profit_contract_households_weight_in_range")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["profit_contracts.contract_id"],
            name=op.f("fk_profit_contract_households_contract_id_profit_contracts"),
        ),
        sa.PrimaryKeyConstraint("contract_id", "household_key", name=op.f("pk_profit_contract_households")),
    )
    op.create_table(
        "profit_shares",
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_order_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("share_fen", sa.BigInteger(), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "period_on = date_trunc('month', period_on::timestamp)::date",
            name=op.f("ck_profit_shares_period_is_a_month"),
        ),
        sa.CheckConstraint(
            "(refund_id IS NULL AND share_fen >= 0 AND payable_fen >= 0) OR (refund_id IS NOT NULL AND share_fen <= 0 AND payable_fen <= 0)",
            name=op.f("ck_profit_shares_sign_by_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["profit_contracts.contract_id"],
            name=op.f("fk_profit_shares_contract_id_profit_contracts"),
        ),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_profit_shares")),
    )
    op.create_index("ix_profit_shares_contract_id", "profit_shares", ["contract_id", "period_on"], unique=False)
    op.create_index("ix_profit_shares_line_id", "profit_shares", ["line_id"], unique=False)
    op.create_index(
        "uq_profit_shares_once_a_line",
        "profit_shares",
        ["contract_id", "line_id"],
        unique=True,
        postgresql_where=sa.text("refund_id IS NULL"),
    )
    op.create_index(
        "uq_profit_shares_once_a_refund",
        "profit_shares",
        ["contract_id", "line_id", "refund_id"],
        unique=True,
        postgresql_where=sa.text("refund_id IS NOT NULL"),
    )
    op.create_table(
        "profit_portions",
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("household_key", sa.Text(), nullable=False),
        sa.Column("portion_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "household_key = '' OR household_key ~ '^[0-9a-f]{32}$'", name=op.f("ck_profit_portions_key_form")
        ),
        sa.ForeignKeyConstraint(
            ["share_id"], ["profit_shares.share_id"], name=op.f("fk_profit_portions_share_id_profit_shares")
        ),
        sa.PrimaryKeyConstraint("share_id", "household_key", name=op.f("pk_profit_portions")),
    )
    op.create_index("ix_profit_portions_household_key", "profit_portions", ["household_key"], unique=False)
    op.create_table(
        "profit_payouts",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("period_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_profit_payouts_amount_positive")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["profit_contracts.contract_id"],
            name=op.f("fk_profit_payouts_contract_id_profit_contracts"),
        ),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_profit_payouts")),
    )
    op.create_index(
        "uq_profit_payouts_contract_id_period_on", "profit_payouts", ["contract_id", "period_on"], unique=True
    )
    op.create_table(
        "profit_payout_lines",
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["profit_payouts.payout_id"], name=op.f("fk_profit_payout_lines_payout_id_profit_payouts")
        ),
        sa.ForeignKeyConstraint(
            ["share_id"], ["profit_shares.share_id"], name=op.f("fk_profit_payout_lines_share_id_profit_shares")
        ),
        sa.PrimaryKeyConstraint("share_id", name=op.f("pk_profit_payout_lines")),
    )
