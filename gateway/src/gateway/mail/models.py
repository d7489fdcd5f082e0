"""The table of mails."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class Mail(Base):
    """A message on its way as e-mail. No address and no text: both are looked up when it is sent."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("message_id"),
        CheckConstraint("status IN ('WAITING', 'SENT', 'FAILED')", name="status_known"),
        CheckConstraint("(status = 'SENT') = (sent_at IS NOT NULL)", name="sent_has_instant"),
    )

    mail_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.message_id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    claimed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
