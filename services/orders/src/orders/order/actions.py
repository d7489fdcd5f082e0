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
from orders.order import paying, queries, reviving, rules
from orders.payment import actions as payment_actions
from orders.stock import actions as stock_actions
from shared.auth import Caller
from shared.bell import note_published
from shared.clock import business_day
from shared.direct import Direct, Statement
from shared.errors import Conflict
from shared.events.orders import (
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    SettledLine,
    SupplierOrderSettled,
)
from shared.idempotency import OnceKey, still_running
from shared.outbox import outbox_values, publish

_PLACE = Statement("""
    SELECT place_order(:draft, :sku_ids, :revisions, :quantities, :caller, :key, :request_hash, :status, :body)::text
""")
_PAY = Statement("SELECT pay_order(:order_id, :payment_id, :paid_fen, :paid_at, :event)")
_CANCEL = text("""
    WITH cancelled AS (
        UPDATE orders SET status = 'CANCELLED', cancelled_at = :now, cancel_reason = :reason
        WHERE order_id = ANY(CAST(:order_ids AS uuid[]))
        RETURNING order_id
    ), parts AS (
        UPDATE supplier_orders SET fulfilment = 'CANCELLED' WHERE order_id = ANY(CAST(:order_ids AS uuid[]))
    )
    INSERT INTO order_changes (order_id, change, reason, changed_by, changed_at)
    SELECT order_id, 'CANCELLED', :reason, :changed_by, :now FROM cancelled
""")
_LOCK_DUE = text("""
    SELECT order_id, order_number FROM orders
    WHERE status = 'PENDING_PAYMENT' AND payment_due_at <= :now
    ORDER BY payment_due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
_SHIP_PART = text("""
    WITH part AS (
        UPDATE supplier_orders SET fulfilment = 'SHIPPED', shipped_at = :at WHERE supplier_order_id = :supplier_order_id
    )
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, 'SHIPPED', :at)
""")
_DELIVER_PART = text("""
    WITH part AS (
        UPDATE supplier_orders SET fulfilment = 'DELIVERED', delivered_at = :at
        WHERE supplier_order_id = :supplier_order_id
    )
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, 'DELIVERED', :at)
""")
_COMPLETE = text("""
    WITH completed AS (UPDATE orders SET status = 'COMPLETED', completed_at = :at WHERE order_id = :order_id)
    INSERT INTO order_changes (order_id, change, changed_at) VALUES (:order_id, 'COMPLETED', :at)
""")
_NOTE_LATE_DISPATCH = text("""
    INSERT INTO order_changes (order_id, supplier_order_id, change, changed_at)
    VALUES (:order_id, :supplier_order_id, 'SHIPPED_AFTER_CANCEL', :at)
