"""Reading ratings."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.rating.models import ProductRating
from catalog.rating.rules import Rating


async def list_ratings(db: AsyncSession, product_ids: Iterable[UUID]) -> dict[UUID, Rating]:
    """Ratings by product; products of which nobody said anything are left out."""
    rows = await db.execute(
        select(ProductRating.product_id, ProductRating.rating_count, ProductRating.rating_sum).where(
            ProductRating.product_id.in_(list(product_ids))
        )
    )
    return {product_id: Rating(count, total) for product_id, count, total in rows}
