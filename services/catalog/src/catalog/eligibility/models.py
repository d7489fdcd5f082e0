"""Decisions with their validity, and what is still to be decided."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class EligibilityDecision(Base):
    """A product's answer under a rule on the days [valid_from_on, valid_until_on), with the version, the cases that
    were hit, every condition, and the facts that were looked at.

    A row is written once: only its end is set, or `superseded_at` if the answer changed again on its very first day.
    So a past day's answer stays; the database refuses anything else, and two answers for one day.
    """

    __tablename__ = "eligibility_decisions"
    __table_args__ = (
        CheckConstraint("valid_until_on IS NULL OR valid_until_on > valid_from_on", name="days_in_order"),
        CheckConstraint("is_eligible = (cardinality(case_codes) > 0)", name="reason_given"),
        ExcludeConstraint(
            ("product_id", "="),
            ("rule_set", "="),
            ("during", "&&"),
            name="ex_eligibility_decisions_one_at_a_time",
            using="gist",
            where=text("superseded_at IS NULL"),
        ),
        Index("ix_eligibility_decisions_rule_set", "rule_set", "is_eligible", "product_id", "valid_from_on"),
    )

    decision_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    rule_set: Mapped[str] = mapped_column(ForeignKey("eligibility_rule_sets.code"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("eligibility_rule_versions.version_id"))
    is_eligible: Mapped[bool] = mapped_column()
    case_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from_on: Mapped[date] = mapped_column(Date)
    valid_until_on: Mapped[date | None] = mapped_column(Date)
    decided_at: Mapped[datetime] = mapped_column()
    superseded_at: Mapped[datetime | None] = mapped_column()
    during: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from_on, valid_until_on, '[)')", persisted=True), deferred=True
    )


class EligibilityDue(Base):
    """A product whose facts changed and whose answers are to be looked at again. The database itself notes a product
    that is new or changes its origin or supplier, and all products of a supplier that changes county, kind or links.
    It has no foreign key, which would lock products out of order."""

    __tablename__ = "eligibility_due"

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))


class EligibilitySweep(Base):
    """All products are to be looked at from that day on, because a rule begins or ends; `after_product_id` is how far
    the work has come."""

    __tablename__ = "eligibility_sweeps"
    __table_args__ = (
        Index("ix_eligibility_sweeps_open", "from_on", "sweep_id", postgresql_where=text("done_at IS NULL")),
    )

    sweep_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    from_on: Mapped[date] = mapped_column(Date)
    after_product_id: Mapped[UUID | None] = mapped_column()
    looked_at_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    done_at: Mapped[datetime | None] = mapped_column()
