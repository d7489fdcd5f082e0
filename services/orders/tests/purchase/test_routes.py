"""Purchases and their approvals over HTTP: who may do what, replays, papers, and what strangers never learn."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit.models import BudgetUnit
from services.orders.tests.budget.granting import a_unit
from services.orders.tests.purchase.buying import Office, a_sku, an_office
from shared.clock import business_day, utc_now

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王师傅", "phone": "13800000000", "county_code": "522634", "detail": "文化路1号食堂"}
PDF = b"%PDF-1.7 minutes"


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def match(answer: httpx2.Response) -> dict[str, str]:
    return {"if-match": answer.headers["etag"]}


class People:
    """Headers of an office's people."""

    def __init__(self, office: Office, as_caller: Headers) -> None:
        self._office, self._as_caller = office, as_caller

    def __call__(self, role: str) -> dict[str, str]:
        caller = self._office.caller(role)
        return self._as_caller(
            person_id=caller.person_id, organisation_id=caller.organisation_id, kind="institution", roles=(role,)
        )


async def written(client: httpx2.AsyncClient, db: AsyncSession, handler: dict[str, str], **given: Any) -> str:
    sku = await a_sku(db)
    body = {
        "fund": "CANTEEN",
        "title": "十二月食堂干货",
        "lines": [{"sku_id": str(sku.sku_id), "quantity": 10}],
        "address": ADDRESS,
    }
    made = await client.post("/v1/purchases", json=body | given, headers=handler | key())
    assert made.status_code == 201, made.text
    return f"/v1/purchases/{made.json()['purchase_id']}"


