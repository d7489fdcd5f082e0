"""Taking in what carriers say: into the log first, then the parcels' states anew from the log."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.parcel import actions as parcel_actions
from logistics.reading import actions as reading_actions
from logistics.shipment import actions as shipment_actions
from logistics.tracking.queries import list_logs
from logistics.tracking.rules import ParcelState, rested_at, state_of


@dataclass(frozen=True, slots=True)
class SaidUpdate:
    """One update as the carrier said it, with our reading of it."""

    index: int
    waybill_number: str
    repeat_key: str
    leg: int | None
    status: str
    carrier_status: str
    occurred_at: datetime
    occurred_zone: str
    is_zone_assumed: bool
    place: str | None
    description: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """How many updates are new and how many were known; and those of waybills that nobody told us of, kept aside."""

    accepted: int
    repeated: int
    unknown: tuple[SaidUpdate, ...]


_FIELDS = (
    "waybill_number",
    "repeat_key",
    "leg",
    "status",
    "carrier_status",
    "occurred_at",
    "occurred_zone",
    "is_zone_assumed",
    "place",
    "description",
    "event_id",
)
# The log is written before any parcel is locked, both in sorted order: two pushes of the same things wait for each
# other and never in a ring.
_HEAR = text(f"""
    WITH said AS (
        INSERT INTO tracking_updates (carrier_code, received_at, {", ".join(_FIELDS)})
        SELECT :carrier_code, :now, {", ".join(_FIELDS)}
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row (
            waybill_number text, repeat_key text, leg smallint, status text, carrier_status text,
            occurred_at timestamptz, occurred_zone text, is_zone_assumed boolean, place text, description text,
            event_id text)
        ORDER BY waybill_number, repeat_key
        ON CONFLICT (carrier_code, waybill_number, repeat_key) DO NOTHING
        RETURNING waybill_number, repeat_key
    ), fresh AS MATERIALIZED (
        SELECT coalesce(jsonb_agg(jsonb_build_array(waybill_number, repeat_key)), '[]') AS keys FROM said
    ), known AS (
        SELECT parcel_id, shipment_id, waybill_number, status, leg, exception, exception_at, last_update_at,
               delivered_at, returned_at
        FROM parcels
        WHERE carrier_code = :carrier_code AND waybill_number = ANY(:waybill_numbers)
          AND (SELECT keys FROM fresh) IS NOT NULL
        ORDER BY parcel_id
        FOR NO KEY UPDATE
    )
    SELECT (SELECT keys FROM fresh) AS keys, known.* FROM (VALUES (1)) AS one LEFT JOIN known ON true
""")  # noqa: S608 - our own pieces
_KNOWN = text("""
    SELECT parcel_id, shipment_id, waybill_number, status, leg, exception, exception_at, last_update_at,
           delivered_at, returned_at
    FROM parcels
    WHERE carrier_code = :carrier_code AND waybill_number = ANY(:waybill_numbers)
    ORDER BY parcel_id
    FOR NO KEY UPDATE
""")
_STATE = ("status", "leg", "exception", "exception_at", "last_update_at", "delivered_at", "returned_at")
_SET_STATES = text(f"""
    UPDATE parcels SET {", ".join(f"{name} = state.{name}" for name in _STATE)}
    FROM jsonb_to_recordset(CAST(:states AS jsonb)) AS state (
        parcel_id uuid, status text, leg smallint, exception text, exception_at timestamptz,
        last_update_at timestamptz, delivered_at timestamptz, returned_at timestamptz)
    WHERE parcels.parcel_id = state.parcel_id
