"""What was lost on its way, and what buyers miss."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class PartLoss(Base):
    """Pieces of a part that were lost, as logistics told: how many were paid back, by whom, and how many are sent
    again. `carrier_bp` is the carrier's share of the money, by rule until the customer service decides. The pieces
    paid back are rows of `order_shortfalls` under the same id."""

    __tablename__ = "part_losses"
    __table_args__ = (
        CheckConstraint("declared_side IN ('supplier', 'operator')", name="side_is_known"),
        CheckConstraint(
            "least(refunded_count, replaced_count) >= 0 AND refunded_count + replaced_count > 0",
            name="something_is_lost",
        ),
        CheckConstraint(
            "least(supplier_fen, carrier_fen) >= 0 AND (refunded_count > 0 OR supplier_fen + carrier_fen = 0)",
            name="money_is_for_pieces",
        ),
        CheckConstraint(
            "carrier_bp BETWEEN 0 AND 10000 AND carrier_fen = (supplier_fen + carrier_fen) * carrier_bp / 10000",
            name="carrier_bears_its_share",
        ),
        Index(None, "order_id"),
        Index(None, "supplier_order_id"),
        Index(None, "declared_at", "loss_id"),
    )

    loss_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    supplier_order_id: Mapped[UUID] = mapped_column(ForeignKey("supplier_orders.supplier_order_id"))
    carrier_code: Mapped[str] = mapped_column(Text)
    waybill_numbers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    evidence: Mapped[str] = mapped_column(Text)
    declared_side: Mapped[str] = mapped_column(Text)
    declared_by: Mapped[UUID]
    declared_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    refunded_count: Mapped[int] = mapped_column(Integer)
    replaced_count: Mapped[int] = mapped_column(Integer)
    supplier_fen: Mapped[int] = mapped_column(BigInteger)
    carrier_fen: Mapped[int] = mapped_column(BigInteger)
    carrier_bp: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))


class MissingReport(Base):
    """A buyer's word that a part has not arrived although it should have by `promised_until`. One a part."""

    __tablename__ = "missing_reports"
    __table_args__ = (Index(None, "order_id"), Index(None, "reported_at", "supplier_order_id"))

    supplier_order_id: Mapped[UUID] = mapped_column(ForeignKey("supplier_orders.supplier_order_id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    note: Mapped[str] = mapped_column(Text)
    promised_until: Mapped[date | None]
    reported_by: Mapped[UUID]
    reported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
