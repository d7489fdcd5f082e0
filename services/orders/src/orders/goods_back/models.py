"""What became of goods that came back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class GoodsBack(Base):
    """Pieces of a return, of an exchange or of a line refused at a goods check that came back, booked once: so many
    into stock again, as `returned` in the ledger, of their lot or of none; the rest is written off for a reason and
    never enters it."""

    __tablename__ = "goods_back"
    __table_args__ = (
        CheckConstraint("cause IN ('return', 'exchange', 'acceptance')", name="cause_is_known"),
        CheckConstraint("piece_count > 0", name="pieces_are_positive"),
        CheckConstraint("restocked_count BETWEEN 0 AND piece_count", name="restocked_came_back"),
        CheckConstraint("restocked_count = piece_count OR reason <> ''", name="written_off_has_reason"),
    )

    cause_id: Mapped[UUID] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID]
    sku_id: Mapped[UUID]
    piece_count: Mapped[int] = mapped_column(Integer)
    restocked_count: Mapped[int] = mapped_column(Integer)
    lot_number: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    booked_by: Mapped[UUID]
    booked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
