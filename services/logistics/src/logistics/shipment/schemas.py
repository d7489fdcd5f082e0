"""What is shown of a shipment."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from logistics.parcel.schemas import ParcelOut

ShipmentStatus = Literal["PENDING", "DISPATCHED", "DELIVERED", "CANCELLED", "LOST"]


class LotPiecesOut(BaseModel):
    """Pieces that left of a lot."""

    model_config = ConfigDict(from_attributes=True)

    lot_code: str
    quantity: int


class ShipmentLineOut(BaseModel):
    """Pieces of a SKU to send, and how many of them have left; `lots` says of which lots, where their supplier named
    them."""

    sku_id: UUID
    product_id: UUID
    product_title: str
    specification: str
    temperature_class: str
    net_weight_g: int
    quantity: int
    dispatched_quantity: int = 0
    lots: list[LotPiecesOut] = []


class AddressOut(BaseModel):
    """Where the shipment goes: to the pickup point, if there is one, whose place `detail` says. The buyer of a donation
    sees the county only."""

    recipient: str
    phone: str
    county_code: str
    detail: str
    pickup_point_id: UUID | None = None
    pickup_point_name: str = ""

    def without_contact(self) -> Self:
        """The county, and nobody's name, phone or street."""
        return self.model_copy(update={"recipient": "", "phone": "", "detail": ""})


class ShipmentOut(BaseModel):
    """A shipment with what it holds, where it goes, and its parcels."""

    shipment_id: UUID
    order_id: UUID
    order_number: str
    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    ship_from_county_code: str
    status: ShipmentStatus
    kind: Literal["FIRST", "REPLACEMENT", "GIFT"] = "FIRST"
    exchange_id: UUID | None = None
    gift_parcel_id: UUID | None = None
    created_at: datetime
    dispatched_at: datetime | None
    delivered_at: datetime | None
    order_cancelled_at: datetime | None
    address: AddressOut
    lines: list[ShipmentLineOut]
    parcels: list[ParcelOut]
