"""Linkages in a real database: each household once, whatever overlaps."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linkage_cases import DINGCHENG, a_linkage, an_entry, confirmed, homes
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from catalog.linkage import actions, queries
from catalog.linkage.actions import Income
from catalog.linkage.rules import WAYS, LinkageSummary, Village
from catalog.supplier import queries as supplier_queries
from catalog.trail import queries as trail_queries
from shared.errors import Conflict, Invalid, Stale
from shared.events.catalog import NoticeIssued, SkuRevised
from shared.testing import NOW, published

TODAY = date(2026, 11, 22)
YEAR = (date(2026, 1, 1), date(2027, 1, 1))


async def test_only_what_was_confirmed_counts(db, make):
    supplier = await make.supplier(db)
    linkage = await a_linkage(db, supplier.supplier_id)
    for verb, count in (("submit", 120), ("confirm", 3)):
        await actions.move_linkage(db, linkage_id=linkage.linkage_id, verb=verb, caller=None, now=NOW)
        assert (await supplier_queries.get_supplier(db, supplier.supplier_id)).linked_households == count
    assert await queries.summarise_linkage(db, supplier.supplier_id, on=TODAY) == LinkageSummary(
        3, 9, is_estimated=False
    )


async def test_a_household_in_two_ways_of_two_suppliers_counts_once(db, make):
    one, two = await make.supplier(db), await make.supplier(db)
    await confirmed(db, one.supplier_id, households=homes("1", "2", "3"))
    await confirmed(db, one.supplier_id, way="employment", households=homes("2", "3", "4"))
    await confirmed(db, two.supplier_id, households=homes("3", "4", "5"))
    by_supplier = await queries.count_households(db, group="supplier", first=YEAR[0], until=YEAR[1])
    assert {key[0]: each.household_count for key, each in by_supplier.items()} == {
        one.supplier_id: 4,
        two.supplier_id: 3,
    }
    for group in ("village", "county", "all"):
        [found] = (await queries.count_households(db, group=group, first=YEAR[0], until=YEAR[1])).values()
        assert (found.household_count, found.person_count) == (5, 15)


HOMES = st.lists(st.sampled_from([str(number) for number in range(12)]), min_size=1, max_size=8, unique=True)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=st.lists(HOMES, min_size=1, max_size=5), order=st.randoms())
async def test_households_count_once_whatever_the_overlap_and_order(db, make, lists, order):
    """Suppliers by way and village: the whole is the union, and no order of entry changes it."""
    async with db.begin_nested() as savepoint:
        suppliers = [await make.supplier(db) for _ in range(2)]
        entries = list(enumerate(lists))
        order.shuffle(entries)
        for number, names in entries:
            await confirmed(
                db,
                suppliers[number % 2].supplier_id,
                way=WAYS[number],
                households=homes(*names),
            )
        [all_found] = (await queries.count_households(db, group="all", first=YEAR[0], until=YEAR[1])).values()
        assert all_found.household_count == len(set().union(*lists))
        for index, supplier in enumerate(suppliers):
            own = [set(names) for number, names in enumerate(lists) if number % 2 == index]
            summary = await queries.summarise_linkage(db, supplier.supplier_id, on=TODAY)
            assert summary.household_count == len(set().union(*own))
        await savepoint.rollback()


async def test_without_numbers_the_count_is_estimated_from_the_income_and_says_so(db, make):
    supplier = await make.supplier(db)
    linkage = await confirmed(db, supplier.supplier_id, households=(), incomes=(Income(2026, wage_fen=8_400_000),))
    summary = await queries.summarise_linkage(db, supplier.supplier_id, on=TODAY)
    assert summary == LinkageSummary(10, 26, is_estimated=True)
    assert (linkage.estimate_coefficient_fen, "8,000 yuan" in linkage.estimate_source) == (800_000, True)


async def test_what_names_nobody_is_not_submitted(db, make):
    supplier = await make.supplier(db)
    linkage = await a_linkage(db, supplier.supplier_id, households=(), incomes=())
    with pytest.raises(Conflict) as refused:
        await actions.move_linkage(db, linkage_id=linkage.linkage_id, verb="submit", caller=None, now=NOW)
    assert refused.value.code == "linkage-without-households"


async def test_an_ended_linkage_counts_on_the_days_before(db, make):
    supplier = await make.supplier(db)
    linkage = await confirmed(db, supplier.supplier_id)
    await actions.move_linkage(db, linkage_id=linkage.linkage_id, verb="end", caller=None, now=NOW, reason="合同到期")
    counts = [
        (await queries.summarise_linkage(db, supplier.supplier_id, on=day)).household_count
        for day in (date(2025, 12, 31), date(2026, 1, 1), TODAY - timedelta(days=1), TODAY)
    ]
    assert counts == [0, 3, 3, 0]
    assert (await supplier_queries.get_supplier(db, supplier.supplier_id)).linked_households == 0


async def test_a_linkage_of_one_day_counts_on_no_day(db, make):
    supplier = await make.supplier(db)
    linkage = await confirmed(db, supplier.supplier_id, from_on=TODAY)
    await actions.move_linkage(db, linkage_id=linkage.linkage_id, verb="end", caller=None, now=NOW)
    assert await queries.count_households(db, group="all", first=YEAR[0], until=YEAR[1]) == {}


async def test_at_its_end_the_count_follows_by_the_clock_and_once(db, make):
    supplier = await make.supplier(db)
    await confirmed(db, supplier.supplier_id, until_on=TODAY + timedelta(days=1))
    later = NOW + timedelta(days=1)
    assert (await supplier_queries.get_supplier(db, supplier.supplier_id)).linked_households == 3
    for _ in range(2):
        assert await actions.refresh_turning_counts(db, now=later, after=None) == supplier.supplier_id
        assert await actions.refresh_turning_counts(db, now=later, after=supplier.supplier_id) is None
    found = await supplier_queries.get_supplier(db, supplier.supplier_id)
    assert (found.linked_households, found.revision) == (0, 3)


async def test_skus_tell_of_the_new_count_and_the_supplier_is_told(db, make):
    sku = await make.listed_sku(db)
    supplier_id = (await db.execute(text("SELECT supplier_id FROM suppliers"))).scalar_one()
    linkage = await confirmed(db, supplier_id)
    assert [event.sku_id for event in await published(db, SkuRevised)] == [sku.sku_id]
    [notice] = await published(db, NoticeIssued)
    assert (notice.code, notice.organisation_id, notice.subject_id) == (
        "linkage-confirmed", supplier_id, linkage.linkage_id,
    )  # fmt: skip


async def test_a_decision_on_what_was_changed_since_is_refused_and_changes_nothing(db, make):
    supplier = await make.supplier(db)
    linkage = await a_linkage(db, supplier.supplier_id, verbs=("submit",))
    with pytest.raises(Stale):
        await actions.move_linkage(
            db, linkage_id=linkage.linkage_id, verb="confirm", caller=None, now=NOW, expected_revision=1
        )
    await db.refresh(linkage)
    trail = await trail_queries.list_trail(db, subject_kind="linkage", subject_id=linkage.linkage_id)
    assert (linkage.status, [each.verb for each in trail]) == ("SUBMITTED", ["create", "submit"])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"until_on": date(2026, 1, 1)}, "period-empty"),
        ({"households": homes("1") * 2}, "household-twice"),
        ({"county_code": "430000"}, "county-unknown"),
        ({"village": "  "}, "village-missing"),
        ({"agreement_document_id": uuid4()}, "document-unknown"),
    ],
)
async def test_a_wrong_entry_is_refused_by_name(db, make, wrong, code):
    supplier = await make.supplier(db)
    with pytest.raises(Invalid) as refused:
        await a_linkage(db, supplier.supplier_id, **wrong)
    assert refused.value.code == code
    assert await db.scalar(text("SELECT count(*) FROM linkages")) == 0


async def test_the_same_entry_again_changes_nothing_and_another_is_a_change(db, make):
    supplier = await make.supplier(db)

    async def bring(**given):
        return await actions.upsert_linkage(
            db, supplier_id=supplier.supplier_id, entry=an_entry(**given), caller=None, now=NOW
        )

    assert [await bring(), await bring(), await bring(village="白云村委会")] == ["created", "unchanged", "unchanged"]
    assert await bring(households=homes("1", "2")) == "changed"
    [row] = await queries.list_linkages(
        db,
        supplier_id=supplier.supplier_id,
        prefixes=None,
        status=None,
        way=None,
        year=2026,
        q=None,
        after=None,
        limit=9,
    )
    assert (row.household_count, row.person_count, row.income_fen) == (2, 6, 300_000)
    await actions.move_linkage(db, linkage_id=row.linkage.linkage_id, verb="submit", caller=None, now=NOW)
    assert await bring(households=homes("1", "2")) == "unchanged"
    with pytest.raises(Conflict):
        await bring()


async def test_the_same_entry_by_hand_is_refused(db, make):
    supplier = await make.supplier(db)
    first = await a_linkage(db, supplier.supplier_id)
    with pytest.raises(Conflict) as refused:
        await a_linkage(db, supplier.supplier_id)
    assert (refused.value.code, refused.value.extra["linkage_id"]) == ("linkage-exists", str(first.linkage_id))


async def test_a_further_years_income_is_added_to_a_confirmed_linkage_only(db, make):
    supplier = await make.supplier(db)
    draft = await a_linkage(db, supplier.supplier_id, way="dividend")
    with pytest.raises(Conflict):
        await actions.set_income(db, linkage_id=draft.linkage_id, income=Income(2027, 1), caller=None, now=NOW)
    linkage = await confirmed(db, supplier.supplier_id)
    for fen in (5, 7):
        await actions.set_income(
            db, linkage_id=linkage.linkage_id, income=Income(2027, asset_fen=fen), caller=None, now=NOW
        )
    assert await queries.list_income_totals(db, supplier_id=supplier.supplier_id) == [
        (2027, 0, 7, 0),
        (2026, 100_000, 0, 200_000),
    ]


async def test_households_of_different_villages_are_different(db, make):
    supplier = await make.supplier(db)
    other = Village(DINGCHENG, "尧天坪镇", "红土村")
    await confirmed(db, supplier.supplier_id)
    await confirmed(
        db,
        supplier.supplier_id,
        county_code=DINGCHENG,
        township=other.township,
        village=other.village,
        households=homes("1", "2", village=other),
    )
    found = await queries.count_households(db, group="county", first=YEAR[0], until=YEAR[1])
    assert {key[0]: each.household_count for key, each in found.items()} == {"430726": 3, "430703": 2}
    [only] = await queries.count_households(db, group="county", first=YEAR[0], until=YEAR[1], prefixes=["430703"])
    assert only == ("430703",)


async def test_the_database_takes_no_plain_number_for_a_key(db, make):
    linkage = await a_linkage(db, (await make.supplier(db)).supplier_id)
    with pytest.raises(IntegrityError):
        await db.execute(
            text("INSERT INTO linkage_households VALUES (:id, '430726001', 3)"), {"id": linkage.linkage_id}
        )
