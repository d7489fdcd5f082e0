"""The table of attempts."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class Attempt(Base):
    """How often something was tried in the present window. `bucket` is a hash: no address or e-mail is kept."""

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("attempt_count >= 0", name="count_not_negative"),
        Index("ix_attempts_window_ends_at", "window_ends_at"),
    )

    bucket: Mapped[str] = mapped_column(Text, primary_key=True)
    attempt_count: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
