"""What moves a unit's order on: its supplier, the road, its unit, the clock. Only `move_on` writes the stage.

Lock order: the order's row, its unit order, its crop order, the budget, then stock.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import queries as acceptance_queries
from orders.budget import actions as budget_actions
from orders.crop_order import crediting as crop_crediting
from orders.order import paying, voiding
from orders.order import queries as order_queries
from orders.order.rules import LEFT
from orders.stock import actions as stock_actions
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import Fund, ensure_duty
from orders.unit_order import queries, rules
from orders.unit_order.models import UnitOrder
from orders.unit_order.rules import Verb, Way
from shared.auth import Caller
from shared.errors import Conflict
from shared.events.institutions import ConfirmationAsked, OrderConfirmed, OrderCounted, OrderSettled
from shared.events.orders import OrderCancelled, SettledLine, SupplierOrderSettled
from shared.outbox import publish

_CONFIRM = text("""
    WITH confirmed AS (UPDATE orders SET status = 'CONFIRMED' WHERE order_id = :order_id),
    parts AS (UPDATE supplier_orders SET fulfilment = 'PENDING_SHIPMENT' WHERE order_id = :order_id),
    held AS (UPDATE stock_holds SET expires_at = NULL WHERE holder_id = :order_id AND open_count > 0)
    INSERT INTO order_changes (order_id, change, changed_by, changed_at)
    VALUES (:order_id, 'CONFIRMED', :changed_by, :now)
""")
_COMPLETE = text("""
    WITH completed AS (UPDATE orders SET status = 'COMPLETED', completed_at = :now WHERE order_id = :order_id)
    INSERT INTO order_changes (order_id, change, changed_by, changed_at)
    VALUES (:order_id, 'COMPLETED', :changed_by, :now)
""")
_END_ARRIVED = text("""
    WITH ended AS (
        UPDATE orders SET status = 'CANCELLED', cancelled_at = :now, cancel_reason = :reason WHERE order_id = :order_id
    )
    INSERT INTO order_changes (order_id, change, reason, changed_by, changed_at)
    VALUES (:order_id, 'CANCELLED', :reason, :changed_by, :now)
""")
NOT_CONFIRMED = "not-confirmed-in-time"
NOTHING_SENT = "nothing-can-be-sent"


async def open_unit_order(
    db: AsyncSession,
    *,
    order_id: UUID,
    unit_id: UUID,
    purchase_id: UUID,
    way: Way,
    fund: Fund,
    budget_year: int,
    placed_by: UUID,
    is_split: bool,
    remind_at: datetime,
    lapses_at: datetime,
    now: datetime,
) -> None:
    """An order on account was placed, in this transaction."""
    db.add(
        UnitOrder(
            order_id=order_id,
            unit_id=unit_id,
            purchase_id=purchase_id,
            way=way,
            fund=fund,
            budget_year=budget_year,
            payment_code=rules.payment_code(order_id),
            placed_by=placed_by,
            is_split=is_split,
            stage="PENDING_CONFIRM",
            remind_at=remind_at,
            lapses_at=lapses_at,
            placed_at=now,
        )
    )
    await db.flush()
    await _record(db, order_id, "place", None, "PENDING_CONFIRM", actor="unit", person_id=placed_by, now=now)
    await _ask(db, await queries.get_unit_order(db, order_id), is_reminder=False, now=now)


async def move_on(
    db: AsyncSession,
    *,
    order_id: UUID,
    verb: Verb,
    actor: Actor,
    person_id: UUID | None = None,
    reason: str = "",
    now: datetime,
    accepted_fen: int | None = None,
    due_on: date | None = None,
) -> UnitOrder:
    """The one writer of the stage: the order's row is locked, the move judged, written and told.

    `accept` needs `accepted_fen` and `due_on`. Settling and completing publish `OrderSettled` and `OrderCounted`. 404
    `unit-order-not-found`; 409 `unit-order-status`, `order-disputed`.
    """
    own = await queries.lock_unit_order(db, order_id)
    before = own.stage
    own.stage = rules.stage_after(verb, before, is_disputed=own.is_disputed)
    if verb != "unsettle":
        setattr(own, rules.INSTANT_OF_STAGE[own.stage], now)
    own.revision += 1
    if accepted_fen is not None:
        own.accepted_fen, own.due_on = accepted_fen, due_on
    if own.ended_at is not None:
        own.end_reason = reason
    await db.flush()
    await _record(db, order_id, verb, before, own.stage, actor=actor, person_id=person_id, now=now, reason=reason)
    if verb == "complete":
        await db.execute(_COMPLETE, {"order_id": order_id, "changed_by": person_id, "now": now})
        await crop_crediting.follow_completion(db, way=own.way, purchase_id=own.purchase_id, now=now)
    if verb in {"settle", "complete"}:
        fact = fact_of(await order_queries.lock_order(db, order_id), own)
        if verb == "settle":
            await publish(db, OrderSettled(**fact, settled_fen=own.accepted_fen, settled_at=now), now=now)
            await _share(db, fact, now=now)
        else:
            await publish(db, OrderCounted(**fact, counted_fen=own.accepted_fen, counted_at=now), now=now)
    return own


async def _share(db: AsyncSession, fact: Mapping[str, Any], *, now: datetime) -> None:
    """What was accepted and paid is the supplier's: shares of it fall due as of what was paid ahead."""
    sent = {each.line_id: each for each in await acceptance_queries.list_sent_lines(db, fact["order_id"])}
    lines = tuple(
        SettledLine(
            line_id=each.line_id,
            sku_id=sent[each.line_id].sku_id,
            product_id=sent[each.line_id].product_id,
            quantity=each.accepted_count,
            payable_fen=each.payable_fen - each.reduced_fen,
        )
        for each in await acceptance_queries.list_lines(db, fact["order_id"])
        if each.accepted_count
    )
    if lines:
        event = SupplierOrderSettled(
            order_id=fact["order_id"],
            supplier_order_id=fact["supplier_order_id"],
            supplier_id=fact["supplier_id"],
            lines=lines,
            settled_at=now,
        )
        await publish(db, event, now=now)