""")  # noqa: S608 - our own pieces


@dataclass(frozen=True, slots=True)
class _Known:
    """A locked parcel and the state that is stored with it."""

    parcel_id: UUID
    shipment_id: UUID
    waybill_number: str
    state: ParcelState


async def record_updates(
    db: AsyncSession, *, carrier_code: str, updates: Sequence[SaidUpdate], now: datetime, new_id: Callable[[], UUID]
) -> Heard:
    """Add what is new to the log and bring the parcels to the state that their logs add up to.

    Two pushes for one parcel at once wait for each other at its row; the second reads a log that holds both.
    What is said of an unknown waybill stays in the log and takes effect when the parcel appears.
    Publishes ShipmentDelivered, or ParcelsArrived while others are awaited; and, where a delivery ends or corrects one,
    ExcursionOpened and ExcursionClosed.
    """
    if not updates:
        return Heard(0, 0, ())
    waybill_numbers = sorted({each.waybill_number for each in updates})
    rows = [{name: getattr(each, name) for name in _FIELDS} for each in updates]
    answer = await db.execute(
        _HEAR,
        {
            "carrier_code": carrier_code,
            "now": now,
            "rows": orjson.dumps(rows).decode(),
            "waybill_numbers": waybill_numbers,
        },
    )
    found = answer.all()
    fresh: list[list[str]] = found[0].keys
    known = [_known(row) for row in found if row.parcel_id is not None]
    unknown = sorted(set(waybill_numbers) - {each.waybill_number for each in known})
    if unknown:
        known += await _look_again(db, carrier_code=carrier_code, waybill_numbers=unknown)
    names = {each.waybill_number for each in known}
    fresh_names = {waybill_number for waybill_number, _ in fresh}
    heard_of = [each for each in known if each.waybill_number in fresh_names]
    await _restate(db, carrier_code=carrier_code, parcels=heard_of, now=now, new_id=new_id)
    accepted = sum(waybill_number in names for waybill_number, _ in fresh)
    aside = tuple(each for each in updates if each.waybill_number not in names)
    return Heard(accepted, len(updates) - len(aside) - accepted, aside)


async def restate_parcels(
    db: AsyncSession, *, carrier_code: str, waybill_numbers: Sequence[str], now: datetime, new_id: Callable[[], UUID]
) -> None:
    """Bring parcels to the state of what was said before they were known. The caller holds the waybills."""
    found = await db.execute(_KNOWN, {"carrier_code": carrier_code, "waybill_numbers": list(waybill_numbers)})
    await _restate(db, carrier_code=carrier_code, parcels=[_known(row) for row in found], now=now, new_id=new_id)


async def _look_again(db: AsyncSession, *, carrier_code: str, waybill_numbers: Sequence[str]) -> list[_Known]:
    """A dispatch may be making the parcel right now: wait for it, then look once more."""
    for waybill_number in waybill_numbers:
        await parcel_actions.hold_waybill(db, carrier_code=carrier_code, waybill_number=waybill_number)
    found = await db.execute(_KNOWN, {"carrier_code": carrier_code, "waybill_numbers": list(waybill_numbers)})
    return [_known(row) for row in found]


async def _restate(
    db: AsyncSession, *, carrier_code: str, parcels: Sequence[_Known], now: datetime, new_id: Callable[[], UUID]
) -> None:
    if not parcels:
        return
    logs = await list_logs(db, carrier_code=carrier_code, waybill_numbers=[each.waybill_number for each in parcels])
    changed = [(each, state) for each in parcels if (state := state_of(logs[each.waybill_number])) != each.state]
    if not changed:
        return
    states = [
        {"parcel_id": each.parcel_id, **{name: getattr(state, name) for name in _STATE}} for each, state in changed
    ]
    await db.execute(_SET_STATES, {"states": orjson.dumps(states, default=str).decode()})
    for each, state in changed:
        if rested_at(state) != rested_at(each.state):
            await reading_actions.rest_devices(
                db, parcel_id=each.parcel_id, rested_at=rested_at(state), now=now, new_id=new_id
            )
    delivered = _delivered_shipments(changed)
    if delivered:
        arrived = {each.parcel_id: state.delivered_at for each, state in changed if state.delivered_at is not None}
        await parcel_actions.note_late_arrivals(db, arrived, now=now)
        await shipment_actions.note_delivery(db, shipment_ids=delivered, now=now)


def _delivered_shipments(changed: Iterable[tuple[_Known, ParcelState]]) -> list[UUID]:
    return sorted(
        {
            each.shipment_id
            for each, state in changed
            if state.delivered_at is not None and each.state.delivered_at is None
        }
    )


def _known(row: Row[Any]) -> _Known:
    return _Known(
        row.parcel_id, row.shipment_id, row.waybill_number, ParcelState(**{name: getattr(row, name) for name in _STATE})
    )
