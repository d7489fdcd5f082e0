"""What an organising unit and its supplier do with a joint purchase, and what the clock makes of it.

Lock order: the joint purchase, its hold, stock. The organiser spends nobody's money: each share becomes its own unit's
draft, which that unit approves and orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.hold import actions as hold_actions
from orders.joint_purchase import queries, rules
from orders.joint_purchase.models import JointInvitation, JointPurchase, JointShare
from orders.pool import actions as pool_actions
from orders.pool.rules import figures
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku, unit_price_fen, unsellable_reason
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit import rules as unit_rules
from orders.unit.models import BudgetUnit
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid, Refusal
from shared.etag import ensure_fresh

_KIND: Final = "joint-purchase"
_GRACE: Final = timedelta(days=1)
"""The supplier's hold outlives the deadline by so much: the clock may be late."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a unit proposes to others."""

    title: str
    note: str
    sku_id: UUID
    steps: tuple[rules.Step, ...]
    most_count: int
    scope: rules.Scope
    region_code: str | None
    unit_codes: tuple[str, ...]
    closes_at: datetime
    deliver_from: datetime
    deliver_until: datetime


async def create_joint_purchase(
    db: AsyncSession, *, joint_purchase_id: UUID, draft: Draft, caller: Caller, now: datetime
) -> JointPurchase:
    """A draft that nobody else sees. Forbidden `unit-needed`, `duty-missing`; Conflict `unit-closed`; Invalid
    `sku-unknown`, `ladder-wrong`, `ladder-unreachable`, `price-above-listed`, `delivery-before-deadline`,
    `region-missing`, `invited-missing`, `unit-unknown`."""
    unit = await _acting_handler(db, caller)
    sku = await _checked(db, draft, now=now)
    joint = JointPurchase(
        joint_purchase_id=joint_purchase_id,
        revision=1,
        unit_id=unit.unit_id,
        status="DRAFT",
        taken_count=0,
        organised_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **_facts(draft, sku),
    )
    db.add(joint)
    await db.flush()
    await _write_invitations(db, joint_purchase_id, draft)
    await record(db, joint, "create", before=None, actor="unit", person_id=caller.person_id, now=now)
    return joint


async def edit_joint_purchase(
    db: AsyncSession, *, joint_purchase_id: UUID, expected_revision: int, draft: Draft, caller: Caller, now: datetime
) -> JointPurchase:
    """Another draft in its place. Refused as creating it is, and Conflict `joint-purchase-status`; Stale."""
    joint, before = await _lock_own(db, joint_purchase_id, expected_revision, caller)
    joint.status = rules.status_after("edit", before)
    for name, value in _facts(draft, await _checked(db, draft, now=now)).items():
        setattr(joint, name, value)
    await db.execute(delete(JointInvitation).where(JointInvitation.joint_purchase_id == joint_purchase_id))
    await _write_invitations(db, joint_purchase_id, draft)
    await _changed(db, joint, "edit", before=before, actor="unit", person_id=caller.person_id, now=now)
    return joint


