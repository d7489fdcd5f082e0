"""What somebody was told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Notice(Base):
    """A notice to an organisation. `occasion` names what it is about so that the same is never told twice, such as
    `licence:<id>:30`."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("organisation_id", "occasion", name="uq_notices_organisation_id_occasion"),
        Index("ix_notices_organisation_id_issued_at", "organisation_id", "issued_at", "notice_id"),
    )

    notice_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column()
    code: Mapped[str] = mapped_column(Text)
    occasion: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column()
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    issued_at: Mapped[datetime] = mapped_column()
    read_at: Mapped[datetime | None] = mapped_column()
