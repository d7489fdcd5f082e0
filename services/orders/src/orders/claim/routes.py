"""Claims over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.after_sales import Narrowed, Sort, cursor_of, list_batches, list_page, place_of, side_of
from orders.claim import actions, queries, rules, schemas
from orders.claim.models import Claim
from orders.excursion import queries as excursion_queries
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.schemas import Money
from orders.photo import queries as photo_queries
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.money import yuan
from shared.page import CursorText, Limit, Page
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["after-sales"])
Statuses = Annotated[list[schemas.Status] | None, Query()]
_HEAD = (
    "订单号", "商品", "规格", "问题", "件数", "重量(克)", "申请金额(元)", "退款金额(元)", "供应商承担(元)",
    "承运商承担(元)", "状态", "温度异常", "签收时间", "申请时间", "处理期限",
)  # fmt: skip
STATUS_NAMES = {
    "SUPPLIER_REVIEW": "待供应商处理", "APPROVED": "已同意", "REFUSED": "已拒绝", "APPEALED": "平台复核中",
    "REJECTED": "不予退款", "REFUNDED": "已退款", "WITHDRAWN": "已撤销",
}  # fmt: skip
_PROBLEM_NAMES = {
    "rotten": "腐烂变质", "damaged": "破损", "frozen": "冻伤或化冻", "short": "少件缺重", "wrong": "发错货",
    "other": "其他",
}  # fmt: skip


@router.get("/orders/{order_id}/lines/{line_id}/claim-options")
async def get_options(order_id: UUID, line_id: UUID, caller: CallerDep, db: Read) -> schemas.ClaimOptions:
    """What its buyer may claim of a line now, and until when. 404 `line-not-found`; 409 `order-on-account`."""
    line = await line_refund_queries.get_sold_line(db, line_id, buyer_id=caller.person_id, order_id=order_id)
    balance = await line_refund_queries.find_balance(db, line)
    until = rules.window_ends_at(line)
    told = await excursion_queries.list_excursions(db, line.supplier_order_id)
    is_open = until is not None and utc_now() < until and balance.left_count > 0 and line.payable_fen > 0
    return schemas.ClaimOptions(
        line_id=line_id,
        order_id=order_id,
        order_number=line.order_number,
        supplier_id=line.supplier_id,
        product_id=line.product_id,
        product_title=line.product_title,
        product_title_en=line.product_title_en,
        specification=line.specification,
        picture=line.picture,
        quantity=line.quantity,
        left_count=balance.left_count,
        net_weight_g=line.net_weight_g,
        payable_fen=line.payable_fen,
        delivered_at=line.delivered_at,
        claim_until=until,
        is_claimable=is_open,
        is_proven=rules.is_proven(
            rules.ToldExcursion(each.kind, each.severity, each.temperature_class, each.ended_at is None)
            for each in told
        ),
    )


@router.post("/orders/{order_id}/lines/{line_id}/claims", status_code=201, response_model=schemas.ClaimItem)
async def open_claim(
    order_id: UUID, line_id: UUID, body: schemas.OpenClaim, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Claim pieces or weight of a delivered line; nothing is sent back. Granted at once where the parcel's temperature
    proves it or the sum is small; else the supplier has its hours.

    404 `line-not-found`; 409 `order-on-account`, `not-delivered`, `claim-window-over`, `nothing-was-paid`,
    `pieces-claimed-already`; 422 `piece-count-missing`, `weight-missing`, `weight-not-known`, `weight-exceeds-line`,
    `share-is-nothing`, `photo-unknown`.
    """
    claim = await actions.open_claim(
        db,
        claim_id=new_id(),
        order_id=order_id,
        line_id=line_id,
        wanted=actions.ClaimWanted(
            body.basis, body.piece_count, body.weight_g, body.problem, body.description, body.photo_ids
        ),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, schemas.ClaimItem.model_validate(claim), status=201)


