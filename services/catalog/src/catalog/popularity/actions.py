"""Counting what is sold, and forgetting it in time."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.popularity import rules
from catalog.product import queries as product_queries

_COUNT = text("""
    WITH sold AS (
        INSERT INTO recent_sales (order_id, product_id, sold_on, quantity)
        SELECT :order_id, product_id, :sold_on, quantity
        FROM unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[])) AS line (product_id, quantity)
        ON CONFLICT DO NOTHING
        RETURNING product_id, quantity
    )
    UPDATE product_cards AS card SET sold_count = sold_count + sold.quantity
    FROM sold WHERE card.product_id = sold.product_id
""")
_TAKE_BACK = text("""
    WITH gone AS (DELETE FROM recent_sales WHERE order_id = :order_id RETURNING product_id, quantity)
    UPDATE product_cards AS card SET sold_count = sold_count - gone.quantity
    FROM gone WHERE card.product_id = gone.product_id
""")
_PRODUCTS_OF = text("SELECT product_id FROM recent_sales WHERE order_id = :order_id")
_OLD_PRODUCTS = text("SELECT DISTINCT product_id FROM recent_sales WHERE sold_on < :first LIMIT :limit")
_FORGET = text("""
    WITH gone AS (
        DELETE FROM recent_sales WHERE sold_on < :first AND product_id = ANY(:product_ids)
        RETURNING product_id, quantity
    ), fewer AS (SELECT product_id, sum(quantity)::int AS quantity FROM gone GROUP BY product_id)
    UPDATE product_cards AS card SET sold_count = sold_count - fewer.quantity
    FROM fewer WHERE card.product_id = fewer.product_id
""")


async def count_sale(
    db: AsyncSession, *, order_id: UUID, quantities: Mapping[UUID, int], sold_on: date, today: date
) -> None:
    """A paid order's pieces by product count from now on; once an order, and not if it is older than the window.

    The products are held meanwhile, so that a card that is rendered at the same time has the sale or gets it.
    """
    if sold_on < rules.first_day(today):
        return
    await product_queries.lock_products(db, quantities)
    await db.execute(
        _COUNT,
        {
            "order_id": order_id,
            "sold_on": sold_on,
            "product_ids": list(quantities),
            "quantities": list(quantities.values()),
        },
    )


async def take_back_sale(db: AsyncSession, *, order_id: UUID) -> None:
    """A paid order was cancelled: its pieces count no more."""
    product_ids = list((await db.execute(_PRODUCTS_OF, {"order_id": order_id})).scalars())
    await product_queries.lock_products(db, product_ids)
    await db.execute(_TAKE_BACK, {"order_id": order_id})


async def forget_old_sales(db: AsyncSession, *, today: date, limit: int = 500) -> int:
    """Sales from before the window of some products no longer count; how many products that were, 0 when done."""
    first = rules.first_day(today)
    due = list((await db.execute(_OLD_PRODUCTS, {"first": first, "limit": limit})).scalars())
    await product_queries.lock_products(db, due)
    await db.execute(_FORGET, {"first": first, "product_ids": due})
    return len(due)
