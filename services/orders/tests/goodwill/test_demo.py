"""The demo's service desk: what it did lately, once."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo import service
from orders.goodwill import rules
from services.orders.tests.after_sales import SOON, delivered_fruit
from shared.db import Database


async def states(db: AsyncSession) -> list[tuple[str, bool]]:
    rows = await db.execute(text("SELECT status, needs_second FROM goodwills ORDER BY asked_at"))
    return [tuple(row) for row in rows]


async def test_the_demo_gives_some_at_once_and_leaves_some_for_a_second_person(fresh_database: Database):
    async with fresh_database.begin() as db:
        for price_fen in (1990, 2990, *(rules.alone_fen() + 1,) * 3):
            await delivered_fruit(db, quantity=2, price_fen=price_fen)
    for _ in range(2):
        told: list[int] = []
        await service.load_service(fresh_database, now=SOON, advance=told.append)
        assert sum(told) == service.COUNT
        async with fresh_database.begin() as db:
            assert await states(db) == [
                ("GRANTED", False),
                ("GRANTED", False),
                ("WAITING", True),
                ("WAITING", True),
                ("GRANTED", True),
            ]
            open_refunds = await db.scalar(text("SELECT count(*) FROM refunds WHERE status <> 'SUCCEEDED'"))
            assert open_refunds == 0, "the practice cashier never took the past's money"
