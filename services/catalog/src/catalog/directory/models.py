"""Directories in numbered issues, what stood in each, and who wants to hear of new ones."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class DirectoryIssue(Base):
    """An issue of a county's or a province's directory. `sequence` is given at publication, counts from 1 without a
    hole in each region and year, and never changes: a trigger holds it."""

    __tablename__ = "directory_issues"
    __table_args__ = (
        CheckConstraint("status IN ('DRAFT', 'PUBLISHED', 'WITHDRAWN')", name="status_known"),
        CheckConstraint("(status = 'DRAFT') = (sequence IS NULL)", name="published_with_number"),
        CheckConstraint("(status = 'DRAFT') = (published_at IS NULL)", name="published_with_instant"),
        CheckConstraint("status <> 'WITHDRAWN' OR withdrawn_reason <> ''", name="withdrawn_with_reason"),
        CheckConstraint("level IN ('county', 'province')", name="level_known"),
        UniqueConstraint("region_code", "year", "sequence", name="uq_directory_issues_region_code_year_sequence"),
        Index("ix_directory_issues_status_issue_id", "status", "issue_id"),
        Index("ix_directory_issues_to_tell", "issue_id", postgresql_where=text("status = 'PUBLISHED' AND NOT is_told")),
    )

    issue_id: Mapped[UUID] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    region_name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    sequence: Mapped[int | None] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    preface: Mapped[str] = mapped_column(Text, server_default=text("''"))
    status: Mapped[str] = mapped_column(Text)
    withdrawn_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("directory_issues.issue_id"))
    entry_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_told: Mapped[bool] = mapped_column(server_default=text("false"))
    told_after: Mapped[UUID | None] = mapped_column()
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    published_at: Mapped[datetime | None] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()


class DirectoryEntry(Base):
    """A product in an issue, as it was. `content` follows `directory.rules.Content`; a trigger refuses any change once
    the issue is published."""

    __tablename__ = "directory_entries"

    issue_id: Mapped[UUID] = mapped_column(ForeignKey("directory_issues.issue_id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.product_id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


class DirectorySubscription(Base):
    """An organisation that is told of each new issue of the region and of what lies within it."""

    __tablename__ = "directory_subscriptions"
    __table_args__ = (Index("ix_directory_subscriptions_region_code", "region_code", "organisation_id"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), primary_key=True)
    subscribed_at: Mapped[datetime] = mapped_column()
