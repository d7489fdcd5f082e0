"""Appointments over HTTP: a supplier books, changes, cancels and agrees with the ticket; the point turns away and
weighs."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from orders.appointment import actions, queries, schemas, weighing
from orders.appointment.queries import Filters
from orders.appointment.rules import Status
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/reserve-appointments", tags=["reserve purchases"])
_BATCH: Final = 500
_HEAD: Final = (
    "收储项目",
    "收购点",
    "日期",
    "供应商",
    "产品",
    "规格",
    "产地区划代码",
    "优先",
    "预约件数",
    "状态",
    "过磅单号",
    "毛重(千克)",
    "皮重(千克)",
    "收入件数",
    "拒收件数",
    "等级",
    "单价(元)",
    "金额(元)",
)
_STATUSES: Final = {
    "BOOKED": "已预约",
    "CANCELLED": "已取消",
    "TURNED_AWAY": "未予收购",
    "NO_SHOW": "未到场",
    "WEIGHED": "待售方确认",
    "TAKEN_IN": "已入库",
    "DECLINED": "售方不同意",
}


def _filters(
    *,
    q: Annotated[
        str | None,
        Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a ticket's number, product or supplier."),
    ] = None,
    status: Status | None = None,
    reserve_purchase_id: UUID | None = None,
    point_id: UUID | None = None,
    day: date | None = None,
) -> Filters:
    return Filters(status, reserve_purchase_id, point_id, day, q)


Wanted = Annotated[Filters, Depends(_filters)]


@router.get("")
async def list_appointments(
    caller: CallerDep, db: Read, filters: Wanted, *, cursor: CursorText = None, limit: Limit = 20
) -> Page[schemas.AppointmentItem]:
    """What the caller sees, the newest first: a supplier its own, an institution those with its points, operators
    all."""
    found = await queries.list_appointments(db, caller, filters, after=_after(cursor), limit=limit + 1)
    items = [schemas.AppointmentItem.model_validate(each) for each in found[:limit]]
    next_cursor = encode_cursor(str(items[-1].appointment_id)) if len(found) > limit else None
    return Page[schemas.AppointmentItem](items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_appointments(
    request: Request, caller: CallerDep, filters: Wanted, *, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table, with the tickets."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_appointments(db, caller, filters, after=after, limit=_BATCH)
                rows = [_row(each) for each in found]
                after = found[-1].appointment_id if found else None
            if rows:
                yield rows
            if len(rows) < _BATCH:
                return

    return await sheet_response(sheet, name="售粮预约与过磅单", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.AppointmentItem)
async def book_appointment(body: schemas.BookingIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Book a day at a point. 403 `supplier-needed`; 404 `reserve-purchase-unknown`, `purchase-point-unknown`; 409
    `sku-not-listed`, `category-differs`, `reserve-purchase-status`, `day-outside`, `not-open-to-all`,
    `too-late-to-book`, `reserve-full`, `point-not-open`, `point-full`."""
    made = await actions.book_appointment(
        db, appointment_id=new_id(), **body.model_dump(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _item(db, caller, made.appointment_id), status=201)


@router.get("/{appointment_id}")
async def get_appointment(
    appointment_id: UUID, caller: CallerDep, db: Read, response: Response
) -> schemas.AppointmentItem:
    """One appointment with its ticket. 404 `appointment-unknown`. The ETag is for the next step."""
    item = await _item(db, caller, appointment_id)
    response.headers["ETag"] = etag_of(item.revision)
    return item


@router.get("/{appointment_id}/trail")
async def list_trail(appointment_id: UUID, caller: CallerDep, db: Read) -> list[TrailItem]:
    """Who did what to it, the first deed first. 404 `appointment-unknown`."""
    await queries.get_seen(db, caller, appointment_id)
    return [TrailItem.model_validate(each) for each in await trail_queries.list_trail(db, appointment_id)]


@router.put("/{appointment_id}")
async def change_appointment(
    appointment_id: UUID,
    body: schemas.ChangeIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.AppointmentItem:
    """Another point, day or quantity. 404 `appointment-unknown`, `purchase-point-unknown`; 409 `appointment-status`
    and what booking refuses; 412 `stale`; 428 `precondition-missing`."""
    made = await actions.change_appointment(
        db,
        appointment_id=appointment_id,
        expected_revision=expected,
        **body.model_dump(),
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(made.revision)
    return await _item(db, caller, appointment_id)


@router.post("/{appointment_id}/cancel", response_model=schemas.AppointmentItem)
async def cancel_appointment(
    appointment_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier does not come. 404 `appointment-unknown`; 409 `appointment-status`, `too-late-to-book`; 412
    `stale`; 428 `precondition-missing`."""
    await actions.cancel_appointment(
        db,
        appointment_id=appointment_id,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, appointment_id))


@router.post("/{appointment_id}/turn-away", response_model=schemas.AppointmentItem)
async def turn_away(
    appointment_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The point takes nothing of it. 403 `unit-needed`, `duty-missing`; 404 `appointment-unknown`; 409 `unit-closed`,
    `appointment-status`; 412 `stale`; 428 `precondition-missing`."""
    await actions.turn_away(
        db,
        appointment_id=appointment_id,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, appointment_id))


@router.post("/{appointment_id}/weigh", response_model=schemas.AppointmentItem)
async def weigh_in(
    appointment_id: UUID, body: schemas.WeighingIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The ticket of the scale, and the order at the grade's price. 403 `unit-needed`, `duty-missing`, `own-filing`;
    404 `appointment-unknown`; 409 `unit-closed`, `appointment-status`, `not-the-day`, `stock-short`,
    `sku-not-listed`, `budget-exceeded`; 412 `stale`; 422 `grade-unknown`, `load-invalid`, `more-than-booked`,
    `refusal-cause`, `weight-short`, `pack-too-small`; 428 `precondition-missing`."""
    await weighing.weigh_in(
        db,
        appointment_id=appointment_id,
        expected_revision=expected,
        found=body.to_weighing(),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, appointment_id))


@router.post("/{appointment_id}/agree", response_model=schemas.AppointmentItem)
async def agree(appointment_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """The seller agrees with the ticket: its order is accepted, and waits for its invoice. 404 `appointment-unknown`;
    409 `appointment-status`, `unit-order-lapsed`, `unit-order-status`, `order-disputed`; 412 `stale`; 428
    `precondition-missing`."""
    await weighing.agree(db, appointment_id=appointment_id, expected_revision=expected, caller=caller, now=utc_now())
    return await once.answer(db, await _item(db, caller, appointment_id))


@router.post("/{appointment_id}/decline", response_model=schemas.AppointmentItem)
async def decline(
    appointment_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The seller does not agree and takes the goods home. 404 `appointment-unknown`; 409 `appointment-status`,
    `unit-order-status`, `order-disputed`; 412 `stale`; 428 `precondition-missing`."""
    await weighing.decline(
        db,
        appointment_id=appointment_id,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, appointment_id))


async def _item(db: AsyncSession, caller: Caller, appointment_id: UUID) -> schemas.AppointmentItem:
    return schemas.AppointmentItem.model_validate(await queries.get_seen(db, caller, appointment_id))


def _row(each: Row[Any]) -> tuple[Any, ...]:
    return (
        each.title,
        each.point_name,
        each.day,
        each.supplier_name,
        each.product_title,
        each.specification,
        each.origin_county_code,
        "是" if each.is_first else "否",
        each.quantity,
        _STATUSES[each.status],
        each.ticket_number,
        None if each.gross_g is None else each.gross_g / 1000,
        None if each.tare_g is None else each.tare_g / 1000,
        each.accepted_count,
        each.refused_count,
        each.grade_name,
        None if each.unit_price_fen is None else each.unit_price_fen / 100,
        None if each.money_fen is None else each.money_fen / 100,
    )


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
