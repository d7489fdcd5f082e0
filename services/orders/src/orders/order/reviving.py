"""An order whose time ran out while its money was on the way: taken up again if all of it is still there (CASES T4)."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import deposits, rules
from orders.point import actions as point_actions
from orders.sku import queries as sku_queries
from orders.sku.rules import unsellable_reason
from orders.stock import actions as stock_actions
from shared.errors import Conflict

_REVIVE = text("""
    WITH revived AS (
        UPDATE orders SET status = 'PENDING_PAYMENT', cancelled_at = NULL, cancel_reason = NULL
        WHERE order_id = :order_id
        RETURNING order_id
    )
    UPDATE supplier_orders SET fulfilment = 'PENDING_PAYMENT' FROM revived
    WHERE supplier_orders.order_id = revived.order_id
""")
_PROMOTIONS_LEFT = text("SELECT promotions_left_for(:order_id)")
_HOLD_PROMOTIONS = text("SELECT hold_promotions_again(:order_id, :now)")


def is_revivable(order: Mapping[str, Any], *, paid_fen: int, now: datetime) -> bool:
    """Whether late money may take an order up again: only its end of time cancelled it, lately, and its deposit did not
    go back. Whether its stock, and what it took of promotions, are still there is seen under their locks. A group is
    joined anew."""
    return (
        order["status"] == "CANCELLED"
        and order["mode"] != rules.GROUP_BUY
        and order["cancel_reason"] == rules.OVERDUE
        and deposits.due_fen(order) == paid_fen
        and not deposits.returned_fen(order)
        and now - datetime.fromisoformat(order["cancelled_at"]) <= rules.LATEST_REVIVAL
    )


async def revive_order(db: AsyncSession, order: Mapping[str, Any], *, paid_fen: int, now: datetime) -> bool:
    """Make an overdue order wait for its payment again, with its stock, promotions and points held anew; False, and
    nothing changed, if it may not be or if anything of it is gone. The caller holds the order's row and settles it at
    once."""
    if not is_revivable(order, paid_fen=paid_fen, now=now):
        return False
    quantities: Counter[UUID] = Counter()
    for part in order["parts"]:
        for line in part["lines"]:
            quantities[UUID(line["sku_id"])] += line["quantity"]
    skus = await sku_queries.list_for_sale(db, quantities)
    if any(unsellable_reason(skus.get(sku_id), now) for sku_id in quantities):
        return False
    order_id = UUID(order["order_id"])
    if not await db.scalar(_PROMOTIONS_LEFT, {"order_id": order_id}):
        return False
    if not await point_actions.are_left_for(db, order_id, now=now):
        return False
    try:
        await stock_actions.hold_again(
            db, holder_id=order_id, purpose="order", quantities=quantities, until=None, now=now
        )
    except Conflict:
        return False
    await db.execute(_HOLD_PROMOTIONS, {"order_id": order_id, "now": now})
    await point_actions.spend_again(db, order_id, now=now)
    await db.execute(_REVIVE, {"order_id": order_id})
    return True
