"""Lots that were held once, as the catalog tells of them, and what left of which lot."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class HeldLot(Base):
    """A lot as its latest event left it; `revision` tells an older event that came late."""

    __tablename__ = "held_lots"
    __table_args__ = (
        Index("ix_held_lots_sku_ids", "sku_ids", postgresql_using="gin", postgresql_where=text("is_held")),
    )

    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    sku_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    is_held: Mapped[bool]
    is_recalled: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ShipmentLot(Base):
    """Pieces of a SKU that left in a shipment, of a lot that its supplier named."""

    __tablename__ = "shipment_lots"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        Index(None, "lot_code"),
    )

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.shipment_id"), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_code: Mapped[str] = mapped_column(Text, primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
