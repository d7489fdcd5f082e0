"""Contracts over HTTP: status, shape, authority, problem codes, replay."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.contract.agreeing import facts, parties
from shared.auth import Caller
from shared.clock import business_day, utc_now

Headers = Callable[..., dict[str, str]]


def as_person(as_caller: Headers, caller: Caller) -> dict[str, str]:
    return as_caller(
        person_id=caller.person_id, kind=caller.kind, organisation_id=caller.organisation_id, roles=tuple(caller.roles)
    )


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def body(sku_id: Any, **given: Any) -> dict[str, Any]:
    today = business_day(utc_now())
    told = facts(valid_from_on=today.isoformat(), valid_until_on=(today + timedelta(days=200)).isoformat())
    line = {"sku_id": str(sku_id), "unit_price_fen": 3000, "most_count": 100, "usual_count": 10}
    return {**told, "lines": [line], "breaks": [], **given}


async def test_a_contract_is_drafted_once_read_changed_and_listed(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await parties(db)
    me = as_person(as_caller, those.handler)
    once = me | key()
    made = await client.post("/v1/contracts", json=body(those.sku.sku_id), headers=once)
    assert made.status_code == 201, made.text
    again = await client.post("/v1/contracts", json=body(those.sku.sku_id), headers=once)
    assert (again.content, again.headers["idempotent-replayed"]) == (made.content, "true")
    page = made.json()
    assert (page["status"], page["lines"][0]["product_title"]) == ("DRAFT", those.sku.product_title)
    assert len(page["next_days"]) == 10
    path = f"/v1/contracts/{page['contract_id']}"
    read = await client.get(path, headers=me)
    assert read.headers["etag"] == '"1"'
    changed = await client.put(
        path, json=body(those.sku.sku_id, title="食堂木耳", weekdays=[]), headers=me | {"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["title"], changed.json()["next_days"]) == (200, "食堂木耳", [])
    stale = await client.put(path, json=body(those.sku.sku_id), headers=me | {"If-Match": '"1"'})
    bare = await client.put(path, json=body(those.sku.sku_id), headers=me)
    assert (stale.status_code, bare.status_code) == (412, 428)
    found = await client.get("/v1/contracts", params={"q": "木耳", "status": "DRAFT"}, headers=me)
    assert [each["contract_id"] for each in found.json()["items"]] == [page["contract_id"]]
    sheet = await client.get("/v1/contracts/export", params={"format": "csv", "q": "木耳"}, headers=me)
    assert "食堂木耳" in sheet.text
    trail = await client.get(f"{path}/trail", headers=me)
    assert [each["verb"] for each in trail.json()] == ["draft", "edit"]


async def test_lists_go_on_where_they_ended(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    those = await parties(db)
    me = as_person(as_caller, those.handler)
    made = []
    for number in range(3):
        answer = await client.post(
            "/v1/contracts", json=body(those.sku.sku_id, title=f"合同{number}"), headers=me | key()
        )
        made.append(answer.json()["contract_id"])
    first = (await client.get("/v1/contracts", params={"limit": 2}, headers=me)).json()
    rest = await client.get("/v1/contracts", params={"limit": 2, "cursor": first["next_cursor"]}, headers=me)
    assert [each["contract_id"] for each in [*first["items"], *rest.json()["items"]]] == made[::-1]
    assert rest.json()["next_cursor"] is None
    wrong = await client.get("/v1/contracts", params={"cursor": "nothing"}, headers=me)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")


async def test_strangers_find_no_contract(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    those = await parties(db)
    me = as_person(as_caller, those.handler)
    made = await client.post("/v1/contracts", json=body(those.sku.sku_id), headers=me | key())
    path = f"/v1/contracts/{made.json()['contract_id']}"
    other = await parties(db)
    for caller in (those.supplier, other.handler, Caller(uuid4()), Caller(uuid4(), kind="official", regions=("42",))):
        headers = as_person(as_caller, caller)
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "contract-unknown")
        assert (await client.get("/v1/contracts", headers=headers)).json()["items"] == []
    refused = await client.post("/v1/contracts", json=body(those.sku.sku_id), headers=as_caller() | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    approver = as_person(as_caller, those.approver)
    refused = await client.post("/v1/contracts", json=body(those.sku.sku_id), headers=approver | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    found = await client.get("/v1/contracts/candidates", headers=approver)
    assert found.status_code == 403


async def test_packs_for_a_contract_are_found_by_name(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    those = await parties(db)
    me = as_person(as_caller, those.handler)
    params = {"supplier_id": str(those.sku.supplier_id), "q": those.sku.product_title[:2]}
    [pack] = (await client.get("/v1/contracts/candidates", params=params, headers=me)).json()["items"]
    assert (pack["sku_id"], pack["price_fen"]) == (str(those.sku.sku_id), those.sku.price_fen)
    none = await client.get("/v1/contracts/candidates", params=params | {"q": "100%_"}, headers=me)
    assert none.json()["items"] == []


async def test_deliveries_are_called_listed_and_exported(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    those = await parties(db)
    handler, supplier = as_person(as_caller, those.handler), as_person(as_caller, those.supplier)
    made = (
        await client.post("/v1/contracts", json=body(those.sku.sku_id, weekdays=[]), headers=handler | key())
    ).json()
    path = f"/v1/contracts/{made['contract_id']}"
    day = (business_day(utc_now()) + timedelta(days=5)).isoformat()
    early = await client.post(f"{path}/call-offs", json={"deliver_on": day}, headers=handler | key())
    assert (early.status_code, early.json()["code"]) == (409, "contract-not-in-force")
    submitted = await client.post(f"{path}/submit", headers=handler | key() | {"If-Match": '"1"'})
    assert submitted.json()["status"] in {"APPROVING", "OFFERED"}
    case = (await client.get("/v1/approvals", headers=as_person(as_caller, those.approver))).json()["items"][0]
    while True:
        caller = those.approver if "approver" in case["step_duties"] else those.financier
        answer = await client.post(
            f"/v1/approvals/{case['case_id']}/approve",
            json={"reason": "同意"},
            headers=as_person(as_caller, caller) | key() | {"If-Match": f'"{case["revision"]}"'},
        )
        assert answer.status_code == 200, answer.text
        case = answer.json()["case"]
        if case["status"] != "PENDING":
            break
    offered = await client.get(path, headers=supplier)
    assert offered.json()["status"] == "OFFERED"
    signed = await client.post(f"{path}/sign", headers=supplier | key() | {"If-Match": offered.headers["etag"]})
    assert signed.json()["status"] == "SIGNED"
    called = await client.post(f"{path}/call-offs", json={"deliver_on": day}, headers=handler | key())
    assert called.status_code == 201, called.text
    assert called.json()["lines"][0]["quantity"] == 10
    twice = await client.post(f"{path}/call-offs", json={"deliver_on": day}, headers=handler | key())
    assert (twice.status_code, twice.json()["code"]) == (409, "call-off-there")
    found = (await client.get("/v1/call-offs", params={"q": made["contract_number"]}, headers=supplier)).json()
    assert [each["call_off_id"] for each in found["items"]] == [called.json()["call_off_id"]]
    sheet = await client.get("/v1/call-offs/export", params={"format": "csv"}, headers=handler)
    assert (made["contract_number"] in sheet.text, day in sheet.text) == (True, True)
    one = f"/v1/call-offs/{called.json()['call_off_id']}"
    skipped = await client.post(f"{one}/skip", json={"reason": "放假"}, headers=handler | key() | {"If-Match": '"1"'})
    assert skipped.json()["status"] == "SKIPPED"
    assert [each["verb"] for each in (await client.get(f"{one}/trail", headers=supplier)).json()] == ["plan", "skip"]
    assert (await client.get(one, headers=as_caller())).status_code == 404
