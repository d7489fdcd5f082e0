"""Where a reserve institution takes goods in, and how much of each day is spoken for."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, SmallInteger, Text, Time
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class PurchasePoint(Base):
    """A purchase point (收购点): a place with a scale, its days and hours, and what it can take in a day."""

    __tablename__ = "purchase_points"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'PAUSED', 'CLOSED')", name="status_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_has_six_digits"),
        CheckConstraint(
            "cardinality(weekdays) > 0 AND weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]",
            name="weekdays_are_days",
        ),
        CheckConstraint("closes_at > opens_at", name="hours_in_order"),
        CheckConstraint("capacity_g > 0", name="holds_something"),
        Index(None, "unit_id"),
        Index(None, "county_code", "point_id"),
    )

    point_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=sql("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    status: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    address_detail: Mapped[str] = mapped_column(Text)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    opens_at: Mapped[time] = mapped_column(Time)
    closes_at: Mapped[time] = mapped_column(Time)
    capacity_g: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PointDay(Base):
    """A day of a point that somebody booked. `booked_g` is kept by a trigger of the appointments, never by code."""

    __tablename__ = "purchase_point_days"
    __table_args__ = (CheckConstraint("booked_g BETWEEN 0 AND capacity_g", name="never_above_capacity"),)

    point_id: Mapped[UUID] = mapped_column(ForeignKey("purchase_points.point_id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    capacity_g: Mapped[int] = mapped_column(BigInteger)
    booked_g: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
