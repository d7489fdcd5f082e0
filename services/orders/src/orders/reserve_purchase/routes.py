"""Reserve purchases over HTTP: a unit files and approves them, suppliers read what was published."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserve_purchase import actions, queries, rules, schemas
from orders.reserve_purchase.models import ReservePurchase
from orders.reserve_purchase.rules import Status
from orders.sku import queries as sku_queries
from orders.sku.rules import unsellable_reason
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/reserve-purchases", tags=["reserve purchases"])
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a number or title.")]
Year = Annotated[int | None, Query(ge=2020, le=2100)]
_BATCH: Final = 500
_MOST_PACKS: Final = 500
_HEAD: Final = ("编号", "名称", "年度", "品类", "收储量(千克)", "已约(千克)", "预算(元)", "开始", "截止", "状态")
_SUM_HEAD: Final = ("产地区划代码", "优先县", "预约数", "已约(千克)", "已收(千克)", "金额(元)")
_STATUSES: Final = {
    "DRAFT": "起草",
    "APPROVING": "审批中",
    "PUBLISHED": "收储中",
    "ENDED": "已结束",
    "ABANDONED": "已放弃",
}


@router.get("")
async def list_purchases(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    status: Status | None = None,
    year: Year = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.FilingItem]:
    """What the caller sees, the newest first: suppliers what was published, a unit its own and those of the units
    below it, a finance office its region's, operators all."""
    found = await queries.list_purchases(
        db, caller, status=status, wanted=q, year=year, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.FilingItem.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    next_cursor = encode_cursor(str(items[-1].reserve_purchase_id)) if more else None
    return Page[schemas.FilingItem](items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_purchases(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    status: Status | None = None,
    year: Year = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_purchases(
                    db, caller, status=status, wanted=q, year=year, after=after, limit=_BATCH
                )
                rows = [_row(each) for each in found]
                after = found[-1].reserve_purchase_id if found else None
            if rows:
                yield rows
            if len(rows) < _BATCH:
                return

    return await sheet_response(sheet, name="政府收储", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.FilingPage)
async def file_purchase(body: schemas.FilingIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """File one for the caller's unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422 `days-invalid`,
    `grade-twice`, `reserve-budget-small`."""
    filed = await actions.file_purchase(
        db, reserve_purchase_id=new_id(), **_parts_of(body), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, filed, caller), status=201)


@router.get("/{reserve_purchase_id}")
async def get_purchase(
    reserve_purchase_id: UUID, caller: CallerDep, db: Read, response: Response
) -> schemas.FilingPage:
    """The whole filing, with what came of it by county. 404 `reserve-purchase-unknown`. The ETag is for the next
    step."""
    filed = await queries.get_purchase_for(db, caller, reserve_purchase_id)
    response.headers["ETag"] = etag_of(filed.revision)
    return await _page(db, filed, caller)


@router.get("/{reserve_purchase_id}/sums", response_class=Response)
async def export_sums(
    reserve_purchase_id: UUID, caller: CallerDep, db: Read, *, sheet: SheetFormat = "xlsx"
) -> Response:
    """Booked, taken in and money by county of origin as a table. 404 `reserve-purchase-unknown`, also for a
    supplier."""
    if caller.kind == "supplier":
        raise queries.reserve_purchase_unknown()
    filed = await queries.get_purchase_for(db, caller, reserve_purchase_id)
    found = await queries.list_sums(db, reserve_purchase_id)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        yield [
            (
                each.origin_county_code,
                "是" if each.is_first else "否",
                each.appointment_count,
                each.booked_g / 1000,
                each.weighed_g / 1000,
                each.money_fen / 100,
            )
            for each in found
        ]

    return await sheet_response(sheet, name=f"收储汇总{filed.filing_number}", head=_SUM_HEAD, batches=batches())


@router.get("/{reserve_purchase_id}/packs")
async def list_packs(reserve_purchase_id: UUID, caller: CallerDep, db: Read) -> schemas.PackList:
    """The caller's own packs on sale that may be brought; none for who is no supplier. 404
    `reserve-purchase-unknown`."""
    filed = await queries.get_purchase_for(db, caller, reserve_purchase_id)
    now = utc_now()
    found = []
    if caller.kind == "supplier" and caller.organisation_id is not None:
        found = await sku_queries.list_by_name(db, supplier_id=caller.organisation_id, wanted=None, limit=_MOST_PACKS)
    return schemas.PackList(
        items=[
            schemas.PackOut(
                sku_id=sku.sku_id,
                product_title=sku.product_title,
                specification=sku.specification,
                origin_county_code=sku.origin_county_code,
                is_first=rules.comes_first(sku.origin_county_code, filed.county_codes),
                piece_g=sku.net_weight_g,
                available=sku.available,
            )
            for sku in found
            if sku.category == filed.category and sku.net_weight_g and not unsellable_reason(sku, now)
        ]
    )


@router.get("/{reserve_purchase_id}/trail")
async def list_trail(reserve_purchase_id: UUID, caller: CallerDep, db: Read) -> list[TrailItem]:
    """Who did what to it, the first deed first. 404 `reserve-purchase-unknown`."""
    await queries.get_purchase_for(db, caller, reserve_purchase_id)
    return [TrailItem.model_validate(each) for each in await trail_queries.list_trail(db, reserve_purchase_id)]


@router.put("/{reserve_purchase_id}")
async def edit_purchase(
    reserve_purchase_id: UUID,
    body: schemas.FilingIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.FilingPage:
    """Change a draft. 403 `unit-needed`, `duty-missing`; 404 `reserve-purchase-unknown`; 409
    `reserve-purchase-status`; 412 `stale`; 428 `precondition-missing`; what filing refuses."""
    filed = await actions.edit_purchase(
        db,
        reserve_purchase_id=reserve_purchase_id,
        expected_revision=expected,
        **_parts_of(body),
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(filed.revision)
    return await _page(db, filed, caller)


@router.post("/{reserve_purchase_id}/submit", response_model=schemas.FilingPage)
async def submit_purchase(
    reserve_purchase_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """To the unit's approval; where no step is needed it is published at once. 403 `unit-needed`, `duty-missing`; 404
    `reserve-purchase-unknown`; 409 `reserve-purchase-status`; 412 `stale`; 428 `precondition-missing`."""
    filed = await actions.submit_purchase(
        db, reserve_purchase_id=reserve_purchase_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, filed, caller))


@router.post("/{reserve_purchase_id}/withdraw", response_model=schemas.FilingPage)
async def withdraw_purchase(
    reserve_purchase_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Back to a draft from its approval. 403 `unit-needed`, `duty-missing`; 404 `reserve-purchase-unknown`; 409
    `reserve-purchase-status`; 412 `stale`; 428 `precondition-missing`."""
    return await _moved(db, "withdraw", reserve_purchase_id, body.reason, caller, expected, once)


@router.post("/{reserve_purchase_id}/abandon", response_model=schemas.FilingPage)
async def abandon_purchase(
    reserve_purchase_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Nothing becomes of the draft. 403 `unit-needed`, `duty-missing`; 404 `reserve-purchase-unknown`; 409
    `reserve-purchase-status`; 412 `stale`; 428 `precondition-missing`."""
    return await _moved(db, "abandon", reserve_purchase_id, body.reason, caller, expected, once)


@router.post("/{reserve_purchase_id}/end", response_model=schemas.FilingPage)
async def end_purchase(
    reserve_purchase_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Nothing more is booked; who booked still comes. 403 `unit-needed`, `duty-missing`; 404
    `reserve-purchase-unknown`; 409 `reserve-purchase-status`; 412 `stale`; 428 `precondition-missing`."""
    return await _moved(db, "end", reserve_purchase_id, body.reason, caller, expected, once)


async def _moved(
    db: AsyncSession, verb: str, reserve_purchase_id: UUID, reason: str, caller: Caller, expected: int, once: Once
) -> Response:
    filed = await actions.move_purchase(
        db,
        reserve_purchase_id=reserve_purchase_id,
        verb=verb,
        expected_revision=expected,
        reason=reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, filed, caller))


async def _page(db: AsyncSession, filed: ReservePurchase, caller: Caller) -> schemas.FilingPage:
    unit = await unit_queries.get_unit(db, filed.unit_id)
    sums = [] if caller.kind == "supplier" else await queries.list_sums(db, filed.reserve_purchase_id)
    return schemas.FilingPage(
        **schemas.FilingItem.model_validate(filed).model_dump(),
        unit_name=unit.name,
        quality=filed.quality,
        county_codes=filed.county_codes,
        filed_by=filed.filed_by,
        grades=[
            schemas.GradeOut.model_validate(each) for each in await queries.list_grades(db, filed.reserve_purchase_id)
        ],
        sums=[schemas.CountySum.model_validate(each) for each in sums],
    )


def _parts_of(body: schemas.FilingIn) -> dict[str, Any]:
    facts = body.model_dump(exclude={"grades"}) | {"county_codes": sorted(set(body.county_codes))}
    return {"facts": facts, "grades": [each.to_grade() for each in body.grades]}


def _row(each: ReservePurchase) -> tuple[Any, ...]:
    return (
        each.filing_number,
        each.title,
        each.year,
        each.category,
        each.wanted_g / 1000,
        each.taken_g / 1000,
        each.budget_fen / 100,
        each.first_on,
        each.last_on,
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
