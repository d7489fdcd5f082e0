"""What a list brings about, and that it is taken back: rank, badge, throttle, delisting, ban."""

import json
import zlib
from datetime import timedelta
from uuid import uuid4

import pytest

from catalog.credit import actions, queries
from catalog.search import queries as search_queries
from catalog.search.queries import Filters
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.supplier import queries as supplier_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.direct import fetching
from shared.errors import Conflict
from shared.testing import NOW

OPERATOR = Caller(uuid4(), kind="operator")


async def place(db, supplier_id, which, *, now=NOW, months=None):
    placement = await actions.propose_placement(
        db,
        placement_id=uuid4(),
        supplier_id=supplier_id,
        which=which,
        basis="市监处〔2026〕8号",
        months=months,
        caller=OPERATOR,
        now=now,
    )
    return await actions.decide_placement(
        db,
        placement_id=placement.placement_id,
        verb="place",
        expected_revision=1,
        reason="属实",
        caller=OPERATOR,
        now=now,
    )


async def cards(app, at=NOW):
    rows = await search_queries.find_cards(
        fetching(app.state.database),
        text_query=None,
        filters=Filters(),
        sort="relevance",
        after=None,
        limit=50,
        now=at,
    )
    return [json.loads(row.card) for row in rows]


async def ranked(app, at=NOW):
    return [each["product_id"] for each in await cards(app, at)]


async def listed(db, supplier_id):
    products = await search_queries.product_queries.list_product_ids_of(db, supplier_id)
    found = await sku_queries.list_skus_of(db, products, listed_only=True)
    return sum(len(each) for each in found.values())


def of_like_luck():
    """A product's key whose luck (0 to 449) is 1 to 99: what a list adds or takes (200 and more) decides the order, and
    one that fell to the least place is alone there."""
    while True:
        if 1 <= zlib.crc32((key := uuid4()).bytes) % 450 < 100:
            return key


async def shop(db, make, packs=1, **given):
    """A supplier with one product in so many packs on the shelf."""
    supplier = await make.supplier(db)
    product = await make.listed_product(db, supplier_id=supplier.supplier_id, product_id=of_like_luck(), **given)
    for number in range(1, packs):
        await make.listed_sku(
            db, product_id=product.product_id, specification=f"{number}kg", net_weight_g=1000 * number
        )
    return supplier.supplier_id, product


async def test_the_exemplary_come_first_with_a_badge_and_fall_back_at_the_end(app, db, make):
    shops = [await shop(db, make) for _ in range(4)]
    before = await ranked(app)
    last = next(each for each in shops if str(each[1].product_id) == before[-1])
    placement = await place(db, last[0], "EXEMPLARY", months=1)
    assert before.index(str(last[1].product_id)) == 3
    assert (await ranked(app))[0] == str(last[1].product_id)
    shown = {each["product_id"]: each["standings"] for each in await cards(app)}
    assert shown[str(last[1].product_id)] == ["exemplary"]
    after = NOW + timedelta(days=40)
    assert {tuple(each["standings"]) for each in await cards(app, after)} == {()}  # at midnight, by itself
    assert await actions.end_due(db, now=after) == 1
    assert await actions.end_due(db, now=after) == 0
    assert await ranked(app, after) == before
    assert (placement.status, placement.ended_on) == ("ENDED", business_day(after))


async def test_the_abnormal_sink_and_keep_three_packs_until_it_is_over(app, db, make):
    others = [await shop(db, make) for _ in range(3)]
    supplier_id, product = await shop(db, make, packs=5)
    placement = await place(db, supplier_id, "ABNORMAL")
    assert (await ranked(app))[-1] == str(product.product_id)
    assert [each["standings"] for each in await cards(app)][-1] == ["abnormal"]
    assert await listed(db, supplier_id) == 3
    extra = await make.sku(db, product_id=product.product_id, specification="整箱")
    with pytest.raises(Conflict) as refused:
        await sku_actions.list_sku(db, sku_id=extra.sku_id, now=NOW)
    assert refused.value.code == "supplier-listing-capped"
    await actions.move_placement(db, placement, "repair", reason="改正", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 5
    assert {tuple(each["standings"]) for each in await cards(app)} == {()}
    await sku_actions.list_sku(db, sku_id=extra.sku_id, now=NOW)
    assert len(await cards(app)) == len(others) + 1


async def test_the_seriously_dishonest_sell_nothing_until_the_ban_is_lifted(app, db, make):
    supplier_id, product = await shop(db, make, packs=2)
    [mine] = (await sku_queries.list_skus_of(db, [product.product_id]))[product.product_id][:1]
    placement = await place(db, supplier_id, "SERIOUSLY_DISHONEST")
    assert await cards(app) == []
    effects = await queries.get_effects(db, supplier_id, on=business_day(NOW))
    assert (effects.is_banned, effects.lists) == (True, ("SERIOUSLY_DISHONEST",))
    with pytest.raises(Conflict) as refused:
        await sku_actions.list_sku(db, sku_id=mine.sku.sku_id, now=NOW)
    assert refused.value.code == "supplier-order-banned"
    await actions.move_placement(db, placement, "lift", reason="查无此事", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 2
    assert len(await cards(app)) == 1


async def test_what_the_supplier_took_off_itself_stays_off(db, make):
    supplier_id, product = await shop(db, make, packs=3)
    mine = (await sku_queries.list_skus_of(db, [product.product_id]))[product.product_id]
    await sku_actions.delist_sku(db, sku_id=mine[0].sku.sku_id, reason="卖完了", now=NOW)
    placement = await place(db, supplier_id, "SERIOUSLY_DISHONEST")
    await actions.move_placement(db, placement, "lift", reason="查无此事", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 2
    assert not (await sku_queries.get_sku(db, mine[0].sku.sku_id)).is_listed


async def test_of_two_lists_the_second_keeps_what_the_first_lets_go(db, make):
    supplier_id, _ = await shop(db, make, packs=5)
    abnormal = await place(db, supplier_id, "ABNORMAL")
    serious = await place(db, supplier_id, "SERIOUSLY_DISHONEST")
    assert await listed(db, supplier_id) == 0
    await actions.move_placement(db, abnormal, "repair", reason="改正", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 0
    await actions.move_placement(db, serious, "lift", reason="查无此事", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 5


async def test_a_ban_that_goes_leaves_the_throttle(db, make):
    supplier_id, _ = await shop(db, make, packs=5)
    abnormal = await place(db, supplier_id, "ABNORMAL")
    serious = await place(db, supplier_id, "SERIOUSLY_DISHONEST")
    await actions.move_placement(db, serious, "lift", reason="查无此事", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 3
    await actions.move_placement(db, abnormal, "repair", reason="改正", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 5


async def test_a_suspended_supplier_gets_nothing_back(db, make):
    supplier_id, product = await shop(db, make, packs=2)
    placement = await place(db, supplier_id, "SERIOUSLY_DISHONEST")
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    supplier.status = "SUSPENDED"
    await db.flush()
    await actions.move_placement(db, placement, "lift", reason="查无此事", caller=OPERATOR, now=NOW)
    assert await listed(db, supplier_id) == 0
    assert product
