"""Applications, what was handed in each time, and what was said of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Admission(Base):
    """A supplier's application as it is now; its state is the supplier's. `round` counts how often it was handed in,
    `due_on` is the last day of the step that it is in, NULL where nobody has to act."""

    __tablename__ = "admissions"
    __table_args__ = (
        CheckConstraint("round >= 0", name="round_not_negative"),
        CheckConstraint("(round = 0) = (submitted_at IS NULL)", name="a_round_was_submitted"),
        Index("ix_admissions_due_on", "due_on", "supplier_id", postgresql_where=text("due_on IS NOT NULL")),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"), primary_key=True)
    application: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    round: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    submitted_at: Mapped[datetime | None] = mapped_column()
    step_since: Mapped[datetime] = mapped_column()
    due_on: Mapped[date | None] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    changed_at: Mapped[datetime] = mapped_column()


class Submission(Base):
    """What was handed in: application, identity and licences. The database refuses to change or delete a row."""

    __tablename__ = "admission_submissions"

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("admissions.supplier_id"), primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSONB)
    submitted_by: Mapped[UUID | None] = mapped_column()
    submitted_at: Mapped[datetime] = mapped_column()


class Opinion(Base):
    """A county office's opinion on a submission. Nobody gives both of one round."""

    __tablename__ = "admission_opinions"
    __table_args__ = (
        CheckConstraint("part IN ('production', 'linkage')", name="part_known"),
        CheckConstraint("sentence <> ''", name="sentence_not_empty"),
        UniqueConstraint("supplier_id", "round", "person_id", name="uq_admission_opinions_two_people"),
        ForeignKeyConstraint(
            ["supplier_id", "round"],
            ["admission_submissions.supplier_id", "admission_submissions.round"],
            name="fk_admission_opinions_submission",
        ),
    )

    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    part: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[UUID] = mapped_column()
    is_favourable: Mapped[bool] = mapped_column()
    sentence: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column()


class Finding(Base):
    """A reason for a rejection, beside the field or document that it is about."""

    __tablename__ = "admission_findings"
    __table_args__ = (
        CheckConstraint("stage IN ('county', 'platform')", name="stage_known"),
        CheckConstraint("sentence <> ''", name="sentence_not_empty"),
        ForeignKeyConstraint(
            ["supplier_id", "round"],
            ["admission_submissions.supplier_id", "admission_submissions.round"],
            name="fk_admission_findings_submission",
        ),
    )

    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    stage: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID | None] = mapped_column()
    found_at: Mapped[datetime] = mapped_column()
