"""What is shown of a parcel."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class ParcelLineOut(BaseModel):
    """Pieces of a SKU in the box."""

    sku_id: UUID
    quantity: int


class ParcelOut(BaseModel):
    """A parcel and where it stands. A lasting exception stands beside the status and does not lower it."""

    parcel_id: UUID
    shipment_id: UUID
    order_id: UUID
    carrier_code: str
    waybill_number: str
    temperature_class: str
    temperature_class_name: str
    temperature_class_name_en: str
    status: str
    status_name: str
    status_name_en: str
    leg: int = Field(description="1 to the buyer, 2 back to the supplier.")
    exception: str | None
    exception_name: str | None
    exception_name_en: str | None
    exception_at: datetime | None
    dispatched_at: datetime
    last_update_at: datetime | None
    delivered_at: datetime | None
    returned_at: datetime | None
    lines: list[ParcelLineOut]
