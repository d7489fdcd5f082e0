"""A merchant's real settings at WeChat Pay and Alipay, against a peer that checks our signatures and signs its own."""

import base64
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text

from deploy.payment_sandbox.alipay_signing import AlipayPlatform
from deploy.payment_sandbox.book import Trade as BookTrade
from deploy.payment_sandbox.keys import create_alipay_keys
from orders.order import actions as order_actions
from orders.payment import actions, exchange, rules
from orders.payment.channels import Channels
from orders.payment.providers import signing
from orders.payment.providers.connection import Connection
from orders.payment.providers.provider import ProviderRefusedError
from orders.payment.settings import read_settings
from orders.statement import fetching
from services.orders.tests.payment.shop import Shop, alipay_keys, count_answers, first_answer, merchant_settings, until
from shared.clock import business_day, utc_now
from shared.errors import Unavailable

BOTH = ("wechat", "alipay")
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


async def paid(both: Shop, provider: str, **how: object) -> tuple[object, object]:
    order_id, payment_id, _ = await both.payment(provider=provider)
    await both.pay(payment_id, **how)
    await until(lambda: both.status(order_id), "PAID")
    return order_id, payment_id


async def test_only_what_is_configured_is_offered(both: Shop, tmp_path: Path):
    offered = (await both.http.get("/v1/payment-providers")).json()["items"]
    assert offered == [
        {"provider": "wechat", "methods": ["code", "mobile", "in-app"], "is_practice": False},
        {"provider": "alipay", "methods": ["code", "page", "mobile"], "is_practice": False},
    ]
    nothing = read_settings()
    nothing.payment_sandbox_keys = tmp_path / "none"
    assert Channels.of(nothing).names == ()
    secrets = merchant_settings(both.sandbox, "http://127.0.0.1:9").payment_wechat_apiv3_key
    assert secrets.get_secret_value() not in repr(secrets)


@pytest.mark.parametrize("provider", BOTH)
async def test_a_payment_its_refunds_and_the_days_statement_agree_to_the_fen(both: Shop, provider: str):
    order_id, payment_id = await paid(both, provider, repeat=5, shuffle=True)
    await until(lambda: count_answers(both, payment_id), 5)
    answers = (await both.trade(payment_id))["notices"][0]["answers"]
    assert set(answers) == {204 if provider == "wechat" else 200}
    assert await both.value("SELECT sum(received_count) FROM payment_notices WHERE subject_id = :id", payment_id) == 5
    for amount_fen in (500, 1000):
        async with both.database.begin() as db:
            await actions.request_refund(db, order_id=order_id, amount_fen=amount_fen, reason="坏果", now=utc_now())
    refund_ids = await refunds(both, payment_id)
    for refund_id in refund_ids:
        await actions.send_refund(both.database, both.channels, refund_id, now=utc_now())
        if await state(both, refund_id) != "SUCCEEDED":
            await until(lambda refund_id=refund_id: peer_refund(both, payment_id, refund_id), "SUCCESS")
            await actions.send_refund(both.database, both.channels, refund_id, now=utc_now())
        await until(lambda refund_id=refund_id: state(both, refund_id), "SUCCEEDED")
    sums = "SELECT captured_fen - refunded_fen FROM payments WHERE payment_id = :id"
    assert await both.value(sums, payment_id) == 7960 - 1500
    taken = await fetching.fetch_day(
        both.database,
        both.channels,
        provider=provider,
        day=business_day(utc_now()),
        taken_by=None,
        now=utc_now() + timedelta(days=1),
    )
    ours = [payment_id.hex, *(each.hex for each in refund_ids)]
    async with both.database.read() as db:
        found = await db.execute(
            text("SELECT kind FROM statement_differences WHERE statement_id = :id AND number = ANY(:ours)"),
            {"id": taken.statement_id, "ours": ours},
        )
        assert found.all() == []
        entries = await db.execute(
            text(
                "SELECT kind, status, amount_fen FROM statement_entries WHERE number = ANY(:ours) ORDER BY amount_fen"
            ),
            {"ours": ours},
        )
        assert [tuple(row) for row in entries] == [
            ("REFUND", "SUCCEEDED", 500),
            ("REFUND", "SUCCEEDED", 1000),
            ("PAYMENT", "SUCCEEDED", 7960),
        ]