async def confirm_order(db: AsyncSession, *, order_id: UUID, caller: Caller, now: datetime) -> UnitOrder:
    """The supplier will send it: from now on its part is to be picked, and its stock is held without an end.

    404 unless it is the caller's to send; 409 `unit-order-status`, `order-disputed`, `unit-order-lapsed`.
    """
    order = await _lock_own_sale(db, order_id, caller)
    own = await queries.lock_unit_order(db, order_id)
    rules.stage_after("confirm", own.stage, is_disputed=own.is_disputed)
    if own.lapses_at <= now:
        raise Conflict("The time to confirm this order is over.", code="unit-order-lapsed")
    await db.execute(_CONFIRM, {"order_id": order_id, "changed_by": caller.person_id, "now": now})
    own = await move_on(
        db, order_id=order_id, verb="confirm", actor=_sale_side(caller), person_id=caller.person_id, now=now
    )
    event = OrderConfirmed.model_validate(
        {
            **order,
            "parts": paying.sold_parts(order),
            "address": paying.address_of(order),
            "unit_id": own.unit_id,
            "way": own.way,
            "fund": own.fund,
            "budget_year": own.budget_year,
            "is_split": own.is_split,
            "confirmed_at": now,
        }
    )
    await publish(db, event, now=now)
    return own


async def refuse_order(db: AsyncSession, *, order_id: UUID, reason: str, caller: Caller, now: datetime) -> UnitOrder:
    """The supplier will not send it: its stock and its budget are free again. 404; 409 `unit-order-status`,
    `order-disputed`."""
    order = await _lock_own_sale(db, order_id, caller)
    return await end_order(
        db, order, verb="refuse", reason=reason, actor=_sale_side(caller), person_id=caller.person_id, now=now
    )


async def cancel_order(db: AsyncSession, *, order_id: UUID, reason: str, caller: Caller, now: datetime) -> UnitOrder:
    """The unit does not want it any more, which it may say until goods have left the supplier.

    403 `duty-missing`, `unit-needed`; 404; 409 `order-shipped`, `unit-order-status`, `order-disputed`, `unit-closed`.
    """
    if not caller.is_operator:
        acting = await unit_queries.get_acting_unit(db, caller)
        if acting.unit_id != (await queries.get_unit_order(db, order_id)).unit_id:
            raise queries.no_such_unit_order()
        ensure_duty(caller, "handler", "union")
    order = await order_queries.lock_order(db, order_id)
    if any(part["fulfilment"] in LEFT for part in order["parts"]):
        raise Conflict("Goods are on their way already. Refuse them at the goods check.", code="order-shipped")
    return await end_order(
        db,
        order,
        verb="cancel",
        reason=reason,
        actor="operator" if caller.is_operator else "unit",
        person_id=caller.person_id,
        now=now,
    )


async def lapse_order(db: AsyncSession, *, order_id: UUID, now: datetime) -> None:
    """The supplier said nothing in time; one that was confirmed or paused meanwhile stays."""
    order = await order_queries.lock_order(db, order_id)
    own = await queries.lock_unit_order(db, order_id)
    if own.stage == "PENDING_CONFIRM" and not own.is_disputed and own.lapses_at <= now:
        await end_order(db, order, verb="lapse", reason=NOT_CONFIRMED, actor="clock", person_id=None, now=now)


async def remind_supplier(db: AsyncSession, *, order_id: UUID, now: datetime) -> None:
    """Ask the supplier once more, and note it for its unit."""
    own = await queries.lock_unit_order(db, order_id)
    if own.stage == "PENDING_CONFIRM" and own.reminded_at is None and not own.is_disputed:
        own.reminded_at = now
        own.revision += 1
        await db.flush()
        await _record(db, order_id, "remind", own.stage, own.stage, actor="clock", person_id=None, now=now)
        await _ask(db, own, is_reminder=True, now=now)


