"""The service desk finds orders, tells all that happened, and shows a recipient only to who says why."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.service_desk import routes, rules
from services.orders.tests.after_sales import delivered_fruit, opened_claim
from services.orders.tests.factories import placed_order

DESK = "/v1/service/orders"


@pytest.mark.parametrize(
    ("phone", "shown"), [("13800000000", "138****0000"), ("12345678", "123****5678"), ("1234567", "****"), ("", "****")]
)
def test_a_phone_is_masked(phone: str, shown: str):
    assert rules.masked_phone(phone) == shown


@pytest.fixture
def agent(as_caller: Any) -> dict[str, str]:
    headers: dict[str, str] = as_caller(kind="operator", roles=("support",))
    return headers


async def numbers(client: httpx2.AsyncClient, agent: dict[str, str], **params: Any) -> list[str]:
    answer = await client.get(DESK, params=params, headers=agent)
    assert answer.status_code == 200, answer.text
    assert "13800000000" not in answer.text
    assert "王小梅" not in answer.text
    return [each["order_number"] for each in answer.json()["items"]]


async def test_an_order_is_found_by_what_a_caller_knows(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]
):
    draft = await placed_order(db)
    number = draft.order_number
    for params in (
        {"q": number},
        {"q": number.lower()},
        {"q": "0000"},
        {"q": "王小梅"},
        {"buyer_id": str(draft.buyer.person_id)},
        {"q": "nobody", "order_id": str(draft.order_id)},
        {},
    ):
        assert number in await numbers(client, agent, **params), params
    for params in ({"q": "9999"}, {"q": "王小"}, {"q": "%"}, {"buyer_id": str(uuid4())}):
        assert number not in await numbers(client, agent, **params), params


async def test_a_case_tells_all_that_happened_in_order(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]
):
    draft = await delivered_fruit(db, quantity=5, price_fen=1990)
    await opened_claim(db, draft, pieces=1)
    path = f"{DESK}/{draft.order_id}"
    noted = await client.post(f"{path}/notes", json={"body": "答应周五回电"}, headers=agent | {"idempotency-key": "n"})
    assert noted.status_code == 201
    goodwill = {"line_id": str(draft.lines[0].line_id), "piece_count": 1, "reason": "道歉"}
    await client.post(f"/v1/orders/{draft.order_id}/goodwill", json=goodwill, headers=agent | {"idempotency-key": "g"})
    case = (await client.get(path, headers=agent)).json()
    assert (case["recipient"], case["phone"]) == ("王**", "138****0000")
    assert (case["captured_fen"], case["lines"][0]["left_count"]) == (draft.payable_fen, 3)
    assert case["refunded_fen"] == case["lines"][0]["refunded_fen"]
    times = [each["at"] for each in case["timeline"]]
    assert times == sorted(times)
    told = [(each["kind"], each["what"]) for each in case["timeline"]]
    for expected in (
        ("order", "PLACED"),
        ("payment", "PAID"),
        ("order", "DELIVERED"),
        ("claim", "open"),
        ("refund", "REQUESTED"),
        ("note", "WRITTEN"),
        ("goodwill", "ASKED"),
        ("goodwill", "GRANTED"),
    ):
        assert expected in told
    note = next(each for each in case["timeline"] if each["kind"] == "note")
    assert (note["reason"], note["person_id"]) == ("答应周五回电", noted.json()["written_by"])


async def test_opening_a_contact_is_kept_with_its_reason(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]
):
    draft = await placed_order(db)
    path = f"{DESK}/{draft.order_id}"
    assert (await client.post(f"{path}/contact", json={"reason": " "}, headers=agent)).status_code == 422
    shown = await client.post(f"{path}/contact", json={"reason": "核对地址"}, headers=agent)
    assert (shown.status_code, shown.json()["phone"], shown.json()["recipient"]) == (200, "13800000000", "王小梅")
    timeline = (await client.get(path, headers=agent)).json()["timeline"]
    assert [each["reason"] for each in timeline if each["kind"] == "contact"] == ["核对地址"]
    for table in ("contact_openings", "order_notes"):
        with pytest.raises(DBAPIError):
            async with db.begin_nested():
                await db.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own names


async def test_what_was_found_is_a_file_with_the_recipients_masked(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(routes, "_BATCH", 1)
    drafts = [await placed_order(db) for _ in range(3)]
    path = f"{DESK}/export"
    [head, *rows] = (await client.get(path, headers=agent)).text.splitlines()
    assert "订单号,收件人,电话" in head
    assert sorted(row.split(",")[0] for row in rows) == sorted(each.order_number for each in drafts)
    for row in rows:
        assert row.split(",")[1:4] == ["王**", "138****0000", "待付款"]
    [_, only] = (await client.get(path, params={"q": drafts[0].order_number}, headers=agent)).text.splitlines()
    assert only.startswith(drafts[0].order_number)
    sheet = await client.get(path, params={"format": "xlsx"}, headers=agent)
    assert sheet.content.startswith(b"PK")


async def test_only_agents_sit_at_the_desk(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    draft = await placed_order(db)
    path = f"{DESK}/{draft.order_id}"
    for headers in (
        as_caller(person_id=draft.buyer.person_id),
        as_caller(kind="supplier", organisation_id=uuid4(), roles=("support",)),
        as_caller(kind="operator", roles=("reviewer",)),
    ):
        for method, where, body in (
            ("GET", DESK, None),
            ("GET", f"{DESK}/export", None),
            ("GET", path, None),
            ("POST", f"{path}/notes", {"body": "x"}),
            ("POST", f"{path}/contact", {"reason": "x"}),
        ):
            answer = await client.request(method, where, json=body, headers=headers | {"idempotency-key": "k"})
            assert (answer.status_code, answer.json()["code"]) == (403, "agents-only")
    agent = as_caller(kind="operator", roles=("support",))
    assert (await client.get(f"{DESK}/{uuid4()}", headers=agent)).json()["code"] == "order-not-found"
    wrong = await client.get(DESK, params={"cursor": "bm8"}, headers=agent)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")
