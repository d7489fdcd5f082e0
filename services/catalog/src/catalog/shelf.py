"""SKUs that a cause takes off the shelf, and their way back when it is gone.

A cause is the mark of a credit placement or of an enforcement measure, a held lot, or a permit or licence that is
missing. A SKU keeps it as the reason why it was delisted, so that what this cause alone took off comes back by itself;
what a person took off, or takes off meanwhile, stays off.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.licence import queries as licence_queries
from catalog.product import queries as product_queries
from catalog.product.models import Product
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from shared.errors import Conflict


async def lock_product(db: AsyncSession, product_id: UUID) -> Product:
    """The product, held, and who sells it before it, as everything that puts packs on the shelf needs them."""
    product = await product_queries.get_product(db, product_id)
    await licence_queries.lock_sellers(db, product.supplier_id)
    return await product_queries.lock_product(db, product_id)


async def take_off(db: AsyncSession, *, product_ids: Sequence[UUID], cause: str, now: datetime, keep: int = 0) -> int:
    """Take the listed SKUs of these products off the shelf but the first `keep`; how many. Hold the products' locks."""
    listed = await sku_queries.list_skus_of(db, product_ids, listed_only=True)
    sku_ids = sorted(each.sku.sku_id for found in listed.values() for each in found)[keep:]
    await sku_actions.delist_skus(db, sku_ids, product_ids=product_ids, reason=cause, now=now)
    return len(sku_ids)


async def put_back(db: AsyncSession, *, product_ids: Sequence[UUID], cause: str, now: datetime) -> int:
    """Put back what the cause took off, as far as it may be sold; how many. What another cause holds is left to that
    one, what has no price any more stays off. Hold who sells them (`licence.queries.lock_sellers`), then the
    products."""
    sku_ids = await sku_queries.list_delisted_for(db, product_ids, cause)
    if await _list(db, sku_ids, now=now) is None:
        return len(sku_ids)
    count = 0
    for sku_id in sku_ids:
        refusal = await _list(db, [sku_id], now=now)
        if refusal is None:
            count += 1
        elif refusal.extra.get("cause"):
            await sku_actions.mark_delisted_for(db, sku_id=sku_id, reason=str(refusal.extra["cause"]))
    return count


async def _list(db: AsyncSession, sku_ids: Sequence[UUID], *, now: datetime) -> Conflict | None:
    """Put them on the shelf, all or none; why not, if not."""
    try:
        async with db.begin_nested():
            if sku_ids:
                await sku_actions.list_skus(db, sku_ids=sku_ids, now=now)
    except Conflict as refusal:
        return refusal
    return None
