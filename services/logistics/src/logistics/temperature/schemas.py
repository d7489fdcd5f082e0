"""A parcel's temperature as it is shown."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class RangeOut(BaseModel):
    """The range of the parcel's class of goods, in degrees Celsius; null is no limit on that side."""

    min_c: float | None
    max_c: float | None
    critical_min_c: float | None
    critical_max_c: float | None
    source: str
    confidence: str


class ClassOut(RangeOut):
    """A class of goods by the temperature they need."""

    temperature_class: str
    name: str
    name_en: str
    family: str
    humidity_percent: str | None
    note: str


class ClassList(BaseModel):
    """All classes."""

    items: list[ClassOut]
    next_cursor: None = None


class BucketOut(BaseModel):
    """Readings of a span of time that starts at `at`. `out_count` readings were out of range."""

    at: datetime
    min_c: float
    max_c: float
    mean_c: float
    reading_count: int
    out_count: int


class ExcursionOut(BaseModel):
    """A time out of range, or (`gap`) without readings. Its instants are those of readings; no end: it lasts."""

    excursion_id: UUID
    device_id: str
    kind: Literal["high", "low", "gap"]
    severity: Literal["minor", "major", "critical"]
    started_at: datetime
    ended_at: datetime | None
    extreme_c: float | None
    out_seconds: float
    degree_minutes: float


class DeviceOut(BaseModel):
    """A device on the parcel."""

    device_id: str
    reading_count: int
    last_at: datetime | None


class LotTemperatures(BaseModel):
    """What was measured on the way in parcels that carried a lot: of the latest `measured_count` that had a device.

    `out_minutes` out of range and `gap_minutes` without readings are sums over these parcels, rounded up to whole
    minutes. Null without readings; the range is null where the parcels carried goods of several classes.
    """

    code: str
    parcel_count: int
    measured_count: int
    reading_count: int
    min_c: float | None
    max_c: float | None
    out_minutes: int | None
    gap_minutes: int | None
    worst_severity: Literal["minor", "major", "critical"] | None
    temperature_range: RangeOut | None


class Temperatures(BaseModel):
    """The temperature of a parcel over a window of time.

    `completeness_bp`: share of the time with a reading no older than the record interval. `compliance_bp`: share of the
    observed time in range; a gap is no compliance, it is not observed. Basis points; null without readings.
    """

    parcel_id: UUID
    temperature_class: str
    temperature_range: RangeOut | None = Field(description="Null for a class that we have no figures for.")
    start: datetime | None
    end: datetime | None
    bucket_seconds: int | None
    reading_count: int
    out_count: int
    completeness_bp: int | None
    compliance_bp: int | None
    mean_kinetic_temperature_c: float | None
    worst_severity: Literal["minor", "major", "critical"] | None
    devices: list[DeviceOut]
    buckets: list[BucketOut]
    excursions: list[ExcursionOut]
    gaps: list[ExcursionOut]
