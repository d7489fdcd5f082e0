"""Applications for recognition, who decided on them, and what was objected."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Recognition(Base):
    """A product's way to recognition. Title and name are as they were when applied for; `attempt` counts submissions.

    A product has one open application, and never two recognitions in force on one day: the database refuses both.
    """

    __tablename__ = "recognitions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('APPLIED', 'TOWNSHIP_REVIEW', 'DEPARTMENT_REVIEW', 'COUNTY_DECISION', 'PUBLIC_NOTICE', "
            "'RECOGNISED', 'RECOMMENDED', 'REJECTED', 'REVOKED', 'EXPIRED')",
            name="status_known",
        ),
        CheckConstraint(
            "status <> 'PUBLIC_NOTICE' OR (notice_from_on IS NOT NULL AND notice_until_on >= notice_from_on)",
            name="notice_has_days",
        ),
        CheckConstraint(
            "status NOT IN ('RECOGNISED', 'RECOMMENDED', 'EXPIRED', 'REVOKED') "
            "OR (valid_from_on IS NOT NULL AND valid_until_on >= valid_from_on)",
            name="recognition_has_days",
        ),
        Index(
            "uq_recognitions_open_product",
            "product_id",
            unique=True,
            postgresql_where=text(
                "status IN ('APPLIED', 'TOWNSHIP_REVIEW', 'DEPARTMENT_REVIEW', 'COUNTY_DECISION', 'PUBLIC_NOTICE', "
                "'REJECTED')"
            ),
        ),
        ExcludeConstraint(
            ("product_id", "="),
            ("during", "&&"),
            name="ex_recognitions_one_in_force",
            using="gist",
            where=text("status IN ('RECOGNISED', 'RECOMMENDED')"),
        ),
        Index("ix_recognitions_county_code_recognition_id", "county_code", "recognition_id"),
        Index("ix_recognitions_supplier_id_recognition_id", "supplier_id", "recognition_id"),
        Index("ix_recognitions_status_recognition_id", "status", "recognition_id"),
    )

    recognition_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    product_title: Mapped[str] = mapped_column(Text)
    supplier_name: Mapped[str] = mapped_column(Text)
    township: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    attempt: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    notice_from_on: Mapped[date | None] = mapped_column(Date)
    notice_until_on: Mapped[date | None] = mapped_column(Date)
    valid_from_on: Mapped[date | None] = mapped_column(Date)
    valid_until_on: Mapped[date | None] = mapped_column(Date)
    renews_id: Mapped[UUID | None] = mapped_column(ForeignKey("recognitions.recognition_id"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    applied_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    during: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from_on, valid_until_on, '[]')", persisted=True), deferred=True
    )


class RecognitionDecision(Base):
    """Who decided which step of which attempt. One decision a step, and one a person: the keys hold both."""

    __tablename__ = "recognition_decisions"
    __table_args__ = (
        UniqueConstraint(
            "recognition_id", "attempt", "person_id", name="uq_recognition_decisions_recognition_id_attempt_person_id"
        ),
    )

    recognition_id: Mapped[UUID] = mapped_column(ForeignKey("recognitions.recognition_id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[UUID] = mapped_column()
    is_passed: Mapped[bool] = mapped_column()
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    decided_at: Mapped[datetime] = mapped_column()


class RecognitionObjection(Base):
    """What somebody holds against a product on public notice. `contact` is read by the officials only."""

    __tablename__ = "recognition_objections"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'UPHELD', 'DISMISSED')", name="status_known"),
        CheckConstraint("(status = 'OPEN') = (answered_at IS NULL)", name="answered_with_instant"),
        Index("ix_recognition_objections_recognition_id", "recognition_id", "objection_id"),
    )

    objection_id: Mapped[UUID] = mapped_column(primary_key=True)
    recognition_id: Mapped[UUID] = mapped_column(ForeignKey("recognitions.recognition_id"))
    attempt: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(Text)
    grounds: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text, server_default=text("''"))
    answered_by: Mapped[UUID | None] = mapped_column()
    raised_at: Mapped[datetime] = mapped_column()
    answered_at: Mapped[datetime | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
