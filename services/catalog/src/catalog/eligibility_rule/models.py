"""Rule sets and their versions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, Date, ForeignKey, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class RuleSet(Base):
    """A rule by which a nation, a province or a city says which products count. `reach` are the divisions that it is
    about (none: all): a product neither made there nor by a supplier from there gets no answer."""

    __tablename__ = "eligibility_rule_sets"
    __table_args__ = (CheckConstraint("layer IN ('national', 'provincial', 'city')", name="layer_known"),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    layer: Mapped[str] = mapped_column(Text)
    city_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    reach: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class RuleVersion(Base):
    """A version of a rule set on the days [from_on, until_on). Two published ones never overlap, and a published one
    changes no more except that a later one ends it: both are held by the database."""

    __tablename__ = "eligibility_rule_versions"
    __table_args__ = (
        CheckConstraint("status IN ('DRAFT', 'PUBLISHED', 'DISCARDED')", name="status_known"),
        CheckConstraint("until_on IS NULL OR until_on > from_on", name="days_in_order"),
        UniqueConstraint("rule_set", "number", name="uq_eligibility_rule_versions_number"),
        ExcludeConstraint(
            ("rule_set", "="),
            ("during", "&&"),
            name="ex_eligibility_rule_versions_one_at_a_time",
            using="gist",
            where=text("status = 'PUBLISHED'"),
        ),
    )

    version_id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_set: Mapped[str] = mapped_column(ForeignKey("eligibility_rule_sets.code"))
    number: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    cases: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(Text)
    confidence: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    published_at: Mapped[datetime | None] = mapped_column()
    during: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(from_on, until_on, '[)')", persisted=True), deferred=True
    )
