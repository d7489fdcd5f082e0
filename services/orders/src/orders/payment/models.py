"""What was asked of a payer, what came, what went back, and every notice as it arrived."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Payment(Base):
    """One attempt to pay an order through one provider. At the provider its number is the id without dashes.

    What it `pays` is all that is due of the order, or the deposit of a booking that will become the order of that id.

    `captured_fen` is what the provider took, `refunded_fen` the sum of the refunds that were not closed: a trigger on
    `refunds` keeps it, and the CHECK refuses the refund that would exceed what was taken.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("status IN ('PENDING', 'PAID', 'CLOSED')", name="status_is_known"),
        CheckConstraint("pays IN ('order', 'deposit')", name="pays_is_known"),
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        CheckConstraint("captured_fen = CASE status WHEN 'PAID' THEN amount_fen ELSE 0 END", name="captured_when_paid"),
        CheckConstraint("refunded_fen BETWEEN 0 AND captured_fen", name="refunds_fit_capture"),
        CheckConstraint(
            "(status = 'PAID') = (paid_at IS NOT NULL AND transaction_id IS NOT NULL AND effect IS NOT NULL)",
            name="paid_is_explained",
        ),
        CheckConstraint("effect IN ('paid', 'already-paid', 'refund-due')", name="effect_is_known"),
        Index("ix_payments_order_id", "order_id"),
        Index(
            "ix_payments_order_id_provider_open",
            "order_id",
            "provider",
            "pays",
            unique=True,
            postgresql_where=text("status = 'PENDING'"),
        ),
        Index(
            "ix_payments_order_id_pays_won", "order_id", "pays", unique=True, postgresql_where=text("effect = 'paid'")
        ),
        Index("ix_payments_provider_transaction_id", "provider", "transaction_id", unique=True),
        Index("ix_payments_next_check_at_open", "next_check_at", postgresql_where=text("status = 'PENDING'")),
        Index("ix_payments_paid_at", "provider", "paid_at", postgresql_where=text("status = 'PAID'")),
        Index("ix_payments_alarm_at", "alarm_at", "payment_id", postgresql_where=text("alarm IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    pays: Mapped[str] = mapped_column(Text, server_default=text("'order'"))
    buyer_id: Mapped[UUID]
    provider: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    captured_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refunded_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    code_url: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    next_check_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    transaction_id: Mapped[str | None] = mapped_column(Text)
    effect: Mapped[str | None] = mapped_column(Text)
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    alarm: Mapped[str | None] = mapped_column(Text)
    alarm_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    alarm_facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Refund(Base):
    """Money on its way back. At the provider its number is the id without dashes, the same at every try.

    What is asked back of an order that two payments paid may take two refunds: the second names the first.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(
            "status IN ('REQUESTED', 'PROCESSING', 'SUCCEEDED', 'CLOSED', 'ABNORMAL')", name="status_is_known"
        ),
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        CheckConstraint("(status = 'SUCCEEDED') = (succeeded_at IS NOT NULL)", name="succeeded_has_instant"),
        Index("ix_refunds_payment_id", "payment_id"),
        Index("ix_refunds_main_refund_id", "main_refund_id", postgresql_where=text("main_refund_id IS NOT NULL")),
        Index("ix_refunds_succeeded_at", "succeeded_at", postgresql_where=text("succeeded_at IS NOT NULL")),
        Index(
            "ix_refunds_next_try_at_open",
            "next_try_at",
            postgresql_where=text("status IN ('REQUESTED', 'PROCESSING')"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.payment_id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    next_try_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    try_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_error: Mapped[str | None] = mapped_column(Text)
    provider_refund_id: Mapped[str | None] = mapped_column(Text)
    succeeded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    main_refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.refund_id"))


class PaymentNotice(Base):
    """A verified notice, byte for byte, and what came of its first arrival. Unverified ones are not kept."""

    __tablename__ = "payment_notices"
    __table_args__ = (
        CheckConstraint("received_count > 0", name="received_count_is_positive"),
        Index("ix_payment_notices_subject_id", "subject_id"),
    )

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    notice_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID | None]
    outcome: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_count: Mapped[int] = mapped_column(Integer, server_default=text("1"))
