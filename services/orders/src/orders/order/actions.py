"""Changing orders: load, decide, save, publish. Whoever changes an order that exists locks its row first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import queries as cart_queries
from orders.donation.rules import GiftTo
from orders.group_buy import standing as group_standing
from orders.invoice_title.rules import InvoiceTitle
from orders.order import completing, deposits, moving, paying, queries, reviving, rules, shortfall, voiding
from orders.order.drafting import draft_row, order_placed
from orders.order.refusing import PromotionLost, refusal_of
from orders.payment import actions as payment_actions
from orders.payment import queries as payment_queries
from orders.pickup_point.rules import PointTo
from orders.point import queries as point_queries
from orders.price import queries as price_queries
from orders.price.differences import Seen
from orders.stock import actions as stock_actions
from orders.stock import queries as stock_queries
from orders.unit_order import actions as unit_order_actions
from shared.auth import Caller
from shared.bell import note_published
from shared.clock import business_day
from shared.direct import Direct, Statement
from shared.events.orders import (
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    SupplierOrderSettled,
)
from shared.idempotency import OnceKey
from shared.outbox import outbox_values, publish

PLACE = Statement("""
    SELECT place_order(:draft, :sku_ids, :revisions, :quantities, :caller, :key, :request_hash, :status, :body)::text
""")
_PAY = Statement("SELECT pay_order(:order_id, :payment_id, :paid_fen, :paid_at, :event)")
_LOCK_DUE = text("""
    SELECT order_id, order_number, mode, status, payable_fen, deposit_fen, returns_deposit FROM orders
    WHERE status = 'PENDING_PAYMENT' AND payment_due_at <= :now
    ORDER BY payment_due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
_SHIP_PART = text("""
    WITH part AS (
        UPDATE supplier_orders SET fulfilment = :fulfilment, shipped_at = coalesce(shipped_at, :at)
        WHERE supplier_order_id = :supplier_order_id
    )
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, :fulfilment, :at)
""")
_DELIVER_PART = text("""
    WITH part AS (
        UPDATE supplier_orders SET fulfilment = 'DELIVERED', delivered_at = :at
        WHERE supplier_order_id = :supplier_order_id
    )
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, 'DELIVERED', :at)
""")
_NOTE_LATE_DISPATCH = text("""
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, 'SHIPPED_AFTER_CANCEL', :at)
""")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Which shipment left, under which waybills, and of which lots (by SKU and number) what its supplier named."""

    shipment_id: UUID
    reference: str
    lots: Mapping[tuple[UUID, str], int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A saved order and the answer that is stored under its Idempotency-Key."""

    draft: rules.OrderDraft
    answer: bytes


