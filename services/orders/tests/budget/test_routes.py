"""Budgets over HTTP: granted and adjusted by finance, seen by the unit, its lead unit and its finance office."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions
from orders.budget.models import Budget
from orders.budget.rules import budget_year
from orders.unit.models import BudgetUnit
from services.orders.tests.budget.granting import COUNTY, a_unit, granted
from services.orders.tests.factories import NOW

Headers = Callable[..., dict[str, str]]


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def acting(as_caller: Headers, unit: BudgetUnit, *roles: str) -> dict[str, str]:
    return as_caller(kind="institution", organisation_id=unit.organisation_id, roles=roles)


async def test_finance_grants_and_adjusts_and_everybody_concerned_sees_it(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    lead = await a_unit(db)
    unit = await a_unit(db, parent_id=lead.unit_id)
    finance = acting(as_caller, unit, "finance")
    body = {"year": 2026, "fund": "CANTEEN", "amount_fen": 500_000, "reason": "年初批复"}
    once = key()
    made = await client.post("/v1/budgets", json=body, headers=finance | once)
    assert (made.status_code, made.json()["left_fen"]) == (201, 500_000), made.text
    again = await client.post("/v1/budgets", json=body, headers=finance | once)
    assert (again.json()["granted_fen"], again.headers["idempotent-replayed"]) == (500_000, "true")
    path = f"/v1/budgets/{made.json()['budget_id']}"
    cut = {"amount_fen": -100_000, "reason": "压减一般性支出"}
    assert (await client.post(f"{path}/adjust", json=cut, headers=finance | key())).status_code == 428
    fresh = {"if-match": '"1"'}
    cut_down = await client.post(f"{path}/adjust", json=cut, headers=finance | key() | fresh)
    assert (cut_down.status_code, cut_down.json()["granted_fen"], cut_down.json()["revision"]) == (200, 400_000, 2)
    stale = await client.post(f"{path}/adjust", json=cut, headers=finance | key() | fresh)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    office = as_caller(kind="official", roles=("finance_office",), regions=(COUNTY[:4],))
    for seer in (finance, acting(as_caller, lead, "buyer"), office, as_caller(kind="operator")):
        listed = await client.get(f"/v1/budgets?unit_id={unit.unit_id}", headers=seer)
        assert [each["granted_fen"] for each in listed.json()["items"]] == [400_000]
        entries = await client.get(f"{path}/entries", headers=seer)
        assert [(each["kind"], each["left_after_fen"]) for each in entries.json()["items"]] == [
            ("ADJUST", 400_000),
            ("GRANT", 500_000),
        ]
        sheet = await client.get(f"{path}/entries/export?format=csv", headers=seer)
        assert "压减一般性支出" in sheet.text
    assert "4000.0" in (await client.get("/v1/budgets/export?format=csv", headers=finance)).text


async def test_every_kind_of_entry_is_listed_and_exported(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    unit = await a_unit(db)
    reference: dict[str, Any] = {"reference_kind": "purchase", "reference_id": uuid4()}
    await granted(db, unit.unit_id, 500_000)
    [budget_id] = await db.scalars(select(Budget.budget_id).where(Budget.unit_id == unit.unit_id))
    await actions.commit(
        db,
        unit_id=unit.unit_id,
        year=budget_year(NOW),
        fund="CANTEEN",
        amount_fen=300_000,
        by=None,
        now=NOW,
        **reference,
    )
    for act, amount in ((actions.consume, 200_000), (actions.restore, 50_000), (actions.release, 100_000)):
        await act(db, amount_fen=amount, entry_id=uuid4(), now=NOW, **reference)
    path = f"/v1/budgets/{budget_id}/entries"
    finance = acting(as_caller, unit, "finance")
    listed = (await client.get(path, headers=finance)).json()["items"]
    assert [each["kind"] for each in listed][::-1] == ["GRANT", "COMMIT", "CONSUME", "RESTORE", "RELEASE"]
    sheet = (await client.get(f"{path}/export?format=csv", headers=finance)).text
    assert all(each in sheet for each in ("下达", "占用", "支出", "恢复", "释放"))


async def test_others_neither_see_nor_touch_it(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    unit, other = await a_unit(db), await a_unit(db)
    finance = acting(as_caller, unit, "finance")
    body = {"year": 2026, "fund": "UNION", "amount_fen": 1000}
    made = await client.post("/v1/budgets", json=body, headers=finance | key())
    path = f"/v1/budgets/{made.json()['budget_id']}"
    strangers = (
        acting(as_caller, other, "finance"),
        as_caller(kind="official", roles=("finance_office",), regions=("4205",)),
        as_caller(kind="official", roles=("assistance",), regions=(COUNTY,)),
        acting(as_caller, unit, "contractor"),
        as_caller(),
    )
    for stranger in strangers:
        assert (await client.get(path, headers=stranger)).status_code == 404
        assert (await client.get(f"{path}/entries/export", headers=stranger)).status_code == 404
        assert (await client.get("/v1/budgets", headers=stranger)).json()["items"] == []
    refused = await client.post("/v1/budgets", json=body, headers=acting(as_caller, unit, "buyer") | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    refused = await client.post("/v1/budgets", json=body, headers=as_caller() | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "unit-needed")
    adjust: dict[str, Any] = {"json": {"amount_fen": 1, "reason": "追加"}}
    lead = acting(as_caller, other, "finance") | key() | {"if-match": '"1"'}
    assert (await client.post(f"{path}/adjust", **adjust, headers=lead)).status_code == 404


async def test_pages_of_budgets_and_entries_follow_each_other(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    unit = await a_unit(db)
    finance = acting(as_caller, unit, "finance")
    for year in (2025, 2026, 2027):
        await granted(db, unit.unit_id, 100, year=year)
    for _ in range(2):
        await granted(db, unit.unit_id, 100)
    years, cursor = [], None
    for _ in range(3):
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/budgets", params=params, headers=finance)).json()
        years += [each["year"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert (years, cursor) == ([2027, 2026, 2025], None)
    found = (await client.get("/v1/budgets?year=2026", headers=finance)).json()["items"][0]
    path = f"/v1/budgets/{found['budget_id']}/entries"
    first = (await client.get(f"{path}?limit=2", headers=finance)).json()
    rest = (await client.get(f"{path}?limit=2&cursor={first['next_cursor']}", headers=finance)).json()
    assert [each["left_after_fen"] for each in first["items"] + rest["items"]] == [300, 200, 100]


@pytest.mark.parametrize("cursor", ["WzEsMiwzXQ", "WyJhIl0", "x"])
async def test_a_cursor_that_is_none_of_ours_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, cursor: str
):
    finance = acting(as_caller, await a_unit(db), "finance")
    refused = await client.get(f"/v1/budgets?cursor={cursor}", headers=finance)
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")
