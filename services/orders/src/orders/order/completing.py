"""An order of which every part came to its end: all has arrived, or will never be sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.point import actions as point_actions
from shared.events.orders import OrderCancelled
from shared.ids import new_id
from shared.outbox import publish

_COMPLETE = text("""
    WITH completed AS (UPDATE orders SET status = 'COMPLETED', completed_at = :now WHERE order_id = :order_id)
    INSERT INTO order_changes (order_id, change, changed_at) VALUES (:order_id, 'COMPLETED', :now)
""")


_END = text("""
    WITH ended AS (
        UPDATE orders SET status = 'CANCELLED', cancelled_at = :now, cancel_reason = :reason WHERE order_id = :order_id
    )
    INSERT INTO order_changes (order_id, change, reason, changed_at) VALUES (:order_id, 'CANCELLED', :reason, :now)
""")


_OWED = text("""
    SELECT EXISTS (
        SELECT FROM supplier_orders AS part JOIN order_lines AS line USING (supplier_order_id)
        WHERE part.order_id = :order_id AND part.fulfilment = 'LOST' AND line.quantity > (
            SELECT coalesce(sum(gone.quantity), 0) FROM order_shortfalls AS gone WHERE gone.line_id = line.line_id))
""")
_VOID = frozenset({"CANCELLED", "LOST"})


async def end_part(
    db: AsyncSession, order: Mapping[str, Any], part: Mapping[str, Any], fulfilment: str, *, reason: str, now: datetime
) -> None:
    """A part of the order is DELIVERED now, CANCELLED because nothing of it can be sent, or LOST. With its last part
    the order is complete, or void where nothing of it was delivered or is sent again; each part's money went back with
    it then. The caller holds the order's row."""
    ends = {fulfilment} | {each["fulfilment"] for each in order["parts"] if each is not part}
    order_id = UUID(order["order_id"])
    if ends <= _VOID and not ("LOST" in ends and await db.scalar(_OWED, {"order_id": order_id})):
        await db.execute(_END, {"order_id": order_id, "reason": reason, "now": now})
        told = {"order_id": order_id, "order_number": order["order_number"], "reason": reason, "cancelled_at": now}
        await publish(db, OrderCancelled(**told, was_paid=True, refunded_fen=order["payable_fen"]), now=now)
    elif ends <= {"DELIVERED", *_VOID}:
        await complete_order(db, order, now=now)


async def complete_order(db: AsyncSession, order: Mapping[str, Any], *, now: datetime) -> None:
    """It is complete, and its buyer earns points. The caller holds its row and saw that its last part arrived."""
    order_id = UUID(order["order_id"])
    await db.execute(_COMPLETE, {"order_id": order_id, "now": now})
    await point_actions.earn_for_order(
        db,
        person_id=UUID(order["buyer_id"]),
        buyer_kind=order["buyer_kind"],
        order_id=order_id,
        lot_id=new_id(),
        now=now,
    )
