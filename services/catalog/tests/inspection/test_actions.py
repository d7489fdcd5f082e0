"""Reports on real PostgreSQL: readiness for canteens on card, event and filter, and its end at midnight."""

import json
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from catalog.inspection import actions
from catalog.inspection.actions import Finding, ReportFacts
from catalog.laboratory import actions as laboratory_actions
from catalog.laboratory.rules import Recognition
from catalog.search import queries as search_queries
from catalog.search.queries import Filters
from shared.auth import Caller
from shared.clock import SHANGHAI
from shared.direct import fetching
from shared.errors import Conflict
from shared.events.catalog import SkuRevised
from shared.testing import NOW, published

OPERATOR = Caller(uuid4(), kind="operator")
LAST_DAY = date(2026, 12, 31)
CMA = "610000120345"
PASSED = Finding("毒死蜱", "GB 23200.121", "未检出", "≤0.02", "mg/kg", "passed")
FAILED = Finding("克百威", "GB 23200.112", "0.08", "≤0.02", "mg/kg", "failed")


def shanghai(day, hour, minute):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


def a_report(number="NCP-2026-0001", *, cma=CMA, issued_on=date(2026, 11, 10), valid_until=LAST_DAY):
    return ReportFacts(number, "陕西示范检测中心", cma, date(2026, 11, 5), issued_on, valid_until)


@pytest.fixture
async def laboratory(db):
    return await laboratory_actions.add_laboratory(
        db,
        laboratory_id=uuid4(),
        cma_number=CMA,
        name="陕西示范检测中心",
        region_code="610000",
        caller=None,
        now=NOW,
    )


async def submitted(db, product, *findings, report=None):
    return await actions.submit_inspection(
        db,
        inspection_id=uuid4(),
        product_id=product.product_id,
        report=report or a_report(),
        findings=findings or [PASSED],
        caller=None,
        now=NOW,
    )


async def decided(db, inspection, verb="accept", revision=1, now=NOW):
    return await actions.decide(
        db,
        inspection_id=inspection.inspection_id,
        verb=verb,
        expected_revision=revision,
        caller=OPERATOR,
        reason="依据",
        now=now,
    )


async def cards(app, at, **filters):
    rows = await search_queries.find_cards(
        fetching(app.state.database),
        text_query=None,
        filters=Filters(**filters),
        sort="relevance",
        after=None,
        limit=10,
        now=at,
    )
    return [json.loads(each.card) for each in rows]


@pytest.mark.usefixtures("laboratory")
async def test_a_passed_report_makes_the_product_ready_until_midnight(app, db, make):
    product = await make.listed_product(db)
    inspection = await submitted(db, product)
    assert await cards(app, NOW, canteen=True) == []
    await decided(db, inspection)
    (card,) = await cards(app, NOW, canteen=True)
    assert (card["is_canteen_ready"], card["certificates"]) == (True, ["test_report"])
    before, after = shanghai(LAST_DAY, 23, 59), shanghai(LAST_DAY + timedelta(days=1), 0, 0)
    assert (await cards(app, before))[0]["is_canteen_ready"] is True
    assert (await cards(app, after))[0]["is_canteen_ready"] is False
    assert await cards(app, after, canteen=True) == []
    assert len(await cards(app, after, canteen=False)) == 1


@pytest.mark.usefixtures("laboratory")
async def test_events_tell_of_it_when_it_comes_and_when_it_goes(db, make):
    product = await make.listed_product(db)
    await decided(db, await submitted(db, product))
    midnight = shanghai(LAST_DAY + timedelta(days=1), 0, 0)
    assert await actions.end_inspections(db, now=shanghai(LAST_DAY, 23, 59)) == 0
    assert await actions.end_inspections(db, now=midnight) == 1
    assert await actions.end_inspections(db, now=midnight) == 0
    assert [event.is_canteen_ready for event in await published(db, SkuRevised)] == [True, False]
    assert await db.scalar(text("SELECT status FROM inspections")) == "EXPIRED"


@pytest.mark.usefixtures("laboratory")
async def test_a_failed_report_ends_it_also_after_its_own_end(app, db, make):
    product = await make.listed_product(db)
    long = a_report(valid_until=date(2027, 6, 30))
    await decided(db, await submitted(db, product, report=long))
    failed = await submitted(
        db, product, PASSED, FAILED, report=a_report("NCP-2026-0002", issued_on=date(2026, 11, 12))
    )
    assert failed.is_passed is False
    await decided(db, failed)
    assert (await cards(app, NOW))[0]["is_canteen_ready"] is False
    later = shanghai(LAST_DAY + timedelta(days=1), 0, 0)
    await actions.end_inspections(db, now=later)
    assert (await cards(app, later))[0]["is_canteen_ready"] is False


@pytest.mark.usefixtures("laboratory")
async def test_a_withdrawn_report_no_longer_speaks(app, db, make):
    product = await make.listed_product(db)
    inspection = await submitted(db, product)
    await decided(db, inspection)
    await decided(db, inspection, "withdraw", revision=2)
    assert (await cards(app, NOW))[0]["is_canteen_ready"] is False


async def test_a_laboratory_that_nobody_knows_is_not_accepted(db, make):
    product = await make.listed_product(db)
    inspection = await submitted(db, product)
    with pytest.raises(Conflict) as refused:
        await decided(db, inspection)
    assert refused.value.code == "laboratory-not-recognised"


async def test_a_laboratory_of_another_province_counts_once_it_is_recognised(db, make):
    away = await laboratory_actions.add_laboratory(
        db,
        laboratory_id=uuid4(),
        cma_number="430000120001",
        name="湖南示范检测院",
        region_code="430100",
        caller=None,
        now=NOW,
    )
    product = await make.listed_product(db)
    inspection = await submitted(db, product, report=a_report(cma="430000120001"))
    with pytest.raises(Conflict):
        await decided(db, inspection)
    await laboratory_actions.recognise(
        db,
        laboratory_id=away.laboratory_id,
        recognition=Recognition("610000", date(2026, 1, 1)),
        basis="陕农函〔2026〕示范1号",
        caller=OPERATOR,
        now=NOW,
    )
    assert (await decided(db, inspection)).recognition == "listed"


async def test_a_laboratory_without_its_mark_is_not_accepted(db, make, laboratory):
    inspection = await submitted(db, await make.listed_product(db))
    await laboratory_actions.set_active(
        db,
        laboratory_id=laboratory.laboratory_id,
        expected_revision=1,
        is_active=False,
        reason="资质注销",
        caller=OPERATOR,
        now=NOW,
    )
    with pytest.raises(Conflict) as refused:
        await decided(db, inspection)
    assert refused.value.code == "laboratory-not-recognised"


@pytest.mark.usefixtures("laboratory")
async def test_its_holder_is_told_a_month_and_a_week_before(db, make):
    await decided(db, await submitted(db, await make.listed_product(db)))
    for left in (31, 30, 12, 7, 3, 0, -1):
        await actions.remind_of_ending(db, now=shanghai(LAST_DAY - timedelta(days=left), 9, 0), after=None)
    told = await db.scalars(text("SELECT facts->>'days' FROM notices WHERE code = 'inspection-ending' ORDER BY 1 DESC"))
    assert sorted(told, key=int) == ["7", "30"]


@pytest.mark.usefixtures("laboratory")
async def test_the_same_report_is_submitted_once(db, make):
    product = await make.listed_product(db)
    await submitted(db, product)
    with pytest.raises(Conflict) as refused:
        await submitted(db, product)
    assert refused.value.code == "inspection-exists"
