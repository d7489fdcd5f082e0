"""The goods check of a unit's order (验货), done once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base

_ZERO = text("0")


class Acceptance(Base):
    """What a unit found when it checked the goods, and the sum that it owes for what it took. Its photos have the
    order's id for their subject."""

    __tablename__ = "acceptances"
    __table_args__ = (
        CheckConstraint("quality IN ('GOOD', 'FAIR', 'POOR')", name="quality_is_known"),
        CheckConstraint("accepted_fen >= 0 AND refused_fen >= 0", name="money_is_not_negative"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("unit_orders.order_id"), primary_key=True)
    quality: Mapped[str] = mapped_column(Text)
    is_origin_right: Mapped[bool]
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    accepted_fen: Mapped[int] = mapped_column(BigInteger)
    refused_fen: Mapped[int] = mapped_column(BigInteger)
    accepted_by: Mapped[UUID]
    accepted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AcceptanceLine(Base):
    """A line of it: of the pieces that were sent so many accepted, missing and refused. `payable_fen` and
    `delivery_fen` are owed for the accepted ones, without `reduced_fen`, which a dispute took off."""

    __tablename__ = "acceptance_lines"
    __table_args__ = (
        CheckConstraint(
            "accepted_count >= 0 AND missing_count >= 0 AND refused_count >= 0"
            " AND accepted_count + missing_count + refused_count = sent_count",
            name="pieces_add_up",
        ),
        CheckConstraint(
            "cause IN ('', 'QUALITY', 'ORIGIN', 'TEMPERATURE', 'DAMAGED', 'EXPIRED', 'WRONG_GOODS', 'OTHER')",
            name="cause_is_known",
        ),
        CheckConstraint("(refused_count > 0) = (cause <> '')", name="refused_has_cause"),
        CheckConstraint(
            "payable_fen >= 0 AND delivery_fen >= 0 AND refused_fen >= 0 AND reduced_fen BETWEEN 0 AND payable_fen",
            name="money_is_not_negative",
        ),
    )

    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.line_id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("acceptances.order_id"), index=True)
    line_number: Mapped[int] = mapped_column(SmallInteger)
    sent_count: Mapped[int] = mapped_column(Integer)
    accepted_count: Mapped[int] = mapped_column(Integer)
    missing_count: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    refused_count: Mapped[int] = mapped_column(Integer, server_default=_ZERO)
    cause: Mapped[str] = mapped_column(Text, server_default=text("''"))
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    delivery_fen: Mapped[int] = mapped_column(BigInteger)
    refused_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
    reduced_fen: Mapped[int] = mapped_column(BigInteger, server_default=_ZERO)
