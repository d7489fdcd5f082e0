"""The demo's purchases: loaded once, in every state, with books that agree."""

from sqlalchemy import text

from deploy.demo.buying import COUNT, load_buying
from deploy.demo.institutions import load_units
from orders.stock import queries
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database


async def test_units_buy_once_in_every_state(fresh_database: Database):
    async with fresh_database.begin() as db:
        for _ in range(6):
            await listed_sku(db, stock=400)
    now = utc_now()
    await load_units(fresh_database, now=now, advance=lambda _: None)
    for _ in range(2):
        advanced: list[int] = []
        await load_buying(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == COUNT
    async with fresh_database.begin() as db:
        assert await queries.list_differences(db) == []
        found = await db.execute(text("SELECT status, count(*) FROM purchases GROUP BY 1 ORDER BY 1"))
        assert {row.status: row.count for row in found} == {
            "APPROVED": 1,
            "DRAFT": 2,
            "ORDERED": 2,
            "REFUSED": 1,
            "SUBMITTED": 2,
        }
        assert await db.scalar(text("SELECT count(*) FROM approval_delegations")) == 1
        held = text("SELECT count(*) FROM budgets WHERE committed_fen > 0")
        assert await db.scalar(held) in {2, 3}  # in January, what was ordered days ago is of the last year
