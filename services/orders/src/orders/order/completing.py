"""An order of which all has arrived."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.point import actions as point_actions
from shared.ids import new_id

_COMPLETE = text("""
    WITH completed AS (UPDATE orders SET status = 'COMPLETED', completed_at = :now WHERE order_id = :order_id)
    INSERT INTO order_changes (order_id, change, changed_at) VALUES (:order_id, 'COMPLETED', :now)
""")


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
