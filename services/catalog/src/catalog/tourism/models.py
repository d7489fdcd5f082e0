"""Spots to visit in assisted counties (休闲旅游景点库), and short routes that join them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from catalog.base import Base

STATUS_KNOWN = "status IN ('DRAFT', 'PUBLISHED', 'WITHDRAWN')"


class Spot(Base):
    """A place to visit. `contact_phone` is an office's, never a private person's."""

    __tablename__ = "tourism_spots"
    __table_args__ = (
        CheckConstraint("kind IN ('folk', 'heritage', 'red', 'craft', 'scenery', 'farm')", name="kind_known"),
        CheckConstraint("open_from_month BETWEEN 1 AND 12 AND open_to_month BETWEEN 1 AND 12", name="open_months"),
        CheckConstraint(STATUS_KNOWN, name="status_known"),
        Index("ix_tourism_spots_list", "county_code", "spot_id"),
    )

    spot_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    township: Mapped[str] = mapped_column(Text)
    village: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    open_from_month: Mapped[int] = mapped_column(SmallInteger)
    open_to_month: Mapped[int] = mapped_column(SmallInteger)
    opening: Mapped[str] = mapped_column(Text, server_default=text("''"))
    contact_phone: Mapped[str] = mapped_column(Text, server_default=text("''"))
    picture_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class Route(Base):
    """A short trip over ordered spots; open in the months in which all its spots are. `county_code`: whose desk keeps
    it."""

    __tablename__ = "tourism_routes"
    __table_args__ = (
        CheckConstraint("day_count BETWEEN 1 AND 15 AND distance_m > 0", name="length_in_range"),
        CheckConstraint(STATUS_KNOWN, name="status_known"),
        Index("ix_tourism_routes_list", "county_code", "route_id"),
    )

    route_id: Mapped[UUID] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    day_count: Mapped[int] = mapped_column(SmallInteger)
    distance_m: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class RouteStop(Base):
    """The spot at one place of a route."""

    __tablename__ = "tourism_route_stops"
    __table_args__ = (
        CheckConstraint("place >= 1", name="place_from_one"),
        Index("ix_tourism_route_stops_spot_id", "spot_id"),
        Index("uq_tourism_route_stops_spot", "route_id", "spot_id", unique=True),
    )

    route_id: Mapped[UUID] = mapped_column(ForeignKey("tourism_routes.route_id"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    spot_id: Mapped[UUID] = mapped_column(ForeignKey("tourism_spots.spot_id"))
