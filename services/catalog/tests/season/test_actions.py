"""Seasons and presales on real PostgreSQL: shown and not sold, sold again by the clock, and what orders is told."""

from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from sqlalchemy.exc import IntegrityError

from catalog.product import actions as product_actions
from catalog.search import queries as search_queries
from catalog.season.models import PresaleRow
from catalog.season.rules import PresaleWindow, SeasonWindow
from catalog.sku import actions, queries
from shared.clock import SHANGHAI
from shared.direct import fetching
from shared.events.catalog import SkuDelisted, SkuListed, SkuRevised
from shared.testing import NOW, published

SPRING = SeasonWindow("420325", 3, 5, is_binding=True)
MARCH = datetime(2027, 3, 1, tzinfo=SHANGHAI)
JUNE = datetime(2027, 6, 1, tzinfo=SHANGHAI)


async def page_of(app, product_id, now):
    found = await search_queries.find_detail(fetching(app.state.database), product_id, now=now)
    return None if found is None else orjson.loads(found[0])


async def with_seasons(db, product, *windows, now=NOW):
    await product_actions.edit_product(
        db,
        product_id=product.product_id,
        expected_revision=product.revision,
        changes={"seasons": list(windows)},
        now=now,
    )


async def test_out_of_season_it_is_shown_and_not_sold_and_the_clock_brings_it_back(app, db, make):
    product = await make.listed_product(db)
    await with_seasons(db, product, SPRING)
    [gone] = await published(db, SkuDelisted)
    assert gone.reason == "out-of-season"
    page = await page_of(app, product.product_id, NOW)
    assert (page["skus"][0]["sale_state"], page["sale_state"]) == ("OUT_OF_SEASON", "OUT_OF_SEASON")
    assert (page["season"]["from_month"], page["season"]["to_month"]) == (3, 5)
    moment = timedelta(microseconds=1)
    states = [(await page_of(app, product.product_id, at))["sale_state"] for at in (MARCH - moment, MARCH)]
    assert states == ["OUT_OF_SEASON", "ON_SALE"]
    assert await actions.turn_prices(db, now=MARCH - moment) == 0
    assert await actions.turn_prices(db, now=MARCH) == 1
    assert await actions.turn_prices(db, now=MARCH) == 0
    assert len(await published(db, SkuListed)) == 2
    assert await actions.turn_prices(db, now=JUNE) == 1
    assert [event.reason for event in await published(db, SkuDelisted)] == ["out-of-season"] * 2


async def test_what_is_listed_out_of_season_is_announced_when_the_season_begins(db, make):
    product = await make.product(db)
    await with_seasons(db, product, SPRING)
    sku = await make.listed_sku(db, product_id=product.product_id)
    assert await published(db, SkuListed) == []
    assert (await queries.get_sku(db, sku.sku_id)).is_paused
    await actions.set_price(db, sku_id=sku.sku_id, expected_revision=2, price_fen=4500, now=NOW)
    assert await published(db, SkuRevised) == []
    await actions.turn_prices(db, now=MARCH)
    [listed] = await published(db, SkuListed)
    assert (listed.price_fen, listed.sku_id) == (4500, sku.sku_id)


async def test_delisting_what_is_out_of_season_tells_nothing_twice(db, make):
    product = await make.listed_product(db)
    await with_seasons(db, product, SPRING)
    [pack] = (await queries.list_skus_of(db, [product.product_id]))[product.product_id]
    await actions.delist_sku(db, sku_id=pack.sku.sku_id, reason="换季", now=NOW)
    assert [event.reason for event in await published(db, SkuDelisted)] == ["out-of-season"]


async def test_a_presale_sells_ahead_and_says_when_it_is_sent(app, db, make):
    product = await make.listed_product(db)
    opens, closes = NOW + timedelta(days=1), NOW + timedelta(days=10)
    presale = PresaleWindow(opens, closes, date(2027, 3, 1))
    await with_seasons(db, product, SPRING)
    [pack] = (await queries.list_skus_of(db, [product.product_id]))[product.product_id]
    await actions.set_presales(
        db, sku_id=pack.sku.sku_id, expected_revision=pack.sku.revision, presales=[presale], now=NOW
    )
    await actions.turn_prices(db, now=opens)
    listed = (await published(db, SkuListed))[-1]
    assert (listed.presale.opens_at, listed.presale.ships_on) == (opens, date(2027, 3, 1))
    assert (await page_of(app, product.product_id, opens))["skus"][0]["sale_state"] == "PRESALE"
    await actions.turn_prices(db, now=closes)
    assert (await published(db, SkuDelisted))[-1].reason == "presale-closed"
    page = await page_of(app, product.product_id, closes)
    assert (page["sale_state"], page["skus"][0]["presale"]["ships_on"]) == ("PRESALE_CLOSED", "2027-03-01")
    await actions.turn_prices(db, now=MARCH)
    assert (await page_of(app, product.product_id, MARCH))["sale_state"] == "ON_SALE"


async def test_the_database_refuses_overlapping_presales(db, make):
    sku = await make.sku(db)
    for day in (1, 5):
        db.add(
            PresaleRow(
                sku_id=sku.sku_id,
                opens_at=datetime(2027, 1, day, tzinfo=UTC),
                closes_at=datetime(2027, 1, day + 10, tzinfo=UTC),
                ships_on=date(2027, 3, 1),
            )
        )
    with pytest.raises(IntegrityError, match="ex_presale_windows_one_at_a_time"):
        await db.flush()
