"""Joint purchases over HTTP: a unit organises, the supplier agrees, invited units join."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.joint_purchase import actions, joining, queries, schemas
from orders.pool.schemas import ReasonIn, ShareIn, ShareItem
from orders.pool.sheets import SHARE_HEAD, share_row
from orders.quotation.routes import BATCH, after
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/joint-purchases", tags=["joint purchases"])
Words = Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a title or a name.")]
_HEAD = (
    "编号", "标题", "组织单位", "供应商", "商品", "规格", "状态", "起订总量", "最大总量", "已报总量", "参加单位数",
    "成交单价（元）", "已下单件数", "已验收件数", "验收金额（元）", "截止时间",
)  # fmt: skip
_STATUSES = {
    "DRAFT": "草稿", "OFFERED": "待供应商同意", "OPEN": "报名中", "CLOSED": "待各单位下单", "ORDERED": "已完成",
    "FAILED": "未成", "CANCELLED": "已取消",
}  # fmt: skip


@router.get("")
async def list_joint_purchases(
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.JointPurchaseItem]:
    """Those of the caller's unit and of the units below it and those it is invited to, a supplier's once it is asked, a
    finance office's region, an operator's all; the newest first. 403 `kind-not-allowed`."""
    found = await queries.list_joint_purchases(
        db, caller, wanted=q.strip(), status=status, after=after(cursor), limit=limit + 1
    )
    items = [schemas.JointPurchaseItem.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].joint_purchase_id)) if more else None)


@router.get("/export", response_class=Response)
async def export_joint_purchases(
    request: Request,
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`."""
    await queries.list_joint_purchases(db, caller, limit=1)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_joint_purchases(
                    own, caller, wanted=q.strip(), status=status, after=last, limit=BATCH
                )
            yield [_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].joint_purchase_id

    return await sheet_response(sheet, name="联合采购", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.JointPurchaseOut)
