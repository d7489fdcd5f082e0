"""Shipments and what they must hold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from logistics.base import Base


class Shipment(Base):
    """What one supplier must send for one paid order, again for an exchange (`kind` REPLACEMENT), or to one of the many
    recipients of a unit's order (GIFT). The address is personal data: its parties alone may read it.
    `order_cancelled_at` is also when a replacement was given up. LOST is one that left and of which no parcel came."""

    __tablename__ = "shipments"
    __table_args__ = (
        CheckConstraint(
            "status IN ('PENDING', 'DISPATCHED', 'DELIVERED', 'CANCELLED', 'LOST')", name="status_is_known"
        ),
        CheckConstraint(
            "(dispatched_at IS NOT NULL) = (status IN ('DISPATCHED', 'DELIVERED', 'LOST'))",
            name="dispatched_has_instant",
        ),
        CheckConstraint("(delivered_at IS NOT NULL) = (status = 'DELIVERED')", name="delivered_has_instant"),
        CheckConstraint("status <> 'CANCELLED' OR order_cancelled_at IS NOT NULL", name="cancelled_has_instant"),
        CheckConstraint("kind IN ('FIRST', 'REPLACEMENT', 'GIFT')", name="kind_is_known"),
        CheckConstraint("(kind = 'REPLACEMENT') = (exchange_id IS NOT NULL)", name="replacement_has_exchange"),
        CheckConstraint("(kind = 'GIFT') = (gift_parcel_id IS NOT NULL)", name="gift_has_parcel"),
        Index(
            "ix_shipments_supplier_order_id_first",
            "supplier_order_id",
            unique=True,
            postgresql_where=text("kind = 'FIRST'"),
        ),
        Index(None, "exchange_id", unique=True),
        Index(None, "gift_parcel_id", unique=True),
        Index(None, "order_id"),
        Index(None, "supplier_id", "created_at", "shipment_id"),
        Index(None, "buyer_id", "created_at", "shipment_id"),
        Index(None, "created_at", "shipment_id"),
        Index(
            "ix_shipments_organisation_id_created_at",
            "organisation_id",
            "created_at",
            "shipment_id",
            postgresql_where=text("organisation_id IS NOT NULL"),
        ),
    )

    shipment_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(Text)
    supplier_order_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    supplier_name: Mapped[str] = mapped_column(Text)
    ship_from_county_code: Mapped[str] = mapped_column(Text)
    buyer_id: Mapped[UUID]
    organisation_id: Mapped[UUID | None]
    recipient: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    address_detail: Mapped[str] = mapped_column(Text)
    pickup_point_id: Mapped[UUID | None]
    pickup_point_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    hides_address: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    dispatched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    order_cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(Text, server_default=text("'FIRST'"))
    exchange_id: Mapped[UUID | None]
    gift_parcel_id: Mapped[UUID | None]


class ShipmentLine(Base):
    """Pieces of one SKU to send. What left can never be more than what was paid."""

    __tablename__ = "shipment_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("dispatched_quantity BETWEEN 0 AND quantity", name="dispatched_at_most_paid"),
    )

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.shipment_id"), primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    temperature_class: Mapped[str] = mapped_column(Text)
    net_weight_g: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[int] = mapped_column(Integer)
    dispatched_quantity: Mapped[int] = mapped_column(Integer, server_default=text("0"))
