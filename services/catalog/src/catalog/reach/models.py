"""What left in which shipment, whose order it was, and what went wrong on the way; no names, no addresses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class DispatchedPieces(Base):
    """Pieces of a SKU that left in a shipment, of one lot; `lot_code` is empty where none was named."""

    __tablename__ = "dispatched_pieces"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_dispatched_pieces_lot_code", "lot_code", postgresql_where=text("lot_code <> ''")),
        Index("ix_dispatched_pieces_dispatched_at", "dispatched_at"),
    )

    shipment_id: Mapped[UUID] = mapped_column(primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_code: Mapped[str] = mapped_column(Text, primary_key=True)
    order_id: Mapped[UUID] = mapped_column()
    supplier_order_id: Mapped[UUID] = mapped_column()
    quantity: Mapped[int] = mapped_column(Integer)
    dispatched_at: Mapped[datetime] = mapped_column()


class PaidPart(Base):
    """One supplier's part of a paid order: who bought, by id, and the county that it goes to."""

    __tablename__ = "paid_parts"

    supplier_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column()
    order_number: Mapped[str] = mapped_column(Text)
    supplier_id: Mapped[UUID] = mapped_column()
    buyer_id: Mapped[UUID] = mapped_column()
    buyer_kind: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[UUID | None] = mapped_column()
    county_code: Mapped[str] = mapped_column(Text)
    paid_at: Mapped[datetime] = mapped_column()


class ShipmentAlarm(Base):
    """A grave excursion of a shipment, noted once, whichever event came first."""

    __tablename__ = "shipment_alarms"
    __table_args__ = (Index("ix_shipment_alarms_shipment_id", "shipment_id"),)

    excursion_id: Mapped[UUID] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column()
    severity: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column()
