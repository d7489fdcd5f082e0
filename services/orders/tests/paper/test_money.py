"""Papers of money: ledger of a unit's year, statement of account, budget statement."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit_order import queries as unit_order_queries
from services.orders.tests.factories import NOW
from services.orders.tests.paper.reading import Headers, as_person, ensure_unknown, rows_of, text_of
from services.orders.tests.settlement.settling import TODAY, accepted, bring, checked, statement_file
from services.orders.tests.unit_factories import unit as a_unit
from services.orders.tests.unit_order.buying import bought
from shared.clock import business_day


async def test_a_ledger_adds_up_to_the_year_of_its_unit(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    unit = await a_unit(db)
    owed = await accepted(db, 10, 4, unit=unit, missing=2, delivery_fen=1400)
    await bought(db, 3, unit=unit, delivery_fen=500, fund="UNION", now=NOW + timedelta(minutes=1))
    year = business_day(NOW).year
    path = f"/v1/units/{unit.unit_id}/ledger"
    finance = as_person(as_caller, owed.deal.member("finance"))
    rows = await rows_of(client, path, finance, year=str(year))
    lines = [row for row in rows if isinstance(row[0], float)]
    assert [(row[0], row[3], row[9], row[11], row[12], row[13], row[15]) for row in lines] == [
        (1.0, "食堂经费", 10.0, 360.0, 8.0, 288.0, "待验票"),
        (2.0, "食堂经费", 4.0, 144.0, 4.0, 144.0, "待验票"),
        (3.0, "工会经费", 3.0, 110.0, "", "", "待确认"),
    ]
    [total] = [row for row in rows if row[1] == "合计"]
    sums = await unit_order_queries.sums_of_year(db, [unit.unit_id], year)
    assert sums == {(unit.unit_id, "CANTEEN"): (43_200, 0), (unit.unit_id, "UNION"): (11_000, 0)}
    assert (total[11], total[13], total[14]) == (614.0, 432.0, 0.0)
    said = text_of(await client.get(path, params={"year": year}, headers=finance))
    for words in ("采购台账", "示范第一中学", "614.00", "432.00", "填报人（签章）"):
        assert words in said
    empty = await rows_of(client, path, finance, year=str(year - 1))
    assert [row[11] for row in empty if row[1] == "合计"] == [0.0]
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("finance",))
    await ensure_unknown(client, path, "unit-unknown", stranger, as_person(as_caller, owed.deal.supplier), as_caller())


async def test_a_statement_of_account_runs_from_opening_to_closing(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, tmp_path: Path
):
    unit, supplier_id = await a_unit(db), uuid4()
    first = await checked(db, 10, unit=unit, supplier_id=supplier_id)
    second = await accepted(db, 4, unit=unit, supplier_id=supplier_id)
    await accepted(db, 7, unit=unit)
    await bring(db, first, statement_file(tmp_path, ("B1", 35_000, first.code)))
    path = f"/v1/settlements/{first.order_id}/account"
    seller = as_person(as_caller, first.deal.supplier)
    days = {"from_on": str(TODAY - timedelta(days=9)), "until_on": str(TODAY)}
    rows = await rows_of(client, path, seller, **days)
    entries = [row for row in rows if row[1] in {"验收应付", "付款", "期初未付"}]
    assert entries[0][7] == 0.0
    assert sorted((row[1], row[3], row[5], row[6]) for row in entries[1:]) == sorted(
        [
            ("验收应付", first.code, 350.0, ""),
            ("验收应付", second.code, 140.0, ""),
            ("付款", first.code, "", 350.0),
        ]
    )
    [total] = [row for row in rows if row[1] == "合计"]
    assert total[5:8] == [490.0, 350.0, 140.0]
    said = text_of(await client.get(path, params=days, headers=as_person(as_caller, first.deal.member("finance"))))
    for words in ("对账单", "B1", "期末未付合计140.00元（壹佰肆拾元整）"):
        assert words in said
    later = {"from_on": str(TODAY + timedelta(days=2)), "until_on": str(TODAY + timedelta(days=3))}
    rows = await rows_of(client, path, seller, **later)
    assert [row[7] for row in rows if row[1] in {"期初未付", "合计"}] == [140.0, 140.0]
    wrong = await client.get(path, params={"from_on": "2026-05-02", "until_on": "2026-05-01"}, headers=seller)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "account-period-invalid")
    foreign = as_caller(kind="supplier", organisation_id=uuid4(), roles=("admin",))
    other = as_caller(kind="institution", organisation_id=uuid4(), roles=("finance",))
    await ensure_unknown(client, path, "settlement-not-found", foreign, other, as_caller())


async def test_a_budget_statement_runs_line_by_line(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    unit = await a_unit(db)
    owed = await accepted(db, 10, unit=unit, missing=2)
    budget_id = await db.scalar(text("SELECT budget_id FROM budgets WHERE unit_id = :id"), {"id": unit.unit_id})
    path = f"/v1/budgets/{budget_id}/statement"
    finance = as_person(as_caller, owed.deal.member("finance"))
    rows = await rows_of(client, path, finance)
    entries = [(row[1], *row[5:10]) for row in rows if row[1] in {"下达", "占用", "支出", "释放"}]
    assert entries == [
        ("下达", 350.0, 350.0, 0.0, 0.0, 350.0),
        ("占用", 350.0, 350.0, 350.0, 0.0, 0.0),
        ("支出", 280.0, 350.0, 70.0, 280.0, 0.0),
        ("释放", 70.0, 350.0, 0.0, 280.0, 70.0),
    ]
    assert [row[6:10] for row in rows if row[1] == "现额"] == [[350.0, 0.0, 280.0, 70.0]]
    said = text_of(await client.get(path, headers=finance))
    for words in ("预算执行明细", "示范第一中学", "80.0%", "280.00"):
        assert words in said
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("finance",))
    await ensure_unknown(client, path, "budget-unknown", stranger, as_caller())
