"""The book of statuses, from the data file that this package carries, and reads of the log."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import orjson
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.tracking.models import TrackingUpdate
from logistics.tracking.rules import Status, StatusBook, Update, legs_of


@cache
def get_status_book() -> StatusBook:
    """All statuses with their ranks, and the words of the carriers' interfaces for them."""
    document = orjson.loads((files("logistics") / "data" / "parcel_statuses.json").read_bytes())
    statuses: dict[str, Status] = {}
    words: dict[str, str] = {}
    for each in document["statuses"]:
        words.update(dict.fromkeys(each.pop("carrier_statuses"), each["status"]))
        statuses[each["status"]] = Status(**each)
    return StatusBook(statuses, words)


_LOGS = text("""
    SELECT waybill_number, leg, status, occurred_at FROM tracking_updates
    WHERE carrier_code = :carrier_code AND waybill_number = ANY(:waybill_numbers)
""")


async def list_logs(db: AsyncSession, *, carrier_code: str, waybill_numbers: Sequence[str]) -> dict[str, list[Update]]:
    """The logs of waybills, as the state depends on them."""
    statuses = get_status_book().statuses
    logs: dict[str, list[Update]] = {waybill_number: [] for waybill_number in waybill_numbers}
    found = await db.execute(_LOGS, {"carrier_code": carrier_code, "waybill_numbers": list(waybill_numbers)})
    for row in found:
        logs[row.waybill_number].append(Update(row.leg, statuses[row.status], row.occurred_at))
    return logs


async def list_log(db: AsyncSession, *, carrier_code: str, waybill_number: str) -> list[tuple[TrackingUpdate, int]]:
    """The whole log of a waybill in the order of what happened, each line with its leg."""
    statuses = get_status_book().statuses
    rows = (
        await db.scalars(
            select(TrackingUpdate).where(
                TrackingUpdate.carrier_code == carrier_code, TrackingUpdate.waybill_number == waybill_number
            )
        )
    ).all()
    read = {row.update_id: Update(row.leg, statuses[row.status], row.occurred_at) for row in rows}
    legs = legs_of(read.values())
    return [(row, legs[read[row.update_id]]) for row in sorted(rows, key=_order)]


def _order(row: TrackingUpdate) -> tuple[object, ...]:
    """Within one second further progress is later; among equals, what came in later."""
    rank = get_status_book().statuses[row.status].rank
    return (row.occurred_at, -1 if rank is None else rank, row.update_id)
