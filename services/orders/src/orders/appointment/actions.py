"""Booking a day at a purchase point, changing and cancelling it, being turned away, not coming.

Lock order: the reserve purchase, the appointment, the point and its day.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.appointment import queries, rules
from orders.appointment.models import Appointment
from orders.purchase_point import actions as point_actions
from orders.purchase_point import queries as point_queries
from orders.purchase_point import rules as point_rules
from orders.purchase_point.models import PointDay
from orders.reserve_purchase import queries as reserve_queries
from orders.reserve_purchase import rules as reserve_rules
from orders.reserve_purchase.models import ReservePurchase
from orders.sku import queries as sku_queries
from orders.sku.rules import unsellable_reason
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Forbidden
from shared.etag import ensure_fresh


async def book_appointment(
    db: AsyncSession,
    *,
    appointment_id: UUID,
    reserve_purchase_id: UUID,
    point_id: UUID,
    day: date,
    sku_id: UUID,
    quantity: int,
    caller: Caller,
    now: datetime,
) -> Appointment:
    """A supplier brings packs of its SKU on that day. 403 `supplier-needed`; 404 `reserve-purchase-unknown`,
    `purchase-point-unknown`; 409 `sku-not-listed`, `category-differs`, `reserve-purchase-status`, `day-outside`,
    `not-open-to-all`, `too-late-to-book`, `reserve-full`, `point-not-open`, `point-full`."""
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("A supplier books this.", code="supplier-needed")
    await reserve_queries.get_purchase_for(db, caller, reserve_purchase_id)
    filed = await reserve_queries.lock_purchase(db, reserve_purchase_id)
    sku = (await sku_queries.list_for_sale(db, [sku_id])).get(sku_id)
    reason = unsellable_reason(sku, now)
    if sku is None or reason or sku.supplier_id != caller.organisation_id or not sku.net_weight_g:
        refused = [{"sku_id": str(sku_id), "reason": reason or "unknown"}]
        raise Conflict("This is not a pack of yours on sale.", code="sku-not-listed", field="sku_id", skus=refused)
    if sku.category != filed.category:
        raise Conflict("This reserve purchase takes other goods.", code="category-differs", field="sku_id")
    made = Appointment(
        appointment_id=appointment_id,
        revision=1,
        reserve_purchase_id=reserve_purchase_id,
        point_id=point_id,
        day=day,
        supplier_id=sku.supplier_id,
        supplier_name=sku.supplier_name,
        sku_id=sku_id,
        product_title=sku.product_title,
        specification=sku.specification,
        origin_county_code=sku.origin_county_code,
        is_first=reserve_rules.comes_first(sku.origin_county_code, filed.county_codes),
        piece_g=sku.net_weight_g,
        quantity=quantity,
        status="BOOKED",
        reason="",
        cause="",
        booked_by=caller.person_id,
        created_at=now,
        changed_at=now,
    )
    await _ensure_room(db, filed, made, before_g=0, before_day=None, now=now)
    db.add(made)
    await db.flush()
    await record(db, made, "book", before=None, actor="supplier", person_id=caller.person_id, now=now)
    return made


async def change_appointment(
    db: AsyncSession,
    *,
    appointment_id: UUID,
    expected_revision: int,
    point_id: UUID,
    day: date,
    quantity: int,
    caller: Caller,
    now: datetime,
) -> Appointment:
    """Another point, day or quantity, in time. 404; 409 `appointment-status`, `too-late-to-book` and what booking
    refuses; 412 `stale`."""
    filed, made = await lock_own_sale(db, appointment_id, caller)
    ensure_fresh(expected_revision, made.revision)
    rules.status_after("change", made.status)
    await _ensure_in_time(db, filed, made.day, now=now)
    before_g = made.quantity * made.piece_g
    before_day = (made.point_id, made.day)
    with db.no_autoflush:
        made.point_id, made.day, made.quantity = point_id, day, quantity
        await _ensure_room(db, filed, made, before_g=before_g, before_day=before_day, now=now)
    await changed(db, made, "change", before=made.status, actor="supplier", person_id=caller.person_id, now=now)
    return made


async def cancel_appointment(
    db: AsyncSession, *, appointment_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Appointment:
    """The supplier does not come, and says so in time. 404; 409 `appointment-status`, `too-late-to-book`; 412
    `stale`."""
    filed, made = await lock_own_sale(db, appointment_id, caller)
    ensure_fresh(expected_revision, made.revision)
    before = made.status
    after = rules.status_after("cancel", before)
    await _ensure_in_time(db, filed, made.day, now=now)
    made.status, made.reason = after, reason
    await changed(db, made, "cancel", before=before, actor="supplier", person_id=caller.person_id, now=now)
    return made


async def turn_away(
    db: AsyncSession, *, appointment_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Appointment:
    """The point takes nothing of it, and says why. 403 `unit-needed`, `duty-missing`; 404; 409 `unit-closed`,
    `appointment-status`; 412 `stale`."""
    _, made = await lock_own_purchase(db, appointment_id, caller)
    ensure_fresh(expected_revision, made.revision)
    before, made.status, made.reason = made.status, rules.status_after("turn-away", made.status), reason
    await changed(db, made, "turn-away", before=before, actor="unit", person_id=caller.person_id, now=now)
    return made


async def miss_appointment(db: AsyncSession, *, appointment_id: UUID, now: datetime) -> None:
    """Its day is over, and nobody came. One that was weighed or cancelled meanwhile stays."""
    made = await queries.get_appointment(db, appointment_id)
    await reserve_queries.lock_purchase(db, made.reserve_purchase_id)
    made = await queries.lock_appointment(db, appointment_id)
    if made.status != "BOOKED" or made.day >= business_day(now):
        return
    before, made.status = made.status, rules.status_after("miss", made.status)
    await changed(db, made, "miss", before=before, actor="clock", person_id=None, now=now)


async def lock_own_sale(db: AsyncSession, appointment_id: UUID, caller: Caller) -> tuple[ReservePurchase, Appointment]:
    """The reserve purchase and the caller's appointment, locked. 404 `appointment-unknown`."""
    made = await queries.get_appointment(db, appointment_id)
    if caller.kind != "supplier" or made.supplier_id != caller.organisation_id:
        raise queries.appointment_unknown()
    filed = await reserve_queries.lock_purchase(db, made.reserve_purchase_id)
    return filed, await queries.lock_appointment(db, appointment_id)


