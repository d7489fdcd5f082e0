"""What the catalog does by the clock, through the real job tables."""

from datetime import UTC, datetime, timedelta

from catalog import jobs
from catalog.sku import actions
from shared.direct import fetching
from shared.events.catalog import SkuDelisted, SkuRevised
from shared.testing import NOW, published


async def test_each_minute_prices_that_turned_are_announced(fresh_database, make):
    async with fresh_database.begin() as db:
        ending = await make.listed_sku(db)
        starting = await make.listed_sku(db)
    soon = datetime.now(UTC) + timedelta(seconds=-1)
    async with fresh_database.begin() as db:
        await actions.set_price(
            db, sku_id=starting.sku_id, expected_revision=2, price_fen=10, valid_from=soon, now=NOW, reason="试吃"
        )
        await actions.set_price(
            db, sku_id=ending.sku_id, expected_revision=2, price_fen=20, valid_from=soon, now=NOW, reason="试吃"
        )
    await jobs.turn_prices(fresh_database)
    await jobs.turn_prices(fresh_database)
    async with fresh_database.read() as db:
        events = await published(db, SkuRevised)
        assert await published(db, SkuDelisted) == []
    assert sorted(event.price_fen for event in events[2:]) == [10, 20]


async def test_each_night_cards_are_told_of_ending_certificates(fresh_database, make):
    async with fresh_database.begin() as db:
        await make.listed_product(db)
    before = await fetching(fresh_database)("SELECT xmin::text FROM product_cards", [])
    await jobs.renew_ending_certificates(fresh_database)
    assert await fetching(fresh_database)("SELECT xmin::text FROM product_cards", []) == before


async def test_all_periodic_jobs_are_known_to_the_worker(fresh_database):
    await jobs.jobs.work(fresh_database, wait=False)
    names = set(jobs.jobs._periodic)
    # every slice adds its own
    assert names >= {
        "catalog.jobs.end_certificates",
        "catalog.jobs.forget_old_sales",
        "catalog.jobs.remind_of_ending_certificates",
        "catalog.jobs.renew_ending_certificates",
        "catalog.jobs.turn_prices",
    }