@router.get("/claims")
async def list_claims(
    caller: CallerDep,
    db: Read,
    asked: Narrowed,
    status: Statuses = None,
    sort: Sort = "-opened",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.ClaimItem]:
    """Claims: a buyer's own, a supplier's, an operator's all; latest first, or `due`: whose turn ends soonest."""
    filters = replace(asked, status=tuple(status or ()))
    found = await list_page(db, Claim, caller, filters, sort=sort, after=place_of(cursor), limit=limit)
    more = len(found) > limit
    return Page(
        items=[schemas.ClaimItem.model_validate(each) for each in found[:limit]],
        next_cursor=cursor_of(found[limit - 1], sort) if more else None,
    )


@router.get("/claims/export", response_class=Response)
async def export_claims(
    request: Request,
    caller: CallerDep,
    asked: Narrowed,
    kind: Annotated[SheetFormat, Query(alias="format")] = "csv",
    status: Statuses = None,
    sort: Sort = "-opened",
) -> Response:
    """The same list as a file."""
    filters = replace(asked, status=tuple(status or ()))

    async def batches() -> AsyncIterator[list[list[Any]]]:
        async for found in list_batches(request.app.state.database, Claim, caller, filters, sort=sort):
            yield [_row(each) for each in found]

    return await sheet_response(kind, name="售后理赔", head=_HEAD, batches=batches())


@router.get("/claims/{claim_id}")
async def get_claim(claim_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.ClaimPage:
    """One claim with photos, the parcel's temperature record, the money and what may be done. 404 `claim-not-found`."""
    claim = await queries.get_claim(db, claim_id, caller)
    response.headers["ETag"] = etag_of(claim.revision)
    return await _page(db, claim, caller)


@router.post("/claims/{claim_id}/{verb}", response_model=schemas.ClaimPage)
async def decide_claim(
    claim_id: UUID,
    verb: Literal["approve", "refuse", "uphold", "reject"],
    body: schemas.MoveClaim,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.ClaimPage:
    """The supplier approves or refuses; an operator decides an appeal, or approves for a silent supplier. If-Match is
    the version that was read.

    404 `claim-not-found`; 403 `not-your-move`; 409 `claim-status`, `claim-too-late`; 412 `stale`; 422 `reason-missing`.
    """
    claim = await actions.move_claim(
        db, claim_id=claim_id, verb=verb, reason=body.reason, expected_revision=expected, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(claim.revision)
    return await _page(db, claim, caller)


@router.post("/claims/{claim_id}/buyer/{verb}", response_model=schemas.ClaimPage)
async def answer_claim(
    claim_id: UUID,
    verb: Literal["appeal", "withdraw"],
    body: schemas.MoveClaim,
    caller: CallerDep,
    db: Db,
    once: Once,
) -> Response:
    """The buyer appeals against a refusal, or takes the claim back.

    404 `claim-not-found`; 403 `not-your-move`; 409 `claim-status`, `claim-too-late`; 422 `reason-missing`.
    """
    claim = await actions.move_claim(
        db, claim_id=claim_id, verb=verb, reason=body.reason, expected_revision=None, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _page(db, claim, caller))


async def _page(db: Db, claim: Claim, caller: Caller) -> schemas.ClaimPage:
    item = schemas.ClaimItem.model_validate(claim)
    money = await line_refund_queries.find_money(db, claim.claim_id)
    told = await excursion_queries.list_excursions(db, claim.supplier_order_id)
    return schemas.ClaimPage(
        **item.model_dump(),
        photo_ids=await photo_queries.list_photo_ids(db, claim.claim_id),
        excursions=[schemas.ToldExcursion.model_validate(each) for each in told],
        money=Money.model_validate(money) if money else None,
        trail=[TrailItem.model_validate(each) for each in await trail_queries.list_trail(db, claim.claim_id)],
        verbs=rules.verbs_for(claim.status, side_of(claim, caller), claim.due_at, utc_now()),
    )


def _row(claim: Claim) -> list[Any]:
    money = (claim.wanted_fen, claim.granted_fen, claim.supplier_fen, claim.carrier_fen)
    return [
        claim.order_number,
        claim.product_title,
        claim.specification,
        _PROBLEM_NAMES[claim.problem],
        claim.piece_count,
        claim.weight_g,
        *(None if fen is None else float(yuan(fen)) for fen in money),
        STATUS_NAMES[claim.status],
        "是" if claim.is_proven else "否",
        claim.delivered_at,
        claim.opened_at,
        claim.due_at,
    ]
