"""Demand over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from catalog.cursors import cursor_texts, invalid_cursor
from catalog.demand import actions, queries
from catalog.demand.schemas import DemandIn, DemandPage, DemandSchema
from catalog.fields import DivisionCode
from shared.auth import CallerDep, require_kind
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor

router = APIRouter(prefix="/v1/demand-notes", tags=["supply register"])


@router.post("", status_code=201, response_model=DemandSchema)
async def note_demand(db: Db, caller: CallerDep, once: Once, body: DemandIn) -> Response:
    """Note what somebody undertook or plans to buy (officials of the region). 422 `county-unknown`."""
    note = await actions.note_demand(db, demand_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    return await once.answer(db, DemandSchema.of(note), status=201)


@router.get("", dependencies=[Depends(require_kind("official", "supplier"))])
async def list_demand(
    db: Read,
    *,
    region: Annotated[DivisionCode | None, Query()] = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> DemandPage:
    """The demand of a year that stands, for officials and suppliers: this year if none is named."""
    chosen = year or business_day(utc_now()).year
    found = await queries.list_demand(db, region=region, year=chosen, after=_after(cursor), limit=limit + 1)
    return DemandPage(
        items=[DemandSchema.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].demand_id) if len(found) > limit else None,
    )


@router.post("/{demand_id}/withdraw")
async def withdraw_demand(db: Db, caller: CallerDep, demand_id: UUID) -> DemandSchema:
    """The note no longer stands. Doing it again changes nothing. 404 `demand-unknown`."""
    return DemandSchema.of(await actions.withdraw_demand(db, demand_id=demand_id, caller=caller, now=utc_now()))


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(cursor_texts(cursor, size=1)[0])
    except ValueError as error:
        raise invalid_cursor() from error
