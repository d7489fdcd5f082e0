"""Parcels: one waybill each, with the state that the carriers' updates add up to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class Parcel(Base):
    """A box on its way. `status`, `leg` and the instants beside them follow from the log and from nothing else;
    `arrival_told_at` is when its arrival was told apart from its shipment's, which happens once."""

    __tablename__ = "parcels"
    __table_args__ = (
        UniqueConstraint("carrier_code", "waybill_number"),
        CheckConstraint("leg >= 1", name="leg_is_positive"),
        CheckConstraint("status <> 'DELIVERED' OR delivered_at IS NOT NULL", name="delivered_has_instant"),
        Index(None, "shipment_id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    parcel_id: Mapped[UUID] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.shipment_id"))
    order_id: Mapped[UUID]
    supplier_order_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.carrier_code"))
    waybill_number: Mapped[str] = mapped_column(Text)
    temperature_class: Mapped[str] = mapped_column(Text)
    dispatched_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text, server_default=text("'CREATED'"))
    leg: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    exception: Mapped[str | None] = mapped_column(Text)
    exception_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_update_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    arrival_told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    returned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ParcelLine(Base):
    """Pieces of one SKU in the box."""

    __tablename__ = "parcel_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_is_positive"),)

    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("parcels.parcel_id"), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)


class ParcelLoss(Base):
    """A parcel that was declared lost, with what shows it, and what its buyer gets instead: the money, or the same
    again. `arrived_at` is when it came all the same. Those of one declaration share `loss_id`."""

    __tablename__ = "parcel_losses"
    __table_args__ = (
        CheckConstraint("remedy IN ('refund', 'send_again')", name="remedy_is_known"),
        CheckConstraint("declared_side IN ('supplier', 'operator')", name="side_is_known"),
        CheckConstraint("evidence <> ''", name="has_evidence"),
        Index(None, "shipment_id"),
        Index(None, "declared_at", "parcel_id"),
    )

    parcel_id: Mapped[UUID] = mapped_column(ForeignKey("parcels.parcel_id"), primary_key=True)
    loss_id: Mapped[UUID]
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.shipment_id"))
    remedy: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    declared_side: Mapped[str] = mapped_column(Text)
    declared_by: Mapped[UUID]
    declared_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    arrived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