async def offer_joint_purchase(
    db: AsyncSession, *, joint_purchase_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> JointPurchase:
    """Ask the supplier whether it agrees. Conflict `joint-purchase-status`; Invalid `deadline-too-near`,
    `deadline-too-far`, `price-above-listed`, `sku-unknown`; Stale."""
    joint, before = await _lock_own(db, joint_purchase_id, expected_revision, caller)
    joint.status = rules.status_after("offer", before)
    rules.ensure_open_long_enough(joint.closes_at, now)
    await _ensure_price(db, joint, now=now)
    joint.offered_at = now
    await _changed(db, joint, "offer", before=before, actor="unit", person_id=caller.person_id, now=now)
    await _tell(db, joint, "OFFERED", supplier_id=joint.supplier_id, now=now)
    return joint


async def answer_offer(
    db: AsyncSession,
    *,
    joint_purchase_id: UUID,
    agrees: bool,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> JointPurchase:
    """The supplier agrees to the ladder, which opens it and sets all pieces aside, or declines with a reason.

    Conflict `joint-purchase-status`, `joint-purchase-closed`, `stock-short` with shortages; Invalid `reason-missing`,
    `price-above-listed`, `sku-unknown`; Forbidden `kind-not-allowed`; Stale.
    """
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("Its supplier answers.", code="kind-not-allowed", allowed_kinds=["supplier"])
    joint = await queries.lock_joint_purchase(db, joint_purchase_id, supplier_id=caller.organisation_id)
    ensure_fresh(expected_revision, joint.revision)
    before, verb = joint.status, "agree" if agrees else "decline"
    joint.status = rules.status_after(verb, before)
    if agrees:
        rules.ensure_taking(joint.status, joint.closes_at, now)
        await _ensure_price(db, joint, now=now)
        joint.opened_at = now
    else:
        _ensure_reason(reason)
        joint.offered_at = None
    await _changed(db, joint, verb, before=before, actor="supplier", person_id=caller.person_id, now=now, reason=reason)
    organiser = await unit_queries.get_unit(db, joint.unit_id)
    if not agrees:
        await _tell(db, joint, "DECLINED", units=[organiser], now=now)
        return joint
    await hold_actions.hold(
        db,
        holder_id=joint_purchase_id,
        purpose="campaign",
        title=joint.title,
        quantities={joint.sku_id: joint.most_count},
        expires_at=joint.closes_at + _GRACE,
        caller=Caller(joint.organised_by, kind="institution"),  # what was agreed to is not let go at the stock desk
        now=now,
    )
    await _tell(db, joint, "OPENED", units=[organiser, *await queries.list_invited(db, joint)], now=now)
    return joint


async def cancel_joint_purchase(
    db: AsyncSession, *, joint_purchase_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> JointPurchase:
    """Call it off before the deadline; who took part is told. Conflict `joint-purchase-status`; Invalid
    `reason-missing`; Stale."""
    joint, before = await _lock_own(db, joint_purchase_id, expected_revision, caller)
    joint.status = rules.status_after("cancel", before)
    _ensure_reason(reason)
    await _end(
        db, joint, "cancel", before=before, reason=reason, actor="unit", person_id=caller.person_id,
        outcome="CANCELLED", now=now,
    )  # fmt: skip
    return joint


async def follow(db: AsyncSession, *, joint_purchase_id: UUID, now: datetime) -> JointPurchase:
    """What the clock does: at the deadline the total decides the price, or it fails; closed ones end when all have
    ordered or their time is over. Nothing to do is nothing done."""
    joint = await queries.lock_joint_purchase(db, joint_purchase_id)
    if joint.status in {"OFFERED", "OPEN"} and joint.closes_at <= now:
        steps = steps_of(joint)
        reached = rules.step_of(steps, joint.taken_count) if joint.status == "OPEN" else None
        if reached is None:
            why = rules.TOO_FEW if joint.status == "OPEN" else rules.NOT_AGREED
            await _fail(db, joint, why, now=now)
        else:
            await _close(db, joint, reached.price_fen, now=now)
    elif joint.status == "CLOSED" and joint.order_until is not None:
        counted = await queries.count_orders(db, joint_purchase_id)
        verb = rules.verb_after_ordering(
            share_count=counted.share_count, order_count=counted.order_count, is_over=joint.order_until <= now
        )
        if verb == "fail":
            await _fail(db, joint, rules.NOBODY_ORDERED, now=now)
        elif verb == "finish":
            before, joint.status = joint.status, rules.status_after("finish", joint.status)
            await _end(db, joint, "finish", before=before, actor="clock", outcome="ORDERED", now=now)
    return joint


def steps_of(joint: JointPurchase) -> list[rules.Step]:
    """The ladder."""
    return [rules.Step(*each) for each in zip(joint.floors, joint.prices_fen, strict=True)]


async def _close(db: AsyncSession, joint: JointPurchase, price_fen: int, *, now: datetime) -> None:
    """The pieces that were set aside for all are set aside for each, in one transaction; each has a draft."""
    before, joint.status = joint.status, rules.status_after("close", joint.status)
    joint.price_fen, joint.closed_at, joint.order_until = price_fen, now, now + figures().ordering
    await _changed(db, joint, "close", before=before, actor="clock", now=now)
    await hold_actions.let_go(db, holder_id=joint.joint_purchase_id, now=now)
    shares = await queries.list_joined(db, joint.joint_purchase_id)
    for share in shares:
        await _draft(db, joint, share, price_fen, now=now)
    units = await queries.list_units(db, [each.unit_id for each in shares])
    await _tell(db, joint, "CLOSED", supplier_id=joint.supplier_id, units=units, now=now)


async def _draft(db: AsyncSession, joint: JointPurchase, share: JointShare, price_fen: int, *, now: datetime) -> None:
    """One unit whose purchase cannot be written does not keep the others from theirs."""
    try:
        async with db.begin_nested():
            await pool_actions.draft_share(
                db, share, way="JOINT", sku_id=joint.sku_id, price_fen=price_fen, title=joint.title, by=None, now=now
            )
    except Refusal as refusal:
        share.problem = refusal.code
        await db.flush()
        return
    try:
        async with db.begin_nested():
            await pool_actions.hold_share(
                db, share, sku_id=joint.sku_id, title=joint.title, until=joint.order_until or now, now=now
            )
    except Conflict:  # the platform let the pieces go: ordering finds what is left, or says what is short
        return


async def _fail(db: AsyncSession, joint: JointPurchase, why: str, *, now: datetime) -> None:
    before, joint.status = joint.status, rules.status_after("fail", joint.status)
    await _end(db, joint, "fail", before=before, reason=why, actor="clock", outcome="FAILED", now=now)


async def _end(
    db: AsyncSession,
    joint: JointPurchase,
    verb: str,
    *,
    before: str,
    actor: Actor,
    outcome: str,
    now: datetime,
    reason: str = "",
    person_id: UUID | None = None,
) -> None:
    """It is over: nothing is held for all any more, and everybody who knows of it is told."""
    joint.ended_at, joint.end_reason = now, reason
    await _changed(db, joint, verb, before=before, reason=reason, actor=actor, person_id=person_id, now=now)
    await hold_actions.let_go(db, holder_id=joint.joint_purchase_id, now=now)
    if before != "DRAFT":
        joined = [each.unit_id for each in await queries.list_joined(db, joint.joint_purchase_id)]
        units = await queries.list_units(db, [*joined, joint.unit_id])
        await _tell(db, joint, outcome, supplier_id=joint.supplier_id, units=units, now=now)


async def _tell(
    db: AsyncSession,
    joint: JointPurchase,
    outcome: str,
    *,
    now: datetime,
    supplier_id: UUID | None = None,
    units: Sequence[BudgetUnit] = (),
) -> None:
    await pool_actions.tell(
        db,
        kind=_KIND,
        pool_id=joint.joint_purchase_id,
        title=joint.title,
        outcome=outcome,
        supplier_id=supplier_id,
        units=list(units),
        now=now,
    )


def _ensure_reason(reason: str) -> None:
    if not reason:
        raise Invalid("Say why; others read it.", code="reason-missing", field="reason")


async def _acting_handler(db: AsyncSession, caller: Caller) -> BudgetUnit:
    unit_rules.ensure_duty(caller, "handler", "union")
    return await unit_queries.get_acting_unit(db, caller)


async def _lock_own(db: AsyncSession, pool_id: UUID, expected: int, caller: Caller) -> tuple[JointPurchase, str]:
    unit = await _acting_handler(db, caller)
    joint = await queries.lock_joint_purchase(db, pool_id, unit_id=unit.unit_id)
    ensure_fresh(expected, joint.revision)
    return joint, joint.status


async def _sale_sku(db: AsyncSession, sku_id: UUID, *, now: datetime) -> SaleSku:
    sku = (await sku_queries.list_for_sale(db, [sku_id])).get(sku_id)
    if sku is None or unsellable_reason(sku, now):
        raise Invalid("There is no such SKU on sale.", code="sku-unknown", field="sku_id")
    return sku


async def _ensure_price(db: AsyncSession, joint: JointPurchase, *, now: datetime) -> None:
    sku = await _sale_sku(db, joint.sku_id, now=now)
    rules.ensure_not_dearer(steps_of(joint), unit_price_fen(sku, group="institution", quantity=1, now=now))


async def _checked(db: AsyncSession, draft: Draft, *, now: datetime) -> SaleSku:
    rules.ensure_ladder(draft.steps, draft.most_count)
    rules.ensure_times(draft.closes_at, draft.deliver_from, draft.deliver_until)
    rules.ensure_region(draft.scope, draft.region_code, invited_count=len(draft.unit_codes))
    sku = await _sale_sku(db, draft.sku_id, now=now)
    rules.ensure_not_dearer(draft.steps, unit_price_fen(sku, group="institution", quantity=1, now=now))
    return sku


def _facts(draft: Draft, sku: SaleSku) -> dict[str, object]:
    return {
        "title": draft.title,
        "note": draft.note,
        "sku_id": draft.sku_id,
        "supplier_id": sku.supplier_id,
        "floors": [each.floor_count for each in draft.steps],
        "prices_fen": [each.price_fen for each in draft.steps],
        "most_count": draft.most_count,
        "scope": draft.scope,
        "region_code": draft.region_code,
        "closes_at": draft.closes_at,
        "deliver_from": draft.deliver_from,
        "deliver_until": draft.deliver_until,
    }


async def _write_invitations(db: AsyncSession, joint_purchase_id: UUID, draft: Draft) -> None:
    known = await queries.list_coded(db, draft.unit_codes)
    if missing := sorted(set(draft.unit_codes) - set(known)):
        raise Invalid("There is no such unit.", code="unit-unknown", field="unit_codes", unknown=missing)
    db.add_all(JointInvitation(joint_purchase_id=joint_purchase_id, unit_id=each) for each in sorted(known.values()))
    await db.flush()


async def _changed(
    db: AsyncSession,
    joint: JointPurchase,
    verb: str,
    *,
    before: str,
    actor: Actor,
    now: datetime,
    person_id: UUID | None = None,
    reason: str = "",
) -> None:
    joint.revision += 1
    joint.changed_at = now
    await db.flush()
    await record(db, joint, verb, before=before, reason=reason, actor=actor, person_id=person_id, now=now)


async def record(
    db: AsyncSession,
    joint: JointPurchase,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    now: datetime,
    person_id: UUID | None = None,
    reason: str = "",
) -> None:
    """One more entry of its trail."""
    await trail_actions.record(
        db,
        subject_kind="joint-purchase",
        subject_id=joint.joint_purchase_id,
        verb=verb,
        from_status=before,
        to_status=joint.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
