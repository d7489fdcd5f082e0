"""How much of a sold line is claimed and refunded, and each refund of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class LineBalance(Base):
    """A line's frozen figures beside what was claimed and refunded of it; made when somebody first asks.

    Whoever claims, sends back or refunds pieces of a line locks this row. `refunded_…` are kept by a trigger on
    `line_refunds`, and the CHECKs refuse what would exceed the line's share, whatever the code says.
    """

    __tablename__ = "line_balances"
    __table_args__ = (
        CheckConstraint("claimed_count BETWEEN 0 AND quantity", name="claims_fit_line"),
        CheckConstraint("refunded_count BETWEEN 0 AND claimed_count", name="refunds_were_claimed"),
        CheckConstraint("refunded_fen BETWEEN 0 AND payable_fen", name="refunds_fit_share"),
        CheckConstraint("refunded_delivery_fen BETWEEN 0 AND delivery_fen", name="delivery_fits_share"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.line_id"), primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    delivery_fen: Mapped[int] = mapped_column(BigInteger)
    claimed_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refunded_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refunded_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refunded_delivery_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class LineRefund(Base):
    """Money granted for pieces of a line, and who bears it; never changed. `refund_id` is the payment's refund that
    brings it back, NULL only where the share is nothing."""

    __tablename__ = "line_refunds"
    __table_args__ = (
        CheckConstraint("cause IN ('claim', 'return', 'exchange', 'goodwill')", name="cause_is_known"),
        CheckConstraint("piece_count > 0 OR piece_count = 0 AND goods_fen = 0", name="pieces_are_positive"),
        CheckConstraint(
            "least(goods_fen, delivery_fen, supplier_fen, carrier_fen, platform_fen) >= 0",
            name="money_is_not_negative",
        ),
        CheckConstraint(
            "supplier_fen + carrier_fen + platform_fen = goods_fen + delivery_fen", name="somebody_bears_it"
        ),
        CheckConstraint("(refund_id IS NULL) = (goods_fen + delivery_fen = 0)", name="money_has_a_way"),
        Index(None, "cause_id", unique=True),
        Index(None, "refund_id", unique=True),
        Index(None, "line_id"),
    )

    line_refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("line_balances.line_id"))
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refunds.refund_id"))
    cause: Mapped[str] = mapped_column(Text)
    cause_id: Mapped[UUID]
    piece_count: Mapped[int] = mapped_column(Integer)
    goods_fen: Mapped[int] = mapped_column(BigInteger)
    delivery_fen: Mapped[int] = mapped_column(BigInteger)
    supplier_fen: Mapped[int] = mapped_column(BigInteger)
    carrier_fen: Mapped[int] = mapped_column(BigInteger)
    platform_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
