"""What a unit's order on account is beside the order itself: whose, paid from what, and how far it is."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class UnitOrder(Base):
    """One order of one unit at one supplier. `stage` moves by `unit_order.actions.move_on` only; legal moves are held
    by a trigger, and none but a fact of the road goes on while a dispute pauses it."""

    __tablename__ = "unit_orders"
    __table_args__ = (
        CheckConstraint(
            "way IN ('DIRECT', 'QUOTATION', 'AUCTION', 'CALL_OFF', 'CROP', 'JOINT', 'RESERVE', 'ABSORPTION', 'GIFT')",
            name="way_is_known",
        ),
        CheckConstraint("fund IN ('CANTEEN', 'UNION', 'OTHER')", name="fund_is_known"),
        CheckConstraint(
            "stage IN ('PENDING_CONFIRM', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'ACCEPTED', 'INVOICE_CHECKED',"
            " 'SETTLED', 'COMPLETED', 'CANCELLED', 'REFUSED')",
            name="stage_is_known",
        ),
        CheckConstraint("(stage IN ('CANCELLED', 'REFUSED')) = (ended_at IS NOT NULL)", name="ended_has_instant"),
        CheckConstraint("is_disputed = (paused_at IS NOT NULL)", name="paused_has_instant"),
        CheckConstraint(
            "stage NOT IN ('ACCEPTED', 'INVOICE_CHECKED', 'SETTLED', 'COMPLETED')"
            " OR (accepted_at IS NOT NULL AND due_on IS NOT NULL)",
            name="accepted_has_instant",
        ),
        CheckConstraint("stage NOT IN ('SETTLED', 'COMPLETED') OR settled_at IS NOT NULL", name="settled_has_instant"),
        CheckConstraint("(stage = 'COMPLETED') = (completed_at IS NOT NULL)", name="completed_has_instant"),
        CheckConstraint("accepted_fen >= 0", name="accepted_is_not_negative"),
        CheckConstraint("budget_year BETWEEN 2019 AND 2100", name="year_is_plausible"),
        Index("ix_unit_orders_payment_code", "payment_code", unique=True),
        Index(None, "unit_id", "budget_year", "order_id"),
        Index(None, "purchase_id"),
        Index("ix_unit_orders_waiting", "lapses_at", postgresql_where=text("stage = 'PENDING_CONFIRM'")),
        Index("ix_unit_orders_open", "stage", "order_id", postgresql_where=text("ended_at IS NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("budget_units.unit_id"))
    purchase_id: Mapped[UUID]
    way: Mapped[str] = mapped_column(Text)
    fund: Mapped[str] = mapped_column(Text)
    budget_year: Mapped[int] = mapped_column(Integer)
    payment_code: Mapped[str] = mapped_column(Text)
    placed_by: Mapped[UUID]
    is_split: Mapped[bool] = mapped_column(server_default=text("false"))
    stage: Mapped[str] = mapped_column(Text)
    is_disputed: Mapped[bool] = mapped_column(server_default=text("false"))
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    remind_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lapses_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    accepted_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    due_on: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    invoice_checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
