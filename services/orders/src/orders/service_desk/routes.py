"""The service desk over HTTP."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.service_desk import actions, queries, rules, schemas
from shared.auth import Caller, CallerDep
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/service", tags=["service desk"])
Wanted = Annotated[
    str,
    Query(max_length=100, pattern=r"^[^\x00]*$", description="An order number, a recipient, or a phone's last four."),
]
_BATCH = 500
_STATUSES = {
    "PENDING_PAYMENT": "待付款",
    "PAID": "已付款",
    "PENDING_CONFIRM": "待确认",
    "CONFIRMED": "已确认",
    "COMPLETED": "已完成",
    "CANCELLED": "已取消",
}
_HEAD = ("订单号", "收件人", "电话", "状态", "应付(元)", "下单时间")


async def get_agent(caller: CallerDep) -> Caller:
    """403 `agents-only` for who is none."""
    rules.ensure_agent(caller)
    return caller


Agent = Annotated[Caller, Depends(get_agent)]


@router.get("/orders")
async def search_orders(
    _: Agent,
    db: Read,
    q: Wanted = "",
    buyer_id: UUID | None = None,
    order_id: Annotated[list[UUID] | None, Query(max_length=100)] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.FoundOrder]:
    """Orders by any of these, latest first; all without any. 403 `agents-only`."""
    found = await queries.search_orders(
        db, wanted=q.strip(), buyer_id=buyer_id, order_ids=order_id or (), after=_after(cursor), limit=limit + 1
    )
    items = [schemas.FoundOrder.model_validate(_masked(each)) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(
        items=items, next_cursor=encode_cursor(last.placed_at.isoformat(), str(last.order_id)) if last else None
    )


@router.get("/orders/export", response_class=Response)
async def export_orders(
    request: Request,
    _: Agent,
    kind: SheetFormat = "csv",
    q: Wanted = "",
    buyer_id: UUID | None = None,
    order_id: Annotated[list[UUID] | None, Query(max_length=100)] = None,
) -> Response:
    """The same list as a file, the recipients masked as there. 403 `agents-only`."""

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.search_orders(
                    db, wanted=q.strip(), buyer_id=buyer_id, order_ids=order_id or (), after=after, limit=_BATCH
                )
            yield [_row(_masked(each)) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1]["placed_at"], found[-1]["order_id"]

    return await sheet_response(kind, name="客服订单", head=_HEAD, batches=batches())


@router.get("/orders/{order_id}")
async def get_case(order_id: UUID, _: Agent, db: Read) -> schemas.Case:
    """An order with all that happened to it. 403 `agents-only`; 404 `order-not-found`."""
    head = _masked(await queries.get_head(db, order_id))
    lines, timeline = await queries.list_lines(db, order_id), await queries.list_timeline(db, order_id)
    return schemas.Case.model_validate({**head, "lines": lines, "timeline": timeline})


@router.post("/orders/{order_id}/notes", status_code=201, response_model=schemas.Note)
async def write_note(order_id: UUID, body: schemas.NewNote, caller: Agent, db: Db, once: Once) -> Response:
    """Add a note; it is never changed. 403 `agents-only`; 404 `order-not-found`."""
    note = await actions.write_note(
        db, note_id=new_id(), order_id=order_id, body=body.body, caller=caller, now=utc_now()
    )
    return await once.answer(db, schemas.Note.model_validate(note), status=201)


@router.post("/orders/{order_id}/contact")
async def open_contact(order_id: UUID, body: schemas.OpenContact, caller: Agent, db: Db) -> schemas.Contact:
    """Show the recipient; each look is kept with its reason, so the answer is not stored under any key. 403
    `agents-only`; 404 `order-not-found`."""
    contact = await actions.open_contact(
        db, opening_id=new_id(), order_id=order_id, reason=body.reason, caller=caller, now=utc_now()
    )
    return schemas.Contact.model_validate(contact)


def _row(order: dict[str, Any]) -> list[Any]:
    return [
        order["order_number"],
        order["recipient"],
        order["phone"],
        _STATUSES[order["status"]],
        float(yuan(order["payable_fen"])),
        order["placed_at"],
    ]


def _masked(order: dict[str, Any]) -> dict[str, Any]:
    return {
        **order,
        "recipient": rules.masked_name(str(order["recipient"])),
        "phone": rules.masked_phone(str(order["phone"])),
    }


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
