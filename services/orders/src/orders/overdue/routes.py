"""Everything late of institutions' orders, over HTTP."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.overdue import queries, schemas
from orders.overdue.rules import KINDS, Kind, Side
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.errors import BadRequest
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["settlements"])
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a number or a side's name.")]
LeastDays = Annotated[int, Query(ge=1, le=3650, description="Only what is late by at least so many days.")]
_BATCH = 500
_HEAD = ("事项", "轮到谁", "单号", "采购单位", "供应商", "金额（元）", "到期日", "逾期天数")
_KINDS = {
    "CONFIRM": "确认订单",
    "SHIP": "发货",
    "ACCEPT": "验货",
    "INVOICE": "开票",
    "INVOICE_CHECK": "验票",
    "PAYMENT": "付款",
    "REVIEW": "评价",
    "APPROVAL": "审批",
}
_SIDES = {"supplier": "供应商", "unit": "采购单位"}


@router.get("/overdue")
async def list_overdue(
    caller: CallerDep,
    db: Read,
    kind: Kind | None = None,
    side: Side | None = None,
    unit_id: UUID | None = None,
    least_days: LeastDays = 1,
    q: Wanted = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.OverdueItem]:
    """What is late, the longest first: a unit's own and those below it, a supplier's, a finance office's region's, an
    operator's all. What a dispute pauses is not late."""
    filters = queries.Filters(business_day(utc_now()), kind, side, unit_id, least_days, q.strip())
    rows = await queries.list_overdue(db, caller, filters=filters, after=_after(cursor), limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[schemas.OverdueItem.of(row) for row in rows[:limit]],
        next_cursor=encode_cursor(last.due_on, last.order_id, last.kind) if last else None,
    )


@router.get("/overdue/export", response_class=Response)
async def export_overdue(
    request: Request,
    caller: CallerDep,
    form: SheetFormat = "csv",
    kind: Kind | None = None,
    side: Side | None = None,
    unit_id: UUID | None = None,
    least_days: LeastDays = 1,
    q: Wanted = "",
) -> Response:
    """The same list as a file."""
    filters = queries.Filters(business_day(utc_now()), kind, side, unit_id, least_days, q.strip())

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[date, UUID, str] | None = None
        while True:
            async with request.app.state.database.read() as db:
                rows = await queries.list_overdue(db, caller, filters=filters, after=after, limit=_BATCH)
            yield [_cells(schemas.OverdueItem.of(row)) for row in rows]
            if len(rows) < _BATCH:
                return
            after = rows[-1].due_on, rows[-1].order_id, rows[-1].kind

    return await sheet_response(form, name="逾期列表", head=_HEAD, batches=batches())


def _cells(item: schemas.OverdueItem) -> list[Any]:
    return [
        _KINDS[item.kind],
        _SIDES[item.side],
        item.number,
        item.unit_name,
        item.supplier_name,
        float(yuan(item.amount_fen)),
        item.due_on,
        item.days_late,
    ]


def _after(cursor: str | None) -> tuple[date, UUID, str] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=3)
    try:
        kind = {str(each): each for each in KINDS}[str(values[2])]
        return date.fromisoformat(str(values[0])), UUID(str(values[1])), kind
    except (ValueError, KeyError) as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
