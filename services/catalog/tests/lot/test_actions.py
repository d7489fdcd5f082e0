"""Lots on real PostgreSQL: codes under parallel creation, what a hold blocks, what goes with a lot."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.lot import actions
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.events.catalog import LotHeld, LotReleased, SkuDelisted
from shared.testing import NOW, published
from shared.trace_codes import is_trace_code

OPERATOR = Caller(uuid4(), kind="operator")
TODAY = business_day(NOW)


async def a_lot(db, product, skus, **given):
    facts = {"harvested_on": TODAY, "quantity_g": 100_000, "caller": None, "now": NOW}
    return await actions.create_lot(
        db,
        lot_id=uuid4(),
        product_id=product.product_id,
        sku_ids=[each.sku_id for each in skus],
        **{**facts, **given},
    )


async def held(db, lot, holder="official"):
    return await actions.hold_lot(db, lot_id=lot.lot_id, holder=holder, reason="检测不合格", now=NOW)


@pytest.fixture
async def goods(db, make):
    product = await make.product(db)
    small = await make.listed_sku(db, product_id=product.product_id, net_weight_g=2500)
    large = await make.listed_sku(db, product_id=product.product_id, net_weight_g=5000)
    return product, small, large


async def test_lots_of_a_day_are_numbered_and_check_themselves(db, goods):
    product, small, _ = goods
    codes = [(await a_lot(db, product, [small])).code for _ in range(3)]
    assert [code[:22] for code in codes] == [f"610629000001261122{serial:04d}" for serial in (1, 2, 3)]
    assert all(is_trace_code(code) for code in codes)
    other_day = await a_lot(db, product, [small], harvested_on=date(2026, 11, 21))
    assert other_day.code[:22] == "6106290000012611210001"


async def test_another_supplier_of_the_county_has_another_serial(db, make, goods):
    product, small, _ = goods
    first = await a_lot(db, product, [small])
    neighbour = await make.product(db)
    pack = await make.sku(db, product_id=neighbour.product_id)
    second = await a_lot(db, neighbour, [pack])
    assert (first.code[6:12], second.code[6:12]) == ("000001", "000002")


async def test_lots_entered_at_once_never_share_a_code(fresh_database, make):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
        other = await make.supplier(db)
        goods = []
        for owner in (supplier, other):
            product = await make.product(db, supplier_id=owner.supplier_id)
            goods.append((product, await make.sku(db, product_id=product.product_id)))

    async def enter(product, sku):
        async with fresh_database.begin() as db:
            return (await a_lot(db, product, [sku])).code

    codes = await asyncio.gather(*(enter(*goods[place % 2]) for place in range(24)))
    assert len(set(codes)) == 24
    assert {code[6:12] for code in codes} == {"000001", "000002"}
    assert sorted(code[18:22] for code in codes if code[6:12] == "000001") == [f"{n:04d}" for n in range(1, 13)]


async def test_the_ten_thousandth_lot_of_a_day_is_refused(db, goods):
    product, small, _ = goods
    await a_lot(db, product, [small])
    await db.execute(text("UPDATE trace_counters SET last = 9999 WHERE scope LIKE '610629:1:%'"))
    with pytest.raises(Conflict) as refused:
        await a_lot(db, product, [small])
    assert refused.value.code == "lot-serials-exhausted"


@pytest.mark.parametrize("given", [{"harvested_on": date(2026, 11, 23)}])
async def test_tomorrows_harvest_is_refused(db, goods, given):
    product, small, _ = goods
    with pytest.raises(Invalid) as refused:
        await a_lot(db, product, [small], **given)
    assert refused.value.code == "harvest-in-future"


async def test_a_lot_has_packs_of_its_own_product(db, make, goods):
    product, _, _ = goods
    foreign = await make.sku(db)
    for packs in ([foreign], []):
        with pytest.raises(Invalid) as refused:
            await a_lot(db, product, packs)
        assert refused.value.code == "lot-sku-unknown"


async def test_a_hold_takes_off_the_shelf_what_has_no_other_lot(db, goods):
    product, small, large = goods
    first = await a_lot(db, product, [small, large])
    await a_lot(db, product, [large])
    await held(db, first)
    assert (await sku_queries.get_sku(db, small.sku_id)).is_listed is False
    assert (await sku_queries.get_sku(db, large.sku_id)).is_listed is True
    (gone,) = await published(db, SkuDelisted)
    assert (gone.sku_id, gone.reason) == (small.sku_id, f"lot-held: {first.code}")
    (event,) = await published(db, LotHeld)
    assert (event.code, set(event.sku_ids), event.is_recalled) == (first.code, {small.sku_id, large.sku_id}, False)
    with pytest.raises(Conflict) as refused:
        await sku_actions.list_sku(db, sku_id=small.sku_id, now=NOW)
    assert refused.value.code == "lot-held"


async def test_a_release_is_told_of(db, goods):
    product, small, _ = goods
    lot = await held(db, await a_lot(db, product, [small]))
    await actions.release_lot(
        db, lot_id=lot.lot_id, releaser="official", reason="复检合格", caller=OPERATOR, now=NOW, expected_revision=2
    )
    (event,) = await published(db, LotReleased)
    assert (event.code, event.revision) == (lot.code, 3)


async def test_a_recall_tells_everybody_who_sent_of_it_and_blocks_for_good(db, goods):
    product, small, _ = goods
    lot = await a_lot(db, product, [small])
    agent = uuid4()
    await actions.recall_lot(
        db, lot_id=lot.lot_id, reason="农残超标", others=[agent], caller=OPERATOR, now=NOW, expected_revision=1
    )
    (event,) = await published(db, LotHeld)
    assert event.is_recalled is True
    told = await db.execute(text("SELECT organisation_id FROM notices WHERE code = 'lot-recalled'"))
    assert {row.organisation_id for row in told} == {product.supplier_id, agent}
    with pytest.raises(Conflict):
        await actions.release_lot(
            db, lot_id=lot.lot_id, releaser="operator", reason="", caller=OPERATOR, now=NOW, expected_revision=2
        )


async def test_a_hold_against_a_listing_at_once_leaves_nothing_on_the_shelf(fresh_database, make):
    async with fresh_database.begin() as db:
        product = await make.product(db)
        sku = await make.sku(db, product_id=product.product_id)
        lot = await a_lot(db, product, [sku])

    async def list_it():
        async with fresh_database.begin() as db:
            await sku_actions.list_sku(db, sku_id=sku.sku_id, now=NOW)

    async def hold_it():
        async with fresh_database.begin() as db:
            await held(db, lot)

    await asyncio.gather(list_it(), hold_it(), return_exceptions=True)
    async with fresh_database.read() as db:
        assert (await sku_queries.get_sku(db, sku.sku_id)).is_listed is False
        assert await db.scalar(text("SELECT status FROM lots")) == "HELD"
