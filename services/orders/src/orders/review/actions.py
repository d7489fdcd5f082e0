"""Writing reviews, answering them, hiding them. The product's sum is kept by a trigger and told by the event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import SoldLine
from orders.photo import actions as photo_actions
from orders.review import queries, rules
from orders.review.models import Review
from orders.trail import actions as trail_actions
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.events.aftercare import ReviewAnswered
from shared.events.orders import ProductReviewed
from shared.outbox import publish


async def write_review(
    db: AsyncSession,
    *,
    review_id: UUID,
    order_id: UUID,
    line_id: UUID,
    rating: int,
    body: str,
    photo_ids: Sequence[UUID],
    caller: Caller,
    now: datetime,
) -> Review:
    """Say what a line that arrived was like: one review a line, for ever.

    404 `line-not-found`; 409 `not-delivered`, `review-window-over`, `reviewed-already`; 422 `photo-unknown`.
    """
    line = await line_refund_queries.get_sold_line(db, line_id, buyer_id=caller.person_id, order_id=order_id)
    rules.ensure_reviewable(line, now)
    return await save_review(
        db,
        review_id=review_id,
        line=line,
        rating=rating,
        body=body,
        photo_ids=photo_ids,
        buyer_id=caller.person_id,
        now=now,
    )


async def save_review(
    db: AsyncSession,
    *,
    review_id: UUID,
    line: SoldLine,
    rating: int,
    body: str,
    photo_ids: Sequence[UUID] = (),
    buyer_id: UUID,
    now: datetime,
) -> Review:
    """Keep what somebody may say of a line. 409 `reviewed-already`; 422 `photo-unknown`."""
    row = {
        "review_id": review_id,
        "line_id": line.line_id,
        "order_id": line.order_id,
        "product_id": line.product_id,
        "product_title": line.product_title,
        "product_title_en": line.product_title_en,
        "specification": line.specification,
        "supplier_id": line.supplier_id,
        "buyer_id": buyer_id,
        "author": rules.signature(line.recipient),
        "rating": rating,
        "body": body,
        "reviewed_at": now,
    }
    insert = postgresql.insert(Review).values(row).on_conflict_do_nothing(index_elements=["line_id"])
    if await db.scalar(insert.returning(Review.review_id)) is None:
        raise Conflict("You have reviewed this already.", code="reviewed-already", field="line_id")
    if photo_ids:
        await photo_actions.attach_photos(
            db, photo_ids, subject_id=review_id, supplier_id=line.supplier_id, person_id=buyer_id, is_public=True
        )
    review = await queries.get_review(db, review_id)
    await _publish(db, review, now)
    return review


async def answer_review(
    db: AsyncSession, *, review_id: UUID, answer: str, expected_revision: int, caller: Caller, now: datetime
) -> Review:
    """The supplier's answer; said again it replaces the earlier one. 404 `review-not-found`; 412 `stale`."""
    review = await queries.lock_review(
        db, review_id, supplier_id=None if caller.is_operator else caller.organisation_id
    )
    ensure_fresh(expected_revision, review.revision)
    review.answer, review.answered_at = answer, now
    review.revision += 1
    side: Literal["operator", "supplier"] = "operator" if caller.is_operator else "supplier"
    status = rules.status_of(review.hidden_at)
    await _record(db, review, "answer", status, status, answer, side, caller, now)
    event = ReviewAnswered(
        review_id=review_id,
        order_id=review.order_id,
        product_id=review.product_id,
        product_title=review.product_title,
        product_title_en=review.product_title_en,
        supplier_id=review.supplier_id,
        buyer_id=review.buyer_id,
        answer=answer,
        answered_at=now,
    )
    await publish(db, event, now=now)
    return review


async def move_review(
    db: AsyncSession,
    *,
    review_id: UUID,
    verb: Literal["hide", "show"],
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> Review:
    """An operator hides a review, with a reason, or shows it again; its photos go with it.

    404 `review-not-found`; 409 `review-status`; 412 `stale`; 422 `reason-missing`.
    """
    review = await queries.lock_review(db, review_id, supplier_id=None)
    ensure_fresh(expected_revision, review.revision)
    before = rules.status_of(review.hidden_at)
    after = rules.status_after(verb, before)
    if verb == "hide" and not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    review.hidden_at = now if after == rules.HIDDEN else None
    review.hidden_reason = reason if after == rules.HIDDEN else ""
    review.revision += 1
    await db.flush()
    await photo_actions.set_public(db, review_id, is_public=after == rules.SHOWN)
    await _record(db, review, verb, before, after, reason, "operator", caller, now)
    await _publish(db, review, now)
    return review


async def _record(
    db: AsyncSession,
    review: Review,
    verb: str,
    before: str,
    after: str,
    reason: str,
    side: Literal["operator", "supplier"],
    caller: Caller,
    now: datetime,
) -> None:
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="review",
        subject_id=review.review_id,
        verb=verb,
        from_status=before,
        to_status=after,
        reason=reason,
        actor=side,
        person_id=caller.person_id,
        now=now,
    )


async def _publish(db: AsyncSession, review: Review, now: datetime) -> None:
    total = await queries.get_rating(db, review.product_id)
    event = ProductReviewed(
        product_id=review.product_id,
        supplier_id=review.supplier_id,
        rating_count=total.rating_count,
        rating_sum=total.rating_sum,
        revision=total.revision,
        reviewed_at=now,
    )
    await publish(db, event, now=now)
