"""Money given back as goodwill, with who asked and who decided."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class Goodwill(Base):
    """Pieces of a line whose share an agent gives back. Its pieces are spoken for while it waits, so that nobody else
    claims them; with `needs_second` a CHECK refuses that one person both asks and decides."""

    __tablename__ = "goodwills"
    __table_args__ = (
        CheckConstraint("status IN ('WAITING', 'GRANTED', 'REJECTED', 'WITHDRAWN')", name="status_is_known"),
        CheckConstraint("piece_count > 0 OR piece_count = 0 AND with_delivery", name="pieces_are_positive"),
        CheckConstraint("wanted_fen > 0", name="money_is_positive"),
        CheckConstraint("reason <> ''", name="has_reason"),
        CheckConstraint(
            "(status = 'WAITING') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided_has_person",
        ),
        CheckConstraint(
            "NOT needs_second OR status NOT IN ('GRANTED', 'REJECTED') OR decided_by <> asked_by",
            name="nobody_decides_alone",
        ),
        Index(None, "order_id", "asked_at"),
        Index(None, "asked_at", "goodwill_id"),
    )

    goodwill_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.order_id"))
    order_number: Mapped[str] = mapped_column(Text)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.line_id"))
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    piece_count: Mapped[int] = mapped_column(Integer)
    with_delivery: Mapped[bool]
    wanted_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    needs_second: Mapped[bool]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
