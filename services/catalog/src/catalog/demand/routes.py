"""Demand over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from catalog.cursors import cursor_id
from catalog.demand import actions, queries
from catalog.demand.schemas import DemandIn, DemandPage, DemandSchema
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, sheet_batches
from shared.auth import CallerDep, require_kind
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/demand-notes", tags=["supply register"])

_HEADS = ("区划代码", "品名", "年度", "数量(克)", "买方", "依据", "登记时间")
_SOURCE_ZH = {"contract": "合同", "plan": "采购计划", "fair": "对接会成交", "pledge": "认购承诺"}
_READERS = Depends(require_kind("official", "supplier"))

Region = Annotated[DivisionCode | None, Query()]
ChosenYear = Annotated[int | None, Query(ge=2000, le=2100)]
Words = Annotated[Line, Query(max_length=64, description="In the product's or the buyer's name.")]


@router.post("", status_code=201, response_model=DemandSchema)
async def note_demand(db: Db, caller: CallerDep, once: Once, body: DemandIn) -> Response:
    """Note what somebody undertook or plans to buy (officials of the region). 422 `county-unknown`."""
    note = await actions.note_demand(db, demand_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    return await once.answer(db, DemandSchema.of(note), status=201)


@router.get("", dependencies=[_READERS])
async def list_demand(
    db: Read,
    *,
    region: Region = None,
    year: ChosenYear = None,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> DemandPage:
    """The demand of a year that stands, for officials and suppliers: this year if none is named."""
    chosen = year or business_day(utc_now()).year
    found = await queries.list_demand(db, region=region, year=chosen, q=q, after=cursor_id(cursor), limit=limit + 1)
    shown, next_cursor = cut(found, limit, lambda each: each.demand_id)
    return DemandPage(items=[DemandSchema.of(each) for each in shown], next_cursor=next_cursor)


@router.get("/export", response_class=Response, dependencies=[_READERS])
async def export_demand(
    request: Request, *, region: Region = None, year: ChosenYear = None, q: Words = "", sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table."""
    chosen = year or business_day(utc_now()).year
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_demand(db, region=region, year=chosen, q=q, after=after, limit=limit),
        key=lambda each: each.demand_id,
        row=lambda each: (
            each.county_code,
            each.product_name,
            each.year,
            each.quantity_g,
            each.buyer_name,
            _SOURCE_ZH[each.source],
            each.noted_at,
        ),
    )
    return await sheet_response(sheet, name="采购需求", head=_HEADS, batches=batches)


@router.post("/{demand_id}/withdraw")
async def withdraw_demand(db: Db, caller: CallerDep, demand_id: UUID) -> DemandSchema:
    """The note no longer stands. Doing it again changes nothing. 404 `demand-unknown`."""
    return DemandSchema.of(await actions.withdraw_demand(db, demand_id=demand_id, caller=caller, now=utc_now()))
