"""Keeping what orders says of its stock, and the cards that show it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.product import queries as product_queries

_KEEP = text("""
    INSERT INTO stock_flags AS kept (sku_id, product_id, is_in_stock, is_low, revision, changed_at)
    VALUES (:sku_id, :product_id, :is_in_stock, :is_low, :revision, :now)
    ON CONFLICT (sku_id) DO UPDATE
        SET product_id = excluded.product_id, is_in_stock = excluded.is_in_stock, is_low = excluded.is_low,
            revision = excluded.revision, changed_at = excluded.changed_at
        WHERE kept.revision < excluded.revision
""")
_SHOW = text("""
    UPDATE product_cards AS card SET is_in_stock = found.is_in_stock
    FROM (
        SELECT coalesce(bool_or(flag.is_in_stock), false) AS is_in_stock
        FROM stock_flags AS flag JOIN skus AS pack USING (sku_id)
        WHERE pack.product_id = :product_id AND pack.is_listed
    ) AS found
    WHERE card.product_id = :product_id AND card.is_in_stock <> found.is_in_stock
""")


async def note_stock(
    db: AsyncSession, *, sku_id: UUID, product_id: UUID, available: int, low_at: int, revision: int, now: datetime
) -> None:
    """Orders told how a pack's stock stands. The product is held meanwhile, so that a card that is rendered at the same
    time has the word or gets it."""
    await product_queries.lock_products(db, [product_id])
    await db.execute(
        _KEEP,
        {
            "sku_id": sku_id,
            "product_id": product_id,
            "is_in_stock": available > 0,
            "is_low": available <= low_at,
            "revision": revision,
            "now": now,
        },
    )
    await db.execute(_SHOW, {"product_id": product_id})
