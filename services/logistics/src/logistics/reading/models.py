"""Readings, in one narrow table; what is known of a device on a parcel, in another."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class ReadingSeries(Base):
    """All readings of one device on one parcel. `progress` is where the judging of them stands after `last_at`;
    `is_silent` says that the watch found the device silent since then. At `rested_at` the parcel's way ended: what the
    device measures afterwards, in somebody's kitchen, is kept and not judged. The parcel's own facts never change and
    are kept here too, so that a batch of readings touches this one row.
    """

    __tablename__ = "reading_series"
    __table_args__ = (
        UniqueConstraint("carrier_code", "waybill_number", "device_id"),
        Index(None, "parcel_id"),
        Index("ix_reading_series_watched", "series_id", postgresql_where=text("NOT is_silent")),
        CheckConstraint("reading_count >= 0", name="count_is_not_negative"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    series_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("parcels.parcel_id"))
    device_id: Mapped[str] = mapped_column(Text)
    carrier_code: Mapped[str] = mapped_column(Text)
    waybill_number: Mapped[str] = mapped_column(Text)
    shipment_id: Mapped[UUID]
    order_id: Mapped[UUID]
    supplier_order_id: Mapped[UUID]
    temperature_class: Mapped[str] = mapped_column(Text)
    reading_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    is_silent: Mapped[bool] = mapped_column(server_default=text("false"))
    rested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Reading(Base):
    """One reading: unique by parcel, device and instant. No foreign key: the series' row lock stands for it, and a
    check of each of millions of rows would cost more than the row.
    """

    __tablename__ = "readings"
    __table_args__ = (PrimaryKeyConstraint("series_id", "at"),)

    series_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    temperature_c: Mapped[float] = mapped_column(Double)
    humidity_percent: Mapped[float | None] = mapped_column(Double)


class EarlyReading(Base):
    """A reading of a waybill that no supplier has told us of yet; it moves to its parcel at dispatch."""

    __tablename__ = "early_readings"

    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.carrier_code"), primary_key=True)
    waybill_number: Mapped[str] = mapped_column(Text, primary_key=True)
    device_id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    temperature_c: Mapped[float] = mapped_column(Double)
    humidity_percent: Mapped[float | None] = mapped_column(Double)
