"""Goods that go back to their supplier."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.after_sales import SoldGoods
from orders.base import Base


class ProductReturn(SoldGoods, Base):
    """One return. `piece_count` are counted in `line_balances.claimed_count` until it ends without money; `send_to` is
    where the goods go, told at the approval; `due_at` is by when whoever's turn it is must act."""

    __tablename__ = "product_returns"
    __table_args__ = (
        CheckConstraint(
            "status IN ('REQUESTED', 'APPROVED', 'REFUSED', 'SENT_BACK', 'RECEIVED', 'ACCEPTED', 'REJECTED', "
            "'REFUNDED', 'WITHDRAWN')",
            name="status_is_known",
        ),
        CheckConstraint("piece_count > 0", name="pieces_are_positive"),
        CheckConstraint(
            "(status IN ('ACCEPTED', 'REFUNDED')) = (granted_fen IS NOT NULL)", name="granted_when_accepted"
        ),
        CheckConstraint(
            "status NOT IN ('SENT_BACK', 'RECEIVED', 'ACCEPTED', 'REJECTED', 'REFUNDED') OR waybill_number <> ''",
            name="sent_by_somebody",
        ),
        CheckConstraint(
            "(status IN ('REQUESTED', 'APPROVED', 'SENT_BACK', 'RECEIVED')) = (due_at IS NOT NULL)",
            name="somebody_is_due",
        ),
        Index(None, "buyer_id", "opened_at", "return_id"),
        Index(None, "supplier_id", "opened_at", "return_id"),
        Index(None, "opened_at", "return_id"),
        Index(None, "line_id"),
        Index(None, "order_id"),
        Index("ix_product_returns_due_at_waiting", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    return_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    piece_count: Mapped[int] = mapped_column(Integer)
    cause: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    send_to: Mapped[str] = mapped_column(Text, server_default=text("''"))
    carrier_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    waybill_number: Mapped[str] = mapped_column(Text, server_default=text("''"))
    wanted_fen: Mapped[int] = mapped_column(BigInteger)
    granted_fen: Mapped[int | None] = mapped_column(BigInteger)
