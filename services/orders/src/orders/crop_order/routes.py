"""Crop orders over HTTP: a unit drafts, approves and offers; its supplier agrees and reports; finance pays."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order import actions, growing, paying, queries, rules, schemas, sharing, tables
from orders.crop_order.milestone_routes import milestone_view
from orders.crop_order.models import CropOrder
from orders.photo import queries as photo_queries
from orders.purchase import queries as purchase_queries
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/crop-orders", tags=["crop orders"])
Wanted = Annotated[
    str | None,
    Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a number, code, title, product or name."),
]
Status = Annotated[schemas.Status | None, Query()]
OwesBack = Annotated[bool, Query(description="Only those of whose deposit something is owed back.")]
_BATCH = 500


@router.get("")
async def list_crop_orders(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    status: Status = None,
    owes_back: OwesBack = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.CropOrderItem]:
    """What the caller sees, the newest first: a unit's and those of the units below it, a supplier's once offered, a
    finance office's region, an operator's all. 400 `cursor-invalid`."""
    found = await queries.list_crop_orders(
        db, caller, status=status, wanted=q, owes_back=owes_back, after=tables.id_after(cursor), limit=limit + 1
    )
    items = [schemas.CropOrderItem.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page[schemas.CropOrderItem](
        items=items, next_cursor=encode_cursor(str(items[-1].crop_order_id)) if more else None
    )


@router.get("/export", response_class=Response)
async def export_crop_orders(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    status: Status = None,
    owes_back: OwesBack = False,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_crop_orders(
                    db, caller, status=status, wanted=q, owes_back=owes_back, after=after, limit=_BATCH
                )
                rows = [tables.order_row(each) for each in found]
                after = found[-1].crop_order_id if found else None
            if rows:
                yield rows
            if len(rows) < _BATCH:
                return

    return await sheet_response(sheet, name="订单农业", head=tables.ORDER_HEAD, batches=batches())


@router.get("/figures")
async def get_figures() -> schemas.Figures:
    """The limits of deposits and terms with their source, and the kinds of milestones and seasons in words."""
    return schemas.Figures.model_validate(rules.figures(), from_attributes=True)


@router.post("", status_code=201, response_model=schemas.CropOrderPage)
async def draft_crop_order(body: schemas.CropOrderIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Draft a crop order for the unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`, `sku-not-listed`; 422
    `deposit-too-large`, `deposit-too-small`, `season-invalid`, `milestones-invalid`, `fund-without-union`."""
    crop = await actions.draft_crop_order(db, crop_order_id=new_id(), **_parts_of(body), caller=caller, now=utc_now())
    return await once.answer(db, await _page(db, crop), status=201)


