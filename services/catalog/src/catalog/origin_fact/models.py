"""Recorded facts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Date, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class OriginFact(Base):
    """What an official recorded of a product, supplier or village, on the days [from_on, until_on), with its source.

    `subject_key` is an id, or for a village county/township/village. Only one value of a fact holds at a time.
    """

    __tablename__ = "origin_facts"
    __table_args__ = (
        CheckConstraint("subject_kind IN ('product', 'supplier', 'village')", name="subject_kind_known"),
        CheckConstraint("until_on IS NULL OR until_on > from_on", name="days_in_order"),
        ExcludeConstraint(
            ("subject_kind", "="),
            ("subject_key", "="),
            ("name", "="),
            ("during", "&&"),
            name="ex_origin_facts_one_at_a_time",
            using="gist",
        ),
        Index("ix_origin_facts_county_code", "county_code", "fact_id"),
        Index("ix_origin_facts_from_on", "from_on"),
    )

    fact_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_key: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    name: Mapped[str] = mapped_column(Text)
    value: Mapped[Any] = mapped_column(JSONB)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column()
    during: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(from_on, until_on, '[)')", persisted=True), deferred=True
    )