async def place_order(
    db: AsyncSession | Direct,
    *,
    order_id: UUID,
    next_id: Callable[[], UUID],
    buyer: rules.Buyer,
    wanted: Sequence[rules.WantedLine],
    address: rules.Address,
    note: str,
    seen_payable_fen: int | None,
    now: datetime,
    payment_window: timedelta,
    once: OnceKey | None = None,
    render: Callable[[rules.OrderDraft], bytes] = lambda _: b"",
    coupon_ids: Sequence[UUID] = (),
    seen: Seen | None = None,
    use_points: int = 0,
    invoice: InvoiceTitle | None = None,
    pickup: PointTo | None = None,
    gift: GiftTo | None = None,
) -> Placed:
    """Sell the wanted lines, hold their stock until the payment window ends, and empty the cart of them.

    Two round trips: one reads all that the decision needs, one saves all that follows from it or nothing.
    `seen_payable_fen` is the sum that the buyer agreed to; None is for callers that agree to any (loading history).
    With `pickup` the goods go to that point, with `gift` to that recipient; `address` says where either is. What the
    buyer's cart holds is theirs to buy.
    Conflict `sku-not-listed`, `stock-short`, `region-not-served`, `price-changed`, `sku-changed`, `points-changed`
    (fewer of the wanted points can be spent), `pickup-point-not-cold`, `pickup-point-closed`, `recipient-closed`, and
    where a budget, a turn or a coupon goes at this very moment `promotion-changed`; with `once` also what idempotency
    refuses.
    """
    for is_last_try in (False, True):
        sale = await price_queries.load_sale(
            db, {line.sku_id for line in wanted}, person_id=buyer.person_id, coupon_ids=coupon_ids, once=once
        )
        balance = await point_queries.find_spendable(db, buyer.person_id, now=now) if use_points else 0
        draft = rules.draft_order(
            wanted,
            sale.skus,
            order_id=order_id,
            next_id=next_id,
            buyer=buyer,
            address=address,
            note=note,
            placed_on=business_day(now),
            now=now,
            payment_window=payment_window,
            offers=sale.offers,
            use_points=use_points,
            points_balance=balance,
            invoice=invoice,
            pickup=pickup,
            gift=gift,
        )
        if seen_payable_fen is not None and not rules.is_as_seen(draft, seen_payable_fen=seen_payable_fen, seen=seen):
            seen_prices = {} if seen else await cart_queries.list_seen_prices(db, buyer.person_id)
            raise rules.price_changed(draft, seen_payable_fen=seen_payable_fen, seen=seen, seen_prices=seen_prices)
        answer = render(draft)
        try:
            await save_placed(db, draft, answer=answer, once=once, now=now)
        except PromotionLost:
            if is_last_try:
                raise
        else:
            break
    return Placed(draft, answer)


async def save_placed(
    db: AsyncSession | Direct, draft: rules.OrderDraft, *, answer: bytes, once: OnceKey | None, now: datetime
) -> None:
    """Save and publish in one statement (`place_order` in migrations/sql): all of it, or nothing.

    Conflict `stock-short`, `sku-changed` (a SKU is not in the revision that the draft rests on), `promotion-changed`,
    `points-changed`, `pickup-point-closed`, `recipient-closed`, and in a group buy what `group_buy.rules.refused` says.
    """
    quantities: dict[UUID, int] = {}
    for line in draft.lines:
        quantities[line.sku.sku_id] = quantities.get(line.sku.sku_id, 0) + line.quantity
    revisions = {line.sku.sku_id: line.sku.revision for line in draft.lines}
    sku_ids = sorted(quantities)
    row = draft_row(draft) | {"event": outbox_values(order_placed(draft), now=now)}
    unused = {"caller": None, "key": None, "request_hash": None, "status": None, "body": None}
    values = {
        "draft": orjson.dumps(row, default=str).decode(),
        "sku_ids": sku_ids,
        "revisions": [revisions[sku_id] for sku_id in sku_ids],
        "quantities": [quantities[sku_id] for sku_id in sku_ids],
    }
    [[answered]] = await PLACE.rows(db, values | (once.values(201, answer) if once else unused))
    if answered is None:
        note_published(db.info, {OrderPlaced.type})
        return
    raise refusal_of(orjson.loads(answered), draft)


async def settle_payment(
    db: AsyncSession, *, order_id: UUID, payment_id: UUID, paid_fen: int, paid_at: datetime, now: datetime
) -> rules.PaymentEffect:
    """A verified payment of `paid_fen` arrived; the provider took it at `paid_at`. The effect says what it did.

    Never refuses for a business reason: money that the order cannot take is `refund-due`. NotFound for no such order.
    An order that was cancelled only because its time was over is taken up again if all of it is still there.
    """
    order = await queries.lock_order(db, order_id)
    if await reviving.revive_order(db, order, paid_fen=paid_fen, now=now):
        order = await queries.lock_order(db, order_id)
    is_group_closed = order["mode"] == rules.GROUP_BUY and await group_standing.is_closed(db, order_id, at=paid_at)
    decision = paying.decide(
        order,
        payment_id=payment_id,
        paid_fen=paid_fen,
        paid_at=paid_at,
        now=now,
        is_group_closed=is_group_closed,
    )
    if decision.event is not None:
        values = {"order_id": order_id, "payment_id": payment_id, "paid_fen": paid_fen, "paid_at": paid_at}
        [[is_paid]] = await _PAY.rows(db, values | {"event": decision.event})
        if not is_paid:
            raise RuntimeError(f"order {order_id} changed while its row was locked")
        note_published(db.info, {OrderPaid.type})
    return decision.effect


