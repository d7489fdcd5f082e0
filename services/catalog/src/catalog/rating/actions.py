"""Keeping ratings as orders tells them."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.product import queries as product_queries
from catalog.rating import rules

_STORE = text("""
    INSERT INTO product_ratings AS known (product_id, rating_count, rating_sum, revision)
    VALUES (:product_id, :rating_count, :rating_sum, :revision)
    ON CONFLICT (product_id) DO UPDATE
        SET rating_count = excluded.rating_count, rating_sum = excluded.rating_sum, revision = excluded.revision
        WHERE known.revision < excluded.revision
    RETURNING product_id
""")
_SHOW = text("""
    UPDATE product_cards
    SET rating_count = :rating_count, rating_sum = :rating_sum, rating_score = :rating_score
    WHERE product_id = :product_id
""")


async def note_rating(db: AsyncSession, *, product_id: UUID, rating: rules.Rating, revision: int) -> bool:
    """Keep what buyers say of a product and order its cards by it; False for what is older than what is known.

    The product is held meanwhile, so that a card that is rendered at the same time has it or gets it.
    """
    await product_queries.lock_products(db, [product_id])
    facts = {"product_id": product_id, "rating_count": rating.rating_count, "rating_sum": rating.rating_sum}
    if await db.scalar(_STORE, facts | {"revision": revision}) is None:
        return False
    await db.execute(_SHOW, facts | {"rating_score": rules.rating_score(rating)})
    return True
