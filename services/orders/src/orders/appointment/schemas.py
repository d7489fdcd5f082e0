"""What routes of appointments take and give."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.appointment.rules import Cause, Status, Weighing
from orders.order.schemas import Body, Quantity, Text

Grams = Annotated[int, Field(ge=0, le=10**11, strict=True, description="Grams.")]


class BookingIn(Body):
    """What a supplier brings, where and when."""

    reserve_purchase_id: UUID
    point_id: UUID
    day: date
    sku_id: UUID
    quantity: Quantity


class ChangeIn(Body):
    """Another point, day or quantity."""

    point_id: UUID
    day: date
    quantity: Quantity


class ReasonIn(Body):
    """Why."""

    reason: Annotated[Text, Field(min_length=1, max_length=300)]


class WeighingIn(Body):
    """What was found at the scale; with nothing accepted the supplier is turned away instead."""

    gross_g: Grams
    tare_g: Grams
    accepted_count: Quantity
    refused_count: Annotated[int, Field(ge=0, le=99_999, strict=True)] = 0
    cause: Cause = ""
    grade_number: Annotated[int, Field(ge=1, le=9, strict=True)]

    def to_weighing(self) -> Weighing:
        """As the rules read it."""
        return Weighing(**self.model_dump())


class AppointmentItem(BaseModel):
    """An appointment with its place, its ticket and its order."""

    model_config = ConfigDict(from_attributes=True)

    appointment_id: UUID
    revision: int
    status: Status
    reason: str
    reserve_purchase_id: UUID
    filing_number: str
    title: str
    unit_id: UUID
    point_id: UUID
    point_name: str
    point_county_code: str
    point_address: str
    point_phone: str
    opens_at: time
    closes_at: time
    day: date
    supplier_id: UUID
    supplier_name: str
    sku_id: UUID
    product_title: str
    specification: str
    origin_county_code: str
    is_first: bool
    piece_g: int
    quantity: int
    created_at: datetime
    ticket_number: str | None
    gross_g: int | None
    tare_g: int | None
    accepted_count: int | None
    refused_count: int | None
    cause: Cause
    grade_number: int | None
    grade_name: str | None
    unit_price_fen: int | None
    money_fen: int | None
    weighed_at: datetime | None
    purchase_id: UUID | None
    order_id: UUID | None
    stage: str | None
