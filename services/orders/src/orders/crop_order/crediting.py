"""The money of crop orders: what is committed and consumed of the budget, and what becomes of the deposit.

Of a crop order's own commitment the deposit is consumed when it is paid. When its share is taken, the purchase commits
what the share costs in the same year and in the same transaction; the deposit counts there, and is consumed with the
accepted goods. Whatever of the deposit is owed back stays consumed here until it came back.
"""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions as budget_actions
from orders.crop_order import queries, rules
from orders.crop_order.models import CropOrder
from orders.settlement import deposits
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit.rules import Fund
from shared.ids import new_id

REFERENCE = "crop-order"
WAY = "CROP"


async def release(db: AsyncSession, crop: CropOrder, *, entry_id: UUID, by: UUID | None, now: datetime) -> None:
    """What is still committed for it and not consumed is free."""
    await budget_actions.release(
        db,
        reference_kind=REFERENCE,
        reference_id=crop.crop_order_id,
        amount_fen=None,
        entry_id=entry_id,
        by=by,
        now=now,
    )


async def give_up(db: AsyncSession, crop: CropOrder, *, by: UUID | None, now: datetime) -> None:
    """Nothing will be bought: what was not paid is free, a deposit that was paid is owed back. The caller writes the
    order."""
    if crop.deposit_paid_at is not None:
        crop.owed_back_fen = crop.deposit_fen
    await release(db, crop, entry_id=uuid5(crop.crop_order_id, "give up"), by=by, now=now)


async def hand_over(db: AsyncSession, crop: CropOrder, share: rules.Share, *, now: datetime) -> None:
    """The share is about to be committed as a purchase: of this commitment only what is owed back stays consumed."""
    crop.owed_back_fen = share.returned_fen
    if share.credited_fen:
        await budget_actions.restore(
            db,
            reference_kind=REFERENCE,
            reference_id=crop.crop_order_id,
            amount_fen=share.credited_fen,
            entry_id=uuid5(crop.crop_order_id, "hand over"),
            now=now,
        )
    await release(db, crop, entry_id=uuid5(crop.crop_order_id, "short"), by=None, now=now)


async def credit_accepted(
    db: AsyncSession, crop: CropOrder, *, order_id: UUID, accepted_fen: int, now: datetime
) -> None:
    """The goods were accepted: the deposit pays for them first, and what is more than they cost is owed back. The
    caller holds the order, its unit order and the crop order, and has booked the acceptance."""
    kept_fen = crop.deposit_fen - crop.owed_back_fen
    crop.credited_fen = min(kept_fen, accepted_fen)
    if crop.credited_fen:
        await deposits.credit_deposit(
            db,
            match_id=new_id(),
            order_id=order_id,
            crop_order_id=crop.crop_order_id,
            amount_fen=crop.credited_fen,
            now=now,
        )
    await _owe_back(db, crop, kept_fen - crop.credited_fen, name="accepted", now=now)
    await changed(db, crop, "credit", before=crop.status, actor="rule", person_id=None, now=now)


async def follow_end(
    db: AsyncSession, crop: CropOrder, *, reason: str, actor: Actor, person_id: UUID | None, now: datetime
) -> None:
    """Nothing comes of its order: the whole deposit is owed back. As above; the order's budget is free already."""
    before = crop.status
    after = rules.status_after("fall-through", before)
    if crop.credited_fen:
        by = person_id or crop.drafted_by
        await deposits.return_deposit(db, crop_order_id=crop.crop_order_id, by=by, reason=reason, now=now)
        crop.credited_fen = 0
    await _owe_back(db, crop, crop.deposit_fen - crop.owed_back_fen, name="ended", now=now)
    crop.status = after
    await changed(db, crop, "fall-through", before=before, actor=actor, person_id=person_id, now=now, reason=reason)


async def lock_crop(db: AsyncSession, *, way: str, purchase_id: UUID) -> CropOrder | None:
    """The crop order that a unit's order came from, locked; None for any other way to buy. The caller holds the order
    and its unit order, and does not hold the budget yet."""
    return await queries.lock_of_purchase(db, purchase_id) if way == WAY else None


async def follow_completion(db: AsyncSession, *, way: str, purchase_id: UUID, now: datetime) -> None:
    """A unit's order is paid and reviewed; so is the crop order that it came from, if it did."""
    crop = await lock_crop(db, way=way, purchase_id=purchase_id)
    if crop is None:
        return
    before, crop.status = crop.status, rules.status_after("complete", crop.status)
    await changed(db, crop, "complete", before=before, actor="rule", person_id=None, now=now)


async def _owe_back(db: AsyncSession, crop: CropOrder, amount_fen: int, *, name: str, now: datetime) -> None:
    """So much more is with the supplier for nothing: consumed until it comes back. What the order just freed of the
    same budget covers it."""
    if not amount_fen or crop.budget_year is None:
        return
    crop.owed_back_fen += amount_fen
    fund: Fund = crop.fund  # type: ignore[assignment]  # a CHECK holds the same three
    await budget_actions.commit(
        db,
        unit_id=crop.unit_id,
        year=crop.budget_year,
        fund=fund,
        amount_fen=amount_fen,
        reference_kind=REFERENCE,
        reference_id=crop.crop_order_id,
        by=None,
        now=now,
    )
    await budget_actions.consume(
        db,
        reference_kind=REFERENCE,
        reference_id=crop.crop_order_id,
        amount_fen=amount_fen,
        entry_id=uuid5(crop.crop_order_id, name),
        now=now,
    )


async def changed(
    db: AsyncSession,
    crop: CropOrder,
    verb: str,
    *,
    before: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    """One more version of it, and its entry in the trail."""
    crop.revision += 1
    crop.changed_at = now
    await db.flush()
    await record(db, crop, verb, before=before, actor=actor, person_id=person_id, now=now, reason=reason)


async def record(
    db: AsyncSession,
    crop: CropOrder,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    """One more entry of its trail."""
    await trail_actions.record(
        db,
        subject_kind="crop-order",
        subject_id=crop.crop_order_id,
        verb=verb,
        from_status=before,
        to_status=crop.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
