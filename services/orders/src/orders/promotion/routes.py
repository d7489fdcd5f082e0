"""Promotions and coupons over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.price.rules import Kind
from orders.promotion import actions, queries, rules, schemas
from orders.promotion.models import Promotion
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["promotions"])
OwnerCaller = Annotated[Caller, Depends(require_kind("supplier"))]
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of the name.")]
_HEAD = (
    "编号",
    "名称",
    "类型",
    "状态",
    "承担方",
    "开始",
    "结束",
    "优先级",
    "互斥组",
    "每人上限",
    "预算(分)",
    "余额(分)",
)
_BATCH = 500


@router.get("/promotions")
async def list_promotions(
    caller: OwnerCaller,
    db: Read,
    *,
    q: Wanted = None,
    status: schemas.Status | None = None,
    kind: Kind | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.PromotionItem]:
    """A supplier's own promotions, an operator's all, the newest first. 403 `kind-not-allowed`."""
    found = await queries.list_promotions(
        db, caller, wanted=q, status=status, kind=kind, after=_after(cursor), limit=limit + 1
    )
    balances = await queries.list_balances(db, [each.promotion_id for each in found])
    last = found[limit - 1] if len(found) > limit else None
    return Page[schemas.PromotionItem](
        items=[schemas.item_of(each, balances.get(each.promotion_id)) for each in found[:limit]],
        next_cursor=None if last is None else encode_cursor(last.created_at.isoformat(), str(last.promotion_id)),
    )


@router.get("/promotions/export", response_class=Response)
async def export_promotions(
    request: Request,
    caller: OwnerCaller,
    *,
    q: Wanted = None,
    status: schemas.Status | None = None,
    kind: Kind | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_promotions(
                    db, caller, wanted=q, status=status, kind=kind, after=after, limit=_BATCH
                )
                balances = await queries.list_balances(db, [each.promotion_id for each in found])
            if found:
                yield [_row(each, balances) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].created_at, found[-1].promotion_id

    return await sheet_response(sheet, name="促销活动", head=_HEAD, batches=batches())


def _row(promotion: Promotion, balances: dict[UUID, Any]) -> list[Any]:
    balance = balances.get(promotion.promotion_id)
    return [
        str(promotion.promotion_id),
        promotion.name,
        promotion.kind,
        promotion.status,
        promotion.bearer,
        promotion.starts_at,
        promotion.ends_at,
        promotion.priority,
        promotion.exclusive_group,
        promotion.person_cap,
        promotion.budget_fen,
        None if balance is None else balance.balance_fen,
    ]


@router.get("/promotions/running")
async def list_running(db: Read) -> schemas.RunningList:
    """For everybody: the promotions that run now, those with coupons to take first."""
    found = await queries.list_running(db, now=utc_now())
    return schemas.RunningList(items=[schemas.RunningItem.model_validate(each) for each in found])


@router.post("/promotions", status_code=201, response_model=schemas.PromotionPage)
async def create_promotion(body: schemas.PromotionIn, caller: OwnerCaller, db: Db, once: Once) -> Response:
    """A draft: an operator's is the platform's, a supplier's for its own SKUs, which bears it.

    403 `kind-not-allowed`, `sku-not-yours`; 422 `sku-unknown`.
    """
    promotion = await actions.create_promotion(
        db, promotion_id=new_id(), facts=body.facts(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, promotion), status=201)


@router.get("/promotions/{promotion_id}")
async def get_promotion(promotion_id: UUID, caller: OwnerCaller, db: Read, response: Response) -> schemas.PromotionPage:
    """One promotion with what orders took of it. 404 `promotion-unknown`."""
    promotion = await queries.get_promotion(db, promotion_id, caller)
    response.headers["ETag"] = etag_of(promotion.revision)
    return await _page(db, promotion)


@router.put("/promotions/{promotion_id}")
async def edit_promotion(
    promotion_id: UUID,
    body: schemas.PromotionIn,
    caller: OwnerCaller,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.PromotionPage:
    """Change a draft or a paused promotion.

    404 `promotion-unknown`; 409 `promotion-status`, `kind-stays`, `budget-stays`, `budget-below-taken`; 412 `stale`;
    422 `sku-unknown`; 428 `precondition-missing`.
    """
    promotion = await actions.edit_promotion(
        db,
        promotion_id=promotion_id,
        expected_revision=expected,
        facts=body.facts(),
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(promotion.revision)
    return await _page(db, promotion)


@router.get("/promotions/{promotion_id}/trail")
async def list_trail(promotion_id: UUID, caller: OwnerCaller, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when."""
    await queries.get_promotion(db, promotion_id, caller)
    rows = await trail_queries.list_trail(db, promotion_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/promotions/{promotion_id}/coupons", status_code=201, response_model=schemas.IssuedCoupons)
async def issue_coupons(
    promotion_id: UUID, body: schemas.IssueCoupons, caller: OwnerCaller, db: Db, once: Once
) -> Response:
    """So many codes to hand out.

    404 `promotion-unknown`; 409 `coupons-gone`, `promotion-status`; 422 `not-a-coupon`.
    """
    issued = await actions.issue_coupons(
        db,
        promotion_id=promotion_id,
        coupons=[(new_id(), rules.new_code()) for _ in range(body.count)],
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.IssuedCoupons(codes=[each.code or "" for each in issued]), status=201)


@router.post("/promotions/{promotion_id}/claim", status_code=201, response_model=schemas.TakenCoupon)
async def claim_coupon(promotion_id: UUID, caller: CallerDep, db: Db, once: Once) -> Response:
    """Take a coupon that everybody may take. 404 `promotion-unknown`; 409 `promotion-not-running`,
    `coupon-not-claimable`, `coupons-gone`, `coupon-claimed`; 422 `not-a-coupon`."""
    coupon = await actions.claim_coupon(
        db, promotion_id=promotion_id, coupon_id=new_id(), person_id=caller.person_id, now=utc_now()
    )
    return await once.answer(db, schemas.TakenCoupon.model_validate(coupon), status=201)


@router.post("/promotions/{promotion_id}/{verb}", response_model=schemas.PromotionPage)
async def move_promotion(
    promotion_id: UUID,
    verb: Literal["activate", "pause", "resume", "end"],
    body: schemas.Reason,
    caller: OwnerCaller,
    db: Db,
    expected: IfMatch,
    once: Once,
) -> Response:
    """Activate, pause, resume or end it. Orders that took part keep what they took.

    404 `promotion-unknown`; 409 `promotion-status`, `promotion-over`; 412 `stale`; 428 `precondition-missing`.
    """
    promotion = await actions.move_promotion(
        db,
        promotion_id=promotion_id,
        verb=verb,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _page(db, promotion))


@router.get("/coupons")
async def list_coupons(
    caller: CallerDep,
    db: Read,
    *,
    usable: Annotated[bool, Query(description="Only those that can be used now.")] = False,
    cursor: CursorText = None,
    limit: Limit = 100,
) -> Page[schemas.CouponItem]:
    """The caller's coupons, those that can be used first. 400 `cursor-invalid`."""
    found = await queries.list_coupons(
        db, caller.person_id, now=utc_now(), only_usable=usable, after=_coupon_after(cursor), limit=limit + 1
    )
    items = [schemas.CouponItem.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    mark = None if last is None else encode_cursor(int(last.is_usable), last.expires_at.isoformat(), last.coupon_id)
    return Page[schemas.CouponItem](items=items, next_cursor=mark)


@router.post("/coupons", status_code=201, response_model=schemas.TakenCoupon)
async def redeem_code(body: schemas.RedeemCode, caller: CallerDep, db: Db, once: Once) -> Response:
    """Take the coupon of a code. 404 `coupon-code-unknown`; 409 `coupon-taken`, `promotion-not-running`,
    `coupon-claimed`."""
    coupon = await actions.redeem_code(db, code=body.code, person_id=caller.person_id, now=utc_now())
    return await once.answer(db, schemas.TakenCoupon.model_validate(coupon), status=201)


async def _page(db: Any, promotion: Promotion) -> schemas.PromotionPage:
    balances = await queries.list_balances(db, [promotion.promotion_id])
    uses = await queries.summarise_uses(db, promotion.promotion_id)
    item = schemas.item_of(promotion, balances.get(promotion.promotion_id))
    return schemas.PromotionPage(
        **item.model_dump(),
        order_count=uses.order_count,
        held_fen=uses.held_fen,
        kept_fen=uses.kept_fen,
        coupon_count=await queries.count_coupons(db, promotion.promotion_id),
    )


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    values: list[Any] = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error


def _coupon_after(cursor: str | None) -> tuple[bool, datetime, UUID] | None:
    if cursor is None:
        return None
    usable, ends_at, coupon_id = decode_cursor(cursor, size=3)
    try:
        return bool(usable), datetime.fromisoformat(str(ends_at)), UUID(str(coupon_id))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
