"""Purchase points over HTTP: an institution keeps them, suppliers find them."""

from collections.abc import AsyncIterator, Sequence
from datetime import time, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase_point import actions, queries, schemas
from orders.purchase_point.models import PurchasePoint
from orders.purchase_point.rules import Status
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/purchase-points", tags=["reserve purchases"])
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a name or address.")]
County = Annotated[str | None, Query(pattern=r"^[0-9]{6}$", description="420525, or 420000 for a whole province.")]
_BATCH: Final = 500
_SHOWN_DAYS: Final = 14
_HEAD: Final = ("名称", "县级区划代码", "地址", "联系人", "电话", "开放日(周)", "开门", "关门", "日容量(千克)", "状态")
_STATUSES: Final = {"OPEN": "开放", "PAUSED": "暂停", "CLOSED": "关闭"}


@router.get("")
async def list_points(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    status: Status | None = None,
    county_code: County = None,
    unit_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.PointItem]:
    """What the caller sees, the newest first: suppliers whatever is not closed, an institution its own and those of
    the units below it, a finance office its region's, operators all."""
    found = await queries.list_points(
        db,
        caller,
        status=status,
        county_code=county_code,
        wanted=q,
        unit_id=unit_id,
        after=_after(cursor),
        limit=limit + 1,
    )
    items = [schemas.PointItem.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.PointItem](items=items, next_cursor=encode_cursor(str(items[-1].point_id)) if more else None)


@router.get("/export", response_class=Response)
async def export_points(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    status: Status | None = None,
    county_code: County = None,
    unit_id: UUID | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_points(
                    db,
                    caller,
                    status=status,
                    county_code=county_code,
                    wanted=q,
                    unit_id=unit_id,
                    after=after,
                    limit=_BATCH,
                )
                rows = [_row(each) for each in found]
                after = found[-1].point_id if found else None
            if rows:
                yield rows
            if len(rows) < _BATCH:
                return

    return await sheet_response(sheet, name="收购点", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.PointPage)
async def open_point(body: schemas.PointIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Open a point of the caller's unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422
    `hours-invalid`."""
    point = await actions.open_point(db, point_id=new_id(), facts=_facts(body), caller=caller, now=utc_now())
    return await once.answer(db, await _page(db, point), status=201)


@router.get("/{point_id}")
async def get_point(point_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.PointPage:
    """The point with what is free in the two weeks to come. 404 `purchase-point-unknown`."""
    point = await queries.get_point_for(db, caller, point_id)
    response.headers["ETag"] = etag_of(point.revision)
    return await _page(db, point)


@router.put("/{point_id}")
async def edit_point(
    point_id: UUID, body: schemas.PointIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.PointPage:
    """Change a paused point; what is booked stays booked. 403 `unit-needed`, `duty-missing`; 404
    `purchase-point-unknown`; 409 `purchase-point-status`; 412 `stale`; 422 `hours-invalid`; 428
    `precondition-missing`."""
    point = await actions.edit_point(
        db, point_id=point_id, expected_revision=expected, facts=_facts(body), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(point.revision)
    return await _page(db, point)


@router.post("/{point_id}/pause", response_model=schemas.PointPage)
async def pause_point(point_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Nobody books it any more; who booked still comes. 403 `unit-needed`, `duty-missing`; 404
    `purchase-point-unknown`; 409 `purchase-point-status`; 412 `stale`; 428 `precondition-missing`."""
    point = await actions.move_point(
        db, point_id=point_id, verb="pause", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, point))


@router.post("/{point_id}/reopen", response_model=schemas.PointPage)
async def reopen_point(point_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """It is booked again. 403 `unit-needed`, `duty-missing`; 404 `purchase-point-unknown`; 409
    `purchase-point-status`; 412 `stale`; 428 `precondition-missing`."""
    point = await actions.move_point(
        db, point_id=point_id, verb="reopen", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, point))


@router.post("/{point_id}/close", response_model=schemas.PointPage)
async def close_point(point_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """For good. 403 `unit-needed`, `duty-missing`; 404 `purchase-point-unknown`; 409 `purchase-point-status`,
    `point-booked`; 412 `stale`; 428 `precondition-missing`."""
    point = await actions.move_point(
        db, point_id=point_id, verb="close", expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, point))


def _facts(body: schemas.PointIn) -> dict[str, Any]:
    facts = body.model_dump()
    hours = {name: time.fromisoformat(facts[name]) for name in ("opens_at", "closes_at")}
    return facts | hours | {"weekdays": sorted(set(body.weekdays))}


async def _page(db: AsyncSession, point: PurchasePoint) -> schemas.PointPage:
    first = business_day(utc_now()) + timedelta(days=1)
    days = [first + timedelta(days=number) for number in range(_SHOWN_DAYS)]
    known = await queries.list_days(db, point.point_id, since=days[0], until=days[-1])
    shown = []
    for day in days:
        if day.isoweekday() in point.weekdays:
            capacity_g, booked_g = (
                (known[day].capacity_g, known[day].booked_g) if day in known else (point.capacity_g, 0)
            )
            shown.append(
                schemas.DayOut(day=day, capacity_g=capacity_g, booked_g=booked_g, free_g=capacity_g - booked_g)
            )
    item = schemas.PointItem.model_validate(point)
    return schemas.PointPage(**item.model_dump(), days=shown)


def _row(each: PurchasePoint) -> tuple[Any, ...]:
    return (
        each.name,
        each.county_code,
        each.address_detail,
        each.recipient,
        each.phone,
        "、".join(str(day) for day in each.weekdays),
        f"{each.opens_at:%H:%M}",
        f"{each.closes_at:%H:%M}",
        each.capacity_g / 1000,
        _STATUSES[each.status],
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
