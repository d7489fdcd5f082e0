"""What the readings route takes."""

from pydantic import BaseModel, Field

from logistics.fields import DeviceId, WaybillNumber


class ReadingIn(BaseModel):
    """One reading."""

    at: str = Field(max_length=40, description="ISO 8601; without a zone it is Beijing time.")
    temperature_c: float = Field(ge=-80, le=80)
    humidity_percent: float | None = Field(default=None, ge=0, le=100)


class ReadingColumns(BaseModel):
    """The same in columns of one length: smaller on the wire, and faster."""

    at: list[str] = Field(min_length=1, max_length=20_000)
    temperature_c: list[float] = Field(min_length=1, max_length=20_000)
    humidity_percent: list[float | None] | None = None


class ReadingsPush(BaseModel):
    """Readings of one device on one parcel, in any order."""

    waybill_number: WaybillNumber
    device_id: DeviceId
    readings: list[ReadingIn] | ReadingColumns
