"""The demo's returns and exchanges go through the real actions, and loading them again adds nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from deploy.demo.exchanges import EXCHANGES, RETURNS, load_exchanges, story_count
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import delivered_order
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database

FIGURES = """
    SELECT (SELECT count(*) FROM product_returns), (SELECT count(*) FROM exchanges),
           (SELECT count(DISTINCT status) FROM product_returns), (SELECT count(DISTINCT status) FROM exchanges),
           (SELECT count(*) FROM product_returns WHERE due_at <= now())
           + (SELECT count(*) FROM exchanges WHERE due_at <= now()),
           (SELECT count(*) FROM refunds WHERE status <> 'SUCCEEDED')
"""


async def test_the_demos_returns_and_exchanges_are_loaded_once(fresh_database: Database, tmp_path: Path):
    now = utc_now()
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=100, price_fen=8000, temperature_class="AMBIENT")
        for _ in range(story_count()):
            await delivered_order(db, (sku.sku_id, 1), delivered_at=now - timedelta(days=5))
    seen: list[tuple[Any, ...]] = []
    for _ in range(2):
        await load_exchanges(fresh_database, {"ORDERS_FILES_URL": tmp_path.as_uri()}, now=now, advance=lambda _: None)
        async with fresh_database.read() as db:
            seen.append(tuple((await db.execute(text(FIGURES))).one()))
            assert await stock_queries.list_differences(db) == []
    assert seen[0] == seen[1] == (len(RETURNS), len(EXCHANGES), 6, 5, 0, 0)
