"""Disputing a unit's order, and what an operator makes of it.

Lock order: the order's row, its unit order, the dispute, the budget, then stock.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions as acceptance_actions
from orders.acceptance import queries as acceptance_queries
from orders.dispute import queries, rules
from orders.dispute.models import Dispute
from orders.dispute.rules import Outcome, Side
from orders.order import queries as order_queries
from orders.photo import actions as photo_actions
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import pausing
from orders.unit_order import queries as unit_order_queries
from orders.unit_order.models import UnitOrder
from orders.unit_order.rules import Verb
from shared.auth import Caller
from shared.errors import Forbidden
from shared.etag import ensure_fresh
from shared.money import share_by_largest_remainder

_REDUCE = text("UPDATE acceptance_lines SET reduced_fen = reduced_fen + :reduced_fen WHERE line_id = :line_id")
BY_DISPUTE = "dispute-resolved"
_VERBS: dict[str, Verb] = {"cancel": "cancel", "void": "void"}


async def open_dispute(
    db: AsyncSession,
    *,
    dispute_id: UUID,
    order_id: UUID,
    reason: str,
    photo_ids: Sequence[UUID] = (),
    caller: Caller,
    now: datetime,
) -> Dispute:
    """One side does not agree: the order waits until somebody has decided.

    403 `unit-needed`, `duty-missing`; 404 `unit-order-not-found`; 409 `unit-closed`, `not-disputable`,
    `order-disputed`; 422 `photo-unknown`.
    """
    seen = await unit_order_queries.get_seen(db, order_id, caller)
    side = await _side_of(db, seen.unit_id, caller)
    own = await unit_order_queries.lock_unit_order(db, order_id)
    rules.ensure_disputable(own.stage, is_disputed=own.is_disputed)
    dispute = Dispute(
        dispute_id=dispute_id,
        order_id=order_id,
        status="OPEN",
        side=side,
        reason=reason,
        stage=own.stage,
        opened_by=caller.person_id,
        opened_at=now,
    )
    db.add(dispute)
    await pausing.pause(db, own, now=now)
    if photo_ids:
        await photo_actions.attach_photos(
            db,
            photo_ids,
            subject_id=dispute_id,
            supplier_id=seen.supplier_id,
            person_id=caller.person_id,
            organisation_id=seen.organisation_id,
        )
    await _record(db, dispute, "open", before=None, reason=reason, actor=side, caller=caller, now=now)
    return dispute


async def withdraw_dispute(
    db: AsyncSession, *, dispute_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Dispute:
    """The side that opened it agrees after all: the order goes on. 403 `not-your-dispute`; 404 `dispute-not-found`; 409
    `dispute-status`; 412 `stale`."""
    seen = await queries.get_dispute(db, dispute_id, caller)
    if caller.is_operator or await _side_of(db, seen.unit_id, caller) != seen.side:
        raise Forbidden("Who opened a dispute withdraws it.", code="not-your-dispute")
    dispute = await queries.lock_dispute(db, dispute_id)
    ensure_fresh(expected_revision, dispute.revision)
    after = rules.status_after("withdraw", dispute.status)
    own = await unit_order_queries.lock_unit_order(db, dispute.order_id)
    await pausing.resume(db, own, now=now)
    side: Side = "unit" if seen.side == "unit" else "supplier"
    await _end(db, dispute, "withdraw", after=after, reason=reason, actor=side, caller=caller, now=now)
    return dispute


async def resolve_dispute(
    db: AsyncSession,
    *,
    dispute_id: UUID,
    expected_revision: int,
    outcome: Outcome,
    reduced_fen: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Dispute:
    """An operator decides: it goes on, it goes on with so much less owed, or it ends and nothing is owed.

    404 `dispute-not-found`; 409 `dispute-status`, `dispute-outcome`; 412 `stale`; 422 `reduction-wrong`.
    """
    dispute = await queries.lock_dispute(db, dispute_id)
    ensure_fresh(expected_revision, dispute.revision)
    after = rules.status_after("resolve", dispute.status)
    own = await unit_order_queries.lock_unit_order(db, dispute.order_id)
    goods_fen = sum(
        each.payable_fen - each.reduced_fen for each in await acceptance_queries.list_lines(db, dispute.order_id)
    )
    rules.ensure_outcome(outcome, stage=own.stage, reduced_fen=reduced_fen, goods_fen=goods_fen)
    await pausing.resume(db, own, now=now)
    dispute.outcome, dispute.reduced_fen, dispute.resolution = outcome, reduced_fen, reason
    await _end(db, dispute, "resolve", after=after, reason=reason, actor="operator", caller=caller, now=now)
    if outcome == "REDUCE":
        await _reduce(db, dispute, own, now=now)
    elif outcome == "CANCEL":
        await unit_order_actions.end_order(
            db,
            await order_queries.lock_order(db, dispute.order_id),
            verb=_VERBS[rules.CANCELLED_BY[own.stage]],
            reason=BY_DISPUTE,
            actor="operator",
            person_id=caller.person_id,
            now=now,
        )
    return dispute


async def _reduce(db: AsyncSession, dispute: Dispute, own: UnitOrder, *, now: datetime) -> None:
    """So much less is owed, shared among the lines by what they cost; the budget has it back."""
    lines = await acceptance_queries.list_lines(db, dispute.order_id)
    shares = share_by_largest_remainder(dispute.reduced_fen, [each.payable_fen - each.reduced_fen for each in lines])
    for line, share in zip(lines, shares, strict=True):
        await db.execute(_REDUCE, {"line_id": line.line_id, "reduced_fen": share})
        await db.refresh(line)
    own.accepted_fen -= dispute.reduced_fen
    own.revision += 1
    await db.flush()
    entry_id = uuid5(dispute.dispute_id, "reduce")
    await unit_order_actions.restore_budget(db, own, amount_fen=dispute.reduced_fen, entry_id=entry_id, now=now)
    await acceptance_actions.tell_accepted(db, await order_queries.lock_order(db, own.order_id), own, now=now)


async def _side_of(db: AsyncSession, unit_id: UUID, caller: Caller) -> Side:
    """403 for who only looks on: units above, finance offices, operators."""
    if caller.kind == "supplier":
        return "supplier"
    acting = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "handler", "union", "contractor", "finance")
    if acting.unit_id != unit_id:
        raise Forbidden("This is for the two sides of the order.", code="not-your-dispute")
    return "unit"


async def _end(
    db: AsyncSession,
    dispute: Dispute,
    verb: str,
    *,
    after: str,
    reason: str,
    actor: Actor,
    caller: Caller,
    now: datetime,
) -> None:
    before, dispute.status = dispute.status, after
    dispute.ended_by, dispute.ended_at = caller.person_id, now
    dispute.revision += 1
    await db.flush()
    await _record(db, dispute, verb, before=before, reason=reason, actor=actor, caller=caller, now=now)


async def _record(
    db: AsyncSession,
    dispute: Dispute,
    verb: str,
    *,
    before: str | None,
    reason: str,
    actor: Actor,
    caller: Caller,
    now: datetime,
) -> None:
    """In the order's trail, where both sides read it."""
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="dispute",
        subject_id=dispute.order_id,
        verb=verb,
        from_status=before,
        to_status=dispute.status,
        reason=reason,
        actor=actor,
        person_id=caller.person_id,
        now=now,
    )
