"""Contracts, statements and payouts over HTTP."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest
from linkage_cases import SHIMEN, a_contract, a_line, key
from sqlalchemy import text

from catalog.profit_contract.rules import MOVES, STATUSES
from catalog.profit_share import actions
from shared.testing import NOW


def once():
    return {"idempotency-key": uuid4().hex}


def office(as_caller, *roles, region=SHIMEN):
    return as_caller(kind="official", organisation_id=uuid4(), roles=roles, regions=(region,))


def a_body(**given):
    return {
        "county_code": SHIMEN,
        "township": "白云镇",
        "village": "白云村",
        "basis": "net_proceeds",
        "share_bp": 1000,
        "deduction_bp": 6000,
        "from_on": "2026-01-01",
        "households": [{"number": "1", "weight": 1}, {"number": "2", "weight": 3}],
        **given,
    }


async def settled(db, supplier_id, *, fen=10_000, days=40):
    await actions.share_settled(
        db,
        order_id=uuid4(),
        supplier_order_id=uuid4(),
        supplier_id=supplier_id,
        lines=[a_line(fen)],
        settled_at=NOW - timedelta(days=days),
        now=NOW,
    )


async def test_from_contract_to_payout(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    made = await client.post("/v1/profit-contracts", json=a_body(), headers=own | once())
    assert (made.status_code, made.json()["status"], made.json()["floor_bp"]) == (201, "DRAFT", 300)
    path = f"/v1/profit-contracts/{made.json()['contract_id']}"
    assert (await client.post(f"{path}/submit", headers=own)).json()["status"] == "SUBMITTED"
    seen = office(as_caller, "assistance") | {"if-match": '"2"'}
    assert (await client.post(f"{path}/confirm", headers=seen)).json()["status"] == "CONFIRMED"
    await settled(db, supplier.supplier_id)
    listed = (await client.get("/v1/profit-contracts", headers=own)).json()["items"]
    assert [(each["share_fen"], each["paid_fen"], each["order_count"]) for each in listed] == [(400, 0, 1)]
    [share] = (await client.get(f"{path}/shares", headers=own)).json()["items"]
    assert (share["payable_fen"], share["share_fen"], share["period_on"]) == (10_000, 400, "2026-10-01")
    body = {"period_on": "2026-10-01", "paid_on": "2026-11-20", "reference": "回单 7"}
    headers = own | once()
    paid = await client.post(f"{path}/payouts", json=body, headers=headers)
    again = await client.post(f"{path}/payouts", json=body, headers=headers)
    assert (paid.status_code, paid.json()["amount_fen"], again.json()) == (201, 400, paid.json())
    twice = await client.post(f"{path}/payouts", json=body, headers=own | once())
    assert (twice.status_code, twice.json()["code"]) == (409, "payout-exists")
    township = office(as_caller, "township")
    refused = await client.post(f"{path}/payouts", json=body, headers=township | once())
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-supplier")
    statement = (await client.get(f"/v1/profit-statements?county={SHIMEN}", headers=township)).json()["items"]
    assert {each["household_key"]: (each["amount_fen"], each["paid_fen"]) for each in statement} == {
        key("1"): (100, 100),
        key("2"): (300, 300),
    }


async def test_a_village_team_looks_a_household_up_and_nobody_else_does(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    await a_contract(db, supplier.supplier_id)
    await settled(db, supplier.supplier_id)
    body = {
        "county_code": SHIMEN,
        "township": "白云镇",
        "village": "白云村委会",
        "number": " 1",
    }
    found = await client.post("/v1/household-lookups", json=body, headers=office(as_caller, "township"))
    assert (found.json()["household_key"], [each["amount_fen"] for each in found.json()["items"]]) == (key("1"), [125])
    for headers, code in (
        (as_caller(kind="supplier", organisation_id=supplier.supplier_id), "officials-only"),
        (office(as_caller, "officer"), "role-missing"),
        (office(as_caller, "township", region="433126"), "not-your-region"),
    ):
        refused = await client.post("/v1/household-lookups", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, code)


async def test_statements_are_paged_and_exported_within_ones_region(client, db, make, as_caller):
    supplier = await make.supplier(db, county_code=SHIMEN)
    await a_contract(db, supplier.supplier_id)
    for days in (40, 75):
        await settled(db, supplier.supplier_id, days=days)
    headers = office(as_caller, "township")
    first = (await client.get("/v1/profit-statements?limit=4", headers=headers)).json()
    rest = (await client.get(f"/v1/profit-statements?limit=4&cursor={first['next_cursor']}", headers=headers)).json()
    months = [each["period_on"] for each in first["items"] + rest["items"]]
    assert (months, rest["next_cursor"]) == (["2026-10-01"] * 3 + ["2026-09-01"] * 3, None)
    september = await client.get("/v1/profit-statements?last_on=2026-09-01", headers=headers)
    assert len(september.json()["items"]) == 3
    foreign = await client.get("/v1/profit-statements", headers=office(as_caller, "township", region="433126"))
    assert foreign.json()["items"] == []
    sheet = await client.get("/v1/profit-statements/export", headers=headers)
    lines = sheet.content.decode("utf-8-sig").splitlines()
    assert (len(lines), lines[0].split(",")[0], lines[1].split(",")[0]) == (7, "月份", "2026-10")
    contracts = await client.get("/v1/profit-contracts/export?format=xlsx", headers=headers)
    assert contracts.content[:2] == b"PK"


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"share_bp": 299}, "share-below-floor", "share_bp"),
        ({"share_bp": 0}, "validation", "share_bp"),
        ({"basis": "line_payable"}, "deduction-not-allowed", "deduction_bp"),
        ({"product_id": str(uuid4())}, "product-unknown", "product_id"),
        ({"households": [{"number": "1"}, {"number": "０1".replace("０", "")}]}, "household-twice", "households"),
    ],
)
async def test_a_wrong_contract_is_refused_by_name(client, db, make, as_caller, wrong, code, field):
    supplier = await make.supplier(db, county_code=SHIMEN)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    response = await client.post("/v1/profit-contracts", json=a_body(**wrong), headers=own | once())
    assert (response.status_code, response.json()["code"], response.json()["field"]) == (422, code, field)


@pytest.mark.parametrize("verb", MOVES)
@pytest.mark.parametrize("status", STATUSES)
async def test_an_illegal_move_is_a_conflict_and_changes_nothing(client, db, make, as_caller, verb, status):
    way_there = {
        "DRAFT": (),
        "SUBMITTED": ("submit",),
        "CONFIRMED": ("submit", "confirm"),
        "RETURNED": ("submit", "return"),
        "ENDED": ("submit", "confirm", "end"),
    }
    supplier = await make.supplier(db, county_code=SHIMEN)
    contract = await a_contract(db, supplier.supplier_id, verbs=way_there[status])
    counts = ("count(*) FROM trail_entries", "count(*) FROM outbox", "max(revision) FROM profit_contracts")
    state = "SELECT " + " + ".join(f"(SELECT {each})" for each in counts)
    before = await db.scalar(text(state))
    response = await client.post(
        f"/v1/profit-contracts/{contract.contract_id}/{verb}",
        json={"reason": "x"} if verb in {"return", "end"} else None,
        headers=as_caller(kind="operator") | {"if-match": f'"{contract.revision}"'},
    )
    if status in MOVES[verb][0]:
        assert (response.status_code, response.json()["status"]) == (200, MOVES[verb][1])
        return
    assert (response.status_code, response.json()["code"]) == (409, "profit-contract-status")
    assert await db.scalar(text(state)) == before


async def test_of_two_payouts_at_once_one_is_made(live_client, fresh_database, make, as_caller):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db, county_code=SHIMEN)
        contract = await a_contract(db, supplier.supplier_id)
        await settled(db, supplier.supplier_id)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    body = {"period_on": date(2026, 10, 1).isoformat(), "paid_on": "2026-11-20", "reference": "回单"}
    path = f"/v1/profit-contracts/{contract.contract_id}/payouts"
    answers = await asyncio.gather(*(live_client.post(path, json=body, headers=own | once()) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
