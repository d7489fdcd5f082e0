"""The demo's crop orders: loaded once, in every state, with books that agree."""

from sqlalchemy import text

from deploy.demo.buying import load_buying
from deploy.demo.crop_orders import CROPS, load_crop_orders
from deploy.demo.institutions import load_units
from deploy.demo.tables import demo_id
from orders.stock import queries
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database


async def test_a_school_orders_harvests_once_in_every_state(fresh_database: Database):
    async with fresh_database.begin() as db:
        for key in sorted({each.sku_key for each in CROPS}):
            await listed_sku(db, sku_id=demo_id("sku", key))
    now = utc_now()
    await load_units(fresh_database, now=now, advance=lambda _: None)
    await load_buying(fresh_database, now=now, advance=lambda _: None)
    for _ in range(2):
        advanced: list[int] = []
        await load_crop_orders(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == len(CROPS)
    async with fresh_database.begin() as db:
        assert await queries.list_differences(db) == []
        found = await db.execute(text("SELECT status, count(*) FROM crop_orders GROUP BY 1 ORDER BY 1"))
        assert {row.status: row.count for row in found} == {
            "AGREED": 1,
            "CANCELLED": 1,
            "DELIVERING": 1,
            "DRAFT": 1,
            "FAILED": 1,
            "GROWING": 1,
            "OFFERED": 1,
            "SUBMITTED": 1,
        }
        late = text("SELECT count(*) FROM crop_milestones WHERE missed_at IS NOT NULL")
        assert await db.scalar(late) == 1
