"""The demo's sites and lots: opened once, with something to see on every page, and the books balance."""

from deploy.demo.places import SITES, load_places
from deploy.demo.tables import demo_id, products, skus
from orders.stock import queries
from services.orders.tests.factories import listed_sku
from services.orders.tests.stock.shelving import rows
from shared.clock import business_day, utc_now
from shared.db import Database


async def test_a_few_suppliers_have_two_sites_and_lots_that_end(fresh_database: Database):
    makers = {each.key: each for each in products() if each.supplier_key in SITES}
    packs = [each for each in skus() if each.product_key in makers]
    async with fresh_database.begin() as db:
        for pack in packs:
            maker = makers[pack.product_key]
            await listed_sku(
                db,
                stock=50,
                sku_id=pack.sku_id,
                supplier_id=demo_id("supplier", maker.supplier_key),
                temperature_class=maker.temperature_class,
            )
    now = utc_now()
    for _ in range(2):
        advanced: list[int] = []
        await load_places(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == len(SITES)
    async with fresh_database.begin() as db:
        assert await queries.list_differences(db) == []
        assert await rows(db, "SELECT count(*)::int FROM stock_sites GROUP BY supplier_id") == [(2,)] * len(SITES)
        over = "SELECT count(*)::int FROM stock_lots WHERE expires_on < :today"
        assert await rows(db, over, today=business_day(now)) == [(len(SITES),)]
        assert await rows(db, "SELECT count(*)::int FROM stock_terms WHERE status = 'OPEN'") == [(len(SITES),)]
        assert await rows(db, "SELECT sku_count, finding_count FROM stock_checks") == [(len(packs), 0)]