async def create_joint_purchase(body: schemas.JointPurchaseIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Write a draft. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422 `sku-unknown`, `ladder-wrong`,
    `ladder-unreachable`, `price-above-listed`, `delivery-before-deadline`, `region-missing`, `invited-missing`,
    `unit-unknown`."""
    made = await actions.create_joint_purchase(
        db, joint_purchase_id=new_id(), draft=body.draft(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, made.joint_purchase_id, caller), status=201)


@router.get("/{joint_purchase_id}")
async def get_joint_purchase(
    joint_purchase_id: UUID, caller: CallerDep, db: Read, response: Response
) -> schemas.JointPurchaseOut:
    """One with the caller's own share. 403 `kind-not-allowed`; 404 `joint-purchase-unknown`."""
    found = await _whole(db, joint_purchase_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.put("/{joint_purchase_id}")
async def edit_joint_purchase(
    joint_purchase_id: UUID,
    body: schemas.JointPurchaseIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.JointPurchaseOut:
    """Write the draft anew. Refused as a new one, and 404 `joint-purchase-unknown`; 409 `joint-purchase-status`; 412
    `stale`; 428 `precondition-missing`."""
    await actions.edit_joint_purchase(
        db,
        joint_purchase_id=joint_purchase_id,
        expected_revision=expected,
        draft=body.draft(),
        caller=caller,
        now=utc_now(),
    )
    found = await _whole(db, joint_purchase_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.post("/{joint_purchase_id}/offer", response_model=schemas.JointPurchaseOut)
async def offer_joint_purchase(
    joint_purchase_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Ask the supplier. 403 `unit-needed`, `duty-missing`; 404 `joint-purchase-unknown`; 409 `joint-purchase-status`,
    `unit-closed`; 412 `stale`; 422 `deadline-too-near`, `deadline-too-far`, `price-above-listed`, `sku-unknown`; 428
    `precondition-missing`."""
    await actions.offer_joint_purchase(
        db, joint_purchase_id=joint_purchase_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, joint_purchase_id, caller))


@router.post("/{joint_purchase_id}/agree", response_model=schemas.JointPurchaseOut)
async def agree(joint_purchase_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """The supplier agrees to the ladder: its pieces are set aside, and units may join. 403 `kind-not-allowed`; 404
    `joint-purchase-unknown`; 409 `joint-purchase-status`, `joint-purchase-closed`, `stock-short`; 412 `stale`; 422
    `price-above-listed`, `sku-unknown`; 428 `precondition-missing`."""
    await actions.answer_offer(
        db, joint_purchase_id=joint_purchase_id, agrees=True, expected_revision=expected, reason="", caller=caller,
        now=utc_now(),
    )  # fmt: skip
    return await once.answer(db, await _whole(db, joint_purchase_id, caller))


@router.post("/{joint_purchase_id}/decline", response_model=schemas.Declined)
async def decline(
    joint_purchase_id: UUID, body: ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The supplier does not agree; it is a draft of its unit again. 403 `kind-not-allowed`; 404
    `joint-purchase-unknown`; 409 `joint-purchase-status`; 412 `stale`; 422 `reason-missing`; 428
    `precondition-missing`."""
    await actions.answer_offer(
        db, joint_purchase_id=joint_purchase_id, agrees=False, expected_revision=expected, reason=body.reason,
        caller=caller, now=utc_now(),
    )  # fmt: skip
    return await once.answer(db, schemas.Declined(joint_purchase_id=joint_purchase_id))


@router.post("/{joint_purchase_id}/cancel", response_model=schemas.JointPurchaseOut)
async def cancel_joint_purchase(
    joint_purchase_id: UUID, body: ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Call it off before the deadline. 403 `unit-needed`, `duty-missing`; 404 `joint-purchase-unknown`; 409
    `joint-purchase-status`, `unit-closed`; 412 `stale`; 422 `reason-missing`; 428 `precondition-missing`."""
    await actions.cancel_joint_purchase(
        db, joint_purchase_id=joint_purchase_id, expected_revision=expected, reason=body.reason, caller=caller,
        now=utc_now(),
    )  # fmt: skip
    return await once.answer(db, await _whole(db, joint_purchase_id, caller))


@router.put("/{joint_purchase_id}/share")
async def join(joint_purchase_id: UUID, body: ShareIn, caller: CallerDep, db: Db) -> schemas.JointPurchaseOut:
    """Take so many pieces for the caller's unit, or so many instead of what it took. Nothing is owed before the
    deadline. 403 `unit-needed`, `duty-missing`; 404 `joint-purchase-unknown`; 409 `unit-closed`,
    `joint-purchase-status`, `joint-purchase-closed`, `joint-purchase-full`; 422 `fund-without-union`."""
    await joining.join(
        db,
        joint_purchase_id=joint_purchase_id,
        share_id=new_id(),
        quantity=body.quantity,
        fund=body.fund,
        address=body.to(),
        caller=caller,
        now=utc_now(),
    )
    return await _whole(db, joint_purchase_id, caller)


@router.post("/{joint_purchase_id}/leave", response_model=schemas.JointPurchaseOut)
async def leave(joint_purchase_id: UUID, caller: CallerDep, db: Db, once: Once) -> Response:
    """Take nothing of it. 403 `unit-needed`, `duty-missing`; 404 `joint-purchase-unknown`, `joint-share-unknown`; 409
    `unit-closed`, `joint-purchase-status`, `joint-purchase-closed`, `joint-share-status`."""
    await joining.leave(db, joint_purchase_id=joint_purchase_id, caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, joint_purchase_id, caller))


@router.get("/{joint_purchase_id}/shares")
async def list_shares(
    joint_purchase_id: UUID, caller: CallerDep, db: Read, cursor: CursorText = None, limit: Limit = 50
) -> Page[ShareItem]:
    """Who takes what, and how far it has come. 403 `kind-not-allowed`; 404 `joint-purchase-unknown`."""
    await queries.get_joint_purchase_for(db, caller, joint_purchase_id)
    found = await queries.list_shares(db, joint_purchase_id, after=after(cursor), limit=limit + 1)
    items = [ShareItem.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].share_id)) if len(found) > limit else None)


@router.get("/{joint_purchase_id}/shares/export", response_class=Response)
async def export_shares(
    joint_purchase_id: UUID, request: Request, caller: CallerDep, db: Read, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`; 404 `joint-purchase-unknown`."""
    await queries.get_joint_purchase_for(db, caller, joint_purchase_id)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_shares(own, joint_purchase_id, after=last, limit=BATCH)
            yield [share_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].share_id

    return await sheet_response(sheet, name="联采参加单位", head=SHARE_HEAD, batches=batches())


@router.get("/{joint_purchase_id}/trail")
async def list_trail(joint_purchase_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 403 `kind-not-allowed`; 404 `joint-purchase-unknown`."""
    await queries.get_joint_purchase_for(db, caller, joint_purchase_id)
    rows = await trail_queries.list_trail(db, joint_purchase_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _whole(db: AsyncSession, joint_purchase_id: UUID, caller: Caller) -> schemas.JointPurchaseOut:
    row = await queries.get_joint_purchase_for(db, caller, joint_purchase_id)
    own = await unit_queries.find_acting_unit(db, caller)
    share = None if own is None else await queries.find_share(db, joint_purchase_id, own.unit_id)
    return schemas.joint_of(row, list(await queries.list_named(db, joint_purchase_id)), share)


def _row(joint: Any) -> list[Any]:
    return [
        str(joint.joint_purchase_id),
        joint.title,
        joint.unit_name,
        joint.supplier_name,
        joint.product_title,
        joint.specification,
        _STATUSES[joint.status],
        joint.floors[0],
        joint.most_count,
        joint.taken_count,
        joint.share_count,
        None if joint.price_fen is None else joint.price_fen / 100,
        int(joint.ordered_count),
        int(joint.accepted_count),
        int(joint.accepted_fen) / 100,
        joint.closes_at,
    ]
