"""SKUs: a product in one pack, with prices that each hold for a while."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Sku(Base):
    """`revision` counts every change that an event tells of; If-Match refers to it."""

    __tablename__ = "skus"
    __table_args__ = (
        CheckConstraint("net_weight_g BETWEEN 1 AND 10000000", name="net_weight_in_range"),
        Index("ix_skus_product_id_sku_id", "product_id", "sku_id"),
    )

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    specification: Mapped[str] = mapped_column(Text)
    specification_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    net_weight_g: Mapped[int] = mapped_column(Integer)
    is_listed: Mapped[bool] = mapped_column(server_default=text("false"))
    delisted_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class SkuPrice(Base):
    """A price in fen that holds from `valid_from` until `valid_until` (half-open; null is for good).

    Two prices of a SKU never overlap: the database refuses it. `is_announced` says that an event told of its start.
    """

    __tablename__ = "sku_prices"
    __table_args__ = (
        CheckConstraint("price_fen BETWEEN 1 AND 100000000", name="price_in_range"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="instants_in_order"),
        ExcludeConstraint(("sku_id", "="), ("during", "&&"), name="ex_sku_prices_one_at_a_time", using="gist"),
        Index("ix_sku_prices_to_announce", "valid_from", postgresql_where=text("NOT is_announced")),
        Index("ix_sku_prices_valid_until", "valid_until", postgresql_where=text("valid_until IS NOT NULL")),
    )

    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.sku_id"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_until: Mapped[datetime | None] = mapped_column()
    price_fen: Mapped[int] = mapped_column(Integer)
    is_announced: Mapped[bool] = mapped_column(server_default=text("false"))
    during: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE, Computed("tstzrange(valid_from, valid_until, '[)')", persisted=True), deferred=True
    )
