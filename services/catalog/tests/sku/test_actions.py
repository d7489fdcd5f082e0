"""Listing, pricing and delisting on real PostgreSQL."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from catalog.price import queries as price_queries
from catalog.price.models import SkuPrice
from catalog.search import queries as search_queries
from catalog.search.queries import Filters
from catalog.sku import actions, queries
from catalog.supplier import actions as supplier_actions
from shared.direct import fetching
from shared.errors import Conflict, Stale
from shared.events.catalog import SkuDelisted, SkuListed, SkuRevised
from shared.testing import NOW, published


async def told_of_skus(db):
    return [each for each in await published(db) if each.type.startswith("catalog.sku-")]


async def shown_prices(app, now):
    rows = await search_queries.find_cards(
        fetching(app.state.database),
        text_query=None,
        filters=Filters(),
        sort="price",
        after=None,
        limit=10,
        now=now,
    )
    return [row.key for row in rows]


async def test_listing_tells_the_whole_sku(db, make):
    product = await make.product(db, origin_county_code=make.ZHAOJUE)
    sku = await make.sku(db, product_id=product.product_id)
    await actions.list_sku(db, sku_id=sku.sku_id, now=NOW)
    [event] = await told_of_skus(db)
    supplier_name = "房县大山食用菌专业合作社"
    assert event == SkuListed(
        sku_id=sku.sku_id,
        product_id=product.product_id,
        supplier_id=product.supplier_id,
        supplier_name=supplier_name,
        supplier_county_code=make.FANGXIAN,
        product_title="红富士苹果",
        product_title_en="Red Fuji apples",
        specification="5kg 礼盒",
        specification_en="5 kg box",
        category="fruit",
        picture="apple",
        origin_county_code=make.ZHAOJUE,
        designations=("assisted-832", "key-160"),
        net_weight_g=5000,
        price_fen=4990,
        price_valid_from=NOW - timedelta(days=1),
        price_valid_until=None,
        temperature_class="POME",
        shelf_life_days=60,
        unit="piece",
        revision=2,
        listed_at=NOW,
    )


async def test_listing_what_is_listed_changes_nothing(db, make):
    sku = await make.listed_sku(db)
    again = await actions.list_sku(db, sku_id=sku.sku_id, now=NOW)
    assert again.revision == 2
    assert len(await told_of_skus(db)) == 1


async def test_delisting_tells_why_and_takes_the_card_away(app, db, make):
    sku = await make.listed_sku(db)
    assert await shown_prices(app, NOW) == [4990]
    await actions.delist_sku(db, sku_id=sku.sku_id, reason="售罄", now=NOW)
    await actions.delist_sku(db, sku_id=sku.sku_id, reason="售罄", now=NOW)
    assert await published(db, SkuDelisted) == [
        SkuDelisted(sku_id=sku.sku_id, reason="售罄", revision=3, delisted_at=NOW)
    ]
    assert await shown_prices(app, NOW) == []


async def test_a_planned_price_starts_and_ends_by_itself(app, db, make):
    sku = await make.listed_sku(db)
    starts, ends = NOW + timedelta(hours=2), NOW + timedelta(hours=5)
    await actions.set_price(
        db, sku_id=sku.sku_id, expected_revision=2, price_fen=3990, valid_from=starts, valid_until=ends, now=NOW
    )
    moment = timedelta(microseconds=1)
    assert [await shown_prices(app, instant) for instant in (NOW, starts - moment, starts, ends - moment, ends)] == [
        [4990],
        [4990],
        [3990],
        [3990],
        [4990],
    ]
    [revised] = await published(db, SkuRevised)
    assert (revised.price_fen, revised.price_valid_until, revised.revision) == (4990, starts, 3)


async def test_a_price_that_began_is_announced_once(db, make):
    sku = await make.listed_sku(db)
    starts = NOW + timedelta(hours=2)
    await actions.set_price(db, sku_id=sku.sku_id, expected_revision=2, price_fen=3990, valid_from=starts, now=NOW)
    assert await actions.turn_prices(db, now=starts - timedelta(seconds=1)) == 0
    assert await actions.turn_prices(db, now=starts) == 1
    assert await actions.turn_prices(db, now=starts) == 0
    last = (await published(db, SkuRevised))[-1]
    assert (last.price_fen, last.price_valid_from, last.revision) == (3990, starts, 4)


async def test_a_sku_whose_price_ended_leaves_the_shelf(app, db, make):
    ends = NOW + timedelta(hours=1)
    sku = await make.listed_sku(db, valid_until=ends)
    assert await shown_prices(app, ends) == []
    assert await actions.turn_prices(db, now=ends) == 1
    assert await actions.turn_prices(db, now=ends) == 0
    [event] = await published(db, SkuDelisted)
    assert (event.sku_id, event.reason) == (sku.sku_id, "price-ended")


async def test_an_unlisted_sku_is_priced_in_silence(db, make):
    sku = await make.sku(db)
    changed = await actions.set_price(db, sku_id=sku.sku_id, expected_revision=1, price_fen=10, now=NOW)
    assert changed.revision == 2
    assert await told_of_skus(db) == []


async def test_an_edit_of_an_old_version_is_refused(db, make):
    sku = await make.listed_sku(db)
    with pytest.raises(Stale):
        await actions.edit_sku(db, sku_id=sku.sku_id, expected_revision=1, changes={"net_weight_g": 1}, now=NOW)
    assert (await queries.get_sku(db, sku.sku_id)).net_weight_g == 5000


async def test_the_database_refuses_overlapping_prices(db, make):
    sku = await make.sku(db)
    db.add(SkuPrice(sku_id=sku.sku_id, valid_from=NOW, valid_until=None, price_fen=1))
    with pytest.raises(IntegrityError, match="ex_sku_prices_one_at_a_time"):
        await db.flush()


async def test_of_many_prices_set_at_once_one_wins(fresh_database, make):
    async with fresh_database.begin() as db:
        sku = await make.listed_sku(db)

    async def price(price_fen):
        async with fresh_database.begin() as db:
            await actions.set_price(
                db, sku_id=sku.sku_id, expected_revision=2, price_fen=price_fen, valid_from=NOW, now=NOW, reason="产季"
            )

    outcomes = await asyncio.gather(*(price(1000 + number) for number in range(8)), return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [Stale] * 7
    async with fresh_database.read() as db:
        prices = (await price_queries.list_prices(db, [sku.sku_id]))[sku.sku_id]
        assert len(prices) == 2
        assert (await queries.get_sku(db, sku.sku_id)).revision == 3


async def test_listed_and_delisted_at_once_the_shelf_and_the_events_agree(fresh_database, make):
    async with fresh_database.begin() as db:
        sku = await make.sku(db)

    async def act(number):
        async with fresh_database.begin() as db:
            if number % 2:
                await actions.delist_sku(db, sku_id=sku.sku_id, reason="test", now=NOW)
            else:
                await actions.list_sku(db, sku_id=sku.sku_id, now=NOW)

    await asyncio.gather(*(act(number) for number in range(12)))
    async with fresh_database.read() as db:
        events = await told_of_skus(db)
        now_listed = (await queries.get_sku(db, sku.sku_id)).is_listed
        cards = await fetching(fresh_database)("SELECT count(*) FROM product_cards", [])
    kinds = [type(event) for event in events]
    assert all(earlier != later for earlier, later in pairwise(kinds))
    assert [event.revision for event in events] == list(range(2, 2 + len(events)))
    assert now_listed is (kinds[-1] is SkuListed)
    assert cards[0][0] == int(now_listed)


async def test_many_are_listed_all_or_none(db, make):
    good = await make.sku(db)
    bad = await make.sku(db, valid_from=NOW + timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        await actions.list_skus(db, sku_ids=[good.sku_id, bad.sku_id], now=NOW)
    assert refused.value.code == "price-missing"
    assert await told_of_skus(db) == []


async def test_what_is_suspended_and_listed_at_once_ends_off_the_shelf(fresh_database, make):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        product = await make.product(db, supplier_id=supplier.supplier_id)
        skus = [await make.sku(db, product_id=product.product_id) for _ in range(6)]

    async def put_on_shelf(sku):
        async with fresh_database.begin() as db:
            await actions.list_sku(db, sku_id=sku.sku_id, now=NOW)

    async def suspend():
        async with fresh_database.begin() as db:
            await supplier_actions.change_status(db, supplier_id=supplier.supplier_id, verb="suspend", now=NOW)

    outcomes = await asyncio.gather(*(put_on_shelf(sku) for sku in skus), suspend(), return_exceptions=True)
    assert {each.code for each in outcomes if each is not None} <= {"supplier-not-active"}
    async with fresh_database.read() as db:
        listed = await queries.list_skus_of(db, [product.product_id], listed_only=True)
        assert len(await published(db, SkuListed)) == len(await published(db, SkuDelisted))
    assert listed == {}


async def test_all_products_are_told_of_anew_a_batch_at_a_time(db, make):
    skus = [await make.listed_sku(db) for _ in range(3)]
    first = await actions.announce_next(db, after=None, now=NOW, limit=2)
    last = await actions.announce_next(db, after=first, now=NOW, limit=2)
    assert await actions.announce_next(db, after=last, now=NOW, limit=2) is None
    assert {event.sku_id for event in await published(db, SkuRevised)} == {sku.sku_id for sku in skus}


async def test_packs_of_one_product_repriced_at_once_all_show_on_its_card(fresh_database, make):
    async with fresh_database.begin() as db:
        product = await make.product(db)
        skus = [await make.listed_sku(db, product_id=product.product_id) for _ in range(6)]

    async def reprice(sku, price_fen):
        async with fresh_database.begin() as db:
            await actions.set_price(
                db, sku_id=sku.sku_id, expected_revision=2, price_fen=price_fen, now=NOW, reason="促销"
            )

    await asyncio.gather(*(reprice(sku, 1000 + place) for place, sku in enumerate(skus)))
    [row] = await fetching(fresh_database)("SELECT detail FROM product_cards WHERE valid_until > $1", [NOW])
    detail = orjson.loads(row[0] + "true}}")
    assert [each["price_fen"] for each in detail["skus"]] == list(range(1000, 1006))


async def test_the_database_refuses_two_prices_of_one_tier_and_lets_other_tiers_be(db, make):
    sku = await make.sku(db)
    db.add(SkuPrice(sku_id=sku.sku_id, valid_from=NOW, buyer_group="member", min_quantity=1, price_fen=1))
    db.add(SkuPrice(sku_id=sku.sku_id, valid_from=NOW, buyer_group="retail", min_quantity=10, price_fen=1))
    await db.flush()
    later = NOW + timedelta(days=1)
    db.add(SkuPrice(sku_id=sku.sku_id, valid_from=later, buyer_group="retail", min_quantity=10, price_fen=1))
    with pytest.raises(IntegrityError, match="ex_sku_prices_one_at_a_time"):
        await db.flush()


async def test_the_database_keeps_packs_of_unlisted_products_off_the_shelf(db, make):
    product = await make.product(db, is_approved=False)
    sku = await make.sku(db, product_id=product.product_id)
    with pytest.raises(IntegrityError, match="is listed and its product is not"):
        async with db.begin_nested():
            await db.execute(text("UPDATE skus SET is_listed = true WHERE sku_id = :id"), {"id": sku.sku_id})
    listed = await make.listed_product(db)
    with pytest.raises(IntegrityError, match="leaves the shelf and a SKU of it does not"):
        async with db.begin_nested():
            await db.execute(
                text("UPDATE products SET status = 'DELISTED' WHERE product_id = :id"), {"id": listed.product_id}
            )


async def test_a_price_by_quantity_begins_and_ends_by_itself(db, make):
    sku = await make.listed_sku(db)
    starts, ends = NOW + timedelta(hours=2), NOW + timedelta(hours=5)
    await actions.set_price(
        db,
        sku_id=sku.sku_id,
        expected_revision=2,
        price_fen=4500,
        valid_from=starts,
        valid_until=ends,
        min_quantity=10,
        now=NOW,
    )
    assert [await actions.turn_prices(db, now=at) for at in (starts, starts, ends, ends)] == [1, 0, 1, 0]
    tiers = [[each.price_fen for each in event.price_tiers] for event in await published(db, SkuRevised)]
    assert tiers == [[], [4500], []]
