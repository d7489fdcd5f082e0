"""Wrong or damaged pieces that are sent again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.after_sales import SoldGoods
from orders.base import Base


class Exchange(SoldGoods, Base):
    """One exchange. Its pieces are counted in `line_balances.claimed_count` by a trigger until it is refused or
    cancelled; `refunded_count` of them were paid back instead, because they could not be sent again. The replacement's
    stock is held under the exchange's id. `goods_back`: the first goods have to come back, to `send_to`. The
    problem `reissue` is the platform's: it begins APPROVED, and nothing comes back."""

    __tablename__ = "exchanges"
    __table_args__ = (
        CheckConstraint(
            "status IN ('REQUESTED', 'APPROVED', 'REFUSED', 'SENT_BACK', 'SHIPPED', 'DELIVERED', 'CANCELLED')",
            name="status_is_known",
        ),
        CheckConstraint("problem IN ('wrong', 'damaged', 'faulty', 'other', 'reissue')", name="problem_is_known"),
        CheckConstraint(
            "problem <> 'reissue' OR (NOT goods_back AND status IN ('APPROVED', 'SHIPPED', 'DELIVERED', 'CANCELLED'))",
            name="reissue_is_sent_at_once",
        ),
        CheckConstraint("piece_count > 0", name="pieces_are_positive"),
        CheckConstraint("refunded_count BETWEEN 0 AND piece_count", name="refunded_are_some_of_them"),
        CheckConstraint("status <> 'DELIVERED' OR refunded_count < piece_count", name="something_arrives"),
        CheckConstraint("status <> 'SENT_BACK' OR (goods_back AND waybill_number <> '')", name="sent_by_somebody"),
        CheckConstraint("NOT goods_back OR send_to <> ''", name="back_to_somewhere"),
        CheckConstraint(
            "(status IN ('REQUESTED', 'APPROVED', 'SENT_BACK')) = (due_at IS NOT NULL)", name="somebody_is_due"
        ),
        CheckConstraint(
            "(status NOT IN ('SHIPPED', 'DELIVERED') OR shipped_at IS NOT NULL) AND "
            "(status IN ('SHIPPED', 'DELIVERED', 'CANCELLED') OR shipped_at IS NULL) AND "
            "(shipped_at IS NULL) = (shipment_id IS NULL)",
            name="shipped_has_shipment",
        ),
        CheckConstraint(
            "(status IN ('REFUSED', 'DELIVERED', 'CANCELLED')) = (ended_at IS NOT NULL)", name="ended_has_instant"
        ),
        Index(None, "buyer_id", "opened_at", "exchange_id"),
        Index(None, "supplier_id", "opened_at", "exchange_id"),
        Index(None, "opened_at", "exchange_id"),
        Index(None, "line_id"),
        Index(None, "order_id"),
        Index(None, "shipment_id", unique=True),
        Index("ix_exchanges_due_at_waiting", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    exchange_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    sku_id: Mapped[UUID]
    piece_count: Mapped[int] = mapped_column(Integer)
    problem: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    goods_back: Mapped[bool] = mapped_column(server_default=text("false"))
    send_to: Mapped[str] = mapped_column(Text, server_default=text("''"))
    carrier_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    waybill_number: Mapped[str] = mapped_column(Text, server_default=text("''"))
    refunded_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refunded_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    shipment_id: Mapped[UUID | None]
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
