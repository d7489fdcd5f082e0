"""The demo's consumer spent some points, got some back, and is told which end soon; loaded twice, it is there once."""

from datetime import timedelta

from sqlalchemy import text

from deploy.demo.accounts import CONSUMER
from deploy.demo.points import COUNT, load_points
from orders.point import queries
from services.orders.tests.factories import listed_sku
from services.orders.tests.point.point_factories import ensure_agreed, kinds, person_with
from shared.clock import utc_now
from shared.db import Database


async def test_the_demos_consumer_has_points_with_a_history(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        await person_with(db, 300, person_id=CONSUMER.person_id, now=now - timedelta(days=342))
        await person_with(db, 100, person_id=CONSUMER.person_id, now=now - timedelta(days=40))
        await listed_sku(db, stock=50, price_fen=9900)
    for _ in range(2):
        advanced: list[int] = []
        await load_points(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == COUNT
    async with fresh_database.read() as db:
        assert [kind for kind, _ in await kinds(db, CONSUMER.person_id)] == [
            "earned", "earned", "spent", "given-back", "spent",
        ]  # fmt: skip
        assert [row.points for row in await queries.list_lots(db, CONSUMER.person_id, now=now)] == [150, 100]
        told = "SELECT count(*) FROM outbox WHERE type = 'orders.points-expiring.v1'"
        assert await db.scalar(text(told)) == 1
        await ensure_agreed(db)
