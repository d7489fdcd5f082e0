"""What a verified payment does to its order, and the event that goes with it, at once or when its group has formed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import deposits, queries, rules
from shared.events.orders import DeliveryAddress, OrderPaid, SoldLine, SoldPart
from shared.outbox import outbox_values, publish

_ANNOUNCE = text("""
    WITH parts AS (
        UPDATE supplier_orders SET fulfilment = 'PENDING_SHIPMENT'
        WHERE order_id = ANY(CAST(:order_ids AS uuid[])) AND fulfilment = 'AWAITING_GROUP'
    )
    INSERT INTO order_changes (order_id, change, changed_at)
    SELECT order_id, 'GROUP_FORMED', :now FROM unnest(CAST(:order_ids AS uuid[])) AS told (order_id)
""")


@dataclass(frozen=True, slots=True)
class PaymentDecision:
    """`event` is the outbox row, as JSON text, of an order that the payment pays; None if it does not."""

    effect: rules.PaymentEffect
    event: str | None


def decide(
    order: Mapping[str, Any],
    *,
    payment_id: UUID,
    paid_fen: int,
    paid_at: datetime,
    now: datetime,
    is_group_closed: bool = False,
) -> PaymentDecision:
    """Decide by the order as `lock_order` or `read_order` shows it. Without a lock, saving compares the state again."""
    effect = rules.payment_effect(
        status=order["status"],
        due_fen=deposits.due_fen(order),
        settled_by=UUID(order["payment_id"]) if order["payment_id"] else None,
        payment_id=payment_id,
        paid_fen=paid_fen,
        is_group_closed=is_group_closed,
    )
    if effect.outcome != "paid":
        return PaymentDecision(effect, None)
    event = outbox_values(_order_paid(order, paid_at), now=now)
    return PaymentDecision(effect, orjson.dumps(event, default=str).decode())


async def announce_orders(db: AsyncSession, order_ids: Sequence[UUID], *, now: datetime) -> None:
    """Tell of paid orders that waited for their group, all in this transaction: from now on they are shipped and
    counted. The caller has locked them."""
    events = []
    for order_id in order_ids:
        order = await queries.lock_order(db, order_id)
        events.append(_order_paid(order, datetime.fromisoformat(order["paid_at"])))
    await db.execute(_ANNOUNCE, {"order_ids": list(order_ids), "now": now})
    await publish(db, *events, now=now)


def _order_paid(order: Mapping[str, Any], paid_at: datetime) -> OrderPaid:
    """All that suppliers' shipments and the analysts' facts need."""
    return OrderPaid.model_validate(
        {**order, "parts": sold_parts(order), "address": address_of(order), "paid_at": paid_at}
    )


def sold_parts(order: Mapping[str, Any]) -> tuple[SoldPart, ...]:
    """What each supplier has sold."""
    return tuple(
        SoldPart.model_validate({**part, "lines": tuple(SoldLine.model_validate(line) for line in part["lines"])})
        for part in order["parts"]
    )


def address_of(order: Mapping[str, Any]) -> DeliveryAddress:
    """Where it goes."""
    return DeliveryAddress(
        recipient=order["recipient"],
        phone=order["phone"],
        county_code=order["county_code"],
        detail=order["address_detail"],
        pickup_point_id=order["pickup_point_id"],
        pickup_point_name=order["pickup_point_name"],
        is_hidden=order["mode"] == rules.DONATION,
    )
