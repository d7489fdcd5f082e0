"""Reviews over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.photo import queries as photo_queries
from orders.review import actions, queries, schemas
from orders.review.models import Review
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["reviews"])
SupplierCaller = Annotated[Caller, Depends(require_kind("supplier"))]
OperatorCaller = Annotated[Caller, Depends(require_kind("operator"))]
Wanted = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a title or of what is said.")]
Stars = Annotated[int | None, Query(ge=1, le=5)]
Item = TypeVar("Item", bound=schemas.ReviewItem)
_HEAD = ("商品", "规格", "评分", "评价", "评价时间", "回复", "回复时间", "隐藏理由")


@router.post("/orders/{order_id}/lines/{line_id}/review", status_code=201, response_model=schemas.ReviewItem)
async def write_review(
    order_id: UUID, line_id: UUID, body: schemas.WriteReview, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Say what a line that arrived was like; everybody reads it, signed by a first character.

    404 `line-not-found`; 409 `order-on-account`, `not-delivered`, `review-window-over`, `reviewed-already`; 422
    `photo-unknown`.
    """
    review = await actions.write_review(
        db,
        review_id=new_id(),
        order_id=order_id,
        line_id=line_id,
        rating=body.rating,
        body=body.body,
        photo_ids=body.photo_ids,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, (await _items(db, [review], schemas.ReviewItem))[0], status=201)


@router.get("/products/{product_id}/reviews")
async def list_product_reviews(
    product_id: UUID, db: Read, rating: Stars = None, cursor: CursorText = None, limit: Limit = 10
) -> schemas.ProductReviews:
    """What buyers say of a product, latest first. Public."""
    filters = queries.Filters(product_id=product_id, rating=rating, only_shown=True)
    found = await queries.list_reviews(db, filters, after=_after(cursor), limit=limit)
    return schemas.ProductReviews(
        items=await _items(db, found[:limit], schemas.ReviewItem),
        next_cursor=_cursor(found, limit),
        rating_counts=await queries.list_rating_counts(db, product_id),
    )


@router.get("/reviews")
async def list_reviews(
    caller: CallerDep,
    db: Read,
    q: Wanted = "",
    rating: Stars = None,
    is_unanswered: bool = False,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.OwnReview]:
    """Reviews with what was hidden: a supplier's goods', an operator's all, anybody else's own; latest first."""
    filters = _filters(caller, q, rating, is_unanswered=is_unanswered)
    found = await queries.list_reviews(db, filters, after=_after(cursor), limit=limit)
    return Page(
        items=await _items(db, found[:limit], schemas.OwnReview),
        next_cursor=_cursor(found, limit),
    )


@router.get("/reviews/export", response_class=Response)
async def export_reviews(
    request: Request,
    caller: SupplierCaller,
    kind: Annotated[SheetFormat, Query(alias="format")] = "csv",
    q: Wanted = "",
    rating: Stars = None,
    is_unanswered: bool = False,
) -> Response:
    """The same list as a file."""
    filters = _filters(caller, q, rating, is_unanswered=is_unanswered)

    async def batches() -> AsyncIterator[list[list[Any]]]:
        async for found in queries.list_export_batches(request.app.state.database, filters):
            yield [_row(each) for each in found]

    return await sheet_response(kind, name="商品评价", head=_HEAD, batches=batches())


@router.put("/reviews/{review_id}/answer")
async def answer_review(
    review_id: UUID,
    body: schemas.AnswerReview,
    caller: SupplierCaller,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.OwnReview:
    """The supplier's answer under the review. 404 `review-not-found`; 412 `stale`."""
    review = await actions.answer_review(
        db, review_id=review_id, answer=body.answer, expected_revision=expected, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(review.revision)
    return (await _items(db, [review], schemas.OwnReview))[0]


@router.post("/reviews/{review_id}/{verb}")
async def move_review(
    review_id: UUID,
    verb: Literal["hide", "show"],
    body: schemas.MoveReview,
    caller: OperatorCaller,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.OwnReview:
    """Hide a review from the public, with a reason, or show it again.

    404 `review-not-found`; 409 `review-status`; 412 `stale`; 422 `reason-missing`.
    """
    review = await actions.move_review(
        db,
        review_id=review_id,
        verb=verb,
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(review.revision)
    return (await _items(db, [review], schemas.OwnReview))[0]


async def _items(db: Db, found: Sequence[Review], kind: type[Item]) -> list[Item]:
    photos = await photo_queries.list_photos_of(db, [each.review_id for each in found])
    return [
        kind.model_validate(each).model_copy(update={"photo_ids": photos.get(each.review_id, [])}) for each in found
    ]


def _filters(caller: Caller, q: str, rating: int | None, *, is_unanswered: bool) -> queries.Filters:
    sells = caller.kind == "supplier" and caller.organisation_id is not None
    return queries.Filters(
        supplier_id=caller.organisation_id if sells else None,
        buyer_id=None if sells or caller.is_operator else caller.person_id,
        rating=rating,
        only_unanswered=is_unanswered,
        wanted=q.strip(),
    )


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


def _cursor(found: Sequence[Review], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    return encode_cursor(last.reviewed_at.isoformat(), str(last.review_id))


def _row(review: Review) -> list[Any]:
    return [
        review.product_title,
        review.specification,
        review.rating,
        review.body,
        review.reviewed_at,
        review.answer,
        review.answered_at,
        review.hidden_reason,
    ]
