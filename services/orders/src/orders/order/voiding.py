"""Making orders void: their parts, their stock, their history. What was paid of them is the caller's affair."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import actions as stock_actions

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


async def void(
    db: AsyncSession, order_ids: Sequence[UUID], *, reason: str, cancelled_by: UUID | None, now: datetime
) -> None:
    """Cancel locked orders and give back what they hold."""
    values = {"order_ids": list(order_ids), "reason": reason, "changed_by": cancelled_by, "now": now}
    await db.execute(_CANCEL, values)
    await stock_actions.release_stock(db, holder_ids=order_ids, now=now)
