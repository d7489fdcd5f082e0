"""The trail of decisions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class TrailEntry(Base):
    """One deed. `subject_kind` is the slice's noun, `from_status` and `to_status` are equal where no status moved.

    The database refuses to change or delete a row.
    """

    __tablename__ = "trail_entries"
    __table_args__ = (
        Index("ix_trail_entries_subject", "subject_kind", "subject_id", "position"),
        Index("ix_trail_entries_person_id", "person_id", "organisation_id"),
    )

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID] = mapped_column()
    verb: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str] = mapped_column(Text, server_default=text("''"))
    to_status: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    person_id: Mapped[UUID | None] = mapped_column()
    caller_kind: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    happened_at: Mapped[datetime] = mapped_column()
