"""Reads of a person's cart."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart.rules import CartLine
from orders.sku.queries import SALE_COLUMNS, SALE_WIDTH, sale_skus
from shared.direct import Direct, Statement

_SEEN = Statement("SELECT sku_id, seen_price_fen FROM cart_lines WHERE person_id = :person_id")
_LINES = Statement(f"""
    SELECT {SALE_COLUMNS}, line.quantity, line.seen_price_fen
    FROM cart_lines AS line
    JOIN sellable_skus AS sku USING (sku_id)
    LEFT JOIN stock_levels AS level USING (sku_id)
    WHERE line.person_id = :person_id
    ORDER BY line.put_at, line.sku_id
""")  # noqa: S608 - only our own column list


async def list_seen_prices(db: AsyncSession | Direct, person_id: UUID) -> dict[UUID, int]:
    """The price in fen that the person saw of each SKU in the cart."""
    rows = await _SEEN.rows(db, {"person_id": person_id})
    return {row["sku_id"]: row["seen_price_fen"] for row in rows}


async def list_lines(db: AsyncSession | Direct, person_id: UUID) -> list[CartLine]:
    """The person's cart, in the order in which it was filled."""
    rows = await _LINES.rows(db, {"person_id": person_id})
    skus = sale_skus(rows)
    return [CartLine(skus[row[0]], *row[SALE_WIDTH : SALE_WIDTH + 2]) for row in rows]
