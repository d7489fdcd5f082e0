"""Which products can be bought now."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_IN_STOCK = text("""
    SELECT DISTINCT pack.product_id FROM stock_flags AS flag JOIN skus AS pack USING (sku_id)
    WHERE pack.product_id = ANY(:product_ids) AND pack.is_listed AND flag.is_in_stock
""")


async def list_in_stock(db: AsyncSession, product_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the products of which a listed pack has stock."""
    return set(await db.scalars(_IN_STOCK, {"product_ids": list(product_ids)}))
