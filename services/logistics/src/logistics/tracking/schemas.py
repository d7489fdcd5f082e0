"""What the tracking routes take and give."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from logistics.fields import Remark, WaybillNumber

_LEGS = {"forward": 1, "return": 2}


def _leg(value: Any) -> Any:
    return _LEGS.get(value, value) if isinstance(value, str) else value


def _word(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class UpdateIn(BaseModel):
    """One thing that happened to a parcel, as the carrier tells it."""

    waybill_number: WaybillNumber
    leg: Annotated[int | None, BeforeValidator(_leg)] = Field(
        default=None, ge=1, le=9, description="1 or forward, 2 or return; leave it out and we infer it."
    )
    status: Annotated[str, BeforeValidator(_word)] = Field(
        min_length=1, max_length=40, description="Our status, or a code of kuaidi100, AfterShip or Karrio."
    )
    occurred_at: str = Field(max_length=40, description="ISO 8601; without a zone it is Beijing time.")
    place: Remark | None = None
    description: Remark | None = None
    event_id: Annotated[Remark | None, BeforeValidator(_word)] = Field(
        default=None, description="The carrier's own id of this update."
    )


class TrackingPush(BaseModel):
    """Updates, in any order."""

    updates: list[UpdateIn] = Field(min_length=1, max_length=1000)


class TrackingLine(BaseModel):
    """One line of the log. `occurred_local` is the time as the carrier's clock showed it."""

    model_config = ConfigDict(from_attributes=True)

    status: str
    name: str
    name_en: str
    leg: int = Field(description="1 to the buyer, 2 back to the supplier.")
    carrier_status: str
    occurred_at: datetime
    occurred_local: str
    occurred_zone: str
    is_zone_assumed: bool
    place: str | None
    description: str | None
    received_at: datetime


class TrackingLog(BaseModel):
    """The whole log of a parcel, the latest happening first."""

    items: list[TrackingLine]
    next_cursor: None = None
