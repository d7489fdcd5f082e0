"""A parcel's temperature, for the parties of its order; and the classes of goods, for everyone."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion import queries as excursion_queries
from logistics.excursion.rules import worst
from logistics.parcel import queries as parcel_queries
from logistics.parcel.models import Parcel
from logistics.reading import queries as reading_queries
from logistics.temperature import queries
from logistics.temperature.rules import Summary, Window, kinetic_mean_c, share_bp, window_of
from logistics.temperature.schemas import (
    BucketOut,
    ClassList,
    ClassOut,
    DeviceOut,
    ExcursionOut,
    LotTemperatures,
    RangeOut,
    Temperatures,
)
from logistics.temperature_class.queries import find_class, list_classes
from shared.auth import CallerDep
from shared.clock import SHANGHAI
from shared.db import Read
from shared.errors import Invalid
from shared.trace_codes import is_trace_code, normalised

router = APIRouter(prefix="/v1", tags=["temperature"])

_PARCELS_OF_LOT = 50
"""A lot may go to thousands: the latest tell how it is kept, at a cost that does not grow."""


@router.get("/temperature-classes")
async def read_classes() -> ClassList:
    """Every class of goods with its range and who says so. Anonymous."""
    return ClassList(items=[ClassOut(**asdict(each)) for each in list_classes()])


@router.get("/parcels/{parcel_id}/temperatures")
async def read_temperatures(
    parcel_id: UUID,
    caller: CallerDep,
    db: Read,
    start: Annotated[
        datetime | None, Query(alias="from", description="The first instant; the first reading's.")
    ] = None,
    end: Annotated[
        datetime | None, Query(alias="to", description="The instant after the last; after the last reading on the way.")
    ] = None,
    points: Annotated[int, Query(ge=10, le=2000, description="How many buckets at most.")] = 300,
) -> Temperatures:
    """What the devices on a parcel measured, for its buyer, its supplier and operators. 404 for anyone else.

    A time without a zone is Beijing time. 422 `range-invalid`.
    """
    parcel = await parcel_queries.get_visible(db, parcel_id, caller)
    series = await reading_queries.list_series(db, parcel_id)
    device_of = {each.series_id: each.device_id for each in series}
    rested_at = parcel.delivered_at or parcel.returned_at
    window = await _window(
        db, series_ids=list(device_of), start=_zoned(start), end=_zoned(end), rested_at=rested_at, points=points
    )
    summary, buckets = Summary(), []
    if window is not None:
        summary = await _sum_up(db, list(device_of), window, parcel)
        limits = excursion_queries.limits_of(parcel.temperature_class)
        found = await queries.list_buckets(db, series_ids=list(device_of), window=window, limits=limits)
        buckets = [BucketOut.model_validate(row, from_attributes=True) for row in found]
    excursions = [
        ExcursionOut(
            device_id=device_of[each.series_id],
            **{name: getattr(each, name) for name in ExcursionOut.model_fields if name != "device_id"},
        )
        for each in await excursion_queries.list_of_parcel(db, parcel_id)
        if window is None or (each.started_at < window.end and (each.ended_at is None or each.ended_at >= window.start))
    ]
    return Temperatures(
        parcel_id=parcel_id,
        temperature_class=parcel.temperature_class,
        temperature_range=_range(parcel.temperature_class),
        start=window.start if window else None,
        end=window.end if window else None,
        bucket_seconds=int(window.bucket.total_seconds()) if window else None,
        reading_count=summary.reading_count,
        out_count=summary.out_count,
        completeness_bp=share_bp(summary.covered_seconds, summary.span_seconds),
        compliance_bp=share_bp(summary.in_range_seconds, summary.observed_seconds),
        mean_kinetic_temperature_c=_kinetic(summary),
        worst_severity=worst(each.severity for each in excursions),
        devices=[
            DeviceOut(device_id=each.device_id, reading_count=each.reading_count, last_at=each.last_at)
            for each in series
        ],
        buckets=buckets,
        excursions=[each for each in excursions if each.kind != "gap"],
        gaps=[each for each in excursions if each.kind == "gap"],
    )


@router.get("/traces/{code}/temperatures")
async def read_lot_temperatures(db: Read, code: Annotated[str, Path(max_length=40)]) -> LotTemperatures:
    """How cold the parcels were that carried a lot, summed up; for everybody, by the lot's trace code. Anonymous.

    A lot that nobody sent yet, or that we do not know, has no parcels. 422 `trace-code-invalid`.
    """
    lot_code = normalised(code)
    if not is_trace_code(lot_code):
        raise Invalid(
            "A trace code has 22 digits and a character that checks them.", code="trace-code-invalid", field="code"
        )
    found = await queries.summarise_lot(db, lot_code, most=_PARCELS_OF_LOT)
    classes = found.temperature_classes or []
    is_read = found.reading_count > 0
    return LotTemperatures(
        code=lot_code,
        parcel_count=found.parcel_count,
        measured_count=found.measured_count,
        reading_count=found.reading_count,
        min_c=found.min_c,
        max_c=found.max_c,
        out_minutes=ceil(found.out_seconds / 60) if is_read else None,
        gap_minutes=ceil(found.gap_seconds / 60) if is_read else None,
        worst_severity=worst(found.severities or []),
        temperature_range=_range(classes[0]) if len(classes) == 1 else None,
    )


async def _window(
    db: AsyncSession,
    *,
    series_ids: Sequence[int],
    start: datetime | None,
    end: datetime | None,
    rested_at: datetime | None,
    points: int,
) -> Window | None:
    """The window asked for; where an end is open, as far as there are readings of the way. None without any."""
    if start is not None and end is not None:
        return window_of(start, end, points=points)
    extent = await queries.find_extent(db, series_ids)
    if extent is None:
        return None
    first_at, last_at = extent
    if rested_at is not None and rested_at >= first_at:
        last_at = min(last_at, rested_at)
    return window_of(start or first_at, end or max(last_at, start or last_at) + timedelta(seconds=1), points=points)


async def _sum_up(db: AsyncSession, series_ids: Sequence[int], window: Window, parcel: Parcel) -> Summary:
    figures = excursion_queries.figures()
    return await queries.summarise_readings(
        db,
        series_ids=series_ids,
        window=window,
        limits=excursion_queries.limits_of(parcel.temperature_class),
        interval=timedelta(seconds=figures["record_interval_seconds"]),
        gap=excursion_queries.get_policy().gap,
        activation_kelvin=figures["activation_kelvin"],
    )


def _kinetic(summary: Summary) -> float | None:
    if summary.kinetic_weight <= 0:
        return None
    figures = excursion_queries.figures()
    mean = kinetic_mean_c(summary.kinetic_sum, summary.kinetic_weight, activation_kelvin=figures["activation_kelvin"])
    return round(mean, 4)


def _range(temperature_class: str) -> RangeOut | None:
    found = find_class(temperature_class)
    return None if found is None else RangeOut.model_validate(found, from_attributes=True)


def _zoned(instant: datetime | None) -> datetime | None:
    return instant if instant is None or instant.tzinfo else instant.replace(tzinfo=SHANGHAI)