async def test_a_handler_writes_submits_and_an_approver_decides(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    people = People(await an_office(db), as_caller)
    handler, approver, finance = people("buyer"), people("approver"), people("finance")
    path = await written(client, db, handler)
    read = await client.get(path, headers=handler)
    assert (read.json()["status"], read.json()["total_fen"], read.json()["budget_left_fen"]) == (
        "DRAFT",
        39_800,
        10_000_000,
    )
    once = key()
    sent = await client.post(f"{path}/submit", headers=handler | once | match(read))
    assert (sent.status_code, sent.json()["status"]) == (200, "SUBMITTED"), sent.text
    again = await client.post(f"{path}/submit", headers=handler | once | match(read))
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    waiting = (await client.get("/v1/approvals", headers=approver)).json()["items"]
    assert [(each["title"], each["amount_fen"], each["step_count"]) for each in waiting] == [
        ("十二月食堂干货", 39_800, 1)
    ]
    assert (await client.get("/v1/approvals", headers=handler)).json()["items"] == []
    assert len((await client.get("/v1/approvals?view=asked", headers=handler)).json()["items"]) == 1
    case = f"/v1/approvals/{waiting[0]['case_id']}"
    seen = await client.get(case, headers=handler)
    assert (seen.json()["may_decide"], seen.json()["obstacle"]) == (False, "approval-own-request")
    own = await client.post(f"{case}/approve", json={}, headers=handler | key() | match(seen))
    assert (own.status_code, own.json()["code"]) == (403, "approval-own-request")
    refused = await client.post(f"{case}/approve", json={}, headers=people("auditor") | key() | match(seen))
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    assert (await client.get(case, headers=approver)).json()["may_decide"] is True
    decided = await client.post(f"{case}/approve", json={"reason": "同意"}, headers=approver | key() | match(seen))
    assert (decided.status_code, decided.json()["case"]["status"]) == (200, "APPROVED"), decided.text
    read = await client.get(path, headers=finance)
    assert (read.json()["status"], read.json()["budget_left_fen"]) == ("APPROVED", 9_960_200)
    trail = (await client.get(f"{path}/trail", headers=handler)).json()["items"]
    assert [(each["verb"], each["actor"]) for each in trail] == [
        ("draft", "unit"),
        ("submit", "unit"),
        ("approve", "unit"),
    ]
    assert "十二月食堂干货" in (await client.get("/v1/purchases/export?format=csv", headers=finance)).text
    assert "十二月食堂干货" in (await client.get("/v1/approvals/export?format=csv", headers=finance)).text
    back = await client.post(f"{path}/withdraw", json={}, headers=handler | key() | match(read))
    assert (back.status_code, back.json()["status"], back.json()["budget_left_fen"]) == (200, "WITHDRAWN", 10_000_000)


async def test_a_refusal_needs_a_reason_and_ends_it(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    people = People(await an_office(db), as_caller)
    path = await written(client, db, people("buyer"))
    read = await client.get(path, headers=people("buyer"))
    await client.post(f"{path}/submit", headers=people("buyer") | key() | match(read))
    [waiting] = (await client.get("/v1/approvals", headers=people("approver"))).json()["items"]
    case = f"/v1/approvals/{waiting['case_id']}"
    deciding = people("approver") | {"if-match": f'"{waiting["revision"]}"'}
    assert (await client.post(f"{case}/refuse", json={"reason": " "}, headers=deciding | key())).status_code == 422
    ended = await client.post(f"{case}/refuse", json={"reason": "价格偏高"}, headers=deciding | key())
    assert (ended.status_code, ended.json()["steps"][0]["reason"]) == (200, "价格偏高")
    assert (await client.get(path, headers=people("buyer"))).json()["status"] == "REFUSED"


async def test_an_edit_of_what_was_approved_voids_it(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    people = People(await an_office(db), as_caller)
    handler = people("buyer")
    path = await written(client, db, handler)
    read = await client.get(path, headers=handler)
    await client.post(f"{path}/submit", headers=handler | key() | match(read))
    edit = {
        "fund": "CANTEEN",
        "title": "更多干货",
        "lines": [{"sku_id": read.json()["lines"][0]["sku_id"], "quantity": 11}],
        "address": ADDRESS,
    }
    stale = await client.put(path, json=edit, headers=handler | match(read))
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    read = await client.get(path, headers=handler)
    voided = await client.put(path, json=edit, headers=handler | match(read))
    assert (voided.status_code, voided.json()["status"], voided.json()["cases"][0]["status"]) == (
        200,
        "VOIDED",
        "VOIDED",
    )


async def test_a_unions_papers_are_kept_shown_and_asked_for(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    people = People(await an_office(db), as_caller)
    union = people("union")
    path = await written(client, db, union, fund="UNION")
    read = await client.get(path, headers=union)
    assert read.json()["union_tier"]["missing"] == {"MINUTES": 1}
    refused = await client.post(f"{path}/submit", headers=union | key() | match(read))
    assert (refused.status_code, refused.json()["code"], refused.json()["missing"]) == (
        409,
        "union-papers-missing",
        {"MINUTES": 1},
    )
    add = f"{path}/papers?kind=MINUTES&name=会议纪要.pdf"
    kept = [await client.post(add, content=PDF, headers=union) for _ in range(2)]
    assert [each.status_code for each in kept] == [201, 201]
    assert kept[0].json()["paper_id"] == kept[1].json()["paper_id"]
    assert (await client.post(add, content=b"MZ", headers=union)).status_code == 415
    file = f"{path}/papers/{kept[0].json()['paper_id']}"
    got = await client.get(file, headers=people("approver"))
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert (await client.get(file, headers=as_caller())).status_code == 404
    sent = await client.post(f"{path}/submit", headers=union | key() | match(read))
    assert (sent.status_code, sent.json()["union_tier"]["missing"]) == (200, {})
    late = await client.delete(file, headers=union)
    assert (late.status_code, late.json()["code"]) == (409, "purchase-status")
    other = await written(client, db, union, fund="UNION")
    spare = await client.post(f"{other}/papers?kind=CHAIR&name=批示", content=PDF, headers=union)
    assert (await client.delete(f"{other}/papers/{spare.json()['paper_id']}", headers=union)).status_code == 204


async def test_a_contractor_buys_for_the_canteen_and_nothing_else(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    people = People(await an_office(db), as_caller)
    contractor = people("contractor")
    await written(client, db, contractor)
    hidden = await written(client, db, people("union"), fund="UNION")
    refused = await client.post(
        "/v1/purchases",
        json={"fund": "UNION", "title": "慰问", "lines": [{"sku_id": str(uuid4()), "quantity": 1}]},
        headers=contractor | key(),
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    assert (await client.get(hidden, headers=contractor)).status_code == 404
    listed = (await client.get("/v1/purchases", headers=contractor)).json()["items"]
    assert [each["fund"] for each in listed] == ["CANTEEN"]


async def test_strangers_learn_nothing_and_lead_units_look(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    lead = await a_unit(db)
    office = await an_office(db, parent_id=lead.unit_id)
    people = People(office, as_caller)
    path = await written(client, db, people("buyer"))
    above = as_caller(kind="institution", organisation_id=lead.organisation_id, roles=("buyer",))
    assert (await client.get(path, headers=above)).status_code == 200
    listed = await client.get(f"/v1/purchases?unit_id={office.unit_id}", headers=above)
    assert len(listed.json()["items"]) == 1
    sent = await client.post(f"{path}/submit", headers=above | key() | {"if-match": '"1"'})
    assert (sent.status_code, sent.json()["code"]) == (404, "purchase-unknown")
    other = await a_unit(db)
    strangers = (
        as_caller(kind="institution", organisation_id=other.organisation_id, roles=("buyer",)),
        as_caller(kind="supplier", organisation_id=uuid4()),
        as_caller(),
    )
    for stranger in strangers:
        for what in (path, f"{path}/trail"):
            assert (await client.get(what, headers=stranger)).status_code == 404
        assert (await client.get(f"/v1/purchases?unit_id={office.unit_id}", headers=stranger)).status_code == 404
    assert (await client.get("/v1/purchases", headers=as_caller())).status_code == 403


async def test_a_finance_office_reads_the_purchases_of_its_region(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    office = await an_office(db)
    unit = await db.get_one(BudgetUnit, office.unit_id)
    path = await written(client, db, People(office, as_caller)("buyer"))
    here = as_caller(kind="official", roles=("finance_office",), regions=(unit.county_code,))
    listed = (await client.get("/v1/purchases", headers=here)).json()["items"]
    assert [(each["purchase_id"], each["unit_name"]) for each in listed] == [(path.rsplit("/", 1)[1], unit.name)]
    sheet = (await client.get("/v1/purchases/export?format=csv", headers=here)).text
    assert unit.name in sheet
    assert (await client.get(path, headers=here)).status_code == 200
    elsewhere = as_caller(kind="official", roles=("finance_office",), regions=("110000",))
    assert (await client.get("/v1/purchases", headers=elsewhere)).json()["items"] == []
    assert (await client.get(path, headers=elsewhere)).status_code == 404
    other_official = as_caller(kind="official", roles=("agriculture",), regions=(unit.county_code,))
    assert (await client.get("/v1/purchases", headers=other_official)).status_code == 403


async def test_an_administrator_writes_the_units_tiers(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    people = People(await an_office(db), as_caller)
    read = await client.get("/v1/approval-tiers", headers=people("buyer"))
    assert (read.json()["is_default"], read.headers["etag"]) == (True, '"0"')
    step = {"duty": "approver", "within_days": 2, "on_timeout": "EXPIRE"}
    tiers = [{"name": "小额", "below_fen": 50_000, "steps": []}, {"name": "其余", "steps": [step]}]
    refused = await client.put(
        "/v1/approval-tiers", json={"tiers": tiers}, headers=people("approver") | {"if-match": '"0"'}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    open_ended = await client.put(
        "/v1/approval-tiers", json={"tiers": tiers[:1]}, headers=people("admin") | {"if-match": '"0"'}
    )
    assert (open_ended.status_code, open_ended.json()["code"]) == (422, "approval-tiers-open")
    for wanted, status in (('"0"', 200), ('"0"', 412), ('"1"', 200)):
        answer = await client.put(
            "/v1/approval-tiers", json={"tiers": tiers}, headers=people("admin") | {"if-match": wanted}
        )
        assert answer.status_code == status, answer.text
    path = await written(client, db, people("buyer"))
    read = await client.get(path, headers=people("buyer"))
    sent = await client.post(f"{path}/submit", headers=people("buyer") | key() | match(read))
    assert sent.json()["status"] == "APPROVED"


async def test_delegations_are_listed_and_revoked(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    people = People(await an_office(db), as_caller)
    body = {
        "to_person_id": str(uuid4()),
        "to_name": "李科长",
        "from_name": "王处长",
        "starts_on": str(business_day(utc_now()) + timedelta(days=5)),
        "ends_on": str(business_day(utc_now()) + timedelta(days=9)),
        "reason": "休假",
    }
    made = await client.post("/v1/approval-delegations", json=body, headers=people("approver") | key())
    assert (made.status_code, made.json()["duties"]) == (201, ["approver"]), made.text
    refused = await client.post("/v1/approval-delegations", json=body, headers=people("buyer") | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "duty-missing")
    listed = (await client.get("/v1/approval-delegations", headers=people("buyer"))).json()["items"]
    assert [each["to_name"] for each in listed] == ["李科长"]
    path = f"/v1/approval-delegations/{made.json()['delegation_id']}/revoke"
    assert (await client.post(path, headers=people("buyer") | key())).status_code == 404
    ended = await client.post(path, headers=people("approver") | key())
    assert ended.json()["revoked_at"] is not None


async def test_an_order_is_sent_once_and_shows_its_orders(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    people = People(await an_office(db), as_caller)
    handler = people("buyer")
    path = await written(client, db, handler)
    read = await client.get(path, headers=handler)
    await client.post(f"{path}/submit", headers=handler | key() | match(read))
    early = await client.post(f"{path}/order", headers=handler | key() | {"if-match": '"2"'})
    assert (early.status_code, early.json()["code"], early.json()["status_now"]) == (
        409,
        "purchase-status",
        "SUBMITTED",
    )
    [waiting] = (await client.get("/v1/approvals", headers=people("approver"))).json()["items"]
    yes = people("approver") | key() | {"if-match": f'"{waiting["revision"]}"'}
    await client.post(f"/v1/approvals/{waiting['case_id']}/approve", json={}, headers=yes)
    read = await client.get(path, headers=handler)
    once = key()
    sent = [await client.post(f"{path}/order", headers=handler | once | match(read)) for _ in range(2)]
    assert [each.status_code for each in sent] == [200, 200], sent[0].text
    assert (sent[1].headers["idempotent-replayed"], sent[0].json()) == ("true", sent[1].json())
    assert [(each["stage"], each["payable_fen"]) for each in sent[0].json()["orders"]] == [("PENDING_CONFIRM", 39_800)]
    again = await client.post(
        f"{path}/order", headers=handler | key() | {"if-match": f'"{sent[0].json()["revision"]}"'}
    )
    assert (again.status_code, again.json()["code"]) == (409, "purchase-status")
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("buyer",))
    assert (await client.post(f"{path}/order", headers=stranger | key() | match(read))).status_code == 403
