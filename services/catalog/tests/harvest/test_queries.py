"""The harvest in SQL is the harvest of the rules; villages' counts go before what was reckoned."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.harvest import queries
from catalog.harvest.queries import Scope
from catalog.supply import actions as supply_actions
from catalog.supply import rules
from catalog.survey import actions as survey_actions
from shared.auth import Caller
from shared.testing import NOW

COUNTY = "420325"
COUNTY_DESK = Caller(uuid4(), uuid4(), "official", frozenset({"agriculture"}), ("420000", "430000"))


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
        "yearly_output_g": 40_000_000,
        "season_from_month": 11,
        "season_to_month": 2,
        "price_from_fen": 600,
        "price_to_fen": 900,
        "expected_persons_count": 60,
        "sold_g": 10_000_000,
        **changes,
    }


async def enter(db, **changes):
    await supply_actions.upsert_entry(db, facts(**changes), caller=COUNTY_DESK, now=NOW)


async def report(db, quantity_g, **changes):
    given_facts = {
        "county_code": COUNTY,
        "township": "军店镇",
        "village": "下店子村",
        "product_name": "香菇",
        "category": "mushroom",
        "until_on": date(2027, 1, 31),
        "office_name": "驻下店子村工作队",
        "year": 2026,
        **changes,
    }
    return await survey_actions.report_need(
        db, report_id=uuid4(), **given_facts, quantity_g=quantity_g, caller=COUNTY_DESK, now=NOW
    )


async def unsold(db, **scope):
    rows = await queries.list_months(db, Scope(2026, **scope))
    return {row["month"]: row["unsold_g"] for row in rows}


async def test_sales_take_the_first_months_of_a_season_over_the_new_year(db):
    await enter(db)
    assert await unsold(db) == {11: 0, 12: 10_000_000, 1: 10_000_000, 2: 10_000_000}


async def test_what_the_village_counted_goes_before_the_reckoning(db):
    await enter(db)
    await report(db, 5_000_000)
    assert await unsold(db) == {11: 0, 12: 0, 1: 0, 2: 5_000_000}
    await report(db, 25_000_000)
    assert sum((await unsold(db)).values()) == 25_000_000
    await report(db, 60_000_000)
    assert await unsold(db) == dict.fromkeys((11, 12, 1, 2), 15_000_000)


async def test_what_was_absorbed_is_no_longer_unsold(db):
    await enter(db)
    made = await report(db, 20_000_000)
    await survey_actions.take_off(
        db,
        report_id=made.report_id,
        absorption_id=uuid4(),
        kind="absorbed",
        quantity_g=8_000_000,
        buyer_name="示范市第一中学",
        happened_on=date(2026, 11, 22),
        caller=COUNTY_DESK,
        now=NOW,
    )
    assert sum((await unsold(db)).values()) == 12_000_000


async def test_a_count_of_an_enterprise_of_the_village_is_not_the_villages(db):
    await enter(db, enterprise="某某农业公司", sold_g=0)
    await report(db, 1)
    assert sum((await unsold(db)).values()) == 40_000_000


async def test_only_what_was_confirmed_counts(db):
    village = Caller(uuid4(), uuid4(), "official", frozenset({"township"}), (COUNTY,))
    await supply_actions.upsert_entry(db, facts(), caller=village, now=NOW)
    assert await unsold(db) == {}
    assert await queries.list_areas(db, Scope(2026), level="province", month=11) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**12),
            st.integers(0, 10**12),
            st.one_of(st.none(), st.integers(0, 10**12)),
            st.integers(1, 12),
            st.integers(1, 12),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_sum_over_all_entries_is_that_of_the_rules(sums, entries):
    assert sums(entries) == expected(entries)


def expected(entries):
    total = {}
    for output_g, sold_g, remaining_g, first, last in entries:
        output, gone = rules.effective(output_g, sold_g, remaining_g)
        for month, grams in rules.unsold_by_month(output, gone, first, last).items():
            total[month] = total.get(month, 0) + grams
    return total


async def test_counties_and_provinces_sum_up(db):
    await enter(db)
    await enter(db, county_code="430726", village="东山峰村", product_name="柑橘", category="fruit", sold_g=0)
    await enter(db, village="塘溪村", yearly_output_g=1_000_000, sold_g=2_000_000, scale_value=Decimal("3.5"))
    provinces = await queries.list_areas(db, Scope(2026), level="province", month=12)
    assert [(row["code"], row["entry_count"], row["unsold_g"], row["in_season"]) for row in provinces] == [
        ("420000", 2, 30_000_000, ["香菇"]),
        ("430000", 1, 40_000_000, ["柑橘"]),
    ]
    summer = await queries.list_areas(db, Scope(2026, region="420000"), level="county", month=7)
    assert [(row["code"], row["in_season_count"], row["persons_count"]) for row in summer] == [(COUNTY, 0, 120)]
    scales = await queries.list_scales(db, Scope(2026, region=COUNTY))
    assert [(row["scale_unit"], float(row["scale_value"]), row["entry_count"]) for row in scales] == [("mu", 123.5, 2)]
    seasonal = await queries.list_seasonal(db, Scope(2026), month=11, is_unsold=True, limit=10)
    assert [row["product_name"] for row in seasonal] == ["柑橘"]
    fruit = await queries.list_months(db, Scope(2026, category="fruit"))
    assert {row["county_count"] for row in fruit} == {1}
    assert await queries.find_year(db, latest=2027) == 2026
    assert await queries.find_year(db, latest=2020) == 2020
