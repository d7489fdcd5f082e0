"""Answers in a real database: new rows from today on, and a past that stays."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linkage_cases import DINGCHENG, GUZHANG, LUFENG, SHIMEN, confirmed, homes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from catalog.eligibility import actions, queries
from catalog.eligibility_rule import actions as rule_actions
from catalog.eligibility_rule import queries as rule_queries
from catalog.linkage.rules import Village
from catalog.origin_fact import actions as fact_actions
from shared.clock import business_day, utc_now

NOW = utc_now()  # the rules came into the database today, and are looked at from that day on
TODAY = business_day(NOW)


async def changde_product(db, make, **given):
    """A product of 鼎城区 by a cooperative of 鼎城区: counted only by what is recorded of it."""
    supplier = await make.supplier(db, county_code=given.pop("supplier_county", DINGCHENG))
    facts = {"supplier_id": supplier.supplier_id, "origin_county_code": DINGCHENG, **given}
    return await make.product(db, **facts)


async def record(db, name, value, *, subject_key, now=NOW, from_on=None, county=DINGCHENG):
    return await fact_actions.record_fact(
        db,
        subject_key=str(subject_key),
        county_code=county,
        name=name,
        value=value,
        from_on=from_on or business_day(now),
        source="村委会证明",
        caller=None,
        now=now,
    )


async def answers(db, product_id, on=TODAY):
    found = await queries.list_decisions(db, product_id, on=on)
    return {each.rule_set: tuple(each.case_codes) for each in found}


async def test_each_rule_in_reach_answers_with_its_version(db, make):
    made = {
        "shimen": await changde_product(db, make, origin_county_code=SHIMEN),
        "guzhang": await changde_product(db, make, origin_county_code=GUZHANG, supplier_county=GUZHANG),
        "lufeng": await changde_product(db, make, origin_county_code=LUFENG, supplier_county=LUFENG),
        "luochuan": await make.product(db),
    }
    await actions.decide(db, [each.product_id for each in made.values()], now=NOW)
    assert {name: await answers(db, each.product_id) for name, each in made.items()} == {
        "shimen": {
            "changde": ("shimen",), "key-160": (), "national-832": ("assisted-county",), "relocated-villages": (),
        },
        "guzhang": {
            "changde": ("guzhang",), "key-160": (), "national-832": ("assisted-county",), "relocated-villages": (),
        },
        "lufeng": {"key-160": (), "lufeng": (), "national-832": (), "relocated-villages": ()},
        "luochuan": {"key-160": (), "national-832": (), "relocated-villages": ()},
    }  # fmt: skip


async def test_new_products_and_changed_suppliers_are_due_by_themselves(db, make):
    product = await changde_product(db, make)
    assert await queries.list_due(db, limit=9) == [product.product_id]
    assert await actions.decide_due(db, now=NOW) == 1
    assert await actions.decide_due(db, now=NOW) == 0
    await confirmed(db, product.supplier_id, households=homes(*map(str, range(50))))
    assert await actions.decide_due(db, now=NOW) == 1
    assert (await answers(db, product.product_id))["changde"] == ("links-50-households",)


async def test_a_recorded_fact_counts_from_its_day_and_the_village_carries_it(db, make):
    product = await changde_product(db, make)
    village = Village(DINGCHENG, "尧天坪镇", "红土村")
    key, county = await fact_actions.village_key(
        db, county_code=village.county_code, township=village.township, village=village.village
    )
    await record(db, "village", key, subject_key=product.product_id)
    await record(db, "village_registered_poor", 132, subject_key=key, county=county)
    await actions.decide_due(db, now=NOW)
    assert (await answers(db, product.product_id))["changde"] == ("village-of-100",)
    await record(db, "is_relocation_site", value=True, subject_key=key, from_on=TODAY + timedelta(days=2))
    later = NOW + timedelta(days=2)
    assert await actions.decide_due(db, now=NOW) == 0
    await actions.mark_turning(db, now=later)
    assert await actions.decide_due(db, now=later) == 1
    assert (await answers(db, product.product_id))["relocated-villages"] == ()
    assert (await answers(db, product.product_id, business_day(later)))["relocated-villages"] == ("relocation-site",)


async def test_the_same_again_writes_nothing(db, make):
    product = await changde_product(db, make)
    first = await actions.decide(db, [product.product_id], now=NOW)
    again = await actions.decide(db, [product.product_id], now=NOW + timedelta(days=30))
    assert ((first.written, first.ended), (again.written, again.ended)) == ((4, 0), (0, 0))


DAYS = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=DAYS)
async def test_a_past_days_answer_never_changes(db, make, steps):
    """Facts change on and on; what was answered for a day that is over is answered for it ever after."""
    async with db.begin_nested() as savepoint:
        product = await changde_product(db, make)
        now, kept = NOW, {}
        for pause, is_made_by_household in steps:
            now += timedelta(days=pause)
            await record(
                db, "made_by_registered_household", is_made_by_household, subject_key=product.product_id, now=now
            )
            await actions.decide_due(db, now=now)
            today = business_day(now)
            assert (await answers(db, product.product_id, today))["changde"] == (
                ("poor-household",) if is_made_by_household else ()
            )
            for day, answer in kept.items():
                if day < today:
                    assert await answers(db, product.product_id, day) == answer
            kept[today] = await answers(db, product.product_id, today)
        await savepoint.rollback()


async def test_a_new_version_counts_from_its_day_and_ends_the_one_before(db, make):
    product = await changde_product(db, make, origin_county_code=SHIMEN)
    await actions.decide(db, [product.product_id], now=NOW)
    [before] = await rule_queries.list_versions(db, "changde")
    tomorrow = TODAY + timedelta(days=1)
    version = await rule_actions.create_version(
        db,
        rule_set="changde",
        from_on=tomorrow,
        cases=[
            {
                "code": "key",
                "title_zh": "重点帮扶县",
                "when": [{"fact": "designations", "op": "contains", "value": "key-160"}],
            }
        ],
        source="试行",
        confidence="low",
        caller=None,
        now=NOW,
    )
    await rule_actions.move_version(
        db, version_id=version.version_id, verb="publish", expected_revision=1, caller=None, now=NOW
    )
    await db.refresh(before)
    assert (version.number, before.until_on) == (2, tomorrow)
    while await actions.sweep_on(db, now=NOW):
        pass
    assert (await answers(db, product.product_id))["changde"] == ("shimen",)
    later = NOW + timedelta(days=1)
    assert await actions.sweep_on(db, now=later)
    assert await answers(db, product.product_id) == {
        "changde": ("shimen",), "key-160": (), "national-832": ("assisted-county",), "relocated-villages": (),
    }  # fmt: skip
    assert (await answers(db, product.product_id, tomorrow))["changde"] == ()
    assert not await actions.sweep_on(db, now=later)


async def test_a_sweep_goes_on_where_it_was_cut_off(db, make, monkeypatch):
    monkeypatch.setattr(actions, "_BATCH", 2)
    made = [(await changde_product(db, make)).product_id for _ in range(5)]
    await db.execute(text("DELETE FROM eligibility_due"))
    steps = 0
    while await actions.sweep_on(db, now=NOW):
        steps += 1
    assert steps == 3 * await db.scalar(text("SELECT count(*) FROM eligibility_sweeps"))
    assert all([await answers(db, each) for each in made])


async def test_two_workers_at_once_decide_a_product_once(fresh_database, make):
    async with fresh_database.begin() as db:
        ids = [(await changde_product(db, make)).product_id for _ in range(20)]

    async def work(order):
        async with fresh_database.begin() as db:
            return (await actions.decide(db, order, now=NOW)).written

    assert sum(await asyncio.gather(work(ids), work(ids[::-1]), work(ids[5:]))) == 80


async def test_a_change_while_its_product_is_decided_is_not_lost(fresh_database, make):
    async with fresh_database.begin() as db:
        product = await changde_product(db, make)

    async def move():
        async with fresh_database.begin() as db:
            await db.execute(
                text("UPDATE products SET origin_county_code = :county WHERE product_id = :id"),
                {"county": SHIMEN, "id": product.product_id},
            )

    async def work():
        async with fresh_database.begin() as db:
            await actions.decide_due(db, now=NOW)

    await asyncio.gather(move(), work(), move(), work())
    await work()
    async with fresh_database.read() as db:
        assert (await answers(db, product.product_id))["changde"] == ("shimen",)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM eligibility_decisions",
        "UPDATE eligibility_decisions SET is_eligible = NOT is_eligible, case_codes = '{x}'",
        "UPDATE eligibility_decisions SET valid_from_on = valid_from_on - 1",
        "UPDATE eligibility_rule_versions SET cases = '[]'",
        "DELETE FROM eligibility_rule_versions",
    ],
)
async def test_the_database_lets_no_answer_and_no_published_rule_change(db, make, statement):
    product = await changde_product(db, make)
    await actions.decide(db, [product.product_id], now=NOW)
    with pytest.raises(DBAPIError):
        await db.execute(text(statement))


async def test_a_draft_is_tried_without_writing(db, make):
    gained = await changde_product(db, make)
    lost = await changde_product(db, make, origin_county_code=SHIMEN)
    await actions.decide(db, [gained.product_id, lost.product_id], now=NOW)
    await confirmed(db, gained.supplier_id)
    from_rule = rule_actions.rules.cases_of(
        [{"code": "any", "title_zh": "任一户", "when": [{"fact": "linked_households", "op": "at_least", "value": 1}]}]
    )
    rows = await db.scalar(text("SELECT count(*) FROM eligibility_decisions"))
    changes, last = await actions.compare(
        db, rule_set="changde", reach=["430700"], cases=from_rule, after=None, limit=9, now=NOW
    )
    assert {each.product_id: (each.is_eligible_now, each.is_eligible_then) for each in changes} == {
        gained.product_id: (False, True),
        lost.product_id: (True, False),
    }
    assert (last, await db.scalar(text("SELECT count(*) FROM eligibility_decisions"))) == (None, rows)


async def test_an_unknown_product_is_decided_for_nobody(db):
    done = await actions.decide(db, [uuid4()], now=NOW)
    assert (done.written, done.ended) == (0, 0)
