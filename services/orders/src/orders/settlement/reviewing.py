"""The unit's review: the last of the three things (goods accepted, paid, reviewed) that make an order count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.line_refund import queries as line_refund_queries
from orders.review import actions as review_actions
from orders.review import queries as review_queries
from orders.settlement import queries
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from orders.unit_order import actions as unit_order_actions
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class LineReview:
    """Stars and words for a line."""

    line_id: UUID
    rating: int
    body: str


async def review_order(
    db: AsyncSession, *, order_id: UUID, reviews: Sequence[LineReview], caller: Caller, now: datetime
) -> None:
    """Say of every line of which something was accepted what it was like; the order is completed and counts for the
    unit's reserved share.

    403 `unit-needed`, `duty-missing`; 404 `settlement-not-found`, `line-not-found`; 409 `settlement-stage`,
    `order-disputed`, `unit-closed`; 422 `reviews-incomplete`, `review-twice`.
    """
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "handler", "union")
    owed = await queries.lock_one(db, order_id, unit_id=unit.unit_id, now=now)
    if owed.stage != "SETTLED":
        raise Conflict(
            f"An order is reviewed once it is paid; this one is {owed.stage}.",
            code="settlement-stage",
            stage_now=owed.stage,
        )
    said = {each.line_id: each for each in reviews}
    if len(said) < len(reviews):
        raise Invalid("Review each line once.", code="review-twice", field="lines")
    line_ids = [line.line_id for line in await queries.list_order_lines(db, order_id) if line.quantity > 0]
    done = await review_queries.list_reviewed(db, line_ids)
    if missing := [str(each) for each in line_ids if each not in said and each not in done]:
        raise Invalid("Give each line its stars.", code="reviews-incomplete", field="lines", missing=missing)
    for each in reviews:
        line = await line_refund_queries.get_sold_line(db, each.line_id, order_id=order_id)
        if each.line_id not in done:
            await review_actions.save_review(
                db,
                review_id=new_id(),
                line=line,
                rating=each.rating,
                body=each.body,
                buyer_id=caller.person_id,
                now=now,
            )
    await unit_order_actions.move_on(
        db, order_id=order_id, verb="complete", actor="unit", person_id=caller.person_id, now=now
    )
