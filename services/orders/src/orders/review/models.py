"""What buyers say of what they bought, and what it comes to by product."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Review(Base):
    """One line's review, one for ever. `author` is shown: the first character of the recipient's name and no more."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_is_one_to_five"),
        CheckConstraint("(answered_at IS NULL) = (answer = '')", name="answer_has_instant"),
        CheckConstraint("(hidden_at IS NULL) = (hidden_reason = '')", name="hidden_with_reason"),
        Index(None, "line_id", unique=True),
        Index(None, "product_id", "reviewed_at", "review_id"),
        Index(None, "supplier_id", "reviewed_at", "review_id"),
        Index(None, "reviewed_at", "review_id"),
        Index(None, "buyer_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    review_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.line_id"))
    order_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    author: Mapped[str] = mapped_column(Text)
    rating: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reviewed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answer: Mapped[str] = mapped_column(Text, server_default=text("''"))
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    hidden_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    hidden_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ProductRating(Base):
    """The sum over a product's shown reviews, kept by a trigger on `reviews`; `revision` grows with every change."""

    __tablename__ = "product_ratings"
    __table_args__ = (
        CheckConstraint("rating_count >= 0", name="count_is_not_negative"),
        CheckConstraint("rating_sum BETWEEN rating_count AND 5 * rating_count", name="sum_fits_count"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    rating_count: Mapped[int] = mapped_column(Integer)
    rating_sum: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(BigInteger)
