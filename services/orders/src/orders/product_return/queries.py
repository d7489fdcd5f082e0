"""Reading returns. A return is its buyer's, its supplier's and operators'; for anybody else it does not exist."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.after_sales import visible
from orders.product_return.models import ProductReturn
from shared.auth import Caller
from shared.errors import NotFound

_PAID_BACK = text("""
    SELECT product_return.return_id FROM product_returns AS product_return
    JOIN line_refunds AS granted ON granted.cause_id = product_return.return_id
    LEFT JOIN refunds AS refund USING (refund_id)
    WHERE product_return.status = 'ACCEPTED' AND (granted.refund_id IS NULL OR refund.status = 'SUCCEEDED')
      AND NOT EXISTS (
          SELECT FROM refunds AS more WHERE more.main_refund_id = granted.refund_id AND more.status <> 'SUCCEEDED')
    ORDER BY product_return.return_id LIMIT :limit
    FOR NO KEY UPDATE OF product_return SKIP LOCKED
""")


async def get_return(db: AsyncSession, return_id: UUID, caller: Caller) -> ProductReturn:
    """The return; 404 `return-not-found`."""
    wanted = select(ProductReturn).where(ProductReturn.return_id == return_id, visible(ProductReturn, caller))
    found = await db.scalar(wanted)
    if found is None:
        raise _unknown()
    return found


async def lock_return(db: AsyncSession, return_id: UUID, caller: Caller) -> ProductReturn:
    """The same, held until the transaction ends."""
    found = await db.scalar(
        select(ProductReturn)
        .where(ProductReturn.return_id == return_id, visible(ProductReturn, caller))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise _unknown()
    return found


async def list_due_returns(db: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Returns on which somebody should have acted by now."""
    rows = await db.scalars(
        select(ProductReturn.return_id)
        .where(ProductReturn.due_at <= now)
        .order_by(ProductReturn.due_at, ProductReturn.return_id)
        .limit(limit)
    )
    return list(rows)


async def lock_due_return(db: AsyncSession, return_id: UUID, *, now: datetime) -> ProductReturn | None:
    """One of them, held; None where it is not due any more, or somebody is at it."""
    found: ProductReturn | None = await db.scalar(
        select(ProductReturn)
        .where(ProductReturn.return_id == return_id, ProductReturn.due_at <= now)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found


async def lock_paid_back(db: AsyncSession, *, limit: int) -> list[ProductReturn]:
    """Accepted returns whose money has arrived, held."""
    ids = list(await db.scalars(_PAID_BACK, {"limit": limit}))
    if not ids:
        return []
    wanted = select(ProductReturn).where(ProductReturn.return_id.in_(ids)).order_by(ProductReturn.return_id)
    return list(await db.scalars(wanted))


def _unknown() -> NotFound:
    return NotFound("There is no such return.", code="return-not-found", field="return_id")
