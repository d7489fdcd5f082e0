"""A dispute about a unit's order (争议): while it is open, every clock and step of the order waits."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Dispute(Base):
    """Opened by either side, resolved by an operator with a reason, or withdrawn by the side that opened it. `stage` is
    where the order stood. Its photos have its id for their subject."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint("status IN ('OPEN', 'RESOLVED', 'WITHDRAWN')", name="status_is_known"),
        CheckConstraint("side IN ('unit', 'supplier')", name="side_is_known"),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint("outcome IN ('RESUME', 'REDUCE', 'CANCEL')", name="outcome_is_known"),
        CheckConstraint("(status = 'RESOLVED') = (outcome IS NOT NULL)", name="resolved_has_outcome"),
        CheckConstraint("status <> 'RESOLVED' OR resolution <> ''", name="resolved_has_reason"),
        CheckConstraint(
            "(status = 'OPEN') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name="ended_by_somebody",
        ),
        CheckConstraint("(reduced_fen > 0) = (coalesce(outcome, '') = 'REDUCE')", name="reduced_by_outcome"),
        Index("ix_disputes_one_open", "order_id", unique=True, postgresql_where=text("status = 'OPEN'")),
        Index(None, "opened_at", "dispute_id"),
    )

    dispute_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("unit_orders.order_id"))
    status: Mapped[str] = mapped_column(Text)
    side: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)
    reduced_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    resolution: Mapped[str] = mapped_column(Text, server_default=text("''"))
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
