"""The tables of what is known of orders, lots and packs: enough to tell the right people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.base import Base


class KnownOrder(Base):
    """Whose order it is: most events name the order only."""

    __tablename__ = "known_orders"
    __table_args__ = (
        CheckConstraint("state IN ('PLACED', 'PAID', 'CANCELLED')", name="state_known"),
        Index(
            "ix_known_orders_due",
            "payment_due_at",
            postgresql_where=text("state = 'PLACED' AND reminded_at IS NULL"),
        ),
        Index(None, "noted_at"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(Text)
    buyer_id: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    payable_fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    payment_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class KnownPart(Base):
    """Whose part of an order it is."""

    __tablename__ = "known_parts"
    __table_args__ = (Index(None, "order_id"),)

    supplier_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("known_orders.order_id", ondelete="CASCADE"))
    supplier_id: Mapped[UUID]


class KnownLot(Base):
    """Goods of the lot went to the order's buyer."""

    __tablename__ = "known_lots"
    __table_args__ = (Index(None, "order_id"),)

    lot_code: Mapped[str] = mapped_column(Text, primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("known_orders.order_id", ondelete="CASCADE"), primary_key=True)


class KnownSku(Base):
    """What a pack is called."""

    __tablename__ = "known_skus"

    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]


class WaitingEvent(Base):
    """An event about an order that nobody told us of yet: feeds of two services know no common order."""

    __tablename__ = "waiting_events"
    __table_args__ = (Index(None, "order_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    envelope: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
