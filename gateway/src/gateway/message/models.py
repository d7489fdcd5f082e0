"""The tables of messages and of what people prefer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base
from gateway.message.rules import KINDS


class Message(Base):
    """What one person was told of one event, perhaps as a member of an organisation. The text is made when it is read:
    `template` names the sentence and `facts` fill it in. `words` is what a search looks at."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind_known"),
        UniqueConstraint("event_id", "template", "person_id", "organisation_id", postgresql_nulls_not_distinct=True),
        ForeignKeyConstraint(
            ["person_id", "organisation_id"],
            ["memberships.person_id", "memberships.organisation_id"],
            ondelete="CASCADE",
        ),
        Index(None, "person_id", "happened_at", "message_id"),
        Index("ix_messages_unread", "person_id", postgresql_where=text("read_at IS NULL")),
        Index(None, "created_at"),
        Index("ix_messages_order_number", text("(facts ->> 'order_number')"), "happened_at"),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.person_id", ondelete="CASCADE"))
    organisation_id: Mapped[UUID | None]
    event_id: Mapped[UUID]
    template: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    link: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class MessagePreference(Base):
    """Where a person wants it otherwise than usual: whether messages of a kind also come as e-mail."""

    __tablename__ = "message_preferences"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.person_id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    is_mailed: Mapped[bool]
