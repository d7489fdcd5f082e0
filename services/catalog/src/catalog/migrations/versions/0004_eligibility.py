"""Eligibility of origin."""

from pathlib import Path
from typing import cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from shared.migrations import execute_script

revision = "0004"
down_revision = "0004a"

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """The tables, then what holds them to their word and notes what is to be decided."""
    make_eligibility_tables()
    execute_script(cast(Operations, op), (SQL / "0004_what_was_decided.sql").read_text())


def make_eligibility_tables() -> None:
    op.create_table(
        "eligibility_rule_sets",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=True),
        sa.Column("reach", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "layer IN ('national', 'provincial', 'city')", name=op.f("ck_eligibility_rule_sets_layer_known")
        ),
        sa.ForeignKeyConstraint(
            ["city_code"], ["regions.code"], name=op.f("fk_eligibility_rule_sets_city_code_regions")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_eligibility_rule_sets")),
    )
    op.create_table(
        "eligibility_rule_versions",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("rule_set", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("cases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "during",
            postgresql.DATERANGE(),
            sa.Computed("daterange(from_on, until_on, '[)')", persisted=True),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("rule_set"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("status = 'PUBLISHED'"),
            using="gist",
            name="ex_eligibility_rule_versions_one_at_a_time",
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'PUBLISHED', 'DISCARDED')", name=op.f("ck_eligibility_rule_versions_status_known")
        ),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on > from_on", name=op.f("ck_eligibility_rule_versions_days_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["rule_set"],
            ["eligibility_rule_sets.code"],
            name=op.f("fk_eligibility_rule_versions_rule_set_eligibility_rule_sets"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_eligibility_rule_versions")),
        sa.UniqueConstraint("rule_set", "number", name="uq_eligibility_rule_versions_number"),
    )
    op.create_table(
        "origin_facts",
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "during",
            postgresql.DATERANGE(),
            sa.Computed("daterange(from_on, until_on, '[)')", persisted=True),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("subject_kind"), "="),
            (sa.column("subject_key"), "="),
            (sa.column("name"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_origin_facts_one_at_a_time",
        ),
        sa.CheckConstraint(
            "subject_kind IN ('product', 'supplier', 'village')", name=op.f("ck_origin_facts_subject_kind_known")
        ),
        sa.CheckConstraint("until_on IS NULL OR until_on > from_on", name=op.f("ck_origin_facts_days_in_order")),
        sa.ForeignKeyConstraint(["county_code"], ["regions.code"], name=op.f("fk_origin_facts_county_code_regions")),
        sa.PrimaryKeyConstraint("fact_id", name=op.f("pk_origin_facts")),
    )
    op.create_index("ix_origin_facts_county_code", "origin_facts", ["county_code", "fact_id"], unique=False)
    op.create_index("ix_origin_facts_from_on", "origin_facts", ["from_on"], unique=False)
    op.create_table(
        "eligibility_decisions",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("rule_set", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("is_eligible", sa.Boolean(), nullable=False),
        sa.Column("case_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reason", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "during",
            postgresql.DATERANGE(),
            sa.Computed("daterange(valid_from_on, valid_until_on, '[)')", persisted=True),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("product_id"), "="),
            (sa.column("rule_set"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("superseded_at IS NULL"),
            using="gist",
            name="ex_eligibility_decisions_one_at_a_time",
        ),
        sa.CheckConstraint(
            "is_eligible = (cardinality(case_codes) > 0)", name=op.f("ck_eligibility_decisions_reason_given")
        ),
        sa.CheckConstraint(
            "valid_until_on IS NULL OR valid_until_on > valid_from_on",
            name=op.f("ck_eligibility_decisions_days_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.product_id"], name=op.f("fk_eligibility_decisions_product_id_products")
        ),
        sa.ForeignKeyConstraint(
            ["rule_set"],
            ["eligibility_rule_sets.code"],
            name=op.f("fk_eligibility_decisions_rule_set_eligibility_rule_sets"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["eligibility_rule_versions.version_id"],
            name=op.f("fk_eligibility_decisions_version_id_eligibility_rule_versions"),
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_eligibility_decisions")),
    )
    op.create_index(
        "ix_eligibility_decisions_rule_set",
        "eligibility_decisions",
        ["rule_set", "is_eligible", "product_id", "valid_from_on"],
        unique=False,
    )
    op.create_table(
        "eligibility_due",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_eligibility_due")),
    )
    op.create_table(
        "eligibility_sweeps",
        sa.Column("sweep_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("after_product_id", sa.Uuid(), nullable=True),
        sa.Column("looked_at_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sweep_id", name=op.f("pk_eligibility_sweeps")),
    )
    op.create_index(
        "ix_eligibility_sweeps_open",
        "eligibility_sweeps",
        ["from_on", "sweep_id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
