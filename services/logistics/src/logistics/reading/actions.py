"""Keeping readings: each once, in one statement, judged on the way in."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion import actions as excursion_actions
from logistics.excursion.queries import get_policy
from logistics.parcel import actions as parcel_actions
from logistics.parcel import queries as parcel_queries
from logistics.parcel.queries import ParcelFacts
from logistics.reading.models import EarlyReading
from logistics.reading.queries import (
    SERIES_COLUMNS,
    LockedSeries,
    list_early,
    list_readings,
    lock_of_parcel,
    lock_series,
    lock_silent_candidates,
    locked_of_columns,
)
from logistics.reading.rules import Batch
from shared.direct import Statement

NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many readings are new, how many were known. `is_early`: kept aside, for the waybill is not known yet."""

    accepted: int
    repeated: int
    is_early: bool = False


# Columns travel as the text of arrays: the driver looks at every element of a list, which takes longer than the insert.
# A float of seconds holds microseconds exactly enough: they come back as they were (there is a test).
_COLUMNS = """
    FROM unnest(
        CAST(CAST(:seconds AS text) AS float8[]),
        CAST(CAST(:temperatures AS text) AS float8[]),
        CAST(CAST(:humidities AS text) AS float8[])
    ) AS reading (second, temperature_c, humidity_percent)
"""
_HEARD = """
    UPDATE reading_series
    SET reading_count = reading_count + :count, last_at = :last_at, progress = CAST(:progress AS jsonb),
        is_silent = false
    WHERE series_id = :series_id
"""
_START = Statement(f"""
    INSERT INTO reading_series (parcel_id, shipment_id, order_id, supplier_order_id, carrier_code, waybill_number,
                                temperature_class, rested_at, device_id)
    VALUES (:parcel_id, :shipment_id, :order_id, :supplier_order_id, :carrier_code, :waybill_number,
            :temperature_class, :rested_at, :device_id)
    ON CONFLICT (carrier_code, waybill_number, device_id) DO UPDATE SET device_id = excluded.device_id
    RETURNING {SERIES_COLUMNS}
""")  # noqa: S608 - our own pieces
_SILENT = text("UPDATE reading_series SET is_silent = true WHERE series_id = ANY(:series_ids)")
_REST = text("""
    UPDATE reading_series SET rested_at = :rested_at, progress = CAST(:progress AS jsonb) WHERE series_id = :series_id
""")
_SILENCES_AT_ONCE = 200
_APPEND = Statement(f"""
    WITH heard AS ({_HEARD})
    INSERT INTO readings (series_id, at, temperature_c, humidity_percent)
    SELECT :series_id, to_timestamp(second), temperature_c, humidity_percent {_COLUMNS}
""")
_MERGE = text(f"""
    WITH merged AS (
        INSERT INTO readings (series_id, at, temperature_c, humidity_percent)
        SELECT :series_id, to_timestamp(second), temperature_c, humidity_percent {_COLUMNS}
        ON CONFLICT (series_id, at) DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM merged
""")  # noqa: S608 - our own pieces
_SET_ASIDE = text(f"""
    WITH kept AS (
        INSERT INTO early_readings (carrier_code, waybill_number, device_id, at, temperature_c, humidity_percent)
        SELECT :carrier_code, :waybill_number, :device_id, to_timestamp(second), temperature_c, humidity_percent
        {_COLUMNS}
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM kept
""")  # noqa: S608 - our own pieces


async def record_readings(
    db: AsyncSession,
    *,
    carrier_code: str,
    waybill_number: str,
    device_id: str,
    batch: Batch,
    now: datetime,
    new_id: NewId,
) -> Recorded:
    """Keep a batch of one device on one parcel, and judge it.

    Two batches of one device wait for each other at the series' row; nothing is lost and nothing is kept twice.
    Publishes ExcursionOpened and ExcursionClosed.
    """
    place = {"carrier_code": carrier_code, "waybill_number": waybill_number}
    series = await lock_series(db, **place, device_id=device_id)
    if series is None:
        parcel = await parcel_queries.lock_by_waybill(db, **place)
        if parcel is None:
            await parcel_actions.hold_waybill(db, **place)
            parcel = await parcel_queries.lock_by_waybill(db, **place)
        if parcel is None:
            return await _set_aside(db, **place, device_id=device_id, batch=batch)
        series = await _start_series(db, parcel=parcel, device_id=device_id)
    return await _add(db, series=series, batch=batch, now=now, new_id=new_id)


async def claim_early_readings(
    db: AsyncSession, *, carrier_code: str, waybill_number: str, now: datetime, new_id: NewId
) -> None:
    """Move the readings that came before their parcel to it. The caller holds the waybill."""
    place = {"carrier_code": carrier_code, "waybill_number": waybill_number}
    early = await list_early(db, **place)
    parcel = await parcel_queries.lock_by_waybill(db, **place) if early else None
    if parcel is None:
        return
    for device_id, rows in groupby(early, key=lambda each: each.device_id):
        found = list(rows)
        batch = Batch(
            [row.at for row in found], [row.temperature_c for row in found], [row.humidity_percent for row in found]
        )
        series = await _start_series(db, parcel=parcel, device_id=device_id)
        await _add(db, series=series, batch=batch, now=now, new_id=new_id)
    await db.execute(
        delete(EarlyReading).where(
            EarlyReading.carrier_code == parcel.carrier_code, EarlyReading.waybill_number == parcel.waybill_number
        )
    )


