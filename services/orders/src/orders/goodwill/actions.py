"""Asking for goodwill and deciding on it: load, decide, save, pay back.

Locks in this order: the goodwill, the order's queue, the line's balance, the payment. Nothing here locks the order: a
delivered part cannot be cancelled any more.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.goodwill import queries, rules
from orders.goodwill.models import Goodwill
from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import SoldLine, refund_share
from orders.service_desk.rules import ensure_agent
from shared.auth import Caller
from shared.errors import Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id

# Two agents at one order come one after the other, so that the limit counts what both gave.
_QUEUE = text("SELECT pg_advisory_xact_lock(hashtextextended('goodwill of ' || :order_id, 20_26))")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an agent wants to give back, and why."""

    piece_count: int
    with_delivery: bool
    reason: str


async def ask_goodwill(
    db: AsyncSession, *, goodwill_id: UUID, order_id: UUID, line_id: UUID, wanted: Wanted, caller: Caller, now: datetime
) -> Goodwill:
    """Give the share of pieces of a delivered line back at the platform's cost, or with no pieces its delivery alone:
    at once up to the limit, else when a second person approves.

    403 `agents-only`; 404 `line-not-found`; 409 `not-delivered`, `pieces-claimed-already`, `order-not-paid`,
    `refund-exceeds-payment`; 422 `share-is-nothing`.
    """
    wants_delivery = wanted.with_delivery or wanted.piece_count == 0
    ensure_agent(caller)
    line = await line_refund_queries.get_sold_line(db, line_id, order_id=order_id)
    rules.ensure_delivered(line)
    await db.execute(_QUEUE, {"order_id": str(order_id)})
    balance = await line_refund_actions.take_pieces(db, line, wanted.piece_count)
    share = refund_share(
        balance,
        count=wanted.piece_count,
        weight_g=None,
        net_weight_g=line.net_weight_g,
        with_delivery=wants_delivery,
        carrier_bp=0,
    )
    if share.total_fen == 0:
        raise Invalid("There is nothing to give back for it.", code="share-is-nothing", field="piece_count")
    alone_fen = await queries.count_granted_alone_fen(db, order_id)
    goodwill = Goodwill(
        goodwill_id=goodwill_id,
        revision=1,
        order_id=order_id,
        order_number=line.order_number,
        line_id=line_id,
        product_title=line.product_title,
        product_title_en=line.product_title_en,
        piece_count=wanted.piece_count,
        with_delivery=wants_delivery,
        wanted_fen=share.total_fen,
        reason=wanted.reason,
        status=rules.WAITING,
        needs_second=rules.needs_second(share.total_fen, alone_before_fen=alone_fen),
        asked_by=caller.person_id,
        asked_at=now,
        decision_reason="",
    )
    db.add(goodwill)
    await db.flush()
    if not goodwill.needs_second:
        await _decide(db, goodwill, line, verb="approve", reason="", person_id=caller.person_id, now=now)
    return goodwill


async def move_goodwill(
    db: AsyncSession,
    *,
    goodwill_id: UUID,
    verb: str,
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> Goodwill:
    """A second person approves or rejects, or who asked withdraws.

    403 `agents-only`, `own-goodwill`, `not-your-goodwill`, `role-missing`; 404 `goodwill-not-found`;
    409 `goodwill-status`; 412 `stale`.
    """
    ensure_agent(caller)
    goodwill = await queries.lock_goodwill(db, goodwill_id)
    ensure_fresh(goodwill.revision, expected_revision)
    rules.moved(verb, goodwill.status)
    rules.ensure_may_decide(verb, is_own=goodwill.asked_by == caller.person_id, roles=caller.roles)
    line = await line_refund_queries.get_sold_line(db, goodwill.line_id)
    await _decide(db, goodwill, line, verb=verb, reason=reason, person_id=caller.person_id, now=now)
    return goodwill


async def _decide(
    db: AsyncSession, goodwill: Goodwill, line: SoldLine, *, verb: str, reason: str, person_id: UUID, now: datetime
) -> None:
    goodwill.status = rules.moved(verb, goodwill.status)
    goodwill.revision += 1
    goodwill.decided_by, goodwill.decided_at, goodwill.decision_reason = person_id, now, reason
    if goodwill.status == rules.GRANTED:
        await line_refund_actions.grant_refund(
            db,
            line,
            line_refund_id=new_id(),
            cause="goodwill",
            cause_id=goodwill.goodwill_id,
            piece_count=goodwill.piece_count,
            weight_g=None,
            with_delivery=goodwill.with_delivery,
            carrier_bp=0,
            now=now,
        )
    else:
        await line_refund_actions.free_pieces(db, line, goodwill.piece_count)
    await db.flush()
