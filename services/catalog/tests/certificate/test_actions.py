"""Certificates on real PostgreSQL: midnight, reminders, replacing."""

import json
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from catalog.certificate import actions, queries
from catalog.certificate.models import Certificate
from catalog.certificate.rules import Proof
from catalog.notice.models import Notice
from catalog.product import actions as product_actions
from catalog.search import actions as search_actions
from catalog.search import queries as search_queries
from catalog.search.queries import Filters
from shared.auth import Caller
from shared.clock import SHANGHAI
from shared.direct import fetching
from shared.errors import Conflict, Invalid
from shared.testing import NOW

LAST_DAY = date(2026, 12, 31)
ORGANIC = Proof("organic", "14926669187263268", LAST_DAY)
GREEN = Proof("green_food", "LB-15-19012700330A", date(2028, 1, 1))
OPERATOR = Caller(uuid4(), kind="operator")


def shanghai(day, hour, minute, second=0):
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SHANGHAI)


async def shown(app, product_id, at):
    found = await search_queries.find_detail(fetching(app.state.database), product_id, now=at)
    return json.loads(found[0])["certificates"]


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
    return [json.loads(row.card) for row in rows]


async def submitted(db, product_id, proof=ORGANIC, **given):
    return await actions.submit_certificate(
        db, certificate_id=uuid4(), product_id=product_id, proof=proof, caller=None, now=NOW, **given
    )


async def test_the_badge_goes_at_midnight_in_shanghai_from_card_page_and_filter(app, db, make):
    product = await make.listed_product(db, certificates=[ORGANIC, GREEN])
    before, after = shanghai(LAST_DAY, 23, 59, 59), shanghai(LAST_DAY + timedelta(days=1), 0, 0)
    assert [each["type"] for each in await shown(app, product.product_id, before)] == ["green_food", "organic"]
    assert [each["type"] for each in await shown(app, product.product_id, after)] == ["green_food"]
    assert (await cards(app, before))[0]["certificates"] == ["green_food", "organic"]
    assert (await cards(app, after))[0]["certificates"] == ["green_food"]
    assert len(await cards(app, before, certificate="organic")) == 1
    assert await cards(app, after, certificate="organic") == []


async def test_the_minute_after_midnight_the_certificate_is_expired_once(app, db, make):
    product = await make.listed_product(db, certificates=[ORGANIC, GREEN])
    assert await actions.end_certificates(db, now=shanghai(LAST_DAY, 23, 59)) == 0
    midnight = shanghai(LAST_DAY + timedelta(days=1), 0, 0)
    assert await actions.end_certificates(db, now=midnight) == 1
    assert await actions.end_certificates(db, now=midnight) == 0
    rows = await db.execute(
        select(Certificate.type, Certificate.status).where(Certificate.product_id == product.product_id)
    )
    assert {row.type: row.status for row in rows} == {"organic": "EXPIRED", "green_food": "VERIFIED"}
    assert [each["type"] for each in await shown(app, product.product_id, midnight)] == ["green_food"]


async def test_a_certificate_of_tomorrow_begins_by_itself(app, db, make):
    first = date(2026, 12, 1)
    product = await make.listed_product(db, certificates=[Proof("organic", ORGANIC.number, LAST_DAY, first)])
    assert await shown(app, product.product_id, shanghai(first - timedelta(days=1), 23, 59)) == []
    assert len(await shown(app, product.product_id, shanghai(first, 0, 0))) == 1


async def test_what_is_only_submitted_gives_no_badge(app, db, make):
    product = await make.listed_product(db)
    certificate = await submitted(db, product.product_id)
    assert await shown(app, product.product_id, NOW) == []
    await actions.decide(
        db, certificate_id=certificate.certificate_id, verb="verify", expected_revision=1, caller=OPERATOR, now=NOW
    )
    assert [each["number"] for each in await shown(app, product.product_id, NOW)] == [ORGANIC.number]
    await actions.decide(
        db,
        certificate_id=certificate.certificate_id,
        verb="withdraw",
        expected_revision=2,
        caller=OPERATOR,
        reason="机构撤销",
        now=NOW,
    )
    assert await shown(app, product.product_id, NOW) == []


async def test_its_supplier_is_told_a_month_and_a_week_before_once_each(db, make):
    product = await make.listed_product(db, certificates=[ORGANIC])

    async def told_on(day):
        await actions.remind_of_ending(db, now=shanghai(day, 9, 0), after=None)
        rows = await db.scalars(
            select(Notice).where(Notice.code == "certificate-ending").order_by(Notice.issued_at, Notice.notice_id)
        )
        return [row.facts["days"] for row in rows]

    assert await told_on(LAST_DAY - timedelta(days=31)) == []
    assert await told_on(LAST_DAY - timedelta(days=30)) == [30]
    assert await told_on(LAST_DAY - timedelta(days=29)) == [30]
    assert await told_on(LAST_DAY - timedelta(days=7)) == [30, 7]
    assert await told_on(LAST_DAY) == [30, 7]
    assert await told_on(LAST_DAY + timedelta(days=1)) == [30, 7]
    notice = await db.scalar(select(Notice).limit(1))
    assert (notice.organisation_id, notice.facts["number"]) == (product.supplier_id, ORGANIC.number)


