"""What logistics told of parcels' temperatures: orders' own copy, for whoever judges a claim."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Float, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Excursion(Base):
    """A parcel out of its range (`high`, `low`), or silent for too long (`gap`); open until `ended_at` is known.
    With `exchange_id` it befell the replacement, and proves nothing of the first delivery."""

    __tablename__ = "excursions"
    __table_args__ = (
        CheckConstraint("kind IN ('high', 'low', 'gap')", name="kind_is_known"),
        CheckConstraint("severity IN ('minor', 'major', 'critical')", name="severity_is_known"),
        Index(None, "supplier_order_id"),
        Index("ix_excursions_exchange_id", "exchange_id", postgresql_where=text("exchange_id IS NOT NULL")),
    )

    excursion_id: Mapped[UUID] = mapped_column(primary_key=True)
    parcel_id: Mapped[UUID]
    supplier_order_id: Mapped[UUID]
    temperature_class: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    extreme_c: Mapped[float | None] = mapped_column(Float)
    exchange_id: Mapped[UUID | None]