async def rest_devices(
    db: AsyncSession, *, parcel_id: UUID, rested_at: datetime | None, now: datetime, new_id: NewId
) -> None:
    """The parcel's way ended then (or, as late news have it, has not ended): judge its readings up to there.

    The caller holds the parcel's row. Publishes ExcursionOpened and ExcursionClosed.
    """
    for series in await lock_of_parcel(db, parcel_id):
        progress = await _judge_again(db, series=replace(series, rested_at=rested_at), now=now, new_id=new_id)
        await db.execute(
            _REST,
            {
                "series_id": series.monitored.series_id,
                "rested_at": rested_at,
                "progress": orjson.dumps(progress).decode(),
            },
        )


async def note_silences(db: AsyncSession, *, now: datetime, new_id: NewId) -> int:
    """Open a gap for devices not heard for longer than the policy allows; how many were looked at.

    A device on a parcel that has arrived may rest: it is noted as silent and opens nothing. Publishes ExcursionOpened.
    """
    found = await lock_silent_candidates(db, heard_before=now - get_policy().gap, limit=_SILENCES_AT_ONCE)
    if not found:
        return 0
    resting = await parcel_queries.list_arrived(db, {series.monitored.parcel_id for series in found})
    for series in found:
        if series.monitored.parcel_id not in resting and series.last_at is not None:
            await excursion_actions.open_silence(
                db, monitored=series.monitored, last_at=series.last_at, now=now, new_id=new_id
            )
    await db.execute(_SILENT, {"series_ids": [series.monitored.series_id for series in found]})
    return len(found)


async def _start_series(db: AsyncSession, *, parcel: ParcelFacts, device_id: str) -> LockedSeries:
    """A device's first reading on a parcel; whoever comes second waits for the row of the first and gets it locked."""
    [started] = await _START.rows(db, {**asdict(parcel), "device_id": device_id})
    return locked_of_columns(started)


async def _add(db: AsyncSession, *, series: LockedSeries, batch: Batch, now: datetime, new_id: NewId) -> Recorded:
    if not batch.instants:
        return Recorded(0, batch.repeated)
    if series.last_at is None or batch.instants[0] > series.last_at:
        return await _append(db, series=series, batch=batch, now=now, new_id=new_id)
    return await _merge(db, series=series, batch=batch, now=now, new_id=new_id)


async def _append(db: AsyncSession, *, series: LockedSeries, batch: Batch, now: datetime, new_id: NewId) -> Recorded:
    """The usual case: all later than what we have, so nothing is a repetition and judging goes on where it stood."""
    judged = _judged_count(batch.instants, series.rested_at)
    progress = await excursion_actions.judge_further(
        db,
        monitored=series.monitored,
        progress=series.progress,
        is_silent=series.is_silent,
        instants=batch.instants[:judged],
        temperatures=batch.temperatures[:judged],
        now=now,
        new_id=new_id,
    )
    heard = {
        "series_id": series.monitored.series_id,
        "count": len(batch.instants),
        "last_at": batch.instants[-1],
        "progress": orjson.dumps(progress).decode(),
    }
    await _APPEND.rows(db, _parameters(batch) | heard)
    return Recorded(len(batch.instants), batch.repeated)


async def _merge(db: AsyncSession, *, series: LockedSeries, batch: Batch, now: datetime, new_id: NewId) -> Recorded:
    """Late or repeated readings: keep the new ones and judge the whole series again."""
    series_id = series.monitored.series_id
    accepted = await db.scalar(_MERGE, {**_parameters(batch), "series_id": series_id}) or 0
    repeated = batch.repeated + len(batch.instants) - accepted
    if accepted:
        progress = await _judge_again(db, series=series, now=now, new_id=new_id)
        last_at = max(series.last_at, batch.instants[-1]) if series.last_at else batch.instants[-1]
        await db.execute(
            text(_HEARD),
            {
                "series_id": series_id,
                "count": accepted,
                "last_at": last_at,
                "progress": orjson.dumps(progress).decode(),
            },
        )
    return Recorded(accepted, repeated)


async def _judge_again(
    db: AsyncSession, *, series: LockedSeries, now: datetime, new_id: NewId
) -> dict[str, Any] | None:
    instants, temperatures = await list_readings(db, series.monitored.series_id)
    judged = _judged_count(instants, series.rested_at)
    return await excursion_actions.judge_again(
        db,
        monitored=series.monitored,
        instants=instants[:judged],
        temperatures=temperatures[:judged],
        now=now,
        new_id=new_id,
    )


def _judged_count(instants: Sequence[datetime], rested_at: datetime | None) -> int:
    """How many of the readings, which are in order, were taken on the way."""
    return len(instants) if rested_at is None else bisect_right(instants, rested_at)


async def _set_aside(
    db: AsyncSession, *, carrier_code: str, waybill_number: str, device_id: str, batch: Batch
) -> Recorded:
    place = {"carrier_code": carrier_code, "waybill_number": waybill_number, "device_id": device_id}
    kept = await db.scalar(_SET_ASIDE, {**_parameters(batch), **place}) or 0
    return Recorded(0, batch.repeated + len(batch.instants) - kept, is_early=True)


def _parameters(batch: Batch) -> dict[str, str]:
    """Without humidities the shorter array is padded with nulls by unnest."""
    return {
        "seconds": _array(list(map(datetime.timestamp, batch.instants))),
        "temperatures": _array(batch.temperatures),
        "humidities": _array(batch.humidities or ()),
    }


def _array(numbers: Sequence[float | None]) -> str:
    """PostgreSQL's text of an array; JSON's numbers and nulls are its own."""
    return "{" + orjson.dumps(numbers)[1:-1].decode() + "}"
