"""While it grows: milestones that the supplier reports, those that it misses, and orders that end early."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order import crediting, queries, rules
from orders.crop_order.actions import lock_offered, lock_own
from orders.crop_order.models import CropMilestone, CropOrder
from orders.photo import actions as photo_actions
from orders.stock import actions as stock_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, NotFound
from shared.events.institutions import CropMilestoneMissed, CropOrderEnded
from shared.outbox import publish


async def report_milestone(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    number: int,
    reached_on: date,
    note: str,
    photo_ids: Sequence[UUID],
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """The supplier says what it has reached, once each, early or late, with photos if it has some.

    404 `crop-order-unknown`, `milestone-unknown`; 409 `crop-order-status`, `milestone-reported`; 412 `stale`; 422
    `milestone-day-invalid`, `photo-unknown`.
    """
    crop = await lock_offered(db, crop_order_id, caller, expected_revision)
    before = crop.status
    after = rules.status_after("report", before)
    milestone = await db.get(CropMilestone, (crop_order_id, number), populate_existing=True)
    if milestone is None:
        raise NotFound("The order has no such milestone.", code="milestone-unknown", field="number")
    if milestone.reached_on is not None:
        raise Conflict("This milestone was reported already.", code="milestone-reported")
    rules.ensure_reported(reached_on, agreed_on=business_day(crop.agreed_at or now), on=business_day(now))
    crop.status, milestone.reached_on, milestone.note = after, reached_on, note
    milestone.reported_by, milestone.reported_at = caller.person_id, now
    if photo_ids:
        unit = await unit_queries.get_unit(db, crop.unit_id)
        await photo_actions.attach_photos(
            db,
            photo_ids,
            subject_id=crop_order_id,
            supplier_id=crop.supplier_id,
            person_id=caller.person_id,
            organisation_id=unit.organisation_id,
        )
    await crediting.changed(
        db,
        crop,
        "report",
        before=before,
        actor="supplier",
        person_id=caller.person_id,
        now=now,
        reason=f"{milestone.kind} {reached_on.isoformat()} {note}".strip(),
    )
    return crop


async def tell_missed(db: AsyncSession, *, crop_order_id: UUID, number: int, now: datetime) -> bool:
    """The unit learns, once, that a milestone's day is over and nothing was reported; whether it was told now."""
    crop = await queries.lock_crop_order(db, crop_order_id)
    milestone = await db.get(CropMilestone, (crop_order_id, number), populate_existing=True)
    is_missed = (
        milestone is not None
        and milestone.missed_at is None
        and crop.status in rules.OPEN
        and rules.is_late(milestone.due_on, milestone.reached_on, on=business_day(now))
    )
    if milestone is None or not is_missed:
        return False
    milestone.missed_at = now
    unit = await unit_queries.get_unit(db, crop.unit_id)
    event = CropMilestoneMissed(
        crop_order_id=crop_order_id,
        organisation_id=unit.organisation_id,
        supplier_id=crop.supplier_id,
        title=crop.title,
        number=number,
        milestone=milestone.kind,
        due_on=milestone.due_on,
        told_at=now,
    )
    await publish(db, event, now=now)
    await crediting.record(
        db,
        crop,
        "miss",
        before=crop.status,
        actor="clock",
        person_id=None,
        now=now,
        reason=f"{milestone.kind} {milestone.due_on.isoformat()}",
    )
    return True


async def fail_crop(
    db: AsyncSession, *, crop_order_id: UUID, reason: str, expected_revision: int, caller: Caller, now: datetime
) -> CropOrder:
    """The supplier says that nothing will grow of this order: a deposit that was paid is owed back, the rest is free.
    404 `crop-order-unknown`; 409 `crop-order-status`, `deposit-told`; 412 `stale`."""
    crop = await lock_offered(db, crop_order_id, caller, expected_revision)
    return await _end(db, crop, "fail", actor="supplier", reason=reason, caller=caller, now=now)


async def cancel_crop_order(
    db: AsyncSession, *, crop_order_id: UUID, reason: str, expected_revision: int, caller: Caller, now: datetime
) -> CropOrder:
    """The unit leaves it: a draft, an agreement whose deposit was not paid, or a share below the agreed least.

    403 `unit-needed`, `duty-missing`; 404 `crop-order-unknown`; 409 `crop-order-status`, `deposit-told`,
    `share-enough`; 412 `stale`.
    """
    crop = await lock_own(db, crop_order_id, caller, expected_revision)
    if crop.status == "HARVESTED":
        rules.ensure_may_refuse(crop.allocated_count or 0, crop.quantity, crop.least_share_bp)
    return await _end(db, crop, "cancel", actor="unit", reason=reason, caller=caller, now=now)


async def _end(
    db: AsyncSession,
    crop: CropOrder,
    verb: str,
    *,
    actor: Actor,
    reason: str,
    caller: Caller,
    now: datetime,
) -> CropOrder:
    before = crop.status
    after = rules.status_after(verb, before)
    if before == "AGREED" and crop.deposit_told_on is not None:
        raise Conflict("The deposit is on its way. Its supplier first says whether it came.", code="deposit-told")
    crop.status = after
    await crediting.give_up(db, crop, by=caller.person_id, now=now)
    if before == "HARVESTED":
        await stock_actions.release_stock(db, holder_ids=[crop.crop_order_id], now=now)
    await crediting.changed(
        db, crop, verb, before=before, actor=actor, person_id=caller.person_id, now=now, reason=reason
    )
    if before != "DRAFT":
        await tell_end(db, crop, reason=reason, now=now)
    return crop


async def tell_end(db: AsyncSession, crop: CropOrder, *, reason: str, now: datetime) -> None:
    """Both sides learn that nothing comes of it, and what is owed back."""
    unit = await unit_queries.get_unit(db, crop.unit_id)
    event = CropOrderEnded(
        crop_order_id=crop.crop_order_id,
        organisation_id=unit.organisation_id,
        supplier_id=crop.supplier_id,
        title=crop.title,
        outcome="FAILED" if crop.status == "FAILED" else "CANCELLED",
        owed_back_fen=crop.owed_back_fen - crop.refunded_fen,
        reason=reason,
        ended_at=now,
    )
    await publish(db, event, now=now)
