"""Demonstration counties, bases and enterprises (消费帮扶示范)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Demonstration(Base):
    """An application to be named, and the name while it is held. A county has no supplier, the others have one."""

    __tablename__ = "demonstrations"
    __table_args__ = (
        CheckConstraint("kind IN ('county', 'base', 'enterprise')", name="kind_known"),
        CheckConstraint("status IN ('APPLIED', 'REVIEW', 'NAMED', 'REJECTED', 'REMOVED')", name="status_known"),
        CheckConstraint("(kind = 'county') = (supplier_id IS NULL)", name="all_but_counties_have_a_supplier"),
        CheckConstraint("status <> 'NAMED' OR reviewed_for_year IS NOT NULL", name="named_with_a_year"),
        Index(
            "uq_demonstrations_open",
            "kind",
            "county_code",
            "supplier_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("status IN ('APPLIED', 'REVIEW', 'NAMED', 'REJECTED')"),
        ),
        Index("ix_demonstrations_status", "status", "demonstration_id"),
        Index("ix_demonstrations_county_code", "county_code"),
        Index("ix_demonstrations_supplier_id", "supplier_id"),
    )

    demonstration_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    supplier_id: Mapped[UUID | None] = mapped_column(ForeignKey("suppliers.supplier_id"))
    statement: Mapped[str] = mapped_column(Text)
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reviewed_for_year: Mapped[int | None] = mapped_column(SmallInteger)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    applied_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()


class DemonstrationReview(Base):
    """The review of a named one for a year: passed, or not with a reason."""

    __tablename__ = "demonstration_reviews"

    demonstration_id: Mapped[UUID] = mapped_column(ForeignKey("demonstrations.demonstration_id"), primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    is_passed: Mapped[bool] = mapped_column()
    note: Mapped[str] = mapped_column(Text)
    reviewed_by: Mapped[UUID] = mapped_column()
    reviewed_at: Mapped[datetime] = mapped_column()
