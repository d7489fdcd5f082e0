"""Whether orders has pieces of a pack to sell."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class StockFlag(Base):
    """A pack as orders' latest word left it: anything to sell, and not more than its threshold. `revision` tells an
    older word that came late. How many there are only orders knows."""

    __tablename__ = "stock_flags"
    __table_args__ = (Index("ix_stock_flags_product_id", "product_id"),)

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column()
    is_in_stock: Mapped[bool] = mapped_column()
    is_low: Mapped[bool] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column()
