"""Appointments of suppliers with a purchase point, and what the scale said."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Appointment(Base):
    """Packs of a SKU that a supplier brings to a point on a day. `is_first`: grown in a county that comes first. The
    weighing is written once, and whole; a trigger counts what is booked and taken in."""

    __tablename__ = "reserve_appointments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["point_id", "day"],
            ["purchase_point_days.point_id", "purchase_point_days.day"],
            name="fk_reserve_appointments_point_id_purchase_point_days",
        ),
        ForeignKeyConstraint(
            ["reserve_purchase_id", "grade_number"],
            ["reserve_grades.reserve_purchase_id", "reserve_grades.grade_number"],
            name="fk_reserve_appointments_grade",
        ),
        CheckConstraint(
            "status IN ('BOOKED', 'CANCELLED', 'TURNED_AWAY', 'NO_SHOW', 'WEIGHED', 'TAKEN_IN', 'DECLINED')",
            name="status_is_known",
        ),
        CheckConstraint("quantity > 0 AND piece_g > 0", name="brings_something"),
        CheckConstraint(
            "(status IN ('WEIGHED', 'TAKEN_IN', 'DECLINED')) = (ticket_number IS NOT NULL)"
            " AND num_nulls(ticket_number, gross_g, tare_g, accepted_count, refused_count, grade_number,"
            " unit_price_fen, weighed_by, weighed_at) IN (0, 9)",
            name="weighed_is_whole",
        ),
        CheckConstraint(
            "accepted_count > 0 AND refused_count >= 0 AND accepted_count + refused_count <= quantity"
            " AND (refused_count > 0) = (cause <> '')",
            name="pieces_fit",
        ),
        CheckConstraint("tare_g >= 0 AND gross_g > tare_g", name="scale_is_right"),
        Index(None, "reserve_purchase_id", "appointment_id"),
        Index(None, "supplier_id", "appointment_id"),
        Index(None, "point_id", "day"),
        Index("ix_reserve_appointments_day_open", "day", postgresql_where=text("status IN ('BOOKED', 'WEIGHED')")),
    )

    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    reserve_purchase_id: Mapped[UUID] = mapped_column(ForeignKey("reserve_purchases.reserve_purchase_id"))
    point_id: Mapped[UUID]
    day: Mapped[date] = mapped_column(Date)
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    sku_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(Text)
    is_first: Mapped[bool]
    piece_g: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    booked_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ticket_number: Mapped[str | None] = mapped_column(Text, unique=True)
    gross_g: Mapped[int | None] = mapped_column(BigInteger)
    tare_g: Mapped[int | None] = mapped_column(BigInteger)
    accepted_count: Mapped[int | None] = mapped_column(Integer)
    refused_count: Mapped[int | None] = mapped_column(Integer)
    cause: Mapped[str] = mapped_column(Text, server_default=text("''"))
    grade_number: Mapped[int | None] = mapped_column(SmallInteger)
    unit_price_fen: Mapped[int | None] = mapped_column(BigInteger)
    weighed_by: Mapped[UUID | None]
    weighed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
