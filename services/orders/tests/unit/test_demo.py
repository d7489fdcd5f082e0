"""The demo's county: twelve units in every canteen mode, once."""

from collections import Counter

from sqlalchemy import text

from deploy.demo import filings, institutions
from deploy.demo.accounts import CONSUMER, FINANCE_OFFICE, INSTITUTION, UNIT_ACCOUNTS
from deploy.demo.units import demo_units
from services.orders.tests.factories import NOW
from shared.db import Database
from shared.uscc import is_uscc


async def test_the_demo_enters_a_countys_units_once(fresh_database: Database):
    for _ in range(2):
        told: list[int] = []
        await institutions.load_units(fresh_database, now=NOW, advance=told.append)
        assert sum(told) == len(demo_units())
    async with fresh_database.read() as db:
        units = (await db.execute(text("SELECT organisation_id, uscc, union_uscc FROM budget_units"))).all()
        modes = (
            await db.execute(text("SELECT mode, count(*) FROM unit_canteens WHERE year = 2026 GROUP BY mode"))
        ).all()
    assert len(units) == len(demo_units()) == 12
    assert sum(each.organisation_id is None for each in units) == 2, "entered and not activated"
    assert all(is_uscc(each.uscc) and is_uscc(each.union_uscc) for each in units)
    assert dict(modes) == {
        "OWN": 4,
        "OUTSOURCED": 2,
        "SHARED_REP": 2,
        "SHARED_MEMBER": 3,
        "NONE": 1,
    }


def test_the_demos_handler_is_one_of_a_units_people():
    duties = Counter(role for each in UNIT_ACCOUNTS.values() for role in each.roles)
    assert INSTITUTION.roles == ("buyer",)
    assert set(duties) == {"admin", "buyer", "approver", "finance", "auditor", "union", "contractor"}
    assert FINANCE_OFFICE.email == "yuanan-finance-office@example.com"


async def test_its_shares_stand_in_every_state_and_her_purchases_count_to_her_school(fresh_database: Database):
    await institutions.load_units(fresh_database, now=NOW, advance=lambda _: None)
    for _ in range(2):
        told: list[int] = []
        await filings.load_filings(fresh_database, now=NOW, advance=told.append)
        assert sum(told) == filings.COUNT
    async with fresh_database.read() as db:
        rows = (await db.execute(text("SELECT year, status, count(*) FROM reserved_shares GROUP BY 1, 2"))).all()
        staff = (await db.execute(text("SELECT person_id FROM unit_staff"))).scalars().all()
    this_year = {status: count for year, status, count in rows if year == 2026}
    assert [(status, count) for year, status, count in rows if year == 2025] == [("LOCKED", 10)]
    assert this_year == {
        "DRAFT": 1,
        "SUBMITTED": 1,
        "LEAD_REVIEW": 1,
        "RETURNED": 1,
        "LEAD_APPROVED": 1,
        "FINANCE_CONFIRMED": 1,
        "LOCKED": 4,
    }
    assert staff == [CONSUMER.person_id]
