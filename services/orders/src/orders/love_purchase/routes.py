"""Love purchases over HTTP: public to read, a county's officials' and operators' to flag."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.love_purchase import actions, queries, schemas
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/love-purchases", tags=["love purchases"])
FlagCaller = Annotated[Caller, Depends(require_kind("official"))]
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a name or reason.")]
Category = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z-]*$")]
County = Annotated[str | None, Query(pattern=r"^[0-9]{2,6}$", description="Division code of the origin, or its start.")]
_BATCH = 500
_HEAD = (
    "编号",
    "县区代码",
    "供应商",
    "商品",
    "规格",
    "状态",
    "原因",
    "依据",
    "目标件数",
    "已消纳件数",
    "截止时间",
    "发布时间",
    "结束时间",
)


@router.get("")
async def list_love_purchases(
    db: Read,
    *,
    q: Wanted = None,
    category: Category = None,
    county: County = None,
    status: schemas.Status | None = "OPEN",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.LovePurchaseItem]:
    """For everybody: harvests that people are asked to buy, the newest first."""
    found = await queries.list_love_purchases(
        db, wanted=q, category=category, county=county, status=status, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.LovePurchaseItem.model_validate(each) for each in found[:limit]]
    return Page[schemas.LovePurchaseItem](items=items, next_cursor=_next(items, len(found) > limit))


@router.get("/managed")
async def list_managed(
    caller: FlagCaller,
    db: Read,
    *,
    q: Wanted = None,
    status: schemas.Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.ManagedLovePurchase]:
    """Those of an official's regions, an operator's all, the newest first. 403 `kind-not-allowed`."""
    regions = queries.seen_regions(caller)
    found = await queries.list_love_purchases(
        db, regions=regions, wanted=q, status=status, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.ManagedLovePurchase.model_validate(each) for each in found[:limit]]
    return Page[schemas.ManagedLovePurchase](items=items, next_cursor=_next(items, len(found) > limit))


@router.get("/managed/export", response_class=Response)
async def export_managed(
    request: Request,
    caller: FlagCaller,
    *,
    q: Wanted = None,
    status: schemas.Status | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        regions = queries.seen_regions(caller)
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_love_purchases(
                    db, regions=regions, wanted=q, status=status, after=after, limit=_BATCH
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].love_purchase_id

    return await sheet_response(sheet, name="爱心购", head=_HEAD, batches=batches())


@router.get("/candidates")
async def list_candidates(caller: FlagCaller, db: Read, q: Wanted = None, limit: Limit = 50) -> schemas.CandidateList:
    """SKUs on sale of the caller's regions that are not flagged yet. 403 `kind-not-allowed`."""
    found = await queries.list_candidates(db, caller, wanted=q, limit=limit)
    return schemas.CandidateList(items=[schemas.Candidate.model_validate(each) for each in found])


@router.post("", status_code=201, response_model=schemas.ManagedLovePurchase)
async def flag_harvest(body: schemas.FlagIn, caller: FlagCaller, db: Db, once: Once) -> Response:
    """Flag a SKU. 403 `kind-not-allowed`, `region-not-yours`; 409 `love-purchase-open`; 422 `sku-unknown`,
    `love-end-wrong`."""
    flagged = await actions.flag_harvest(
        db, love_purchase_id=new_id(), facts=body.facts(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _managed(db, flagged.love_purchase_id), status=201)


@router.get("/{love_purchase_id}")
async def get_love_purchase(love_purchase_id: UUID, db: Read) -> schemas.LovePurchaseItem:
    """One with its progress. 404 `love-purchase-unknown`."""
    return schemas.LovePurchaseItem.model_validate(await queries.get_love_purchase(db, love_purchase_id))


@router.get("/{love_purchase_id}/managed")
async def get_managed(
    love_purchase_id: UUID, caller: FlagCaller, db: Read, response: Response
) -> schemas.ManagedLovePurchase:
    """One for those who flag. 403 `kind-not-allowed`; 404 `love-purchase-unknown`."""
    found = await _seen(db, love_purchase_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.put("/{love_purchase_id}")
async def edit_flag(
    love_purchase_id: UUID,
    body: schemas.FlagChange,
    caller: FlagCaller,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.ManagedLovePurchase:
    """Another reason, target or end. 404 `love-purchase-unknown`; 409 `love-purchase-status`, `target-reached`; 412
    `stale`; 422 `love-end-wrong`; 428 `precondition-missing`."""
    flagged = await actions.edit_flag(
        db,
        love_purchase_id=love_purchase_id,
        expected_revision=expected,
        facts=body.facts(),
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(flagged.revision)
    return await _managed(db, love_purchase_id)


@router.post("/{love_purchase_id}/withdraw", response_model=schemas.ManagedLovePurchase)
async def withdraw_flag(
    love_purchase_id: UUID, body: schemas.WithdrawIn, caller: FlagCaller, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Ask no more. 404 `love-purchase-unknown`; 409 `love-purchase-status`; 412 `stale`; 428 `precondition-missing`."""
    await actions.withdraw_flag(
        db,
        love_purchase_id=love_purchase_id,
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _managed(db, love_purchase_id))


@router.get("/{love_purchase_id}/trail")
async def list_trail(love_purchase_id: UUID, caller: FlagCaller, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 403 `kind-not-allowed`; 404 `love-purchase-unknown`."""
    await _seen(db, love_purchase_id, caller)
    rows = await trail_queries.list_trail(db, love_purchase_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _managed(db: Any, love_purchase_id: UUID) -> schemas.ManagedLovePurchase:
    return schemas.ManagedLovePurchase.model_validate(await queries.get_love_purchase(db, love_purchase_id))


async def _seen(db: Any, love_purchase_id: UUID, caller: Caller) -> schemas.ManagedLovePurchase:
    found = await _managed(db, love_purchase_id)
    regions = queries.seen_regions(caller)
    if regions is not None and not found.county_code.startswith(tuple(regions)):
        raise queries.no_such_love_purchase()
    return found


def _row(flagged: Any) -> list[Any]:
    return [
        str(flagged.love_purchase_id),
        flagged.county_code,
        flagged.supplier_name,
        flagged.product_title,
        flagged.specification,
        flagged.status,
        flagged.reason,
        flagged.source,
        flagged.target_count,
        flagged.absorbed_count,
        flagged.closes_at,
        flagged.flagged_at,
        flagged.ended_at,
    ]


def _next(items: Sequence[schemas.LovePurchaseItem], has_more: bool) -> str | None:
    return encode_cursor(str(items[-1].love_purchase_id)) if has_more else None


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
