"""The demo's presales go through the real actions, and loading them again adds nothing."""

from sqlalchemy import text

from deploy.demo.presales import PRESALES, load_presales
from deploy.demo.tables import skus
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database

FIGURES = """
    SELECT (SELECT array_agg(status ORDER BY status) FROM presale_offers), (SELECT count(*) FROM presale_bookings),
           (SELECT count(*) FROM orders), (SELECT count(*) FROM refunds WHERE status <> 'SUCCEEDED'),
           (SELECT sum(captured_fen - refunded_fen) FROM payments)
"""


async def test_the_demos_presales_are_loaded_once(fresh_database: Database) -> None:
    now = utc_now()
    keys = {each.sku_key for each in PRESALES}
    async with fresh_database.begin() as db:
        for each in skus():
            if each.key in keys:
                await listed_sku(db, sku_id=each.sku_id)
    seen = []
    for _ in range(2):
        await load_presales(fresh_database, now=now, advance=lambda _: None)
        async with fresh_database.read() as db:
            seen.append(tuple((await db.execute(text(FIGURES))).one()))
    assert seen[0] == seen[1]
    statuses, bookings, orders, unsettled, _ = seen[0]
    assert statuses == ["ALLOCATED", "BOOKING", "CLOSED", "COMPLETED"]
    assert (bookings, orders, unsettled) == (sum(len(each.booked) for each in PRESALES), 6, 0)
