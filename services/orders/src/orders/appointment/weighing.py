"""The weigh-in at the point: once, by one person; it becomes the purchase and its order, and the seller's agreement
with the ticket makes the order confirmed, delivered and accepted in one step, for the goods are there.

Lock order: the reserve purchase, the appointment, the purchase, the order, stock.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions as acceptance_actions
from orders.acceptance import queries as acceptance_queries
from orders.acceptance.actions import Check
from orders.acceptance.rules import CheckedLine
from orders.appointment import actions, queries, rules
from orders.appointment.models import Appointment
from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase import queries as purchase_queries
from orders.purchase.rules import PurchaseLine
from orders.purchase_point import queries as point_queries
from orders.reserve_purchase import queries as reserve_queries
from orders.reserve_purchase import rules as reserve_rules
from orders.reserve_purchase.models import ReservePurchase
from orders.unit import queries as unit_queries
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from orders.unit_order.models import UnitOrder
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id

_TICKET = text("SELECT nextval('weighing_tickets')")
_WEIGHER_ROLES: Final = frozenset({"buyer"})


async def weigh_in(
    db: AsyncSession,
    *,
    appointment_id: UUID,
    expected_revision: int,
    found: rules.Weighing,
    caller: Caller,
    now: datetime,
) -> Appointment:
    """Write the ticket, and order what it says at the grade's price. 403 `unit-needed`, `duty-missing`, `own-filing`;
    404; 409 `unit-closed`, `appointment-status`, `not-the-day`, `stock-short`, `sku-not-listed`, `budget-exceeded`;
    412 `stale`; 422 `grade-unknown`, `load-invalid`, `more-than-booked`, `refusal-cause`, `weight-short`,
    `pack-too-small`. Nothing is written then."""
    filed, made = await actions.lock_own_purchase(db, appointment_id, caller)
    ensure_fresh(expected_revision, made.revision)
    before, after = made.status, rules.status_after("weigh", made.status)
    today = business_day(now)
    rules.ensure_not_own(filed.filed_by, caller.person_id)
    rules.ensure_weighable(made.day, today=today)
    unit = await unit_queries.get_unit(db, filed.unit_id)
    rules.ensure_weighed(
        found,
        quantity=made.quantity,
        piece_g=made.piece_g,
        short_bp=reserve_rules.short_bp(unit.county_code, today),
    )
    grades = {each.grade_number: each for each in await reserve_queries.list_grades(db, made.reserve_purchase_id)}
    if found.grade_number not in grades:
        raise Invalid("The filing has no such grade.", code="grade-unknown", field="grade_number")
    number: int = await db.scalar(_TICKET)
    made.ticket_number = rules.ticket_number(today, number)
    made.gross_g, made.tare_g = found.gross_g, found.tare_g
    made.accepted_count, made.refused_count, made.cause = found.accepted_count, found.refused_count, found.cause
    made.grade_number = found.grade_number
    made.unit_price_fen = reserve_rules.piece_fen(grades[found.grade_number].price_fen_per_kg, made.piece_g)
    made.weighed_by, made.weighed_at, made.status = caller.person_id, now, after
    await actions.changed(db, made, "weigh", before=before, actor="unit", person_id=caller.person_id, now=now)
    await _order(db, filed, made, now=now)
    return made


async def agree(
    db: AsyncSession, *, appointment_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> Appointment:
    """The seller agrees with the ticket: the order is confirmed, its goods are there and accepted. 404; 409
    `appointment-status`, `unit-order-lapsed`, `order-disputed`; 412 `stale`."""
    _, made = await actions.lock_own_sale(db, appointment_id, caller)
    ensure_fresh(expected_revision, made.revision)
    rules.status_after("take-in", made.status)
    own = await _order_of(db, made)
    if own.stage == "PENDING_CONFIRM":
        await unit_order_actions.confirm_order(db, order_id=own.order_id, caller=caller, now=now)
    await _take_in(db, made, own.order_id, now=now)
    return made


async def decline(
    db: AsyncSession, *, appointment_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Appointment:
    """The seller does not agree and takes the goods home: the order is refused, its budget and stock are free. 404;
    409 `appointment-status`, `unit-order-status`, `order-disputed`; 412 `stale`."""
    _, made = await actions.lock_own_sale(db, appointment_id, caller)
    ensure_fresh(expected_revision, made.revision)
    before, after = made.status, rules.status_after("decline", made.status)
    own = await _order_of(db, made)
    await unit_order_actions.refuse_order(db, order_id=own.order_id, reason=reason, caller=caller, now=now)
    made.status, made.reason = after, reason
    await actions.changed(db, made, "decline", before=before, actor="supplier", person_id=caller.person_id, now=now)
    return made


async def follow_order(db: AsyncSession, *, appointment_id: UUID, now: datetime) -> None:
    """Its order was confirmed, or ended, where orders are kept: the ticket follows. Once; others stay."""
    made = await queries.get_appointment(db, appointment_id)
    await reserve_queries.lock_purchase(db, made.reserve_purchase_id)
    made = await queries.lock_appointment(db, appointment_id)
    if made.status != "WEIGHED":
        return
    own = await _order_of(db, made)
    if own.stage == "CONFIRMED" and not own.is_disputed:
        await _take_in(db, made, own.order_id, now=now)
    elif own.ended_at is not None:
        before, made.status = made.status, rules.status_after("decline", made.status)
        made.reason = own.end_reason
        await actions.changed(db, made, "decline", before=before, actor="rule", person_id=None, now=now)


async def _order(db: AsyncSession, filed: ReservePurchase, made: Appointment, *, now: datetime) -> None:
    point = await point_queries.lock_point(db, made.point_id)
    purchase_id = new_id()
    await purchase_actions.draft_purchase(
        db,
        purchase_id=purchase_id,
        unit_id=filed.unit_id,
        way="RESERVE",
        fund="OTHER",
        lines=[PurchaseLine(made.sku_id, made.accepted_count or 0, made.unit_price_fen)],
        title=f"{filed.title} {made.ticket_number}",
        caller_id=filed.filed_by,
        address=Address(point.recipient, point.phone, point.county_code, point.address_detail),
        source_id=made.appointment_id,
        now=now,
    )
    await purchase_actions.submit_purchase(
        db,
        purchase_id=purchase_id,
        expected_revision=None,
        case_id=new_id(),
        by=filed.filed_by,
        is_approved_by=("reserve-purchase", filed.reserve_purchase_id),
        now=now,
    )
    await ordering.order_purchase(
        db, purchase_id=purchase_id, expected_revision=None, by=filed.filed_by, is_split=True, now=now
    )


async def _take_in(db: AsyncSession, made: Appointment, order_id: UUID, *, now: datetime) -> None:
    """The goods are where they go: they leave the seller's stock, have arrived, and the check that was made at the
    scale is written down in the name of who made it."""
    order = await order_queries.lock_order(db, order_id)
    [part] = order["parts"]
    count = made.accepted_count or 0
    part_id = UUID(part["supplier_order_id"])
    await order_actions.mark_shipped(
        db, order_id=order_id, supplier_order_id=part_id, quantities={made.sku_id: count}, shipped_at=now
    )
    await order_actions.mark_delivered(db, order_id=order_id, supplier_order_id=part_id, delivered_at=now)
    filed = await reserve_queries.lock_purchase(db, made.reserve_purchase_id)
    unit = await unit_queries.get_unit(db, filed.unit_id)
    weigher = Caller(made.weighed_by or filed.filed_by, unit.organisation_id, "institution", _WEIGHER_ROLES)
    lines = [
        CheckedLine(each.line_id, each.sent_count) for each in await acceptance_queries.list_sent_lines(db, order_id)
    ]
    check = Check(lines, "GOOD", is_origin_right=True, note=made.ticket_number or "")
    await acceptance_actions.accept_goods(db, order_id=order_id, check=check, caller=weigher, now=now)
    before, made.status = made.status, rules.status_after("take-in", made.status)
    await actions.changed(db, made, "take-in", before=before, actor="supplier", person_id=made.booked_by, now=now)


async def _order_of(db: AsyncSession, made: Appointment) -> UnitOrder:
    purchase = await purchase_queries.find_of_source(db, "RESERVE", made.appointment_id)
    if purchase is None:
        raise queries.appointment_unknown()
    [own] = await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
    return own
