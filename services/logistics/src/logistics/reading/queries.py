"""Reads of series and readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion.actions import Monitored
from logistics.reading.models import EarlyReading, Reading, ReadingSeries
from shared.direct import Statement


@dataclass(frozen=True, slots=True)
class LockedSeries:
    """A series whose row this transaction holds, as it is now."""

    monitored: Monitored
    last_at: datetime | None
    progress: dict[str, Any] | None
    is_silent: bool
    rested_at: datetime | None


SERIES_COLUMNS = """
    series_id, parcel_id, shipment_id, order_id, supplier_order_id, temperature_class, last_at, progress::text,
    is_silent, rested_at
"""
_LOCK = Statement(f"""
    SELECT {SERIES_COLUMNS} FROM reading_series
    WHERE carrier_code = :carrier_code AND waybill_number = :waybill_number AND device_id = :device_id
    FOR NO KEY UPDATE
""")  # noqa: S608 - our own pieces


async def lock_series(
    db: AsyncSession, *, carrier_code: str, waybill_number: str, device_id: str
) -> LockedSeries | None:
    """The series, locked until the transaction ends; None if there is none yet."""
    place = {"carrier_code": carrier_code, "waybill_number": waybill_number, "device_id": device_id}
    rows = await _LOCK.rows(db, place)
    return locked_of_columns(rows[0]) if rows else None


async def lock_of_parcel(db: AsyncSession, parcel_id: UUID) -> list[LockedSeries]:
    """The series of a parcel's devices, locked in the order of their ids."""
    statement = (
        select(ReadingSeries)
        .where(ReadingSeries.parcel_id == parcel_id)
        .order_by(ReadingSeries.series_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return [locked_of(series) for series in await db.scalars(statement)]


async def lock_silent_candidates(db: AsyncSession, *, heard_before: datetime, limit: int) -> list[LockedSeries]:
    """Series last heard before that instant and not yet noted as silent, locked; those busy elsewhere are left out."""
    statement = (
        select(ReadingSeries)
        .where(ReadingSeries.last_at < heard_before, ~ReadingSeries.is_silent)
        .order_by(ReadingSeries.series_id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return [locked_of(series) for series in await db.scalars(statement)]


def locked_of(series: ReadingSeries) -> LockedSeries:
    """A series whose row this transaction holds."""
    monitored = Monitored(
        series_id=series.series_id,
        parcel_id=series.parcel_id,
        shipment_id=series.shipment_id,
        order_id=series.order_id,
        supplier_order_id=series.supplier_order_id,
        temperature_class=series.temperature_class,
    )
    return LockedSeries(monitored, series.last_at, series.progress, series.is_silent, series.rested_at)


def locked_of_columns(row: Sequence[Any]) -> LockedSeries:
    """The same from a row of `SERIES_COLUMNS`."""
    *monitored, last_at, progress, is_silent, rested_at = row
    return LockedSeries(Monitored(*monitored), last_at, orjson.loads(progress or b"null"), is_silent, rested_at)


async def list_readings(db: AsyncSession, series_id: int) -> tuple[list[datetime], list[float]]:
    """All readings of a series in order, in columns."""
    rows = (
        await db.execute(
            select(Reading.at, Reading.temperature_c).where(Reading.series_id == series_id).order_by(Reading.at)
        )
    ).all()
    return [row[0] for row in rows], [row[1] for row in rows]


async def list_series(db: AsyncSession, parcel_id: UUID) -> Sequence[ReadingSeries]:
    """The devices on a parcel."""
    statement = select(ReadingSeries).where(ReadingSeries.parcel_id == parcel_id).order_by(ReadingSeries.device_id)
    return (await db.scalars(statement)).all()


async def list_early(db: AsyncSession, *, carrier_code: str, waybill_number: str) -> Sequence[EarlyReading]:
    """Readings that came before their parcel, by device and instant."""
    statement = (
        select(EarlyReading)
        .where(EarlyReading.carrier_code == carrier_code, EarlyReading.waybill_number == waybill_number)
        .order_by(EarlyReading.device_id, EarlyReading.at)
    )
    return (await db.scalars(statement)).all()
