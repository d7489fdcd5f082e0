"""Opening claims and moving them: load, decide, save, publish.

Locks are taken in this order: claim, line balance, person's allowance, payment. Nothing here locks an order: a part
that was delivered stays delivered, and an order of which a part was sent cannot be cancelled any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import goods_of, side_of, tell_answer
from orders.claim import queries, rules
from orders.claim.models import Claim
from orders.excursion import queries as excursion_queries
from orders.line_refund import actions as line_refund_actions
from orders.line_refund import queries as line_refund_queries
from orders.line_refund.rules import SoldLine, ensure_may, refund_share
from orders.photo import actions as photo_actions
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from shared.auth import Caller
from shared.errors import Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id

# Two claims of one person at the same moment count one after the other against the person's allowance.
_QUEUE_AT_ALLOWANCE = text("SELECT pg_advisory_xact_lock(hashtextextended('claims of ' || :buyer_id, 20_26))")


@dataclass(frozen=True, slots=True)
class ClaimWanted:
    """What a buyer says."""

    basis: rules.Basis
    piece_count: int | None
    weight_g: int | None
    problem: str
    description: str
    photo_ids: Sequence[UUID]


async def open_claim(
    db: AsyncSession,
    *,
    claim_id: UUID,
    order_id: UUID,
    line_id: UUID,
    wanted: ClaimWanted,
    caller: Caller,
    now: datetime,
) -> Claim:
    """Claim pieces or weight of a delivered line, goods stay where they are; granted at once where a rule says so.

    404 `line-not-found`; 409 `not-delivered`, `claim-window-over`, `nothing-was-paid`, `pieces-claimed-already`;
    422 `piece-count-missing`, `weight-missing`, `weight-not-known`, `weight-exceeds-line`, `share-is-nothing`,
    `photo-unknown`.
    """
    line = await line_refund_queries.get_sold_line(db, line_id, buyer_id=caller.person_id, order_id=order_id)
    rules.ensure_claimable(line, now)
    count = rules.pieces_covered(line, basis=wanted.basis, piece_count=wanted.piece_count, weight_g=wanted.weight_g)
    weight_g = wanted.weight_g if wanted.basis == "weight" else None
    balance = await line_refund_actions.take_pieces(db, line, count)
    told = await excursion_queries.list_excursions(db, line.supplier_order_id)
    proven = rules.is_proven(
        rules.ToldExcursion(each.kind, each.severity, each.temperature_class, each.ended_at is None) for each in told
    )
    share = refund_share(
        balance,
        count=count,
        weight_g=weight_g,
        net_weight_g=line.net_weight_g,
        with_delivery=rules.delivery_goes_back(),
        carrier_bp=rules.carrier_bp(proven=proven),
    )
    if share.total_fen == 0:
        raise Invalid("So little is worth less than one fen.", code="share-is-nothing", field="weight_g")
    await db.execute(_QUEUE_AT_ALLOWANCE, {"buyer_id": str(caller.person_id)})
    lately_fen = await queries.count_granted_by_limit(db, caller.person_id, since=now - rules.limit_days())
    approval = rules.approval_at_once(proven=proven, wanted_fen=share.total_fen, lately_fen=lately_fen)
    claim = Claim(
        claim_id=claim_id,
        revision=1,
        **goods_of(line),
        basis=wanted.basis,
        piece_count=count,
        weight_g=weight_g,
        problem=wanted.problem,
        description=wanted.description,
        status=rules.SUPPLIER_REVIEW,
        is_proven=proven,
        wanted_fen=share.total_fen,
        opened_at=now,
        due_at=rules.due_after(rules.SUPPLIER_REVIEW, now),
    )
    db.add(claim)
    await db.flush()
    await photo_actions.attach_photos(
        db, wanted.photo_ids, subject_id=claim_id, supplier_id=line.supplier_id, person_id=caller.person_id
    )
    await _record(db, claim, "open", before=None, reason="", actor="buyer", person_id=caller.person_id, now=now)
    if approval is not None:
        claim.approved_by_rule = approval
        await _move(db, claim, "approve", line=line, reason=approval, actor="rule", person_id=None, now=now)
    return claim


async def move_claim(
    db: AsyncSession,
    *,
    claim_id: UUID,
    verb: str,
    reason: str,
    expected_revision: int | None,
    caller: Caller,
    now: datetime,
) -> Claim:
    """A buyer's, supplier's or operator's verb. What is granted is refunded in the same transaction.

    404 `claim-not-found`; 403 `not-your-move`; 409 `claim-status`, `claim-too-late`, `refund-exceeds-payment`; 412
    `stale` where the caller saw an earlier version; 422 `reason-missing`.
    """
    claim = await queries.lock_claim(db, claim_id, caller)
    side = side_of(claim, caller)
    ensure_may(rules.WHO, verb, side)
    if expected_revision is not None:
        ensure_fresh(expected_revision, claim.revision)
    rules.status_after(verb, claim.status)
    rules.ensure_reason(verb, reason)
    rules.ensure_in_time(verb, claim.due_at, now)
    line = await line_refund_queries.get_sold_line(db, claim.line_id)
    await _move(db, claim, verb, line=line, reason=reason, actor=side, person_id=caller.person_id, now=now)
    return claim


async def lapse_claim(db: AsyncSession, *, claim_id: UUID, now: datetime) -> str | None:
    """What the clock does to a claim whose time is over: the silent supplier has agreed, the refusal stands. The verb,
    or None where somebody was faster."""
    claim = await queries.lock_due_claim(db, claim_id, now=now)
    if claim is None:
        return None
    verb = "lapse" if claim.status == rules.SUPPLIER_REVIEW else "close"
    line = await line_refund_queries.get_sold_line(db, claim.line_id)
    claim.approved_by_rule = "silence" if verb == "lapse" else None
    await _move(db, claim, verb, line=line, reason="", actor="clock", person_id=None, now=now)
    return verb


async def settle_claims(db: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Approved claims whose money has arrived are settled; how many of a batch."""
    claims = await queries.lock_paid_back(db, limit=limit)
    for claim in claims:
        before = claim.status
        claim.status = rules.status_after("settle", before)
        claim.revision += 1
        claim.ended_at = now
        await _record(db, claim, "settle", before=before, reason="", actor="clock", person_id=None, now=now)
    return len(claims)


