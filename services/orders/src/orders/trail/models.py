"""Who did what to a claim, a return, a review, a promotion and the like, when and why."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class TrailEntry(Base):
    """One deed, written with it and never changed. `actor` is the side that did it; the clock and rules are nobody."""

    __tablename__ = "trail_entries"
    __table_args__ = (
        CheckConstraint(
            "subject_kind IN ('claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase', 'presale',"
            " 'booking', 'exchange', 'donation-recipient', 'donation', 'unit', 'reserved-share', 'budget', 'approval',"
            " 'purchase', 'unit-order', 'acceptance', 'dispute', 'settlement', 'quotation', 'auction', 'contract',"
            " 'call-off', 'crop-order', 'joint-purchase', 'reserve-purchase', 'absorption', 'gift-campaign',"
            " 'claim-code', 'loss')",
            name="subject_is_known",
        ),
        CheckConstraint(
            "actor IN ('buyer', 'supplier', 'recipient', 'official', 'operator', 'clock', 'rule', 'unit',"
            " 'finance-office', 'member')",
            name="actor_is_known",
        ),
        Index(None, "subject_id", "entry_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    verb: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str | None] = mapped_column(Text)
    to_status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    actor: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID | None]
    done_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
