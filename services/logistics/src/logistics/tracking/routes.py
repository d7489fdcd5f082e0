"""Carriers push what happened; the parties of an order read it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Response
from pydantic import ValidationError

from logistics.parcel import queries as parcel_queries
from logistics.push import PushTaken, RefusedRow, SignedPush, body_schema
from logistics.tracking import actions, queries
from logistics.tracking.actions import SaidUpdate
from logistics.tracking.models import TrackingUpdate
from logistics.tracking.rules import StatusBook, ensure_plausible, occurrence_of, repeat_key
from logistics.tracking.schemas import TrackingLine, TrackingLog, TrackingPush, UpdateIn
from shared.auth import CallerDep
from shared.db import Db, Read
from shared.errors import Invalid
from shared.ids import new_id

router = APIRouter(tags=["tracking"])
_MOST_UPDATES = 1000


@router.post(
    "/v1/carriers/{code}/tracking",  # noqa: FAST003 - the push reads it
    status_code=202,
    response_model=PushTaken,
    openapi_extra=body_schema(TrackingPush),
)
async def push_tracking(push: SignedPush, db: Db) -> Response:
    """Take in a carrier's updates, signed by Standard Webhooks. The same push again changes nothing.

    Updates may come late, shuffled and repeated. Rows are refused one by one: `update-malformed`,
    `status-unknown`, `occurred-at-invalid`, `waybill-unknown` (kept; it takes effect when its parcel appears).
    """
    rows = push.document().get("updates")
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MOST_UPDATES:
        raise Invalid(f"Send 1 to {_MOST_UPDATES} updates in a list.", code="updates-malformed", field="updates")
    book = queries.get_status_book()
    refused: list[RefusedRow] = []
    updates: list[SaidUpdate] = []
    for index, row in enumerate(rows):
        read = _read(index, row, book, push.received_at)
        if isinstance(read, SaidUpdate):
            updates.append(read)
        else:
            refused.append(read)
    heard = await actions.record_updates(
        db, carrier_code=push.carrier_code, updates=updates, now=push.received_at, new_id=new_id
    )
    refused += [
        RefusedRow(
            index=each.index,
            code="waybill-unknown",
            detail=f"No parcel has waybill {each.waybill_number} yet. This is kept and takes effect when one has.",
        )
        for each in heard.unknown
    ]
    taken = PushTaken(
        accepted=heard.accepted, repeated=heard.repeated, refused=sorted(refused, key=lambda each: each.index)
    )
    return Response(orjson.dumps(taken.model_dump()), status_code=202, media_type="application/json")


@router.get("/v1/parcels/{parcel_id}/tracking")
async def read_tracking(parcel_id: UUID, caller: CallerDep, db: Read) -> TrackingLog:
    """The log of a parcel, for its buyer, its supplier and operators. 404 for anyone else."""
    parcel = await parcel_queries.get_visible(db, parcel_id, caller)
    log = await queries.list_log(db, carrier_code=parcel.carrier_code, waybill_number=parcel.waybill_number)
    return TrackingLog(items=[_line(row, leg) for row, leg in reversed(log)])


def _read(index: int, row: Any, book: StatusBook, now: datetime) -> SaidUpdate | RefusedRow:
    try:
        update = UpdateIn.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "update"
        return RefusedRow(index=index, code="update-malformed", detail=f"{field}: {first['msg']}")
    status = book.find(update.status)
    if status is None:
        known = ", ".join(book.statuses)
        return RefusedRow(index=index, code="status-unknown", detail=f"Send one of {known}, or a code of kuaidi100.")
    try:
        occurrence = occurrence_of(update.occurred_at)
        ensure_plausible(occurrence.at, now=now)
        key = repeat_key(
            event_id=update.event_id, leg=update.leg, carrier_status=update.status, occurred_at=occurrence.at
        )
    except (ValueError, OverflowError):
        detail = "occurred_at must be an ISO 8601 instant of these years, such as 2026-11-22T12:00:00+08:00."
        return RefusedRow(index=index, code="occurred-at-invalid", detail=detail)
    return SaidUpdate(
        index=index,
        waybill_number=update.waybill_number,
        repeat_key=key,
        leg=update.leg,
        status=status.status,
        carrier_status=update.status,
        occurred_at=occurrence.at,
        occurred_zone=occurrence.zone,
        is_zone_assumed=occurrence.is_zone_assumed,
        place=update.place or None,
        description=update.description or None,
        event_id=update.event_id or None,
    )


def _line(row: TrackingUpdate, leg: int) -> TrackingLine:
    status = queries.get_status_book().statuses[row.status]
    zone = occurrence_of(f"2000-01-01T00:00:00{row.occurred_zone}").at.tzinfo
    return TrackingLine(
        status=row.status,
        name=status.name,
        name_en=status.name_en,
        leg=leg,
        carrier_status=row.carrier_status,
        occurred_at=row.occurred_at,
        occurred_local=row.occurred_at.astimezone(zone).isoformat(),
        occurred_zone=row.occurred_zone,
        is_zone_assumed=row.is_zone_assumed,
        place=row.place,
        description=row.description,
        received_at=row.received_at,
    )
