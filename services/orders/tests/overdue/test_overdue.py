"""What is late, whose turn it is, who sees it, and who is told."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.overdue import actions, queries, rules
from orders.unit_order import rules as unit_order_rules
from services.orders.tests.factories import NOW
from services.orders.tests.settlement.settling import Owed, accept, accepted, bring, enter, statement_file
from services.orders.tests.unit_factories import acting_for, finance_office
from services.orders.tests.unit_factories import unit as a_unit
from services.orders.tests.unit_order.buying import bought, delivered
from shared.auth import Caller
from shared.clock import business_day
from shared.events.institutions import OverdueTold
from shared.ids import new_id
from shared.testing import published

START = business_day(NOW)
OPERATOR = Caller(new_id(), kind="operator")


async def late(db: AsyncSession, caller: Caller, on: date, **given: Any) -> list[tuple[str, int]]:
    filters = queries.Filters(today=on, **given)
    return [(row.kind, row.days_late) for row in await queries.list_overdue(db, caller, filters=filters, limit=100)]


async def test_a_day_is_late_only_after_the_last_one_in_time(db: AsyncSession):
    deal = await bought(db, 10)
    # Sunday 22 November 2026: three working days end on Wednesday the 25th.
    assert await late(db, deal.supplier, date(2026, 11, 25)) == []
    assert await late(db, deal.supplier, date(2026, 11, 26)) == [("CONFIRM", 1)]


async def test_every_step_has_its_day(db: AsyncSession, tmp_path: Path):
    days = {kind: each.days for kind, each in rules.deadlines().items()}
    days["ACCEPT"] = unit_order_rules.handling_terms("", START).check_days
    deal = await delivered(db, 10, unit=await a_unit(db))
    assert await late(db, OPERATOR, START + timedelta(days=days["ACCEPT"])) == []
    assert await late(db, OPERATOR, START + timedelta(days=days["ACCEPT"] + 1)) == [("ACCEPT", 1)]
    owed = await accepted(db, 10, unit=await a_unit(db))
    supplier = owed.deal.supplier
    assert deal.supplier_id != owed.deal.supplier_id
    assert await late(db, supplier, START + timedelta(days=days["INVOICE"] + 1)) == [("INVOICE", 1)]
    assert await late(db, supplier, START + timedelta(days=30)) == [("INVOICE", 30 - days["INVOICE"])]
    assert await late(db, supplier, START + timedelta(days=31)) == [("INVOICE", 31 - days["INVOICE"]), ("PAYMENT", 1)]
    await enter(db, owed)  # the day after
    entered = START + timedelta(days=1)
    assert await late(db, supplier, entered + timedelta(days=days["INVOICE_CHECK"] + 1)) == [("INVOICE_CHECK", 1)]
    await accept(db, owed)
    assert await late(db, supplier, START + timedelta(days=30)) == []
    assert await late(db, supplier, START + timedelta(days=40)) == [("PAYMENT", 10)]
    await bring(db, owed, statement_file(tmp_path, ("A1", 35_000, owed.code)))
    assert await late(db, supplier, entered + timedelta(days=days["REVIEW"] + 2)) == [("REVIEW", 2)]


async def two_late_payers(db: AsyncSession) -> tuple[Owed, Owed, Any]:
    lead = await a_unit(db)
    below = await a_unit(db, parent_id=lead.unit_id, county_code="420527", name="下属小学")
    return await accepted(db, 10, unit=lead), await accepted(db, 2, unit=below), lead


async def test_everybody_sees_what_concerns_it(db: AsyncSession):
    own, below, lead = await two_late_payers(db)
    on = START + timedelta(days=31)
    payment, both = {"kind": "PAYMENT"}, [("PAYMENT", 1), ("PAYMENT", 1)]
    assert await late(db, acting_for(lead), on, **payment) == both
    assert await late(db, below.deal.member("buyer"), on, **payment) == both[:1]
    assert await late(db, own.deal.supplier, on, **payment) == both[:1]
    assert await late(db, finance_office("420525"), on, **payment) == both[:1]
    assert await late(db, finance_office("420500"), on, **payment) == both
    assert await late(db, finance_office("430000"), on, **payment) == []
    assert await late(db, Caller(new_id(), kind="consumer"), on) == []
    assert await late(db, OPERATOR, on, wanted="下属小学", side="unit") == both[:1]
    assert await late(db, OPERATOR, on, side="supplier", least_days=21) == [("INVOICE", 21), ("INVOICE", 21)]
    assert await late(db, OPERATOR, on, least_days=22) == []
    assert await late(db, OPERATOR, on, unit_id=below.deal.unit_id, kind="PAYMENT") == both[:1]


async def test_pages_go_on_where_they_ended(db: AsyncSession):
    await two_late_payers(db)
    filters = queries.Filters(today=START + timedelta(days=31))
    whole = await queries.list_overdue(db, OPERATOR, filters=filters, limit=100)
    seen: list[Any] = []
    after = None
    while page := await queries.list_overdue(db, OPERATOR, filters=filters, after=after, limit=1):
        seen += page
        after = page[-1].due_on, page[-1].order_id, page[-1].kind
    assert seen == list(whole)
    assert len(whole) == 4


async def test_what_is_late_is_told_once_a_day_to_whom_it_concerns(db: AsyncSession):
    own, below, lead = await two_late_payers(db)
    now = NOW + timedelta(days=31)
    assert await actions.tell_overdue(db, now=now) == 5
    told = {(each.organisation_id, each.side): each for each in await published(db, OverdueTold)}
    assert set(told) == {
        (lead.organisation_id, "unit"),
        (lead.organisation_id, "lead"),
        (below.deal.organisation_id, "unit"),
        (own.deal.supplier_id, "supplier"),
        (below.deal.supplier_id, "supplier"),
    }
    lead_word = told[lead.organisation_id, "lead"]
    assert (lead_word.late_count, lead_word.payment_count, lead_word.payment_fen) == (1, 1, 7_000)
    word = told[own.deal.supplier_id, "supplier"]
    assert (word.late_count, word.payment_count, word.most_days) == (1, 0, 21)
    assert await actions.tell_overdue(db, now=now) == 0
    assert await actions.tell_overdue(db, now=now + timedelta(days=1)) == 5


async def test_nobody_is_told_of_nothing(db: AsyncSession):
    await accepted(db, 10)
    assert await actions.tell_overdue(db, now=NOW) == 0
    assert await published(db, OverdueTold) == []


def test_each_kind_has_a_side_and_a_source():
    assert {rules.side_of(kind) for kind in rules.KINDS} == {"supplier", "unit"}
    assert all(each.source for each in rules.deadlines().values())


@pytest.mark.parametrize("kind", ["INVOICE", "INVOICE_CHECK", "REVIEW"])
def test_each_step_of_ours_has_a_deadline(kind: str):
    assert rules.deadlines()[kind].days > 0
