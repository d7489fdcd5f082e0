"""Prices of SKUs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class SkuPrice(Base):
    """A price in fen a piece, from `valid_from` until `valid_until` (half-open; null is for good), for a buyer group
    that takes at least `min_quantity` pieces.

    Two prices of one tier never overlap: the database refuses it. `is_announced` says that an event told of its start.
    """

    __tablename__ = "sku_prices"
    __table_args__ = (
        CheckConstraint("price_fen BETWEEN 1 AND 100000000", name="price_in_range"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="instants_in_order"),
        CheckConstraint("buyer_group IN ('retail', 'member', 'institution')", name="buyer_group_known"),
        CheckConstraint("min_quantity BETWEEN 1 AND 1000000", name="min_quantity_in_range"),
        ExcludeConstraint(
            ("sku_id", "="),
            ("buyer_group", "="),
            ("min_quantity", "="),
            ("during", "&&"),
            name="ex_sku_prices_one_at_a_time",
            using="gist",
        ),
        Index("ix_sku_prices_to_announce", "valid_from", postgresql_where=text("NOT is_announced")),
        Index("ix_sku_prices_valid_until", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
    )

    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.sku_id"), primary_key=True)
    buyer_group: Mapped[str] = mapped_column(Text, primary_key=True, server_default=text("'retail'"))
    min_quantity: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=text("1"))
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_until: Mapped[datetime | None] = mapped_column()
    price_fen: Mapped[int] = mapped_column(Integer)
    is_announced: Mapped[bool] = mapped_column(server_default=text("false"))
    during: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE, Computed("tstzrange(valid_from, valid_until, '[)')", persisted=True), deferred=True
    )
