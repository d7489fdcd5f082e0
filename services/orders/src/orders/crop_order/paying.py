"""Deposits and what comes back of them: the unit says that it paid, the supplier that the money came, as with orders on
account; what is owed back is written down by whom it came to."""

from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions as budget_actions
from orders.crop_order import crediting, queries, rules
from orders.crop_order.actions import lock_offered
from orders.crop_order.models import CropOrder
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh


async def tell_deposit(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    paid_on: date,
    voucher: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """Finance transferred the deposit under its code. 403 `unit-needed`, `duty-missing`; 404 `crop-order-unknown`; 409
    `crop-order-status`, `deposit-told`; 412 `stale`; 422 `payment-day-future`."""
    crop = await _lock_paid(db, crop_order_id, caller, expected_revision)
    before = crop.status
    after = rules.status_after("tell-deposit", before)
    if crop.deposit_told_on is not None:
        raise Conflict("This deposit was told already. Its supplier says whether it came.", code="deposit-told")
    _ensure_past(paid_on, now=now)
    crop.status, crop.deposit_told_on, crop.deposit_told_by, crop.deposit_voucher = (
        after,
        paid_on,
        caller.person_id,
        voucher,
    )
    await crediting.changed(
        db,
        crop,
        "tell-deposit",
        before=before,
        actor="unit",
        person_id=caller.person_id,
        now=now,
        reason=f"{paid_on.isoformat()} {voucher}".strip(),
    )
    return crop


async def answer_deposit(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    has_come: bool,
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """The supplier has the money: it is consumed of the budget, once, and the order grows. Or it has not, and finance
    looks again. 404 `crop-order-unknown`; 409 `crop-order-status`, `deposit-not-told`; 412 `stale`."""
    crop = await lock_offered(db, crop_order_id, caller, expected_revision)
    before, verb = crop.status, "confirm-deposit" if has_come else "deny-deposit"
    after = rules.status_after(verb, before)
    if crop.deposit_told_on is None:
        raise Conflict("The unit has not said that it paid.", code="deposit-not-told")
    crop.status = after
    if has_come:
        crop.deposit_paid_at = now
        await budget_actions.consume(
            db,
            reference_kind=crediting.REFERENCE,
            reference_id=crop_order_id,
            amount_fen=crop.deposit_fen,
            entry_id=uuid5(crop_order_id, "deposit"),
            by=crop.deposit_told_by,
            now=now,
        )
    else:
        crop.deposit_told_on, crop.deposit_told_by, crop.deposit_voucher = None, None, ""
    await crediting.changed(
        db, crop, verb, before=before, actor="supplier", person_id=caller.person_id, now=now, reason=reason
    )
    return crop


async def record_refund(
    db: AsyncSession,
    *,
    crop_order_id: UUID,
    received_on: date,
    voucher: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> CropOrder:
    """All that the supplier owed back of the deposit came: it is free in the budget again. 403 `unit-needed`,
    `duty-missing`; 404 `crop-order-unknown`; 409 `nothing-owed-back`; 412 `stale`; 422 `payment-day-future`."""
    crop = await _lock_paid(db, crop_order_id, caller, expected_revision)
    open_fen = crop.owed_back_fen - crop.refunded_fen
    if not open_fen:
        raise Conflict("Nothing of this deposit is owed back.", code="nothing-owed-back")
    _ensure_past(received_on, now=now)
    crop.refunded_fen, crop.refunded_on, crop.refund_voucher = crop.owed_back_fen, received_on, voucher
    await budget_actions.restore(
        db,
        reference_kind=crediting.REFERENCE,
        reference_id=crop_order_id,
        amount_fen=open_fen,
        entry_id=uuid5(crop_order_id, f"refund {crop.refunded_fen}"),
        by=caller.person_id,
        now=now,
    )
    await crediting.changed(
        db,
        crop,
        "record-refund",
        before=crop.status,
        actor="unit",
        person_id=caller.person_id,
        now=now,
        reason=f"{received_on.isoformat()} {voucher}".strip(),
    )
    return crop


async def _lock_paid(db: AsyncSession, crop_order_id: UUID, caller: Caller, expected_revision: int) -> CropOrder:
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "finance")
    crop = await queries.lock_crop_order(db, crop_order_id)
    if crop.unit_id != unit.unit_id:
        raise queries.crop_order_unknown()
    ensure_fresh(expected_revision, crop.revision)
    return crop


def _ensure_past(day: date, *, now: datetime) -> None:
    if day > business_day(now):
        raise Invalid("The day of payment is still to come.", code="payment-day-future", field="paid_on")