async def lock_own_purchase(
    db: AsyncSession, appointment_id: UUID, caller: Caller
) -> tuple[ReservePurchase, Appointment]:
    """The caller's unit's reserve purchase and the appointment, locked. 403 `unit-needed`, `duty-missing`; 404
    `appointment-unknown`; 409 `unit-closed`."""
    ensure_duty(caller, "handler")
    unit = await unit_queries.get_acting_unit(db, caller)
    made = await queries.get_appointment(db, appointment_id)
    filed = await reserve_queries.lock_purchase(db, made.reserve_purchase_id)
    if filed.unit_id != unit.unit_id:
        raise queries.appointment_unknown()
    return filed, await queries.lock_appointment(db, appointment_id)


async def changed(
    db: AsyncSession,
    made: Appointment,
    verb: str,
    *,
    before: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    """Written, counted by the database, and told."""
    made.revision += 1
    made.changed_at = now
    await db.flush()
    await record(db, made, verb, before=before, actor=actor, person_id=person_id, now=now)


async def record(
    db: AsyncSession,
    made: Appointment,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    """One more entry of its trail; it is kept under the kind of what it belongs to."""
    await trail_actions.record(
        db,
        subject_kind="reserve-purchase",
        subject_id=made.appointment_id,
        verb=verb,
        from_status=before,
        to_status=made.status,
        reason=made.reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )


async def _ensure_in_time(db: AsyncSession, filed: ReservePurchase, day: date, *, now: datetime) -> None:
    unit = await unit_queries.get_unit(db, filed.unit_id)
    today = business_day(now)
    rules.ensure_in_time(day, today=today, notice_days=reserve_rules.notice_days(unit.county_code, today))


async def _ensure_room(
    db: AsyncSession,
    filed: ReservePurchase,
    made: Appointment,
    *,
    before_g: int,
    before_day: tuple[UUID, date] | None,
    now: datetime,
) -> None:
    """Whether it fits beside what others booked; `before_g` of it is booked already, on `before_day`."""
    more_g = made.quantity * made.piece_g
    room = reserve_rules.Room(
        filed.wanted_g,
        filed.kept_g,
        filed.taken_g - before_g,
        filed.taken_other_g - (0 if made.is_first else before_g),
    )
    reserve_rules.ensure_bookable(
        status=filed.status,
        first_on=filed.first_on,
        last_on=filed.last_on,
        opens_to_all_on=filed.opens_to_all_on,
        room=room,
        more_g=more_g,
        is_first=made.is_first,
        day=made.day,
        today=business_day(now),
    )
    await _ensure_in_time(db, filed, made.day, now=now)
    day = await _lock_day(db, filed, made)
    same_day_g = before_g if before_day == (made.point_id, made.day) else 0
    point_rules.ensure_room(capacity_g=day.capacity_g, booked_g=day.booked_g - same_day_g, more_g=more_g)


async def _lock_day(db: AsyncSession, filed: ReservePurchase, made: Appointment) -> PointDay:
    point, day = await point_actions.lock_room(db, point_id=made.point_id, day=made.day)
    if point.unit_id != filed.unit_id:
        raise point_queries.point_unknown()
    return day
