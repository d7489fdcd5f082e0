"""Carriers push readings of the devices on their parcels."""

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from fastapi import APIRouter, Response

from logistics.excursion.queries import figures
from logistics.fields import DEVICE_ID, WAYBILL_NUMBER
from logistics.push import PushTaken, SignedPush, body_schema
from logistics.reading import actions
from logistics.reading.rules import Bounds, RefusedReading, columns_of, read_batch
from logistics.reading.schemas import ReadingsPush
from shared.db import Db
from shared.errors import Invalid
from shared.ids import new_id

router = APIRouter(tags=["temperature"])


@router.post(
    "/v1/carriers/{code}/readings",  # noqa: FAST003 - the push reads it
    status_code=202,
    response_model=PushTaken,
    openapi_extra=body_schema(ReadingsPush),
)
async def push_readings(push: SignedPush, db: Db) -> Response:
    """Take in a device's readings, signed by Standard Webhooks. The same push again changes nothing.

    Readings may come late, shuffled and repeated: each is kept once by parcel, device and instant. Rows are refused
    one by one: `instant-invalid`, `instant-out-of-range`, `temperature-invalid`, `humidity-invalid`; and all of them
    with `waybill-unknown` where no parcel has the waybill yet (kept; they are judged when it has).
    """
    document = push.document()
    waybill_number = _matching(document, "waybill_number", WAYBILL_NUMBER)
    device_id = _matching(document, "device_id", DEVICE_ID)
    columns = columns_of(document.get("readings"))
    batch = read_batch(*columns, bounds=_bounds(push.received_at))
    recorded = await actions.record_readings(
        db,
        carrier_code=push.carrier_code,
        waybill_number=waybill_number,
        device_id=device_id,
        batch=batch,
        now=push.received_at,
        new_id=new_id,
    )
    refused = batch.refused
    if recorded.is_early:
        bad = {each.index for each in refused}
        detail = f"No parcel has waybill {waybill_number} yet. The readings are kept and judged when one has."
        unknown = [
            RefusedReading(index, "waybill-unknown", detail) for index in range(len(columns[0])) if index not in bad
        ]
        refused = sorted([*refused, *unknown], key=lambda each: each.index)
    taken = {
        "accepted": recorded.accepted,
        "repeated": 0 if recorded.is_early else recorded.repeated,
        "refused": [asdict(each) for each in refused],
    }
    return Response(orjson.dumps(taken), status_code=202, media_type="application/json")


def _matching(document: dict[str, Any], name: str, pattern: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
        raise Invalid(f"{name} must match {pattern}.", code=f"{name.replace('_', '-')}-invalid", field=name)
    return value


def _bounds(now: datetime) -> Bounds:
    named = figures()
    return Bounds(
        floor_c=named["temperature_floor_c"],
        ceiling_c=named["temperature_ceiling_c"],
        earliest=datetime(int(named["earliest_year"]), 1, 1, tzinfo=UTC),
        latest=now + timedelta(hours=named["clock_ahead_hours"]),
    )
