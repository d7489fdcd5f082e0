"""What routes of purchase points take and give."""

from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.order.schemas import Body, Phone, Recipient, Text
from orders.purchase_point.rules import Status

Grams = Annotated[int, Field(ge=1, le=10**12, strict=True, description="Grams.")]
County = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Hours and minutes, 08:30.")]
Weekday = Annotated[int, Field(ge=1, le=7, strict=True, description="1 is Monday.")]


class PointIn(Body):
    """A purchase point as it is opened or changed."""

    name: Annotated[Text, Field(min_length=2, max_length=60)]
    recipient: Recipient
    phone: Phone
    county_code: County
    address_detail: Annotated[Text, Field(min_length=1, max_length=200)]
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    opens_at: ClockTime
    closes_at: ClockTime
    capacity_g: Grams


class PointItem(BaseModel):
    """A point in a list."""

    model_config = ConfigDict(from_attributes=True)

    point_id: UUID
    revision: int
    unit_id: UUID
    status: Status
    name: str
    recipient: str
    phone: str
    county_code: str
    address_detail: str
    weekdays: list[int]
    opens_at: time
    closes_at: time
    capacity_g: int
    created_at: datetime


class DayOut(BaseModel):
    """A day on which the point takes goods, and what is still free of it."""

    day: date
    capacity_g: int
    booked_g: int
    free_g: int


class PointPage(PointItem):
    """A point with the days to come."""

    days: list[DayOut]
