"""Excursions as they stand after the readings known so far."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Double, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class Excursion(Base):
    """Out of range (`high`, `low`) or silent (`gap`). All instants are those of readings.

    Late readings may move, split or dissolve it: a dissolved one keeps its row with `withdrawn_at`. `announced_at`
    and `closed_announced_at` say that the event was published; each is published once.
    """

    __tablename__ = "excursions"
    __table_args__ = (
        CheckConstraint("kind IN ('high', 'low', 'gap')", name="kind_is_known"),
        CheckConstraint("severity IN ('minor', 'major', 'critical')", name="severity_is_known"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="ends_after_start"),
        CheckConstraint("out_seconds >= 0 AND degree_minutes >= 0", name="amounts_are_not_negative"),
        Index(None, "parcel_id", "started_at"),
        Index(
            "uq_excursions_standing",
            "series_id",
            "kind",
            "started_at",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    excursion_id: Mapped[UUID] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("reading_series.series_id"))
    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("parcels.parcel_id"))
    kind: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    extreme_c: Mapped[float | None] = mapped_column(Double)
    out_seconds: Mapped[float] = mapped_column(Double)
    degree_minutes: Mapped[float] = mapped_column(Double)
    announced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_announced_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
