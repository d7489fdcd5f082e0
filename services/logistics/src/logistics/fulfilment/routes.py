"""What a supplier has to send, over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.fulfilment import queries, rules
from logistics.fulfilment.queries import Sort, Wanted
from logistics.fulfilment.schemas import PartToSend
from logistics.shipment import queries as shipment_queries
from logistics.shipment.routes import present
from logistics.shipment.schemas import ShipmentStatus
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Read
from shared.errors import BadRequest
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/fulfilment", tags=["shipments"])
_MOST_IDS = 200
_STATUS_NAMES = {
    "PENDING": "待发货",
    "DISPATCHED": "已发货",
    "DELIVERED": "已送达",
    "CANCELLED": "已取消",
    "LOST": "已遗失",
}
_HEAD = (
    "订单号", "发货单号", "状态", "最晚发货", "已超时", "商品", "规格", "件数", "已发件数", "温度类别", "收件县",
    "运单号", "下单付款时间", "发出时间", "送达时间",
)  # fmt: skip


def wanted_of(
    q: Annotated[
        str,
        Query(
            max_length=100,
            pattern=r"^[^\x00]*$",
            description="Part of an order number or of goods, a whole waybill number, or a phone's last four digits.",
        ),
    ] = "",
    status: Annotated[list[ShipmentStatus] | None, Query()] = None,
    temperature_class: Annotated[str, Query(max_length=40, pattern=r"^[A-Z_]*$")] = "",
    *,
    is_late: Annotated[bool, Query(description="Only what should have left already.")] = False,
    shipment_id: Annotated[list[UUID] | None, Query(max_length=_MOST_IDS)] = None,
    supplier_order_id: Annotated[list[UUID] | None, Query(max_length=_MOST_IDS)] = None,
    supplier_id: Annotated[UUID | None, Query(description="For operators: whose parts.")] = None,
) -> Wanted:
    """What the list is asked for."""
    return Wanted(
        q=q.strip(),
        statuses=tuple(status or ()),
        temperature_class=temperature_class,
        late_before=utc_now() - rules.ship_within() if is_late else None,
        shipment_ids=tuple(shipment_id or ()),
        supplier_order_ids=None if supplier_order_id is None else tuple(supplier_order_id),
        supplier_id=supplier_id,
    )


Asked = Annotated[Wanted, Depends(wanted_of)]


@router.get("")
async def list_parts(
    caller: CallerDep,
    db: Read,
    asked: Asked,
    sort: Sort = "-created",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[PartToSend]:
    """The supplier's parts, or for an operator all. 403 `suppliers-only`; 400 `cursor-invalid`."""
    queries.ensure_desk(caller)
    after = _place(cursor, sort) if cursor else None
    found = await queries.list_ids(db, caller, asked, sort=sort, after=after, limit=limit + 1)
    items, has_more = found[:limit], len(found) > limit
    next_cursor = encode_cursor(_told(items[-1][1]), str(items[-1][0])) if has_more else None
    return Page(items=await _parts(db, [shipment_id for shipment_id, _ in items]), next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_parts(
    request: Request, caller: CallerDep, asked: Asked, kind: SheetFormat = "csv", sort: Sort = "-created"
) -> Response:
    """The same list as a file, a row for each line; names and phones of recipients are not in it. 403
    `suppliers-only`."""
    queries.ensure_desk(caller)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        database = request.app.state.database
        async for ids in queries.list_id_batches(database, caller, asked, sort=sort):
            async with database.read() as db:
                yield [row for part in await _parts(db, ids) for row in _rows(part)]

    return await sheet_response(kind, name="发货清单", head=_HEAD, batches=batches())


async def _parts(db: AsyncSession, ids: Sequence[UUID]) -> list[PartToSend]:
    now = utc_now()
    found = {each.shipment_id: each for each in await present(db, await shipment_queries.list_by_ids(db, ids))}
    return [
        PartToSend(
            **found[shipment_id].model_dump(),
            due_at=rules.ship_by(found[shipment_id].created_at),
            is_late=rules.is_late(found[shipment_id].status, found[shipment_id].created_at, now),
        )
        for shipment_id in ids
    ]


def _rows(part: PartToSend) -> list[tuple[Any, ...]]:
    return [
        (
            part.order_number,
            str(part.shipment_id),
            _STATUS_NAMES[part.status],
            part.due_at,
            part.is_late,
            line.product_title,
            line.specification,
            line.quantity,
            line.dispatched_quantity,
            line.temperature_class,
            part.address.county_code,
            "、".join(each.waybill_number for each in part.parcels),
            part.created_at,
            part.dispatched_at,
            part.delivered_at,
        )
        for line in part.lines
    ]


def _told(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _place(cursor: str, sort: Sort) -> tuple[Any, UUID]:
    key, shipment_id = decode_cursor(cursor, size=2)
    try:
        if "number" in sort:
            if "\x00" in str(key):
                raise _no_cursor()
            return str(key).encode().decode(), UUID(str(shipment_id))
        found = datetime.fromisoformat(str(key))
        if found.tzinfo is None:
            raise _no_cursor()
        return found, UUID(str(shipment_id))
    except ValueError as error:
        raise _no_cursor() from error


def _no_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor")
