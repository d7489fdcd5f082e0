"""Stock: counters that cannot oversell, the ledger that explains them, and the holds that explain `held`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, DateTime, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from orders.base import Base


class StockLevel(Base):
    """How many pieces of a SKU there are, and how many of them are promised. The CHECKs refuse overselling."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_is_not_negative"),
        CheckConstraint("held >= 0", name="held_is_not_negative"),
        CheckConstraint("available >= 0", name="available_is_not_negative"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    on_hand: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    held: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    available: Mapped[int] = mapped_column(Integer, Computed("on_hand - held", persisted=True))


class StockEntry(Base):
    """One movement, never changed afterwards. Its kind says what it did to the two counters.

    received and adjusted move on_hand; held and released move held; shipped takes from both.
    """

    __tablename__ = "stock_ledger"
    __table_args__ = (
        CheckConstraint("kind IN ('received', 'held', 'released', 'shipped', 'adjusted')", name="kind_is_known"),
        CheckConstraint("quantity > 0 OR (kind = 'adjusted' AND quantity <> 0)", name="quantity_fits_kind"),
        Index(None, "sku_id", "entry_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    sku_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    order_id: Mapped[UUID | None]
    reference: Mapped[str] = mapped_column(Text, server_default=text("''"))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StockHold(Base):
    """Pieces promised to somebody. `open_count` of them are neither shipped nor released yet."""

    __tablename__ = "stock_holds"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("open_count BETWEEN 0 AND quantity", name="open_count_is_part_of_quantity"),
        CheckConstraint("(open_count = 0) = (ended_at IS NOT NULL)", name="ended_when_nothing_is_open"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(ForeignKey("stock_levels.sku_id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    open_count: Mapped[int] = mapped_column(Integer)
    held_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
