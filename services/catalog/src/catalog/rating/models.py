"""What buyers say of a product, as orders last told it."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ProductRating(Base):
    """The sum over a product's shown reviews. `revision` is orders' own: a higher one replaces a lower one."""

    __tablename__ = "product_ratings"
    __table_args__ = (CheckConstraint("rating_count >= 0 AND rating_sum >= 0", name="not_negative"),)

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    rating_count: Mapped[int] = mapped_column(Integer)
    rating_sum: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger)
