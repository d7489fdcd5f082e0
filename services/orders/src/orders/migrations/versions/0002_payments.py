"""Payments, refunds and the notices of providers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the trigger that holds refunds to what was captured."""
    _create_payments()
    _create_refunds()
    op.create_table(
        "payment_notices",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("received_count > 0", name=op.f("ck_payment_notices_received_count_is_positive")),
        sa.PrimaryKeyConstraint("provider", "notice_id", name=op.f("pk_payment_notices")),
    )
    op.create_index("ix_payment_notices_subject_id", "payment_notices", ["subject_id"])


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("captured_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("code_url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.Text()),
        sa.Column("effect", sa.Text()),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("alarm", sa.Text()),
        sa.Column("alarm_at", sa.DateTime(timezone=True)),
        sa.Column("alarm_facts", JSONB()),
        sa.CheckConstraint("status IN ('PENDING', 'PAID', 'CLOSED')", name=op.f("ck_payments_status_is_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payments_amount_is_positive")),
        sa.CheckConstraint(
            "captured_fen = CASE status WHEN 'PAID' THEN amount_fen ELSE 0 END",
            name=op.f("ck_payments_captured_when_paid"),
        ),
        sa.CheckConstraint("refunded_fen BETWEEN 0 AND captured_fen", name=op.f("ck_payments_refunds_fit_capture")),
        sa.CheckConstraint(
            "(status = 'PAID') = (paid_at IS NOT NULL AND transaction_id IS NOT NULL AND effect IS NOT NULL)",
            name=op.f("ck_payments_paid_is_explained"),
        ),
        sa.CheckConstraint(
            "effect IN ('paid', 'already-paid', 'refund-due')", name=op.f("ck_payments_effect_is_known")
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
        postgresql_with={"fillfactor": "80"},
    )
    pending = sa.text("status = 'PENDING'")
    op.create_index("ix_payments_order_id", "payments", ["order_id"])
    op.create_index(
        "ix_payments_order_id_provider_open",
        "payments",
        ["order_id", "provider"],
        unique=True,
        postgresql_where=pending,
    )
    op.create_index("ix_payments_provider_transaction_id", "payments", ["provider", "transaction_id"], unique=True)
    op.create_index("ix_payments_next_check_at_open", "payments", ["next_check_at"], postgresql_where=pending)
    op.create_index(
        "ix_payments_alarm_at",
        "payments",
        ["alarm_at", "payment_id"],
        postgresql_where=sa.text("alarm IS NOT NULL"),
    )


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("try_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("provider_refund_id", sa.Text()),
        sa.Column("succeeded_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "status IN ('REQUESTED', 'PROCESSING', 'SUCCEEDED', 'CLOSED', 'ABNORMAL')",
            name=op.f("ck_refunds_status_is_known"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refunds_amount_is_positive")),
        sa.CheckConstraint(
            "(status = 'SUCCEEDED') = (succeeded_at IS NOT NULL)", name=op.f("ck_refunds_succeeded_has_instant")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("fk_refunds_payment_id_payments")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_refunds")),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_refunds_payment_id", "refunds", ["payment_id"])
    op.create_index(
        "ix_refunds_next_try_at_open",
        "refunds",
        ["next_try_at"],
        postgresql_where=sa.text("status IN ('REQUESTED', 'PROCESSING')"),
    )
    # The sum of refunds lives on the payment's row, where a CHECK can hold it against what was captured: refunds beside
    # each other queue up at that row, and the one that would take too much fails. A closed refund gives its share back.
    op.execute("""
        CREATE FUNCTION count_refunds_on_payment() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            before_fen bigint := CASE WHEN TG_OP = 'INSERT' OR OLD.status = 'CLOSED' THEN 0 ELSE OLD.amount_fen END;
            after_fen bigint := CASE WHEN TG_OP = 'DELETE' OR NEW.status = 'CLOSED' THEN 0 ELSE NEW.amount_fen END;
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.payment_id <> NEW.payment_id THEN
                RAISE EXCEPTION 'a refund stays with its payment' USING ERRCODE = 'check_violation';
            END IF;
            IF after_fen <> before_fen THEN
                UPDATE payments SET refunded_fen = refunded_fen + after_fen - before_fen
                WHERE payment_id = coalesce(NEW.payment_id, OLD.payment_id);
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER count_refunds_on_payment AFTER INSERT OR DELETE OR UPDATE OF amount_fen, status, payment_id
        ON refunds FOR EACH ROW EXECUTE FUNCTION count_refunds_on_payment()
    """)
