"""The routes: status, shape, authority, codes, replay. What payments do is tested with the actions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.payment_sandbox.process import RunningSandbox
from orders.payment import actions
from orders.payment.channels import Channels
from services.orders.tests.factories import placed_order
from services.orders.tests.payment.conftest import connected
from services.orders.tests.payment.payment_factories import NoticeWriter, captured_payment, row_of
from services.orders.tests.payment.shop import settings_for
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]
NOTICES = "/v1/payments/notices/sandbox"

pytestmark = pytest.mark.usefixtures("paying_app")


@pytest.fixture
def buyer_id() -> UUID:
    return uuid4()


async def order_of(db: AsyncSession, buyer_id: UUID) -> UUID:
    """An order placed now, of 7960 fen."""
    return (await placed_order(db, buyer_id=buyer_id, now=utc_now())).order_id


async def ask(
    client: httpx2.AsyncClient,
    order_id: UUID,
    headers: dict[str, str],
    *,
    key: str | None = None,
    provider: str = "sandbox",
) -> httpx2.Response:
    return await client.post(
        f"/v1/orders/{order_id}/payments",
        json={"provider": provider},
        headers={**headers, "idempotency-key": key or str(uuid4())},
    )


async def test_a_payment_opens_at_the_provider_with_the_orders_amount(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, sandbox: RunningSandbox
):
    answer = await ask(client, await order_of(db, buyer_id), as_caller(person_id=buyer_id))
    assert answer.status_code == 201
    opened = answer.json()
    assert opened["amount_fen"] == 7960
    assert opened["provider"] == "sandbox"
    assert opened["pay_url"] == opened["code_url"]
    assert opened["code_url"].startswith(f"{sandbox.url}/pay/")
    async with httpx2.AsyncClient() as outside:
        trade = (await outside.get(f"{sandbox.url}/control/trades/{UUID(opened['payment_id']).hex}")).json()
    assert (trade["total"], trade["trade_state"]) == (7960, "NOTPAY")


async def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    first = await ask(client, order_id, headers, key="k")
    again = await ask(client, order_id, headers, key="k")
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    second_order = await order_of(db, buyer_id)
    other = await ask(client, second_order, headers, key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert await db.scalar(text("SELECT count(*) FROM payments WHERE order_id = :id"), {"id": second_order}) == 0


async def test_another_key_gives_the_payment_that_is_open_already(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    first, second = await ask(client, order_id, headers), await ask(client, order_id, headers)
    assert second.status_code == 201
    assert second.json() == first.json()
    again = await ask(client, order_id, headers, key="third")
    assert (again.json(), (await ask(client, order_id, headers, key="third")).headers["idempotent-replayed"]) == (
        first.json(),
        "true",
    )


async def test_a_repeated_request_is_answered_also_after_the_order_was_paid(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, writer: NoticeWriter
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    first = await ask(client, order_id, headers, key="k")
    body = writer.payment(UUID(first.json()["payment_id"]), 7960)
    assert (await client.post(NOTICES, content=body, headers=writer.signed(body))).status_code == 204
    again = await ask(client, order_id, headers, key="k")
    assert (again.status_code, again.content) == (201, first.content)
    other = await ask(client, order_id, headers)
    assert (other.status_code, other.json()["code"]) == (409, "order-not-payable")


async def test_a_payment_declined_at_the_cashier_is_followed_by_a_new_one(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    first = (await ask(client, order_id, headers)).json()
    async with httpx2.AsyncClient() as outside:
        await outside.post(first["pay_url"], data={"action": "decline"})
    second = (await ask(client, order_id, headers)).json()
    assert second["payment_id"] != first["payment_id"]
    assert (await row_of(db, UUID(first["payment_id"]))).status == "CLOSED"


async def test_asking_again_after_paying_finds_the_order_paid(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, sandbox: RunningSandbox
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    opened = (await ask(client, order_id, headers)).json()
    number = UUID(opened["payment_id"]).hex
    async with httpx2.AsyncClient() as outside:
        await outside.post(f"{sandbox.url}/control/pay/{number}", json={"is_silent": True})
    again = await ask(client, order_id, headers)
    assert (again.status_code, again.json()["code"]) == (409, "order-not-payable")
    assert (await row_of(db, UUID(opened["payment_id"]))).status == "PAID"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"provider": "nobody"}, "provider-unknown"),
        ({"provider": "Sandbox!"}, "validation"),
        ({"provider": None}, "validation"),
        ({}, "validation"),
        ({"provider": "sandbox", "amount_fen": 1}, "validation"),
    ],
)
async def test_a_wrong_request_says_which_field(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, body: dict[str, Any], code: str
):
    answer = await client.post(
        f"/v1/orders/{await order_of(db, buyer_id)}/payments",
        json=body,
        headers=as_caller(person_id=buyer_id) | {"idempotency-key": "k"},
    )
    assert answer.status_code in {404, 422}
    assert answer.json()["code"] == code
    assert answer.json()["field"] in {"provider", "amount_fen"}


async def test_a_payment_needs_a_key_a_caller_and_an_order_of_the_callers(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    path = f"/v1/orders/{order_id}/payments"
    no_key = await client.post(path, json={"provider": "sandbox"}, headers=headers)
    assert (no_key.status_code, no_key.json()["code"]) == (400, "idempotency-key-missing")
    nobody = await client.post(path, json={"provider": "sandbox"}, headers={"idempotency-key": "k"})
    assert nobody.status_code == 401
    for caller in (as_caller(), as_caller(kind="supplier", organisation_id=uuid4())):
        stranger = await ask(client, order_id, caller)
        assert (stranger.status_code, stranger.json()["code"]) == (404, "order-not-found")


async def test_an_order_past_its_time_takes_no_payment(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    draft = await placed_order(db, buyer_id=buyer_id, now=utc_now() - timedelta(hours=1))
    late = await ask(client, draft.order_id, as_caller(person_id=buyer_id))
    assert (late.status_code, late.json()["code"]) == (409, "order-not-payable")


async def test_a_provider_that_does_not_answer_leaves_nothing_behind(
    client: httpx2.AsyncClient,
    app: FastAPI,
    db: AsyncSession,
    as_caller: Headers,
    buyer_id: UUID,
    channels: Channels,
    sandbox: RunningSandbox,
):
    order_id, headers = await order_of(db, buyer_id), as_caller(person_id=buyer_id)
    silent = Channels.of(settings_for("http://127.0.0.1:9", sandbox.keys.merchant, "http://127.0.0.1:9/nobody"))
    with connected(app, silent):
        failed = await ask(client, order_id, headers, key="k")
    await silent.aclose()
    assert (failed.status_code, failed.json()["code"]) == (503, "upstream-unavailable")
    assert await db.scalar(text("SELECT count(*) FROM payments WHERE order_id = :id"), {"id": order_id}) == 0
    with connected(app, channels):
        assert (await ask(client, order_id, headers, key="k")).status_code == 201


async def test_a_payment_is_shown_to_its_buyer_and_operators_only(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    order_id = await order_of(db, buyer_id)
    payment_id = await captured_payment(db, order_id=order_id, payable_fen=7960, buyer_id=buyer_id)
    await actions.request_refund(db, order_id=order_id, amount_fen=960, reason="one bag torn", now=utc_now())
    path = f"/v1/payments/{payment_id}"
    seen = (await client.get(path, headers=as_caller(person_id=buyer_id))).json()
    assert (seen["status"], seen["captured_fen"], seen["refunded_fen"], seen["effect"]) == ("PAID", 7960, 960, "paid")
    assert [(each["amount_fen"], each["reason"], each["status"]) for each in seen["refunds"]] == [
        (960, "one bag torn", "REQUESTED")
    ]
    assert (await client.get(path, headers=as_caller(kind="operator"))).status_code == 200
    stranger = await client.get(path, headers=as_caller())
    assert (stranger.status_code, stranger.json()["code"]) == (404, "payment-not-found")
    assert (await client.get(path)).status_code == 401


async def test_a_refresh_finds_the_payment_whose_notice_has_not_come(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, sandbox: RunningSandbox
):
    headers = as_caller(person_id=buyer_id)
    opened = (await ask(client, await order_of(db, buyer_id), headers)).json()
    path = f"/v1/payments/{opened['payment_id']}"
    waiting = (await client.get(path, params={"refresh": "true"}, headers=headers)).json()
    assert (waiting["status"], waiting["is_refreshed"]) == ("PENDING", True)
    async with httpx2.AsyncClient() as outside:
        await outside.post(f"{sandbox.url}/control/pay/{UUID(opened['payment_id']).hex}", json={"is_silent": True})
    stored = (await client.get(path, headers=headers)).json()
    assert (stored["status"], stored["is_refreshed"]) == ("PENDING", False)
    found = (await client.get(path, params={"refresh": "true"}, headers=headers)).json()
    assert (found["status"], found["captured_fen"], found["is_refreshed"]) == ("PAID", 7960, True)


async def test_a_signed_notice_is_taken_without_a_token_and_again(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, writer: NoticeWriter
):
    opened = (await ask(client, await order_of(db, buyer_id), as_caller(person_id=buyer_id))).json()
    body = writer.payment(UUID(opened["payment_id"]), 7960)
    for _ in range(3):
        taken = await client.post(NOTICES, content=body, headers=writer.signed(body))
        assert (taken.status_code, taken.content) == (204, b"")
    assert (await row_of(db, UUID(opened["payment_id"]))).status == "PAID"
    stored = (await db.execute(text("SELECT body, received_count, headers FROM payment_notices"))).one()
    assert (stored.body, stored.received_count) == (body, 3)
    assert set(stored.headers) == {
        "content-type",
        "wechatpay-nonce",
        "wechatpay-serial",
        "wechatpay-signature",
        "wechatpay-timestamp",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"wechatpay-signature": "签名".encode()},
        {b"wechatpay-signature": b"\xff\xfe\xe9"},
        {b"wechatpay-serial": b"\xe9\xff"},
        {b"wechatpay-nonce": "é".encode("latin-1")},
        {b"wechatpay-timestamp": b"\xb2\xb3"},
        {b"wechatpay-timestamp": b"1"},
    ],
)
async def test_a_bad_signature_is_401_and_nothing_is_kept(
    client: httpx2.AsyncClient, db: AsyncSession, writer: NoticeWriter, headers: dict[bytes, bytes]
):
    body = writer.payment(uuid4(), 7960)
    right = {name.lower().encode(): value.encode() for name, value in writer.signed(body).items()}
    sent = right | headers if headers else {}
    refused = await client.post(NOTICES, content=body, headers=list(sent.items()))
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"].startswith("signature-")
    assert await db.scalar(text("SELECT count(*) FROM payment_notices")) == 0


async def test_signed_bytes_that_are_no_notice_for_us_are_400(client: httpx2.AsyncClient, writer: NoticeWriter):
    payment_id = uuid4()
    for body in (
        b"",
        b"null",
        b"[]",
        b'{"id": 1}',
        b"\xff\xfe",
        writer.payment(payment_id, 7960, mchid="1900000000"),
        writer.payment(payment_id, 7960, amount={"total": "much"}),
        writer.payment(payment_id, 7960, success_time="yesterday"),
        writer.payment(payment_id, 7960).replace(b"AEAD_AES_256_GCM", b"ROT13"),
    ):
        refused = await client.post(NOTICES, content=body, headers=writer.signed(body))
        assert (refused.status_code, refused.json()["code"]) == (400, "notice-unreadable"), body


async def test_a_notice_of_a_wrong_amount_is_409_and_an_operator_sees_the_alarm(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID, writer: NoticeWriter
):
    opened = (await ask(client, await order_of(db, buyer_id), as_caller(person_id=buyer_id))).json()
    body = writer.payment(UUID(opened["payment_id"]), 1)
    refused = await client.post(NOTICES, content=body, headers=writer.signed(body))
    assert (refused.status_code, refused.json()["code"], refused.json()["expected_fen"]) == (
        409,
        "amount-mismatch",
        7960,
    )
    assert await db.scalar(text("SELECT outcome FROM payment_notices")) == "amount-mismatch"
    alarms = await client.get("/v1/payment-alarms", headers=as_caller(kind="operator"))
    assert [
        (each["payment_id"], each["alarm"], each["alarm_facts"]["told_fen"]) for each in alarms.json()["items"]
    ] == [(opened["payment_id"], "amount-mismatch", 1)]
    assert (await client.get("/v1/payment-alarms", headers=as_caller(person_id=buyer_id))).status_code == 403


async def test_a_notice_about_nothing_is_404_and_kept(
    client: httpx2.AsyncClient, db: AsyncSession, writer: NoticeWriter
):
    for body, code in (
        (writer.payment(uuid4(), 1), "unknown-payment"),
        (writer.refund(uuid4(), uuid4(), 1), "unknown-refund"),
    ):
        refused = await client.post(NOTICES, content=body, headers=writer.signed(body))
        assert (refused.status_code, refused.json()["code"]) == (404, code)
    assert await db.scalar(text("SELECT count(*) FROM payment_notices")) == 2


async def test_a_notice_of_another_kind_is_taken_and_changes_nothing(
    client: httpx2.AsyncClient, db: AsyncSession, writer: NoticeWriter
):
    body = writer.body("COUPON.USE", {"mchid": "?"})
    assert (await client.post(NOTICES, content=body, headers=writer.signed(body))).status_code == 204
    assert await db.scalar(text("SELECT outcome FROM payment_notices")) == "ignored"


async def test_a_notice_larger_than_any_is_413(client: httpx2.AsyncClient, writer: NoticeWriter):
    body = b"x" * 70_000
    refused = await client.post(NOTICES, content=body, headers=writer.signed(body))
    assert (refused.status_code, refused.json()["code"]) == (413, "notice-too-large")


async def test_a_notice_for_a_provider_we_do_not_know_is_404(client: httpx2.AsyncClient):
    refused = await client.post("/v1/payments/notices/nobody", content=b"{}")
    assert (refused.status_code, refused.json()["code"]) == (404, "provider-unknown")


async def test_alarms_come_page_by_page_and_a_foreign_cursor_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, buyer_id: UUID
):
    operator = as_caller(kind="operator")
    ids = []
    for minute in range(3):
        order_id = (await placed_order(db, buyer_id=buyer_id)).order_id
        payment_id = await captured_payment(db, order_id=order_id, payable_fen=7960, buyer_id=buyer_id)
        await actions.raise_alarm(db, payment_id, "refund-closed", {}, now=utc_now() + timedelta(minutes=minute))
        ids.append(str(payment_id))
    first = (await client.get("/v1/payment-alarms", params={"limit": 2}, headers=operator)).json()
    rest = (await client.get("/v1/payment-alarms", params={"cursor": first["next_cursor"]}, headers=operator)).json()
    assert [each["payment_id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    for cursor in ("x", "WzEsMl0", "W251bGwsbnVsbF0"):
        refused = await client.get("/v1/payment-alarms", params={"cursor": cursor}, headers=operator)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")