async def refunds(both: Shop, payment_id: object) -> list:
    async with both.database.read() as db:
        rows = await db.scalars(
            text("SELECT refund_id FROM refunds WHERE payment_id = :id ORDER BY amount_fen"), {"id": payment_id}
        )
        return list(rows)


async def state(both: Shop, refund_id: object) -> object:
    return await both.value("SELECT status FROM refunds WHERE refund_id = :id", refund_id)


async def peer_refund(both: Shop, payment_id: object, refund_id: object) -> object:
    told = (await both.trade(payment_id))["refunds"]
    return next((each["status"] for each in told if each["out_refund_no"] == refund_id.hex), None)


@pytest.mark.parametrize("provider", BOTH)
async def test_a_wrong_amount_is_refused_and_alarmed(both: Shop, provider: str):
    order_id, payment_id, _ = await both.payment(provider=provider)
    await both.pay(payment_id, wrong_amount_fen=1)
    await until(lambda: first_answer(both, payment_id), 409)
    assert await both.status(order_id) == "PENDING_PAYMENT"
    assert await both.value("SELECT alarm FROM payments WHERE payment_id = :id", payment_id) == "amount-mismatch"


@pytest.mark.parametrize("provider", BOTH)
async def test_money_after_the_end_pays_while_the_goods_are_there(both: Shop, provider: str):
    order_id, payment_id, _ = await both.payment(provider=provider)
    late = utc_now() + timedelta(minutes=31)
    async with both.database.begin() as db:
        await order_actions.expire_unpaid(db, now=late)
    assert await exchange.chase_payments(both.database, both.channels, now=late) == 1
    assert await both.value("SELECT status FROM payments WHERE payment_id = :id", payment_id) == "CLOSED"
    await both.pay(payment_id, after_close=True)
    await until(lambda: both.status(order_id), "PAID")


@pytest.mark.parametrize("provider", BOTH)
async def test_a_provider_out_of_order_and_its_refusals_are_told_apart(both: Shop, provider: str):
    adapter = both.channels.get(provider)
    for verb in ("create", "query", "close", "refund"):
        await both.control("faults", verb=verb, count=1)
    order = rules.PaymentOrder(uuid4().hex, "香菇", 7960, utc_now() + timedelta(minutes=5), "x")
    refund = rules.RefundOrder(uuid4().hex, order.number, 100, 7960, "x")
    for call in (
        lambda: adapter.create(order),
        lambda: adapter.query(order.number),
        lambda: adapter.close(order.number),
        lambda: adapter.refund(refund),
    ):
        with pytest.raises(Unavailable):
            await call()
    await adapter.create(order)
    with pytest.raises(ProviderRefusedError):
        await adapter.refund(refund)
    assert (await adapter.query(order.number)).state == "NOTPAY"


async def test_a_payment_nobody_has_opened_at_alipay_stays_open_until_its_time_is_over(both: Shop):
    _, payment_id, headers = await both.payment(provider="alipay")
    path = f"/v1/payments/{payment_id}"
    seen = (await both.http.get(path, params={"refresh": "true"}, headers=headers)).json()
    assert (seen["status"], seen["is_refreshed"]) == ("PENDING", True)


async def test_alipays_page_opens_by_its_signed_address_and_no_other(both: Shop):
    order_id, payment_id, _ = await both.payment(provider="alipay", method="page")
    address = await both.value("SELECT code_url FROM payments WHERE payment_id = :id", payment_id)
    values = parse_qs(urlsplit(address).query)
    assert values["return_url"] == [f"https://shop.example/orders/{order_id}"]
    assert '"total_amount":"79.60"' in values["biz_content"][0]
    assert (await both.http.get(address.replace("79.60", "00.01"))).status_code == 400
    cashier = await both.http.get(address, follow_redirects=True)
    assert "79.60" in cashier.text
    await both.http.post(str(cashier.url), data={"action": "pay"})
    await until(lambda: both.status(order_id), "PAID")