@router.get("/{crop_order_id}")
async def get_crop_order(crop_order_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.CropOrderPage:
    """The whole crop order. 404 `crop-order-unknown`. The ETag is for the next step."""
    crop = await queries.get_crop_order_for(db, caller, crop_order_id)
    response.headers["ETag"] = etag_of(crop.revision)
    return await _page(db, crop)


@router.get("/{crop_order_id}/trail")
async def list_trail(crop_order_id: UUID, caller: CallerDep, db: Read) -> list[TrailItem]:
    """Who did what to it, the first deed first. 404 `crop-order-unknown`."""
    await queries.get_crop_order_for(db, caller, crop_order_id)
    return [TrailItem.model_validate(each) for each in await trail_queries.list_trail(db, crop_order_id)]


@router.put("/{crop_order_id}")
async def edit_crop_order(
    crop_order_id: UUID, body: schemas.CropOrderIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.CropOrderPage:
    """Change a draft. 409 `crop-order-status`; 412 `stale`; 428 `precondition-missing`; what drafting refuses."""
    crop = await actions.edit_crop_order(
        db, crop_order_id=crop_order_id, expected_revision=expected, **_parts_of(body), caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(crop.revision)
    return await _page(db, crop)


@router.post("/{crop_order_id}/submit", response_model=schemas.CropOrderPage)
async def submit_crop_order(crop_order_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """To the unit's approval, with the whole sum committed of this year's budget. 403 `unit-needed`, `duty-missing`;
    404 `crop-order-unknown`; 409 `crop-order-status`, `budget-exceeded`, `season-over`, `unit-closed`; 412 `stale`;
    428 `precondition-missing`."""
    crop = await actions.submit_crop_order(
        db, crop_order_id=crop_order_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/withdraw", response_model=schemas.CropOrderPage)
async def withdraw_crop_order(
    crop_order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Back to a draft, from approval or from its supplier; its money is free. 404 `crop-order-unknown`; 409
    `crop-order-status`; 412 `stale`."""
    crop = await actions.withdraw_crop_order(
        db,
        crop_order_id=crop_order_id,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/cancel", response_model=schemas.CropOrderPage)
async def cancel_crop_order(
    crop_order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The unit leaves a draft, an agreement before its deposit, or a share below the agreed least. 404
    `crop-order-unknown`; 409 `crop-order-status`, `deposit-told`, `share-enough`; 412 `stale`."""
    crop = await growing.cancel_crop_order(
        db,
        crop_order_id=crop_order_id,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/take", response_model=schemas.CropOrderPage)
async def take_share(crop_order_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """The unit takes a share below the agreed least: it becomes its purchase and order. 404 `crop-order-unknown`; 409
    `crop-order-status`, `sku-not-listed`; 412 `stale`."""
    crop = await sharing.take_share(
        db, crop_order_id=crop_order_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/agree", response_model=schemas.CropOrderPage)
async def agree(crop_order_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """The supplier agrees: the deposit falls due. 404 `crop-order-unknown`; 409 `crop-order-status`, `season-over`,
    `season-full`; 412 `stale`."""
    crop = await actions.answer_offer(
        db,
        crop_order_id=crop_order_id,
        does_agree=True,
        expected_revision=expected,
        reason="",
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/decline", response_model=schemas.CropOrderPage)
async def decline(
    crop_order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier does not agree: the unit's money is free. 404 `crop-order-unknown`; 409 `crop-order-status`; 412
    `stale`."""
    crop = await actions.answer_offer(
        db,
        crop_order_id=crop_order_id,
        does_agree=False,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/tell-deposit", response_model=schemas.CropOrderPage)
async def tell_deposit(
    crop_order_id: UUID, body: schemas.PaidIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Finance transferred the deposit under its code. 403 `unit-needed`, `duty-missing`; 404 `crop-order-unknown`; 409
    `crop-order-status`, `deposit-told`; 412 `stale`; 422 `payment-day-future`."""
    crop = await paying.tell_deposit(
        db, crop_order_id=crop_order_id, **body.model_dump(), expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/confirm-deposit", response_model=schemas.CropOrderPage)
async def confirm_deposit(crop_order_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """The supplier has the deposit: it is consumed of the unit's budget. 404 `crop-order-unknown`; 409
    `crop-order-status`, `deposit-not-told`; 412 `stale`."""
    crop = await paying.answer_deposit(
        db,
        crop_order_id=crop_order_id,
        has_come=True,
        reason="",
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/deny-deposit", response_model=schemas.CropOrderPage)
async def deny_deposit(
    crop_order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier does not find the deposit on its account. 404 `crop-order-unknown`; 409 `crop-order-status`,
    `deposit-not-told`; 412 `stale`."""
    crop = await paying.answer_deposit(
        db,
        crop_order_id=crop_order_id,
        has_come=False,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/record-refund", response_model=schemas.CropOrderPage)
async def record_refund(
    crop_order_id: UUID, body: schemas.PaidIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Finance has what was owed back of the deposit: it is free in the budget again. 403 `unit-needed`,
    `duty-missing`; 404 `crop-order-unknown`; 409 `nothing-owed-back`; 412 `stale`; 422 `payment-day-future`."""
    crop = await paying.record_refund(
        db,
        crop_order_id=crop_order_id,
        received_on=body.paid_on,
        voucher=body.voucher,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/report", response_model=schemas.CropOrderPage)
async def report_milestone(
    crop_order_id: UUID, body: schemas.ReportIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier reached a milestone. 404 `crop-order-unknown`, `milestone-unknown`; 409 `crop-order-status`,
    `milestone-reported`; 412 `stale`; 422 `milestone-day-invalid`, `photo-unknown`."""
    crop = await growing.report_milestone(
        db, crop_order_id=crop_order_id, **body.model_dump(), expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, crop))


@router.post("/{crop_order_id}/fail", response_model=schemas.CropOrderPage)
async def fail_crop(
    crop_order_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier says that nothing will grow: the deposit is owed back. 404 `crop-order-unknown`; 409
    `crop-order-status`, `deposit-told`; 412 `stale`."""
    crop = await growing.fail_crop(
        db,
        crop_order_id=crop_order_id,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, crop))


async def _page(db: AsyncSession, crop: CropOrder) -> schemas.CropOrderPage:
    today = business_day(utc_now())
    unit = await unit_queries.get_unit(db, crop.unit_id)
    placed = [] if crop.purchase_id is None else await purchase_queries.list_orders(db, crop.purchase_id)
    more = ("terms", "recipient", "phone", "county_code", "address_detail", "drafted_by", "changed_at", "refunded_on",
            "refund_voucher")  # fmt: skip
    return schemas.CropOrderPage(
        **schemas.CropOrderItem.model_validate(crop).model_dump(),
        **{name: getattr(crop, name) for name in more},
        unit_name=unit.name,
        order_id=placed[0].order_id if placed else None,
        milestones=[
            milestone_view(each, today, is_open=crop.status in rules.OPEN)
            for each in await queries.list_milestones(db, crop.crop_order_id)
        ],
        photo_ids=await photo_queries.list_photo_ids(db, crop.crop_order_id),
    )


def _parts_of(body: schemas.CropOrderIn) -> dict[str, Any]:
    return {
        "facts": body.model_dump(exclude={"milestones"}),
        "stages": [each.to_stage() for each in body.milestones],
    }
