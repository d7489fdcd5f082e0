"""What a held lot alone took off the shelf comes back with it; not what a person took off, or another cause keeps."""

from uuid import uuid4

import pytest

from catalog.credit import actions as credit_actions
from catalog.lot import actions
from catalog.product import actions as product_actions
from catalog.product import queries as product_queries
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.events.catalog import SkuDelisted, SkuListed
from shared.testing import NOW, published

OPERATOR = Caller(uuid4(), kind="operator")


async def a_lot(db, sku):
    return await actions.create_lot(
        db,
        lot_id=uuid4(),
        product_id=sku.product_id,
        sku_ids=[sku.sku_id],
        harvested_on=business_day(NOW),
        quantity_g=100_000,
        caller=None,
        now=NOW,
    )


async def hold(db, lot):
    return await actions.hold_lot(db, lot_id=lot.lot_id, holder="official", reason="检测不合格", now=NOW)


async def release(db, lot):
    await actions.release_lot(
        db,
        lot_id=lot.lot_id,
        releaser="official",
        reason="复检合格",
        caller=OPERATOR,
        now=NOW,
        expected_revision=lot.revision,
    )


async def take_off(db, sku):
    await sku_actions.delist_sku(db, sku_id=sku.sku_id, reason="卖完了", now=NOW)


async def move_product(db, sku, move):
    product = await product_queries.get_product(db, sku.product_id)
    await move(
        db, product_id=product.product_id, expected_revision=product.revision, reason="盘点", caller=None, now=NOW
    )


async def is_listed(db, sku):
    return (await sku_queries.get_sku(db, sku.sku_id)).is_listed


@pytest.fixture
async def sku(db, make):
    return await make.listed_sku(db)


async def test_what_the_hold_took_off_comes_back_and_is_announced(db, sku):
    lot = await hold(db, await a_lot(db, sku))
    assert not await is_listed(db, sku)
    await release(db, lot)
    assert await is_listed(db, sku)
    kinds = [type(each) for each in await published(db) if isinstance(each, SkuListed | SkuDelisted)]
    assert kinds == [SkuListed, SkuDelisted, SkuListed]


async def test_what_a_person_took_off_before_or_meanwhile_stays_off(db, make, sku):
    other = await make.listed_sku(db)
    await take_off(db, sku)
    lots = [await hold(db, await a_lot(db, each)) for each in (sku, other)]
    await take_off(db, other)
    for lot in lots:
        await release(db, lot)
    assert [await is_listed(db, sku), await is_listed(db, other)] == [False, False]


async def test_released_while_its_product_is_off_it_comes_back_with_the_product(db, sku):
    lot = await hold(db, await a_lot(db, sku))
    await move_product(db, sku, product_actions.delist_product)
    await release(db, lot)
    assert not await is_listed(db, sku)
    await move_product(db, sku, product_actions.relist_product)
    assert await is_listed(db, sku)


async def test_a_product_that_comes_back_while_the_lot_is_held_waits_for_it(db, sku):
    lot = await hold(db, await a_lot(db, sku))
    await move_product(db, sku, product_actions.delist_product)
    await move_product(db, sku, product_actions.relist_product)
    assert not await is_listed(db, sku)
    await release(db, lot)
    assert await is_listed(db, sku)


async def test_of_a_list_and_a_hold_the_second_keeps_what_the_first_lets_go(db, sku):
    product = await product_queries.get_product(db, sku.product_id)
    placement = await credit_actions.propose_placement(
        db,
        placement_id=uuid4(),
        supplier_id=product.supplier_id,
        which="SERIOUSLY_DISHONEST",
        basis="市监处〔2026〕8号",
        caller=OPERATOR,
        now=NOW,
    )
    await credit_actions.decide_placement(
        db,
        placement_id=placement.placement_id,
        verb="place",
        expected_revision=1,
        reason="属实",
        caller=OPERATOR,
        now=NOW,
    )
    lot = await hold(db, await a_lot(db, sku))
    await credit_actions.move_placement(db, placement, "lift", reason="查无此事", caller=OPERATOR, now=NOW)
    assert not await is_listed(db, sku)
    await release(db, lot)
    assert await is_listed(db, sku)


async def test_a_new_lot_brings_it_back_and_closing_the_last_open_one_takes_it_off(db, sku):
    await hold(db, await a_lot(db, sku))
    fresh = await a_lot(db, sku)
    assert await is_listed(db, sku)
    await actions.close_lot(
        db, lot_id=fresh.lot_id, reason="卖完", caller=OPERATOR, now=NOW, expected_revision=fresh.revision
    )
    assert not await is_listed(db, sku)
