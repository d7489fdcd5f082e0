"""Season windows of products and presale windows of SKUs."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Date, ForeignKey, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class SeasonRow(Base):
    """A season of a product in a region, in the supplier's order; an empty `region_code` is wherever it grows."""

    __tablename__ = "season_windows"
    __table_args__ = (
        CheckConstraint("from_month BETWEEN 1 AND 12 AND to_month BETWEEN 1 AND 12", name="months"),
        CheckConstraint("region_code ~ '^([0-9]{6})?$'", name="region_form"),
    )

    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    region_code: Mapped[str] = mapped_column(Text)
    from_month: Mapped[int] = mapped_column(SmallInteger)
    to_month: Mapped[int] = mapped_column(SmallInteger)
    is_binding: Mapped[bool] = mapped_column(server_default=text("false"))


class PresaleRow(Base):
    """A presale of a SKU; two of one SKU never overlap: the database refuses it."""

    __tablename__ = "presale_windows"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="instants_in_order"),
        ExcludeConstraint(("sku_id", "="), ("during", "&&"), name="ex_presale_windows_one_at_a_time", using="gist"),
    )

    sku_id: Mapped[UUID] = mapped_column(ForeignKey("skus.sku_id"), primary_key=True)
    opens_at: Mapped[datetime] = mapped_column(primary_key=True)
    closes_at: Mapped[datetime] = mapped_column()
    ships_on: Mapped[date] = mapped_column(Date)
    during: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE, Computed("tstzrange(opens_at, closes_at, '[)')", persisted=True), deferred=True
    )
