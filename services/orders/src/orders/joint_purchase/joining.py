"""Units join, change what they take, and leave, until the deadline; nobody owes anything before it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.joint_purchase import queries, rules
from orders.joint_purchase.actions import record
from orders.joint_purchase.models import JointPurchase, JointShare
from orders.order.rules import Address
from orders.purchase.rules import ensure_fund, ensure_may_handle
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from orders.unit.rules import Fund
from shared.auth import Caller
from shared.errors import NotFound


async def join(
    db: AsyncSession,
    *,
    joint_purchase_id: UUID,
    share_id: UUID,
    quantity: int,
    fund: Fund,
    address: Address,
    caller: Caller,
    now: datetime,
) -> JointShare:
    """Take so many pieces, or so many instead of what was taken before. `share_id` is of a first share.

    Forbidden `unit-needed`, `duty-missing`; NotFound `joint-purchase-unknown`; Conflict `unit-closed`,
    `joint-purchase-status`, `joint-purchase-closed`, `joint-purchase-full`; Invalid `fund-without-union`.
    """
    ensure_may_handle(caller, fund)
    own = await unit_queries.get_acting_unit(db, caller)
    ensure_fund(fund, has_union=own.has_union)
    joint = await _lock_open(db, joint_purchase_id, own, now=now)
    share = await queries.find_share(db, joint_purchase_id, own.unit_id)
    before = 0 if share is None or share.status == "LEFT" else share.quantity
    rules.ensure_room(quantity, taken_count=joint.taken_count - before, most_count=joint.most_count)
    if share is None:
        share = JointShare(
            share_id=share_id,
            joint_purchase_id=joint_purchase_id,
            unit_id=own.unit_id,
            revision=0,
            taken_at=now,
            problem="",
        )
        db.add(share)
        share.status = "JOINED"
    share.status = rules.share_status_after("join", share.status)
    share.quantity, share.fund = quantity, fund
    share.recipient, share.phone = address.recipient, address.phone
    share.county_code, share.detail = address.county_code, address.detail
    share.taken_by = caller.person_id
    await _note(db, joint, share, "join", own, caller=caller, now=now)
    return share


async def leave(db: AsyncSession, *, joint_purchase_id: UUID, caller: Caller, now: datetime) -> JointShare:
    """Take nothing of it. Forbidden `unit-needed`, `duty-missing`; NotFound `joint-purchase-unknown`,
    `joint-share-unknown`; Conflict `unit-closed`, `joint-purchase-status`, `joint-purchase-closed`,
    `joint-share-status`."""
    own = await unit_queries.get_acting_unit(db, caller)
    joint = await _lock_open(db, joint_purchase_id, own, now=now)
    share = await queries.find_share(db, joint_purchase_id, own.unit_id)
    if share is None:
        raise NotFound("Your unit takes nothing of it.", code="joint-share-unknown")
    ensure_may_handle(caller, share.fund)  # type: ignore[arg-type]  # a CHECK holds the same three
    share.status = rules.share_status_after("leave", share.status)
    await _note(db, joint, share, "leave", own, caller=caller, now=now)
    return share


async def _lock_open(db: AsyncSession, joint_purchase_id: UUID, own: BudgetUnit, *, now: datetime) -> JointPurchase:
    joint = await queries.lock_joint_purchase(db, joint_purchase_id)
    if not await queries.is_invited(db, joint, own):
        raise rules.joint_purchase_unknown()
    rules.ensure_taking(joint.status, joint.closes_at, now)
    return joint


async def _note(
    db: AsyncSession, joint: JointPurchase, share: JointShare, verb: str, own: BudgetUnit, *, caller: Caller,
    now: datetime,
) -> None:  # fmt: skip
    share.revision += 1
    share.changed_at = now
    await db.flush()
    await record(
        db, joint, verb, before=joint.status, actor="unit", person_id=caller.person_id,
        reason=f"{own.name} · {share.quantity}", now=now,
    )  # fmt: skip
    await db.refresh(joint)
