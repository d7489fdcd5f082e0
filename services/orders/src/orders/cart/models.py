"""What a person means to buy."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class CartLine(Base):
    """Pieces of a SKU in a person's cart, and the price that the person saw when putting them there.

    A guest's cart stands under an id that the gateway made up, and each of its lines is kept until `guest_until`.
    """

    __tablename__ = "cart_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        Index("ix_cart_lines_guest_until", "guest_until", postgresql_where=text("guest_until IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    seen_price_fen: Mapped[int] = mapped_column(BigInteger)
    put_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    guest_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