async def _ask(db: AsyncSession, own: UnitOrder, *, is_reminder: bool, now: datetime) -> None:
    order = await order_queries.lock_order(db, own.order_id)
    event = ConfirmationAsked(
        **fact_of(order, own),
        payable_fen=order["payable_fen"],
        is_reminder=is_reminder,
        lapses_at=own.lapses_at,
        asked_at=now,
    )
    await publish(db, event, now=now)


async def follow_dispatch(db: AsyncSession, *, order_id: UUID, now: datetime) -> None:
    """The last goods that will be sent have left; the caller holds the order's row."""
    await move_on(db, order_id=order_id, verb="ship", actor="supplier", now=now)


async def follow_arrival(db: AsyncSession, *, order_id: UUID, now: datetime) -> None:
    """All of it arrived; the caller holds the order's row."""
    await move_on(db, order_id=order_id, verb="deliver", actor="rule", now=now)


async def end_order(
    db: AsyncSession,
    order: Mapping[str, Any],
    *,
    verb: Verb,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> UnitOrder:
    """Nothing comes of it, and nothing is owed: its budget is free again, and what of its stock is still held. The
    caller holds the order's row."""
    order_id = UUID(order["order_id"])
    was_confirmed = order["status"] == "CONFIRMED"
    own = await move_on(db, order_id=order_id, verb=verb, actor=actor, person_id=person_id, reason=reason, now=now)
    crop = await crop_crediting.lock_crop(db, way=own.way, purchase_id=own.purchase_id)
    if own.accepted_fen:
        await restore_budget(db, own, amount_fen=own.accepted_fen, entry_id=uuid5(order_id, "restore"), now=now)
    elif own.accepted_at is None:
        await release_budget(db, own, amount_fen=order["payable_fen"], now=now)
    if crop is not None:
        await crop_crediting.follow_end(db, crop, reason=reason, actor=actor, person_id=person_id, now=now)
    if any(part["fulfilment"] in LEFT for part in order["parts"]):
        values = {"order_id": order_id, "reason": reason, "changed_by": person_id, "now": now}
        await db.execute(_END_ARRIVED, values)
        await stock_actions.release_stock(db, holder_ids=[order_id], now=now)  # what was not sent yet
    else:
        await voiding.void(db, [order_id], reason=reason, cancelled_by=person_id, now=now)
    event = OrderCancelled(
        order_id=order_id,
        order_number=order["order_number"],
        reason=reason,
        was_paid=False,
        was_confirmed=was_confirmed,
        cancelled_at=now,
    )
    await publish(db, event, now=now)
    return own


async def release_budget(db: AsyncSession, own: UnitOrder, *, amount_fen: int, now: datetime) -> None:
    """What of the purchase's commitment this order will not use; once an order."""
    await budget_actions.release(
        db,
        reference_kind="purchase",
        reference_id=own.purchase_id,
        amount_fen=amount_fen,
        entry_id=uuid5(own.order_id, "release"),
        now=now,
    )


async def restore_budget(db: AsyncSession, own: UnitOrder, *, amount_fen: int, entry_id: UUID, now: datetime) -> None:
    """What was consumed for accepted goods is not owed after all."""
    await budget_actions.restore(
        db,
        reference_kind="purchase",
        reference_id=own.purchase_id,
        amount_fen=amount_fen,
        entry_id=entry_id,
        now=now,
    )


def fact_of(order: Mapping[str, Any], own: UnitOrder) -> dict[str, Any]:
    """What every event of a unit's order says."""
    [part] = order["parts"]
    return {
        "order_id": own.order_id,
        "order_number": order["order_number"],
        "organisation_id": order["organisation_id"],
        "unit_id": own.unit_id,
        "supplier_order_id": part["supplier_order_id"],
        "supplier_id": part["supplier_id"],
        "way": own.way,
        "fund": own.fund,
        "budget_year": own.budget_year,
    }


async def _lock_own_sale(db: AsyncSession, order_id: UUID, caller: Caller) -> dict[str, Any]:
    await queries.get_seen(db, order_id, caller)
    order = await order_queries.lock_order(db, order_id)
    is_theirs = caller.kind == "supplier" and str(caller.organisation_id) == order["parts"][0]["supplier_id"]
    if not is_theirs and not caller.is_operator:
        raise queries.no_such_unit_order()
    return order


def _sale_side(caller: Caller) -> Actor:
    return "operator" if caller.is_operator else "supplier"


async def _record(
    db: AsyncSession,
    order_id: UUID,
    verb: str,
    before: str | None,
    after: str,
    *,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind="unit-order",
        subject_id=order_id,
        verb=verb,
        from_status=before,
        to_status=after,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