async def test_wechats_other_ways_and_what_its_app_is_called_with(both: Shop):
    order_id, headers = await both.order()
    phone = (await both.ask(order_id, headers, provider="wechat", method="mobile")).json()
    assert phone["pay_url"].endswith("channel=h5")
    opened = (await both.ask(order_id, headers, provider="wechat", method="in-app", payer_id="openid-1")).json()
    call = opened["in_app_call"]
    assert call["package"].startswith("prepay_id=wx")
    signed = f"{call['appId']}\n{call['timeStamp']}\n{call['nonceStr']}\n{call['package']}\n".encode()
    settings = merchant_settings(both.sandbox, "http://127.0.0.1:9")
    key = signing.private_key_of(settings.payment_wechat_private_key.get_secret_value()).public_key()
    key.verify(base64.b64decode(call["paySign"]), signed, PKCS1v15(), SHA256())
    assert (await both.trade(UUID(phone["payment_id"])))["trade_state"] == "CLOSED"
    states = "SELECT string_agg(status, ' ' ORDER BY created_at) FROM payments WHERE order_id = :id"
    assert await both.value(states, order_id) == "CLOSED PENDING"
    again = (await both.ask(order_id, headers, provider="wechat", method="in-app", payer_id="openid-1")).json()
    assert again["payment_id"] == opened["payment_id"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"provider": "alipay", "method": "in-app"}, "payment-method-not-offered"),
        ({"provider": "wechat", "method": "in-app"}, "payer-missing"),
        ({"provider": "wechat", "method": "page"}, "payment-method-not-offered"),
    ],
)
async def test_a_way_that_is_not_offered_is_refused(both: Shop, wanted: dict[str, str], code: str):
    order_id, headers = await both.order()
    answer = await both.ask(order_id, headers, **wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await both.value("SELECT count(*) FROM payments WHERE order_id = :id", order_id) == 0


async def test_alipays_notices_are_believed_only_whole_and_signed_and_ours(both: Shop):
    order_id, payment_id, _ = await both.payment(provider="alipay")
    platform = AlipayPlatform(alipay_keys(both.sandbox).parent / "provider")
    stranger = AlipayPlatform(create_alipay_keys(alipay_keys(both.sandbox).parents[1] / "stranger").provider)
    trade = BookTrade(payment_id.hex, "c", "香菇", 7960, "", "", "", "SUCCESS", "2026", utc_now().isoformat(), 7960)
    _, form = platform.notice(trade)
    path = "/v1/payments/notices/alipay"

    async def told(body: str) -> tuple[int, str]:
        answer = await both.http.post(path, content=body, headers=FORM)
        return answer.status_code, answer.text if answer.status_code == 200 else answer.json()["code"]

    assert await told(form.replace("79.60", "00.01")) == (401, "signature-invalid")
    assert await told(form + "&total_amount=0.01") == (401, "signature-invalid")
    assert await told(form.partition("&sign=")[0]) == (401, "signature-invalid")
    assert await told("%%%") == (401, "signature-invalid")
    assert await told(stranger.notice(trade)[1]) == (401, "signature-invalid")
    platform.seller_id = "2088000000000000"
    assert await told(platform.notice(trade)[1]) == (400, "notice-unreadable")
    assert await both.status(order_id) == "PENDING_PAYMENT"
    assert await both.value("SELECT count(*) FROM payment_notices WHERE subject_id = :id", payment_id) == 0
    assert await told(form) == (200, "success")
    assert await told(form) == (200, "success")
    assert await both.status(order_id) == "PAID"


async def test_an_answer_of_alipays_that_was_altered_on_its_way_is_not_believed(both: Shop):
    class Altered(Connection):
        async def send(self, *given: object, **more: object) -> object:
            answer = await super().send(*given, **more)
            return type(answer)(answer.status, answer.headers, answer.content.replace(b"NOT_EXIST", b"SUCCESS!!"))

    adapter = both.channels.get("alipay")
    altered = type(adapter)(
        Altered("x", f"{both.sandbox.url}/gateway.do", deadline_seconds=5),
        adapter._keys,
        notice_url="http://127.0.0.1:9",
        return_url="",
    )
    with pytest.raises(Unavailable, match="not signed"):
        await altered.query(uuid4().hex)
    await altered.aclose()