async def _move(
    db: AsyncSession,
    claim: Claim,
    verb: str,
    *,
    line: SoldLine,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    before, after = claim.status, rules.status_after(verb, claim.status)
    if after in rules.ENDED:
        await line_refund_actions.free_pieces(db, line, claim.piece_count)
        claim.ended_at = now
    if after == rules.APPROVED:
        share = await line_refund_actions.grant_refund(
            db,
            line,
            line_refund_id=new_id(),
            cause="claim",
            cause_id=claim.claim_id,
            piece_count=claim.piece_count,
            weight_g=claim.weight_g,
            with_delivery=rules.delivery_goes_back(),
            carrier_bp=rules.carrier_bp(proven=claim.is_proven),
            now=now,
        )
        claim.granted_fen = share.total_fen
        claim.supplier_fen, claim.carrier_fen = share.supplier_fen, share.carrier_fen
    claim.status = after
    claim.revision += 1
    claim.due_at = rules.due_after(after, now)
    await _record(db, claim, verb, before=before, reason=reason, actor=actor, person_id=person_id, now=now)
    if verb in rules.ANSWERS:
        await tell_answer(db, claim, "claim", claim.claim_id, rules.ANSWERS[verb], reason=reason, now=now)


async def _record(
    db: AsyncSession, claim: Claim, verb: str, *, before: str | None, reason: str, actor: Actor, **who: Any
) -> None:
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="claim",
        subject_id=claim.claim_id,
        verb=verb,
        from_status=before,
        to_status=claim.status,
        reason=reason,
        actor=actor,
        **who,
    )
