"""Units' orders over HTTP, for the unit, its supplier, and those who oversee either."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit.rules import Fund
from orders.unit_order import actions, queries, schemas
from orders.unit_order.queries import Filters
from orders.unit_order.rules import Stage
from shared.auth import Caller, CallerDep
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import etag_of
from shared.idempotency import Once
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/unit-orders", tags=["unit orders"])
_BATCH = 500
_STAGES = {
    "PENDING_CONFIRM": "待确认",
    "CONFIRMED": "待发货",
    "SHIPPED": "待收货",
    "DELIVERED": "待验货",
    "ACCEPTED": "待验票",
    "INVOICE_CHECKED": "待结算",
    "SETTLED": "待评价",
    "COMPLETED": "已完成",
    "CANCELLED": "已取消",
    "REFUSED": "已拒绝",
}
_FUNDS = {"CANTEEN": "食堂", "UNION": "工会", "OTHER": "其他"}
_HEAD = (
    "订单号", "采购单位", "供应商", "商品", "经费来源", "预算年度", "状态", "争议", "订单金额（元）", "验收金额（元）",
    "识别码", "付款期限", "下单时间", "确认时间", "到货时间", "验货时间", "结算时间", "完成时间",
)  # fmt: skip


def _filters(
    *,
    stage: Stage | None = None,
    year: Annotated[int | None, Query(ge=2019, le=2100)] = None,
    fund: Fund | None = None,
    unit_id: UUID | None = None,
    purchase_id: UUID | None = None,
    is_disputed: bool | None = None,
    q: Annotated[
        str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a number, a product or a name.")
    ] = "",
) -> Filters:
    return Filters(stage, year, fund, unit_id, purchase_id, is_disputed, q.strip() or None)


Wanted = Annotated[Filters, Depends(_filters)]


@router.get("")
async def list_unit_orders(
    caller: CallerDep, db: Read, wanted: Wanted, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.UnitOrderItem]:
    """A unit's own and those of the units below it, a finance office's regions', a supplier's; the latest first."""
    found = await queries.list_unit_orders(db, caller, filters=wanted, after=_after(cursor), limit=limit + 1)
    items = [schemas.UnitOrderItem.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.placed_at.isoformat(), last.order_id) if last else None)


@router.get("/export", response_class=Response)
async def export_unit_orders(
    request: Request, caller: CallerDep, wanted: Wanted, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table, sums in yuan."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_unit_orders(db, caller, filters=wanted, after=after, limit=_BATCH)
            yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].placed_at, found[-1].order_id

    return await sheet_response(sheet, name="单位订单", head=_HEAD, batches=batches())


@router.get("/overdue")
async def list_overdue(caller: CallerDep, db: Read) -> Page[schemas.OverdueItem]:
    """What is late before its goods check: not confirmed, not sent, not checked in time."""
    found = await queries.list_overdue(db, caller, now=utc_now())
    return Page(items=[schemas.OverdueItem.model_validate(each) for each in found])


@router.get("/{order_id}")
async def get_unit_order(order_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.UnitOrderOut:
    """One whole. 404 `unit-order-not-found`."""
    found = await _whole(db, order_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.get("/{order_id}/trail")
async def list_trail(order_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Which side did what, and when. 404 `unit-order-not-found`."""
    await queries.get_seen(db, order_id, caller)
    rows = await trail_queries.list_trail(db, order_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/{order_id}/confirm", response_model=schemas.UnitOrderOut)
async def confirm_order(order_id: UUID, caller: CallerDep, db: Db, once: Once) -> Response:
    """Its supplier will send it. 404 `unit-order-not-found`; 409 `unit-order-status`, `order-disputed`,
    `unit-order-lapsed`."""
    await actions.confirm_order(db, order_id=order_id, caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, order_id, caller))


@router.post("/{order_id}/refuse", response_model=schemas.UnitOrderOut)
async def refuse_order(order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Its supplier will not send it. 404 `unit-order-not-found`; 409 `unit-order-status`, `order-disputed`,
    `budget-commitment-exceeded`."""
    await actions.refuse_order(db, order_id=order_id, reason=body.reason, caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, order_id, caller))


@router.post("/{order_id}/cancel", response_model=schemas.UnitOrderOut)
async def cancel_order(order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Its unit calls it off before goods have left. 403 `unit-needed`, `duty-missing`; 404 `unit-order-not-found`; 409
    `unit-closed`, `order-shipped`, `unit-order-status`, `order-disputed`, `budget-commitment-exceeded`."""
    await actions.cancel_order(db, order_id=order_id, reason=body.reason, caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, order_id, caller))


async def _whole(db: Any, order_id: UUID, caller: Caller) -> schemas.UnitOrderOut:
    seen = await queries.get_seen(db, order_id, caller)
    lines = await queries.list_lines(db, order_id)
    address = await queries.find_address(db, seen, caller)
    return schemas.UnitOrderOut.model_validate(
        {
            **seen._asdict(),
            "lines": [schemas.SentLineOut.model_validate(each) for each in lines],
            "address": None if address is None else address._asdict(),
        }
    )


def _row(own: Any) -> list[Any]:
    return [
        own.order_number,
        own.unit_name,
        own.supplier_name,
        own.goods,
        _FUNDS[own.fund],
        own.budget_year,
        _STAGES[own.stage],
        "是" if own.is_disputed else "",
        float(yuan(own.payable_fen)),
        float(yuan(own.accepted_fen)),
        own.payment_code,
        own.due_on,
        own.placed_at,
        own.confirmed_at,
        own.delivered_at,
        own.accepted_at,
        own.settled_at,
        own.completed_at,
    ]


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
