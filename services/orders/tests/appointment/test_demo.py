"""The demo's reserve purchase goes through the real actions, and loading it again adds nothing."""

from datetime import timedelta

from sqlalchemy import text

from deploy.demo.accounts import supplier_account
from deploy.demo.buying import load_buying
from deploy.demo.institutions import load_units
from deploy.demo.reserve_purchases import COUNT, load_reserve_purchases
from deploy.demo.tables import demo_id
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database

FIGURES = text("""
    SELECT (SELECT array_agg(status) FROM reserve_purchases), (SELECT count(*) FROM purchase_points),
           (SELECT array_agg(status ORDER BY status) FROM reserve_appointments),
           (SELECT count(*) FROM purchases WHERE way = 'RESERVE')
""")


async def test_the_demos_reserve_purchase_is_loaded_once(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        await listed_sku(
            db,
            sku_id=demo_id("sku", "fuping-dazao-2500g-carton"),
            supplier_id=supplier_account("fuping-zaohua").organisation_id,
            stock=400,
            listed_at=now - timedelta(days=90),
        )
    await load_units(fresh_database, now=now, advance=lambda _: None)
    await load_buying(fresh_database, now=now, advance=lambda _: None)
    seen = []
    for _ in range(2):
        told: list[int] = []
        await load_reserve_purchases(fresh_database, now=now, advance=told.append)
        assert sum(told) == COUNT
        async with fresh_database.read() as db:
            seen.append(tuple((await db.execute(FIGURES)).one()))
    assert seen[0] == seen[1]
    filings, points, appointments, purchases = seen[0]
    assert (len(filings), points, len(appointments)) == (1, 2, 8)
    assert purchases == 3
