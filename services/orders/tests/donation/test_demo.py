"""The demo's donations: loaded once, given to who is verified, without holes in the books."""

from sqlalchemy import text

from deploy.demo.donations import load_gifts
from orders.stock import queries
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database


async def test_recipients_and_gifts_are_loaded_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        for _ in range(2):
            await listed_sku(db, stock=40)
    now = utc_now()
    for _ in range(2):
        advanced: list[int] = []
        await load_gifts(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == 5
    async with fresh_database.begin() as db:
        assert await queries.list_differences(db) == []
        taken = (await db.execute(text("SELECT status, count(*) FROM donation_recipients GROUP BY 1 ORDER BY 1"))).all()
        assert [tuple(each) for each in taken] == [("PROPOSED", 1), ("VERIFIED", 2)]
        found = text("SELECT mode, status, count(*) FROM orders JOIN donations USING (order_id) GROUP BY 1, 2")
        assert [tuple(each) for each in (await db.execute(found)).all()] == [("DONATION", "PAID", 2)]
