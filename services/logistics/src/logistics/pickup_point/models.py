"""Pickup points, and what was done to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class PickupPoint(Base):
    """Where parcels wait for their buyers."""

    __tablename__ = "pickup_points"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'CLOSED')", name="status_is_known"),
        CheckConstraint("county_code ~ '^[0-9]{6}$'", name="county_code_has_six_digits"),
        CheckConstraint("storages <@ '{CHILLED,FROZEN}'::text[]", name="storages_are_known"),
        CheckConstraint("capacity > 0", name="capacity_is_positive"),
        UniqueConstraint("county_code", "name"),
    )

    pickup_point_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    open_hours: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    services: Mapped[list[str]] = mapped_column(ARRAY(Text))
    storages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    capacity: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PickupPointChange(Base):
    """One deed, written with it and never changed."""

    __tablename__ = "pickup_point_changes"
    __table_args__ = (
        CheckConstraint("verb IN ('add', 'revise', 'close', 'open')", name="verb_is_known"),
        Index(None, "pickup_point_id", "change_id"),
    )

    change_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    pickup_point_id: Mapped[UUID] = mapped_column(ForeignKey("pickup_points.pickup_point_id"))
    verb: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    caller_kind: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
