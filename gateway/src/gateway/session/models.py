"""The table of sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class Session(Base):
    """A signed-in browser. Only the hash of its token is kept; ending it deletes the row.

    A session that acts for an organisation ends with the membership, and that is held here by the database.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        ForeignKeyConstraint(
            ["person_id", "organisation_id"],
            ["memberships.person_id", "memberships.organisation_id"],
            ondelete="CASCADE",
        ),
        Index("ix_sessions_person_id_organisation_id", "person_id", "organisation_id"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.person_id", ondelete="CASCADE"))
    organisation_id: Mapped[UUID | None]
    user_agent: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
