"""Reads of goods checks, and of what is to be checked."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance.models import Acceptance, AcceptanceLine
from orders.acceptance.rules import SentLine
from shared.errors import NotFound

_SENT = text("""
    SELECT line.line_id, line.sku_id, line.product_id, line.line_number, line.quantity, line.payable_fen,
           coalesce((SELECT sum(short.quantity) FROM order_shortfalls AS short WHERE short.line_id = line.line_id), 0)
               AS given_up_count
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE part.order_id = :order_id ORDER BY part.part_number, line.line_number
""")


async def list_sent_lines(db: AsyncSession, order_id: UUID) -> Sequence[SentLine]:
    """The order's lines with the pieces that should have come."""
    rows = await db.execute(_SENT, {"order_id": order_id})
    return [SentLine(**row) for row in rows.mappings()]


async def find_acceptance(db: AsyncSession, order_id: UUID) -> Acceptance | None:
    """The order's goods check, if it was done."""
    return await db.get(Acceptance, order_id)


async def get_acceptance(db: AsyncSession, order_id: UUID) -> Acceptance:
    """The order's goods check. 404 `acceptance-not-found` before it was done."""
    found = await find_acceptance(db, order_id)
    if found is None:
        raise NotFound("The goods of this order were not checked yet.", code="acceptance-not-found")
    return found


async def list_lines(db: AsyncSession, order_id: UUID) -> Sequence[AcceptanceLine]:
    """What was found, line by line."""
    statement = select(AcceptanceLine).where(AcceptanceLine.order_id == order_id).order_by(AcceptanceLine.line_number)
    return (await db.scalars(statement)).all()
