"""What a unit owes for an accepted order, what it told of paying, and what of which money pays for it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Settlement(Base):
    """What is owed for one order. `matched_fen` is the sum of its standing matches, moved by a trigger and never more
    than `payable_fen`; settled is what is paid exactly."""

    __tablename__ = "settlements"
    __table_args__ = (
        CheckConstraint("payable_fen > 0 AND matched_fen BETWEEN 0 AND payable_fen", name="matched_within_payable"),
        CheckConstraint("settled_at IS NULL OR matched_fen = payable_fen", name="settled_is_paid_exactly"),
        Index("ix_settlements_supplier_id", "supplier_id", "order_id"),
        Index("ix_settlements_unit_id", "unit_id", "order_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    supplier_id: Mapped[UUID]
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    matched_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class UnitPayment(Base):
    """A unit's word that it paid; money that comes without a statement's line is booked when its supplier confirms."""

    __tablename__ = "unit_payments"
    __table_args__ = (
        CheckConstraint(
            "way IN ('B2B_EBANK', 'IDENT_CODE_TRANSFER', 'OFFICIAL_CARD', 'TREASURY')", name="way_is_known"
        ),
        CheckConstraint("status IN ('TOLD', 'RECEIVED', 'REFUSED', 'WITHDRAWN')", name="status_is_known"),
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        CheckConstraint("status <> 'REFUSED' OR reason <> ''", name="refused_with_reason"),
        Index("ix_unit_payments_order_id", "order_id"),
    )

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("settlements.order_id"))
    way: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date] = mapped_column(Date)
    voucher: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    told_by: Mapped[UUID]
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SettlementMatch(Base):
    """So much of a bank's line, of a payment that the supplier confirmed, or of a crop order's deposit pays for the
    order. Written once, undone at most once; a trigger moves the sums of both sides."""

    __tablename__ = "settlement_matches"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        CheckConstraint("num_nonnulls(line_id, payment_id, crop_order_id) = 1", name="money_comes_from_one_place"),
        CheckConstraint("NOT is_manual OR matched_by IS NOT NULL", name="manual_is_somebodys"),
        CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undo_reason = '')",
            name="undone_with_reason",
        ),
        Index("ix_settlement_matches_order_id", "order_id"),
        Index("ix_settlement_matches_line_id", "line_id"),
        Index(
            "ix_settlement_matches_payment_once", "payment_id", unique=True, postgresql_where=text("undone_at IS NULL")
        ),
        Index(
            "ix_settlement_matches_deposit_once",
            "crop_order_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    match_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("settlements.order_id"))
    line_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_lines.line_id"))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit_payments.payment_id"))
    crop_order_id: Mapped[UUID | None] = mapped_column(ForeignKey("crop_orders.crop_order_id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    is_manual: Mapped[bool]
    matched_by: Mapped[UUID | None]
    matched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undo_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
