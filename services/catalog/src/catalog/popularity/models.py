"""What was sold lately."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class RecentSale(Base):
    """Pieces of a product in one paid order; a row goes when it is older than the window. No buyer is kept."""

    __tablename__ = "recent_sales"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_recent_sales_product_id", "product_id", "sold_on"),
        Index("ix_recent_sales_sold_on", "sold_on"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    sold_on: Mapped[date] = mapped_column(Date)
    quantity: Mapped[int] = mapped_column(Integer)
