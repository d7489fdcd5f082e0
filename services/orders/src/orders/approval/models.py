"""Approval cases with their decisions, who decides for whom, and a unit's own tiers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base

_NOTHING = text("''")


class ApprovalScheme(Base):
    """A unit's own tiers, in the order in which they are tried."""

    __tablename__ = "approval_schemes"

    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    changed_by: Mapped[UUID]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ApprovalDelegation(Base):
    """That one person decides for another, on whole days from–until, with the duties that the other has."""

    __tablename__ = "approval_delegations"
    __table_args__ = (
        CheckConstraint("from_person_id <> to_person_id", name="not_to_oneself"),
        CheckConstraint("starts_on <= ends_on", name="ends_after_it_starts"),
        CheckConstraint("cardinality(duties) > 0", name="lends_a_duty"),
        Index(None, "unit_id", "to_person_id"),
    )

    delegation_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    from_person_id: Mapped[UUID]
    to_person_id: Mapped[UUID]
    from_name: Mapped[str] = mapped_column(Text)
    to_name: Mapped[str] = mapped_column(Text)
    duties: Mapped[list[str]] = mapped_column(ARRAY(Text))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApprovalCase(Base):
    """A request for approval. Its tier's steps are frozen when it is opened; `digest` says what exactly was asked."""

    __tablename__ = "approval_cases"
    __table_args__ = (
        CheckConstraint(
            "status IN ('PENDING', 'APPROVED', 'REFUSED', 'VOIDED', 'WITHDRAWN', 'EXPIRED')", name="status_is_known"
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint("amount_fen >= 0", name="amount_is_not_negative"),
        CheckConstraint("step_number BETWEEN 0 AND jsonb_array_length(steps)", name="step_is_one_of_them"),
        CheckConstraint("(status = 'PENDING') = (due_at IS NOT NULL)", name="pending_is_due"),
        CheckConstraint("(status = 'PENDING') = (closed_at IS NULL)", name="closed_has_instant"),
        Index(
            "ix_approval_cases_one_pending",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=text("status = 'PENDING'"),
        ),
        Index(None, "subject_id"),
        Index(None, "unit_id", "asked_at", "case_id"),
        Index("ix_approval_cases_due_at", "due_at", postgresql_where=text("status = 'PENDING'")),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    digest: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    fund: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    asked_by: Mapped[UUID | None]
    prepared_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    """Who drafted or changed the subject before it was asked for, and who asked."""
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text)
    tier_name: Mapped[str] = mapped_column(Text)
    tier_name_en: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    step_number: Mapped[int] = mapped_column(SmallInteger)
    step_duties: Mapped[list[str]] = mapped_column(ARRAY(Text))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_escalated: Mapped[bool] = mapped_column(server_default=text("false"))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def step_count(self) -> int:
        """How many steps its tier has."""
        return len(self.steps)


class ApprovalDecision(Base):
    """What somebody decided on a step; never changed. A trigger refuses who asked, themselves or through delegation."""

    __tablename__ = "approval_decisions"
    __table_args__ = (
        CheckConstraint("verdict IN ('APPROVE', 'REFUSE')", name="verdict_is_known"),
        CheckConstraint("verdict = 'APPROVE' OR reason <> ''", name="refusing_has_a_reason"),
        CheckConstraint("for_person_id <> person_id", name="for_somebody_else"),
        UniqueConstraint("case_id", "person_id"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("approval_cases.case_id"), primary_key=True)
    step_number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    verdict: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID]
    for_person_id: Mapped[UUID | None]
    duty: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=_NOTHING)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