async def cancel_order(
    db: AsyncSession, *, order_id: UUID, reason: str, caller: Caller, now: datetime
) -> OrderCancelled:
    """Void an order that is unpaid, or paid and still at its suppliers: all money that has not gone back yet does,
    stock is released. A deposit of an unpaid order goes back if that was agreed.

    NotFound unless the caller is the buyer or an operator. Conflict `order-on-account` (a unit's order has its own
    ways), `order-already-cancelled`, `order-shipped`, `group-formed`: a buyer leaves a group until it is formed.
    """
    order = await queries.lock_own_order(db, order_id, caller)
    rules.ensure_prepaid(order)
    moving.ensure_cancellable(order["status"], [part["fulfilment"] for part in order["parts"]])
    is_in_group = order["mode"] == rules.GROUP_BUY
    if is_in_group and not caller.is_operator:
        await group_standing.ensure_leavable(db, order_id)
    was_paid = order["status"] == "PAID"
    refunded_fen = await payment_queries.get_left_fen(db, order_id) if was_paid else deposits.returned_fen(order)
    event = OrderCancelled(
        order_id=order_id,
        order_number=order["order_number"],
        reason=reason,
        was_paid=was_paid,
        refunded_fen=refunded_fen,
        cancelled_at=now,
    )
    await voiding.void(db, [order_id], reason=reason, cancelled_by=caller.person_id, now=now)
    if is_in_group:
        await group_standing.return_pieces(db, [order_id], now=now)
    if refunded_fen:
        await payment_actions.request_refund(db, order_id=order_id, amount_fen=refunded_fen, reason=reason, now=now)
    await publish(db, event, now=now)
    return event


async def expire_unpaid(db: AsyncSession, *, now: datetime, limit: int = 100) -> int:
    """Cancel a batch of orders whose payment is overdue; how many. An order that is being paid now is left alone."""
    due = (await db.execute(_LOCK_DUE, {"now": now, "limit": limit})).all()
    if not due:
        return 0
    await void_orders(db, due, reason=rules.OVERDUE, now=now)
    return len(due)


async def void_orders(db: AsyncSession, orders: Sequence[Any], *, reason: str, now: datetime) -> None:
    """Cancel locked orders, all in this transaction and by nobody: what is paid of them goes back whole. Rows are of
    order_id, order_number, mode, status, payable_fen, deposit_fen, returns_deposit."""
    await voiding.void(db, [row.order_id for row in orders], reason=reason, cancelled_by=None, now=now)
    grouped = [row.order_id for row in orders if row.mode == rules.GROUP_BUY]
    if grouped:
        await group_standing.return_pieces(db, grouped, now=now)
    events = []
    for row in orders:
        refunded_fen = row.payable_fen if row.status == "PAID" else deposits.returned_fen(row._mapping)  # noqa: SLF001 - public in SQLAlchemy
        if refunded_fen:
            await payment_actions.request_refund(
                db, order_id=row.order_id, amount_fen=refunded_fen, reason=reason, now=now
            )
        told = {"order_id": row.order_id, "order_number": row.order_number, "reason": reason, "cancelled_at": now}
        events.append(OrderCancelled(**told, was_paid=row.status == "PAID", refunded_fen=refunded_fen))
    await publish(db, *events, now=now)