""")


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
) -> Placed:
    """Sell the wanted lines, hold their stock until the payment window ends, and empty the cart of them.

    Two round trips: one reads all that the decision needs, one saves all that follows from it or nothing.
    `seen_payable_fen` is the sum that the buyer agreed to; None is for callers that agree to any (loading history).
    Conflict `sku-not-listed`, `stock-short`, `price-changed`, `sku-changed`; with `once` also what idempotency refuses.
    """
    skus = await queries.load_sale(db, {line.sku_id for line in wanted}, once=once)
    draft = rules.draft_order(
        wanted,
        skus,
        order_id=order_id,
        next_id=next_id,
        buyer=buyer,
        address=address,
        note=note,
        placed_on=business_day(now),
        now=now,
        payment_window=payment_window,
    )
    if seen_payable_fen not in (None, draft.payable_fen):
        seen_prices = await cart_queries.list_seen_prices(db, buyer.person_id)
        raise rules.price_changed(draft, seen_payable_fen=seen_payable_fen or 0, seen_prices=seen_prices)
    answer = render(draft)
    await save_placed(db, draft, answer=answer, once=once, now=now)
    return Placed(draft, answer)


async def save_placed(
    db: AsyncSession | Direct, draft: rules.OrderDraft, *, answer: bytes, once: OnceKey | None, now: datetime
) -> None:
    """Save and publish in one statement (`place_order` in migrations/sql): all of it, or nothing.

    Conflict `stock-short`, `sku-changed` (a SKU is not in the revision that the draft rests on).
    """
    lines = sorted(draft.lines, key=lambda line: line.sku.sku_id)
    row = _draft_row(draft) | {"event": outbox_values(_order_placed(draft), now=now)}
    unused = {"caller": None, "key": None, "request_hash": None, "status": None, "body": None}
    values = {
        "draft": orjson.dumps(row, default=str).decode(),
        "sku_ids": [line.sku.sku_id for line in lines],
        "revisions": [line.sku.revision for line in lines],
        "quantities": [line.quantity for line in lines],
    }
    [[answered]] = await _PLACE.rows(db, values | (once.values(201, answer) if once else unused))
    if answered is None:
        note_published(db.info, {OrderPlaced.type})
        return
    refused: dict[str, Any] = orjson.loads(answered)
    if "shortages" in refused:
        raise rules.stock_short(refused["shortages"])
    if "changed" in refused:
        raise Conflict(
            "A product changed at this very moment. Try again.", code="sku-changed", sku_ids=refused["changed"]
        )
    raise still_running()


def _order_placed(draft: rules.OrderDraft) -> OrderPlaced:
    return OrderPlaced(
        order_id=draft.order_id,
        order_number=draft.order_number,
        mode=draft.mode,
        buyer_id=draft.buyer.person_id,
        buyer_kind=draft.buyer.kind,
        organisation_id=draft.buyer.organisation_id,
        payable_fen=draft.payable_fen,
        placed_at=draft.placed_at,
        payment_due_at=draft.payment_due_at,
    )


def _draft_row(draft: rules.OrderDraft) -> dict[str, Any]:
    """The draft as `place_order` reads it."""
    return {
        "order_id": draft.order_id,
        "order_number": draft.order_number,
        "mode": draft.mode,
        "buyer_id": draft.buyer.person_id,
        "buyer_kind": draft.buyer.kind,
        "organisation_id": draft.buyer.organisation_id,
        **_money(draft),
        "recipient": draft.address.recipient,
        "phone": draft.address.phone,
        "county_code": draft.address.county_code,
        "address_detail": draft.address.detail,
        "note": draft.note,
        "placed_at": draft.placed_at,
        "payment_due_at": draft.payment_due_at,
        "parts": [
            {
                "supplier_order_id": part.supplier_order_id,
                "part_number": number,
                "supplier_id": part.lines[0].sku.supplier_id,
                "supplier_name": part.lines[0].sku.supplier_name,
                "ship_from_county_code": part.lines[0].sku.supplier_county_code,
                **_money(part),
            }
            for number, part in enumerate(draft.parts, 1)
        ],
        "lines": [
            {
                "line_id": line.line_id,
                "supplier_order_id": part.supplier_order_id,
                "line_number": number,
                "sku_id": line.sku.sku_id,
                "quantity": line.quantity,
                "unit_price_fen": line.sku.price_fen,
                "amount_fen": line.amount_fen,
                "discount_fen": line.discount_fen,
                "payable_fen": line.payable_fen,
            }
            for part in draft.parts
            for number, line in enumerate(part.lines, 1)
        ],
    }


def _money(sums: rules.OrderDraft | rules.DraftPart) -> dict[str, int]:
    return {
        "goods_fen": sums.goods_fen,
        "discount_fen": sums.discount_fen,
        "delivery_fen": sums.delivery_fen,
        "payable_fen": sums.payable_fen,
    }


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
    decision = paying.decide(order, payment_id=payment_id, paid_fen=paid_fen, paid_at=paid_at, now=now)
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
    """Void an order that is unpaid, or paid and still at its suppliers: money goes back whole, stock is released.

    NotFound unless the caller is the buyer or an operator. Conflict `order-already-cancelled`, `order-shipped`.
    """
    order = await queries.lock_own_order(db, order_id, caller)
    rules.ensure_cancellable(order["status"], [part["fulfilment"] for part in order["parts"]])
    was_paid = order["status"] == "PAID"
    refunded_fen = order["payable_fen"] if was_paid else 0
    event = OrderCancelled(
        order_id=order_id,
        order_number=order["order_number"],
        reason=reason,
        was_paid=was_paid,
        refunded_fen=refunded_fen,
        cancelled_at=now,
    )
    await _save_cancelled(db, [order_id], reason=reason, cancelled_by=caller.person_id, now=now)
    if was_paid:
        await payment_actions.request_refund(db, order_id=order_id, amount_fen=refunded_fen, reason=reason, now=now)
    await publish(db, event, now=now)
    return event


async def expire_unpaid(db: AsyncSession, *, now: datetime, limit: int = 100) -> int:
    """Cancel a batch of orders whose payment is overdue; how many. An order that is being paid now is left alone."""
    due = (await db.execute(_LOCK_DUE, {"now": now, "limit": limit})).all()
    if not due:
        return 0
    await _save_cancelled(db, [row.order_id for row in due], reason=rules.OVERDUE, cancelled_by=None, now=now)
    events = [
        OrderCancelled(
            order_id=row.order_id,
            order_number=row.order_number,
            reason=rules.OVERDUE,
            was_paid=False,
            cancelled_at=now,
        )
        for row in due
    ]
    await publish(db, *events, now=now)
    return len(due)


async def _save_cancelled(
    db: AsyncSession, order_ids: list[UUID], *, reason: str, cancelled_by: UUID | None, now: datetime
) -> None:
    values = {"order_ids": order_ids, "reason": reason, "changed_by": cancelled_by, "now": now}
    await db.execute(_CANCEL, values)
    await stock_actions.release_stock(db, holder_ids=order_ids, now=now)


async def mark_shipped(
    db: AsyncSession, *, order_id: UUID, supplier_order_id: UUID, quantities: Mapping[UUID, int], shipped_at: datetime
) -> None:
    """A part left its supplier: only now do its pieces leave the stock.

    Goods sent although the order was cancelled before are gone too: they are booked out and the history says so.
    """
    order = await queries.lock_order(db, order_id)
    fulfilment = _part_of(order, supplier_order_id)["fulfilment"]
    step = {"order_id": order_id, "supplier_order_id": supplier_order_id, "at": shipped_at}
    match rules.dispatch_effect(order["status"], fulfilment):
        case "ship":
            await stock_actions.ship_stock(db, holder_id=order_id, quantities=quantities, now=shipped_at)
            await db.execute(_SHIP_PART, step)
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


async def mark_delivered(db: AsyncSession, *, order_id: UUID, supplier_order_id: UUID, delivered_at: datetime) -> None:
    """A part arrived and is settled, for it was paid before; the order is complete when all its parts have. A
    cancelled order stays cancelled."""
    order = await queries.lock_order(db, order_id)
    part = _part_of(order, supplier_order_id)
    if order["status"] == "CANCELLED" or part["fulfilment"] == "DELIVERED":
        return
    rules.ensure_deliverable(part["fulfilment"])
    step = {"order_id": order_id, "supplier_order_id": supplier_order_id, "at": delivered_at}
    await db.execute(_DELIVER_PART, step)
    if all(other["fulfilment"] == "DELIVERED" for other in order["parts"] if other is not part):
        await db.execute(_COMPLETE, {"order_id": order_id, "at": delivered_at})
    settled = SupplierOrderSettled(
        order_id=order_id,
        supplier_order_id=supplier_order_id,
        supplier_id=part["supplier_id"],
        lines=tuple(SettledLine.model_validate(line) for line in part["lines"]),
        settled_at=delivered_at,
    )
    await publish(db, settled, now=delivered_at)


def _part_of(order: Mapping[str, Any], supplier_order_id: UUID) -> dict[str, Any]:
    parts: list[dict[str, Any]] = order["parts"]
    for part in parts:
        if part["supplier_order_id"] == str(supplier_order_id):
            return part  # the very row, so that it can be told from the others
    raise queries.no_such_order()
