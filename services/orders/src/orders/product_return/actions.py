"""Asking for returns and moving them. Locks are taken as for claims: return, line balance, payment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import goods_of, side_of, tell_answer
from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import ensure_may, refund_share
from orders.product_return import queries, rules
from orders.product_return.models import ProductReturn
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from shared.auth import Caller
from shared.etag import ensure_fresh
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Said:
    """What goes with a verb: why, where to, by whom."""

    reason: str = ""
    send_to: str = ""
    carrier_name: str = ""
    waybill_number: str = ""


async def request_return(
    db: AsyncSession,
    *,
    return_id: UUID,
    order_id: UUID,
    line_id: UUID,
    piece_count: int,
    cause: str,
    description: str,
    caller: Caller,
    now: datetime,
) -> ProductReturn:
    """Ask to send pieces back.

    404 `line-not-found`; 409 `not-delivered`, `return-window-over`, `fresh-goods-stay`, `nothing-was-paid`,
    `pieces-claimed-already`.
    """
    line = await line_refund_queries.get_sold_line(db, line_id, buyer_id=caller.person_id, order_id=order_id)
    rules.ensure_returnable(line, cause, now)
    balance = await line_refund_actions.take_pieces(db, line, piece_count)
    share = refund_share(
        balance,
        count=piece_count,
        weight_g=None,
        net_weight_g=line.net_weight_g,
        with_delivery=rules.delivery_goes_back(cause),
        carrier_bp=0,
    )
    found = ProductReturn(
        return_id=return_id,
        revision=1,
        **goods_of(line),
        piece_count=piece_count,
        cause=cause,
        description=description,
        status=rules.REQUESTED,
        send_to="",
        carrier_name="",
        waybill_number="",
        wanted_fen=share.total_fen,
        opened_at=now,
        due_at=rules.due_after(rules.REQUESTED, now),
    )
    db.add(found)
    await _record(db, found, "request", before=None, reason="", actor="buyer", person_id=caller.person_id, now=now)
    return found


async def move_return(
    db: AsyncSession,
    *,
    return_id: UUID,
    verb: str,
    said: Said,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> ProductReturn:
    """A buyer's, supplier's or operator's verb. What is accepted is refunded in the same transaction.

    404 `return-not-found`; 403 `not-your-move`; 409 `return-status`, `refund-exceeds-payment`; 412 `stale`; 422
    `reason-missing`, `waybill-missing`.
    """
    found = await queries.lock_return(db, return_id, caller)
    side = side_of(found, caller)
    ensure_may(rules.WHO, verb, side)
    ensure_fresh(expected_revision, found.revision)
    rules.status_after(verb, found.status)
    rules.ensure_said(verb, reason=said.reason, waybill_number=said.waybill_number)
    if verb == "approve":
        found.send_to = said.send_to
    if verb == "send":
        found.carrier_name, found.waybill_number = said.carrier_name, said.waybill_number
    await _move(db, found, verb, reason=said.reason, actor=side, person_id=caller.person_id, now=now)
    return found


async def lapse_return(db: AsyncSession, *, return_id: UUID, now: datetime) -> str | None:
    """What the clock does where somebody should have acted: the verb, or None where somebody did."""
    found = await queries.lock_due_return(db, return_id, now=now)
    if found is None:
        return None
    verb = rules.BY_CLOCK[found.status]
    await _move(db, found, verb, reason="", actor="clock", person_id=None, now=now)
    return verb


async def settle_returns(db: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Accepted returns whose money has arrived are settled; how many of a batch."""
    settled = await queries.lock_paid_back(db, limit=limit)
    for found in settled:
        await _move(db, found, "settle", reason="", actor="clock", person_id=None, now=now)
    return len(settled)


async def _move(
    db: AsyncSession,
    found: ProductReturn,
    verb: str,
    *,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    before, after = found.status, rules.status_after(verb, found.status)
    if after in rules.ENDED or after == rules.ACCEPTED:
        line = await line_refund_queries.get_sold_line(db, found.line_id)
        if after in rules.ENDED:
            await line_refund_actions.free_pieces(db, line, found.piece_count)
        else:
            share = await line_refund_actions.grant_refund(
                db,
                line,
                line_refund_id=new_id(),
                cause="return",
                cause_id=found.return_id,
                piece_count=found.piece_count,
                weight_g=None,
                with_delivery=rules.delivery_goes_back(found.cause),
                carrier_bp=0,
                now=now,
            )
            found.granted_fen = share.total_fen
    found.status = after
    found.revision += 1
    found.due_at = rules.due_after(after, now)
    if after in rules.ENDED or after == rules.REFUNDED:
        found.ended_at = now
    await _record(db, found, verb, before=before, reason=reason, actor=actor, person_id=person_id, now=now)
    if verb in rules.ANSWERS:
        await tell_answer(db, found, "return", found.return_id, rules.ANSWERS[verb], reason=reason, now=now)


async def _record(
    db: AsyncSession,
    found: ProductReturn,
    verb: str,
    *,
    before: str | None,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="return",
        subject_id=found.return_id,
        verb=verb,
        from_status=before,
        to_status=found.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