async def test_a_certificate_with_five_days_left_is_told_of_once(db, make):
    await make.listed_product(db, certificates=[ORGANIC])
    for hour in (9, 10):
        await actions.remind_of_ending(db, now=shanghai(LAST_DAY - timedelta(days=5), hour, 0), after=None)
    assert await db.scalar(text("SELECT count(*) FROM notices WHERE code = 'certificate-ending'")) == 1


async def test_what_was_withdrawn_is_not_told_of(db, make):
    product = await make.listed_product(db)
    certificate = await submitted(db, product.product_id, is_verified=True)
    await actions.decide(
        db,
        certificate_id=certificate.certificate_id,
        verb="withdraw",
        expected_revision=2,
        caller=OPERATOR,
        reason="换证",
        now=NOW,
    )
    await actions.remind_of_ending(db, now=shanghai(LAST_DAY - timedelta(days=5), 9, 0), after=None)
    assert await db.scalar(text("SELECT count(*) FROM notices WHERE code = 'certificate-ending'")) == 0


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (Proof("organic", "1492666918726326"), "certificate-number-invalid"),
        (Proof("test_report", "NCP-1"), "certificate-is-report"),
        (Proof("organic", ORGANIC.number, date(2026, 1, 1), date(2026, 2, 1)), "certificate-period-empty"),
        (Proof("organic", ORGANIC.number, date(2026, 11, 21)), "certificate-over"),
        (Proof("conformity", "HG1306242610033082"), "conformity-missing"),
    ],
)
async def test_a_wrong_certificate_is_refused_and_not_stored(db, make, proof, code):
    product = await make.product(db)
    with pytest.raises(Invalid) as refused:
        await submitted(db, product.product_id, proof)
    assert refused.value.code == code
    assert await db.scalar(text("SELECT count(*) FROM certificates")) == 0


async def test_a_certificate_is_submitted_once_and_again_after_a_refusal(db, make):
    product = await make.product(db)
    first = await submitted(db, product.product_id)
    with pytest.raises(Conflict) as refused:
        await submitted(db, product.product_id)
    assert refused.value.code == "certificate-exists"
    await actions.decide(
        db,
        certificate_id=first.certificate_id,
        verb="refuse",
        expected_revision=1,
        caller=OPERATOR,
        reason="扫描件不清",
        now=NOW,
    )
    again = await submitted(db, product.product_id)
    assert (again.status, again.certificate_id != first.certificate_id) == ("SUBMITTED", True)


async def test_the_database_holds_one_standing_certificate_of_a_number(db, make):
    product = await make.product(db)
    first = await submitted(db, product.product_id)
    copy = {column.name: getattr(first, column.name) for column in Certificate.__table__.columns}
    with pytest.raises(IntegrityError, match="uq_certificates_product_id_type_number"):
        async with db.begin_nested():
            db.add(Certificate(**copy | {"certificate_id": uuid4()}))


async def test_replacing_keeps_what_stays_and_withdraws_the_rest(db, make):
    product = await make.listed_product(db, certificates=[ORGANIC, GREEN])
    renewed = Proof("organic", ORGANIC.number, date(2027, 12, 31))
    await product_actions.edit_product(
        db,
        product_id=product.product_id,
        expected_revision=1,
        changes={},
        certificates=[GREEN, renewed],
        now=NOW,
    )
    rows = await db.execute(
        select(Certificate.type, Certificate.valid_until, Certificate.status)
        .where(Certificate.product_id == product.product_id)
        .order_by(Certificate.type, Certificate.valid_until)
    )
    assert [tuple(row) for row in rows] == [
        ("green_food", GREEN.valid_until, "VERIFIED"),
        ("organic", LAST_DAY, "WITHDRAWN"),
        ("organic", renewed.valid_until, "SUBMITTED"),
    ]


async def test_list_in_force_asks_for_the_day(db, make):
    product = await make.listed_product(db, certificates=[ORGANIC, GREEN])
    on_last = await queries.list_in_force(db, product.product_id, on=LAST_DAY)
    the_day_after = await queries.list_in_force(db, product.product_id, on=LAST_DAY + timedelta(days=1))
    assert [each.type for each in on_last] == ["green_food", "organic"]
    assert [each.type for each in the_day_after] == ["green_food"]


async def test_cards_learn_of_a_certificate_that_ends_far_ahead(app, db, make):
    end = datetime(2027, 6, 1, tzinfo=UTC).date()
    product = await make.listed_product(db, certificates=[Proof("organic", ORGANIC.number, end)])
    after_the_end = shanghai(end + timedelta(days=1), 0, 0)
    assert len(await shown(app, product.product_id, after_the_end)) == 1
    near = shanghai(end - timedelta(days=20), 2, 15)
    assert await search_actions.renew_ending_certificates(db, now=near, after=None) == product.product_id
    assert await shown(app, product.product_id, after_the_end) == []
