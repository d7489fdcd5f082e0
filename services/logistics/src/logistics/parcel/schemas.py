"""What is shown of a parcel."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ParcelLineOut(BaseModel):
    """Pieces of a SKU in the box."""

    sku_id: UUID
    quantity: int


class LossOut(BaseModel):
    """That a parcel was declared lost, and what its buyer gets instead. `arrived_at`: it came all the same."""

    model_config = ConfigDict(from_attributes=True)

    loss_id: UUID
    remedy: Literal["refund", "send_again"]
    declared_at: datetime
    arrived_at: datetime | None


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
    loss: LossOut | None = None
