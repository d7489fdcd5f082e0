"""Reviews of products over HTTP: the reviewers' queue and its decisions."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_operator, may_edit
from catalog.cursors import cursor_instant_and_id
from catalog.facts import draft_detail
from catalog.product.schemas import ProductDetail
from catalog.review import actions, queries, rules
from catalog.review.models import ProductReview
from catalog.review.schemas import (
    AcceptanceIn,
    QueuedReviewSchema,
    RejectionIn,
    ReviewDetail,
    ReviewKind,
    ReviewPage,
    ReviewSchema,
    ReviewStatus,
)
from catalog.sku.schemas import SkuDetail
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Database, Db, Read
from shared.etag import IfMatch, etag_of
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["product reviews"])

_BATCH = 500
_HEAD = ("提交时间", "类别", "状态", "商品", "供应商", "产地区划", "修改的字段", "决定时间")
_ZH = {
    "LISTING": "新品上架",
    "CHANGE": "在售修改",
    "PENDING": "待审",
    "ACCEPTED": "通过",
    "REJECTED": "驳回",
    "WITHDRAWN": "撤回",
}
Status = Annotated[ReviewStatus | None, Query(description="Left out: all.")]
Kind = Annotated[ReviewKind | None, Query(description="LISTING or CHANGE; left out: both.")]
SearchText = Annotated[str, Query(max_length=64, description="Part of a title or of a supplier's name.")]


@router.get("/product-reviews")
async def list_reviews(
    db: Read,
    caller: CallerDep,
    *,
    status: Status = None,
    kind: Kind = None,
    q: SearchText = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> ReviewPage:
    """The reviews by age, the oldest first; `total` counts all pages. For operators: 403 `operator-only`."""
    ensure_operator(caller)
    found = await queries.list_queue(
        db, status=status, kind=kind, q=q, after=cursor_instant_and_id(cursor), limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    return ReviewPage(
        items=[QueuedReviewSchema.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.submitted_at.isoformat(), last.review_id) if last else None,
        total=await queries.count_queue(db, status=status, kind=kind, q=q),
    )


@router.get("/product-reviews/export", response_class=Response)
async def export_reviews(
    request: Request,
    caller: CallerDep,
    *,
    kind_of_file: SheetFormat = "csv",
    status: Status = None,
    kind: Kind = None,
    q: SearchText = "",
) -> Response:
    """The same as a table, in Chinese. For operators: 403 `operator-only`."""
    ensure_operator(caller)
    batches = _rows(request.app.state.database, status=status, kind=kind, q=q)
    return await sheet_response(kind_of_file, name="商品审核", head=_HEAD, batches=batches)


@router.get("/product-reviews/{review_id}")
async def get_review(db: Read, caller: CallerDep, review_id: UUID, response: Response) -> ReviewDetail:
    """A review with the product as it is on sale now. Its ETag is for deciding. For operators and the supplier itself;
    404 `review-unknown` for others."""
    review = await queries.get_review(db, review_id)
    found = await _detail(db, review)
    if not may_edit(caller, found.product.supplier_id):
        raise queries.unknown_review()
    response.headers["ETag"] = etag_of(review.revision)
    return found


@router.post("/product-reviews/{review_id}/accept")
async def accept_review(
    db: Db, caller: CallerDep, expected: IfMatch, review_id: UUID, body: AcceptanceIn, response: Response
) -> ReviewDetail:
    """Put the new product on the shelf, or the change into effect but for what is rejected with a reason.

    403 `reviewers-only`, `own-product`; 409 `review-status`, `product-status`, `supplier-not-active`; 412 `stale`;
    422 `review-listing-whole`, `reason-field-unknown`, `review-nothing-accepted`.
    """
    review = await actions.accept(
        db,
        review_id=review_id,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
        rejected=body.rejected,
    )
    response.headers["ETag"] = etag_of(review.revision)
    return await _detail(db, review)


@router.post("/product-reviews/{review_id}/reject")
async def reject_review(
    db: Db, caller: CallerDep, expected: IfMatch, review_id: UUID, body: RejectionIn, response: Response
) -> ReviewDetail:
    """Refuse it with reasons by field; the supplier mends and submits again.

    403 `reviewers-only`, `own-product`; 409 `review-status`; 412 `stale`; 422 `reason-missing`, `reason-field-unknown`.
    """
    review = await actions.reject(
        db, review_id=review_id, expected_revision=expected, reasons=body.reasons, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(review.revision)
    return await _detail(db, review)


async def _detail(db: AsyncSession, review: ProductReview) -> ReviewDetail:
    now = utc_now()
    facts = await actions.get_facts(db, review.product_id, now=now)
    trail = await trail_queries.list_trail(db, subject_kind="product", subject_id=review.product_id)
    rounds = await queries.list_reviews_of(db, review.product_id)
    waiting = await queries.list_queue(
        db, status=rules.PENDING, kind=None, q="", after=(review.submitted_at, review.review_id), limit=1
    )
    return ReviewDetail(
        **dict(ReviewSchema.of(review, facts)),
        product=ProductDetail.model_validate(draft_detail(facts, now)),
        skus=[SkuDetail.of(facts, sku, now, with_prices=True) for sku in facts.skus],
        earlier=[ReviewSchema.of(each, facts) for each in rounds if each.review_id != review.review_id],
        trail=[TrailItem.model_validate(each) for each in trail],
        next_id=waiting[0].review_id if waiting else None,
    )


async def _rows(
    database: Database, *, status: str | None, kind: str | None, q: str
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: tuple[datetime, UUID] | None = None
    while True:
        async with database.read() as db:
            found = await queries.list_queue(db, status=status, kind=kind, q=q, after=after, limit=_BATCH)
        if not found:
            return
        yield [
            (
                each.submitted_at,
                _ZH[each.kind],
                _ZH[each.status],
                each.title,
                each.supplier_name,
                each.origin_county_code,
                "、".join(each.fields),
                each.decided_at,
            )
            for each in found
        ]
        after = (found[-1].submitted_at, found[-1].review_id)
