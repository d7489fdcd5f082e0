"""What is known of a supplier's credit, and the lists it is on."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class CreditEvent(Base):
    """Something that counts for or against a supplier. `points` are those of the day it was reported, before decay; a
    struck event counts no more. `reference` names the same fact in its source: it is never taken twice."""

    __tablename__ = "credit_events"
    __table_args__ = (
        CheckConstraint("status IN ('COUNTED', 'STRUCK')", name="status_known"),
        CheckConstraint("severity IN ('good', 'minor', 'serious', 'grave')", name="severity_known"),
        CheckConstraint("source IN ('market_supervision', 'operator', 'import', 'enforcement')", name="source_known"),
        CheckConstraint("points BETWEEN -100 AND 100", name="points_in_range"),
        UniqueConstraint("supplier_id", "source", "reference", name="uq_credit_events_supplier_id_source_reference"),
        Index("ix_credit_events_supplier_id_occurred_on", "supplier_id", "occurred_on"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    document_id: Mapped[UUID | None] = mapped_column()
    occurred_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text)
    reported_by: Mapped[UUID | None] = mapped_column()
    reported_at: Mapped[datetime] = mapped_column()


class CreditPlacement(Base):
    """A supplier on a list, from `starts_on` to `ends_on`, both included. Once on a list at a time."""

    __tablename__ = "credit_placements"
    __table_args__ = (
        CheckConstraint(
            "status IN ('PROPOSED', 'DISMISSED', 'IN_FORCE', 'ENDED', 'REPAIRED', 'LIFTED')", name="status_known"
        ),
        CheckConstraint("list IN ('EXEMPLARY', 'ABNORMAL', 'SERIOUSLY_DISHONEST')", name="list_known"),
        CheckConstraint("ends_on >= starts_on", name="days_in_order"),
        CheckConstraint(
            "(status IN ('PROPOSED', 'DISMISSED')) = (starts_on IS NULL)", name="in_force_since_a_decision"
        ),
        CheckConstraint(
            "(status IN ('ENDED', 'REPAIRED', 'LIFTED')) = (ended_on IS NOT NULL)", name="ended_with_a_day"
        ),
        Index(
            "uq_credit_placements_open",
            "supplier_id",
            "list",
            unique=True,
            postgresql_where=text("status IN ('PROPOSED', 'IN_FORCE')"),
        ),
        Index("ix_credit_placements_supplier_id", "supplier_id", "placement_id"),
        Index("ix_credit_placements_status_placement_id", "status", "placement_id"),
        Index("ix_credit_placements_ends_on", "ends_on", postgresql_where=text("status = 'IN_FORCE'")),
    )

    placement_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    supplier_name: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    list: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    months: Mapped[int] = mapped_column(Integer)
    starts_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    proposed_by: Mapped[UUID] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    proposed_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
