"""The log of what carriers say. Rows are only ever added."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class TrackingUpdate(Base):
    """One thing that a carrier said of a waybill, also of one that we do not know yet.

    `occurred_zone` is the zone as the carrier wrote it, or `+08:00` where it wrote none (`is_zone_assumed`).
    `repeat_key` is the same for the same thing said again. A trigger refuses changes and deletions.
    """

    __tablename__ = "tracking_updates"
    __table_args__ = (
        UniqueConstraint("carrier_code", "waybill_number", "repeat_key"),
        CheckConstraint("leg IS NULL OR leg >= 1", name="leg_is_positive"),
    )

    update_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.carrier_code"))
    waybill_number: Mapped[str] = mapped_column(Text)
    repeat_key: Mapped[str] = mapped_column(Text)
    leg: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(Text)
    carrier_status: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    occurred_zone: Mapped[str] = mapped_column(Text)
    is_zone_assumed: Mapped[bool]
    place: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    event_id: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
