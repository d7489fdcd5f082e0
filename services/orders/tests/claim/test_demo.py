"""The demo's claims and reviews go through the real actions, and loading them again adds nothing."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from deploy.demo.after_sales import STORIES, load_after_sales
from services.orders.tests.after_sales import delivered_order
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database

FIGURES = """
    SELECT (SELECT count(*) FROM claims), (SELECT count(*) FROM reviews),
           (SELECT sum(rating_count) FROM product_ratings),
           (SELECT count(*) FROM claims WHERE due_at <= now()),
           (SELECT count(*) FROM refunds WHERE status <> 'SUCCEEDED')
"""


async def test_the_demos_claims_and_reviews_are_loaded_once(fresh_database: Database, tmp_path: Path):
    now = utc_now()
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=100, price_fen=8000)
        for _ in range(len(STORIES) + 10):
            await delivered_order(db, (sku.sku_id, 1), delivered_at=now - timedelta(days=5))
    seen = []
    for _ in range(2):
        await load_after_sales(fresh_database, {"ORDERS_FILES_URL": tmp_path.as_uri()}, now=now, advance=lambda _: None)
        async with fresh_database.read() as db:
            seen.append(tuple((await db.execute(text(FIGURES))).one()))
    assert seen[0] == seen[1]
    claims, reviews, rated, overdue, unsettled = seen[0]
    assert (claims, reviews, overdue, unsettled) == (len(STORIES), rated, 0, 0)
    assert reviews > 0
