"""Entering the supply register, alone and beside others."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.supply import actions
from shared.auth import Caller
from shared.errors import Forbidden, Invalid
from shared.testing import NOW

COUNTY = "420325"


def facts(**changes):
    return {
        "county_code": COUNTY,
        "township": "军店镇",
        "village": "下店子村",
        "enterprise": "",
        "product_name": "香菇",
        "category": "mushroom",
        "year": 2026,
        "scale_value": Decimal(120),
        "scale_unit": "mu",
        "yearly_output_g": 36_000_000,
        "season_from_month": 11,
        "season_to_month": 2,
        "price_from_fen": 600,
        "price_to_fen": 900,
        **changes,
    }


def official(*roles, regions=(COUNTY,)):
    return Caller(uuid4(), uuid4(), "official", frozenset(roles), regions)


async def stored(db):
    rows = await db.execute(text("SELECT status, revision, yearly_output_g, sold_g FROM supply_entries ORDER BY 3"))
    return [tuple(row) for row in rows]


async def trail(db):
    rows = await db.execute(text("SELECT verb, from_status, to_status FROM trail_entries ORDER BY position"))
    return [tuple(row) for row in rows]


async def test_the_same_entered_twice_changes_nothing(db):
    caller = official("agriculture")
    assert await actions.upsert_entry(db, facts(), caller=caller, now=NOW) == "created"
    assert await actions.upsert_entry(db, facts(), caller=caller, now=NOW) == "unchanged"
    assert await stored(db) == [("CONFIRMED", 1, 36_000_000, 0)]
    assert await actions.upsert_entry(db, facts(yearly_output_g=40_000_000), caller=caller, now=NOW) == "changed"
    assert await stored(db) == [("CONFIRMED", 2, 40_000_000, 0)]
    assert await trail(db) == [("import", "", "CONFIRMED"), ("import", "CONFIRMED", "CONFIRMED")]


async def test_who_does_not_confirm_submits_and_the_county_confirms_by_the_same_import(db):
    village = official("township")
    assert await actions.upsert_entry(db, facts(), caller=village, now=NOW) == "created"
    assert await stored(db) == [("SUBMITTED", 1, 36_000_000, 0)]
    assert await actions.upsert_entry(db, facts(), caller=official("agriculture"), now=NOW) == "changed"
    assert await actions.upsert_entry(db, facts(), caller=village, now=NOW) == "unchanged"
    assert await stored(db) == [("CONFIRMED", 2, 36_000_000, 0)]


async def test_an_import_without_sales_leaves_what_is_known_of_them(db):
    caller = official("agriculture")
    await actions.upsert_entry(db, facts(sold_g=5_000), caller=caller, now=NOW)
    assert await actions.upsert_entry(db, facts(), caller=caller, now=NOW) == "unchanged"
    assert await actions.upsert_entry(db, facts(sold_g=6_000), caller=caller, now=NOW) == "changed"
    assert await stored(db) == [("CONFIRMED", 2, 36_000_000, 6_000)]


async def test_of_one_key_twice_in_an_import_the_later_counts(db):
    found = await actions.upsert_entries(
        db,
        [facts(), facts(yearly_output_g=1), facts(product_name="木耳"), facts(yearly_output_g=2)],
        caller=official("agriculture"),
        now=NOW,
    )
    assert found == ["created", "changed", "created", "changed"]
    assert await stored(db) == [("CONFIRMED", 3, 2, 0), ("CONFIRMED", 1, 36_000_000, 0)]


async def test_the_old_code_of_a_county_is_todays(db):
    renamed = facts(county_code="430721")
    with pytest.raises(Invalid) as refused:
        await actions.upsert_entry(db, facts(county_code="999999"), caller=official("agriculture"), now=NOW)
    assert refused.value.code == "county-unknown"
    with pytest.raises(Forbidden):
        await actions.upsert_entry(db, renamed, caller=official("agriculture"), now=NOW)
    assert await stored(db) == []


async def test_a_supplier_enters_its_own_and_no_villages(db, make):
    supplier = await make.supplier(db)
    caller = Caller(uuid4(), supplier.supplier_id, "supplier")
    own = facts(enterprise=supplier.name, operator_supplier_id=supplier.supplier_id)
    assert await actions.upsert_entry(db, own, caller=caller, now=NOW) == "created"
    for wrong in (facts(), facts(enterprise="别家", operator_supplier_id=uuid4())):
        with pytest.raises(Forbidden) as refused:
            await actions.upsert_entry(db, wrong, caller=caller, now=NOW)
        assert refused.value.code == "officials-only"
    assert await stored(db) == [("SUBMITTED", 1, 36_000_000, 0)]


async def test_imports_beside_each_other_enter_each_key_once(fresh_database):
    """Two hundred keys, six imports at once in different orders: each key is created once, nobody waits for ever."""
    entries = [facts(village=f"{number}村") for number in range(200)]
    caller = official("agriculture")

    async def load(order):
        async with fresh_database.begin() as db:
            return await actions.upsert_entries(db, order, caller=caller, now=NOW)

    found = await asyncio.gather(*(load(entries[::step]) for step in (1, -1, 1, -1, 1, -1)))
    outcomes = [each for outcome in found for each in outcome]
    assert (outcomes.count("created"), outcomes.count("unchanged")) == (200, 1000)
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM supply_entries WHERE revision = 1")) == 200
        assert await db.scalar(text("SELECT count(*) FROM trail_entries")) == 200
