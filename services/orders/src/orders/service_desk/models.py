"""Notes on orders, and whose contact was opened by whom and why."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class OrderNote(Base):
    """What an agent wrote down; never changed (a trigger refuses)."""

    __tablename__ = "order_notes"
    __table_args__ = (
        CheckConstraint("body <> ''", name="says_something"),
        Index(None, "order_id", "written_at"),
    )

    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    body: Mapped[str] = mapped_column(Text)
    written_by: Mapped[UUID]
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ContactOpening(Base):
    """An agent looked at the recipient's name, phone and address; never changed (a trigger refuses)."""

    __tablename__ = "contact_openings"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_reason"),
        Index(None, "order_id", "opened_at"),
    )

    opening_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    reason: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
