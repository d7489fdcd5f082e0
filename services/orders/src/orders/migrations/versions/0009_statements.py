"""Providers' statements and their differences."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

COUNT: dict[str, Any] = {"server_default": sa.text("0"), "nullable": False}


def upgrade() -> None:
    """Create the tables, and the ways to find what a day's statement should hold."""
    _create_statements()
    _create_entries()
    _create_differences()
    # What was paid or refunded on a day, which its statement must hold.
    op.create_index("ix_payments_paid_at", "payments", ["provider", "paid_at"], postgresql_where=_IS_PAID)
    op.create_index("ix_refunds_succeeded_at", "refunds", ["succeeded_at"], postgresql_where=_HAS_SUCCEEDED)


_IS_PAID = sa.text("status = 'PAID'")
_HAS_SUCCEEDED = sa.text("succeeded_at IS NOT NULL")


def _create_statements() -> None:
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("business_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("entry_count", sa.Integer(), **COUNT),
        sa.Column("payment_count", sa.Integer(), **COUNT),
        sa.Column("payment_fen", sa.BigInteger(), **COUNT),
        sa.Column("refund_count", sa.Integer(), **COUNT),
        sa.Column("refund_fen", sa.BigInteger(), **COUNT),
        sa.Column("fee_fen", sa.BigInteger(), **COUNT),
        sa.Column("own_payment_count", sa.Integer(), **COUNT),
        sa.Column("own_payment_fen", sa.BigInteger(), **COUNT),
        sa.Column("own_refund_count", sa.Integer(), **COUNT),
        sa.Column("own_refund_fen", sa.BigInteger(), **COUNT),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid()),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('DOWNLOADED', 'UPLOADED')", name=op.f("ck_statements_source_is_known")),
        sa.CheckConstraint(
            "payment_count + refund_count = entry_count", name=op.f("ck_statements_entries_are_payments_or_refunds")
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statements")),
        sa.UniqueConstraint("provider", "business_on", name=op.f("uq_statements_provider_business_on")),
    )
    op.create_index("ix_statements_business_on", "statements", ["business_on", "statement_id"])


def _create_entries() -> None:
    op.create_table(
        "statement_entries",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("line_number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("provider_number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('PAYMENT', 'REFUND')", name=op.f("ck_statement_entries_kind_is_known")),
        sa.CheckConstraint(
            "status IN ('SUCCEEDED', 'PROCESSING', 'CLOSED')", name=op.f("ck_statement_entries_status_is_known")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_statement_entries_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.statement_id"], name=op.f("fk_statement_entries_statement_id_statements")
        ),
        sa.PrimaryKeyConstraint("statement_id", "line_number", name=op.f("pk_statement_entries")),
    )
    op.create_index("ix_statement_entries_subject_id", "statement_entries", ["subject_id"])


def _create_differences() -> None:
    op.create_table(
        "statement_differences",
        sa.Column("difference_id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("provider_number", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid()),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("here_fen", sa.BigInteger()),
        sa.Column("there_fen", sa.BigInteger()),
        sa.Column("here_status", sa.Text(), nullable=False),
        sa.Column("there_status", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('MISSING_HERE', 'MISSING_THERE', 'AMOUNT', 'STATUS', 'FEE')",
            name=op.f("ck_statement_differences_kind_is_known"),
        ),
        sa.CheckConstraint(
            "subject_kind IN ('PAYMENT', 'REFUND')", name=op.f("ck_statement_differences_subject_kind_is_known")
        ),
        sa.CheckConstraint(
            "state IN ('OPEN', 'EXPLAINED', 'SETTLED')", name=op.f("ck_statement_differences_state_is_known")
        ),
        sa.CheckConstraint(
            "(state = 'OPEN') = (decided_at IS NULL) AND (state = 'OPEN') = (reason = '')",
            name=op.f("ck_statement_differences_decided_is_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["statements.statement_id"],
            name=op.f("fk_statement_differences_statement_id_statements"),
        ),
        sa.PrimaryKeyConstraint("difference_id", name=op.f("pk_statement_differences")),
        sa.UniqueConstraint(
            "statement_id",
            "subject_kind",
            "number",
            "kind",
            name=op.f("uq_statement_differences_statement_id_subject_kind_number_kind"),
        ),
    )
    op.create_index(
        "ix_statement_differences_open",
        "statement_differences",
        ["statement_id"],
        postgresql_where=sa.text("state = 'OPEN'"),
    )