async def mark_shipped(
    db: AsyncSession,
    *,
    order_id: UUID,
    supplier_order_id: UUID,
    quantities: Mapping[UUID, int],
    shipped_at: datetime,
    dispatch: Dispatch | None = None,
) -> None:
    """Goods of a part left their supplier: only now do their pieces leave the stock. While some are still to be
    sent the part is PARTLY_SHIPPED and the rest stays held.

    Goods sent although the order was cancelled before are gone too: they are booked out and the history says so.
    """
    order = await queries.lock_order(db, order_id)
    part = _part_of(order, supplier_order_id)
    step = {"order_id": order_id, "supplier_order_id": supplier_order_id, "at": shipped_at}
    match moving.dispatch_effect(order["status"], part["fulfilment"]):
        case "ship":
            if dispatch is not None and await stock_queries.has_shipped(
                db, holder_id=order_id, shipment_id=dispatch.shipment_id, reference=dispatch.reference
            ):
                return
            await stock_actions.ship_stock(
                db,
                holder_id=order_id,
                quantities=quantities,
                now=shipped_at,
                lots=dispatch.lots if dispatch else None,
                shipment_id=dispatch.shipment_id if dispatch else None,
                reference=dispatch.reference if dispatch else "",
            )
            fulfilment = await _sent_so_far(db, order_id, part)
            await db.execute(_SHIP_PART, step | {"fulfilment": fulfilment})
            if order["is_on_account"] and fulfilment == "SHIPPED":
                await unit_order_actions.follow_dispatch(db, order_id=order_id, now=shipped_at)
        case "after-cancel":
            for sku_id in sorted(quantities):
                await stock_actions.adjust_stock(
                    db,
                    sku_id=sku_id,
                    change=-quantities[sku_id],
                    reason="shipped-after-cancel",
                    recorded_by=None,
                    now=shipped_at,
                    order_id=order_id,
                )
            await db.execute(_NOTE_LATE_DISPATCH, step)
        case "repeated":
            pass


async def _sent_so_far(db: AsyncSession, order_id: UUID, part: Mapping[str, Any]) -> str:
    """A part of which something is still held is not shipped whole."""
    sku_ids = [UUID(line["sku_id"]) for line in part["lines"]]
    is_open = await stock_queries.count_open(db, holder_id=order_id, sku_ids=sku_ids) > 0
    return "PARTLY_SHIPPED" if is_open else "SHIPPED"


async def mark_delivered(db: AsyncSession, *, order_id: UUID, supplier_order_id: UUID, delivered_at: datetime) -> None:
    """A part arrived and is settled, for it was paid before; the order is complete when all its parts have. A
    cancelled order stays cancelled. On account it waits for its unit's goods check."""
    order = await queries.lock_order(db, order_id)
    part = _part_of(order, supplier_order_id)
    if order["status"] == "CANCELLED" or part["fulfilment"] == "DELIVERED":
        return
    moving.ensure_deliverable(part["fulfilment"])
    step = {"order_id": order_id, "supplier_order_id": supplier_order_id, "at": delivered_at}
    await db.execute(_DELIVER_PART, step)
    if order["is_on_account"]:
        await unit_order_actions.follow_arrival(db, order_id=order_id, now=delivered_at)
        return
    await completing.end_part(db, order, part, "DELIVERED", reason="", now=delivered_at)
    settled = SupplierOrderSettled(
        order_id=order_id,
        supplier_order_id=supplier_order_id,
        supplier_id=part["supplier_id"],
        lines=await shortfall.settled_lines(db, supplier_order_id, part["lines"]),
        settled_at=delivered_at,
    )
    await publish(db, settled, now=delivered_at)


def _part_of(order: Mapping[str, Any], supplier_order_id: UUID) -> dict[str, Any]:
    parts: list[dict[str, Any]] = order["parts"]
    for part in parts:
        if part["supplier_order_id"] == str(supplier_order_id):
            return part  # the very row, so that it can be told from the others
    raise queries.no_such_order()
