"""The whole way against the running sandbox: it calls us over HTTP, we call it, and each keeps its own books."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from deploy.payment_sandbox.process import run_sandbox
from orders import jobs as order_jobs
from orders.order import actions as order_actions
from orders.payment import actions, exchange, jobs, rules
from orders.payment.channels import Channels
from orders.payment.providers.provider import ProviderRefusedError
from services.orders.tests.factories import placed_order
from services.orders.tests.payment.shop import Shop, ask_directly, first_answer, settings_for, until
from shared.auth import Caller
from shared.clock import utc_now
from shared.errors import Conflict, Unavailable


async def test_paying_at_the_cashier_pays_the_order(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    pay_url = (await shop.http.get(f"/v1/payments/{payment_id}", headers=headers)).json()["pay_url"]
    page = await shop.http.get(pay_url)
    assert "确认支付" in page.text
    assert "79.60" in page.text
    paid = await shop.http.post(pay_url, data={"action": "pay"}, follow_redirects=True)
    assert "支付成功" in paid.text
    await until(lambda: shop.status(order_id), "PAID")
    told = (await shop.trade(payment_id))["notices"]
    assert [(each["answers"], each["is_over"]) for each in told] == [([204], True)]


async def test_a_notice_that_finds_nobody_is_sent_again(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    async with shop.database.begin() as db:
        await db.execute(text("UPDATE payments SET provider = 'elsewhere' WHERE payment_id = :id"), {"id": payment_id})
    await shop.pay(payment_id)
    await until(lambda: first_answer(shop, payment_id), 404)
    async with shop.database.begin() as db:
        await db.execute(text("UPDATE payments SET provider = 'sandbox' WHERE payment_id = :id"), {"id": payment_id})
    await until(lambda: shop.status(order_id), "PAID")
    answers = (await shop.trade(payment_id))["notices"][0]["answers"]
    assert answers[-1] == 204
    assert set(answers[:-1]) == {404}


async def test_a_wrong_amount_is_refused_by_notice_and_by_query(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    await shop.pay(payment_id, wrong_amount_fen=1)
    await until(lambda: first_answer(shop, payment_id), 409)
    shown = (await shop.http.get(f"/v1/payments/{payment_id}", params={"refresh": "true"}, headers=headers)).json()
    assert (shown["status"], shown["captured_fen"]) == ("PENDING", 0)
    assert await shop.status(order_id) == "PENDING_PAYMENT"
    alarms = (await shop.http.get("/v1/payment-alarms", headers=shop.headers(kind="operator"))).json()["items"]
    assert [(each["payment_id"], each["alarm"]) for each in alarms] == [(str(payment_id), "amount-mismatch")]


async def test_a_payment_after_cancellation_is_given_back_for_real(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    cancelled = await shop.http.post(
        f"/v1/orders/{order_id}/cancel",
        json={"reason": "changed my mind"},
        headers=headers | {"idempotency-key": str(uuid4())},
    )
    assert cancelled.status_code == 200, cancelled.text
    await shop.pay(payment_id)
    refunded = "SELECT refunded_fen FROM payments WHERE payment_id = :id"
    await until(lambda: shop.value(refunded, payment_id), 7960)
    await actions.send_refund(shop.database, shop.channels, await shop.refund_of(payment_id), now=utc_now())
    state = "SELECT status FROM refunds WHERE payment_id = :id"
    await until(lambda: shop.value(state, payment_id), "SUCCEEDED")
    trade = await shop.trade(payment_id)
    assert [(each["amount"], each["status"]) for each in trade["refunds"]] == [(7960, "SUCCESS")]
    assert await shop.status(order_id) == "CANCELLED"


async def test_a_refund_is_tried_again_and_given_once(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id)
    await until(lambda: shop.status(order_id), "PAID")
    async with shop.database.begin() as db:
        await actions.request_refund(db, order_id=order_id, amount_fen=500, reason="one bag torn", now=utc_now())
    refund_id = await shop.refund_of(payment_id)
    await shop.control("faults", verb="refund", count=2)
    for _ in range(2):
        await actions.send_refund(shop.database, shop.channels, refund_id, now=utc_now())
    assert await shop.value("SELECT status FROM refunds WHERE refund_id = :id", refund_id) == "REQUESTED"
    assert await shop.value("SELECT try_count FROM refunds WHERE refund_id = :id", refund_id) == 2
    assert await actions.chase_refunds(shop.database, shop.channels, now=utc_now()) == 0
    later = utc_now() + timedelta(minutes=5)
    assert await actions.chase_refunds(shop.database, shop.channels, now=later) == 1
    state = "SELECT status FROM refunds WHERE refund_id = :id"
    await until(lambda: shop.value(state, refund_id), "SUCCEEDED")
    await actions.send_refund(shop.database, shop.channels, refund_id, now=utc_now())
    assert [each["amount"] for each in (await shop.trade(payment_id))["refunds"]] == [500]


async def test_a_payment_whose_notice_never_came_is_found(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id, is_silent=True)
    assert await exchange.chase_payments(shop.database, shop.channels, now=utc_now()) == 0
    assert await exchange.chase_payments(shop.database, shop.channels, now=utc_now() + timedelta(minutes=2)) == 1
    assert await shop.status(order_id) == "PAID"
    assert await exchange.chase_payments(shop.database, shop.channels, now=utc_now() + timedelta(hours=1)) == 0


async def test_a_payment_nobody_paid_is_closed_at_the_provider(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    late = utc_now() + timedelta(minutes=31)
    assert await exchange.chase_payments(shop.database, shop.channels, now=late) == 1
    assert (await shop.trade(payment_id))["trade_state"] == "CLOSED"
    assert await shop.value("SELECT status FROM payments WHERE payment_id = :id", payment_id) == "CLOSED"
    async with shop.database.begin() as db:
        await order_actions.expire_unpaid(db, now=late)
    assert await shop.status(order_id) == "CANCELLED"
    await shop.pay(payment_id, after_close=True)  # the bank answers late all the same, and the goods are still there
    await until(lambda: shop.status(order_id), "PAID")
    assert await shop.value("SELECT refunded_fen FROM payments WHERE payment_id = :id", payment_id) == 0


async def test_late_money_for_goods_that_are_gone_is_given_back_for_real(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    sku_id = await shop.value("SELECT sku_id FROM stock_holds WHERE holder_id = :id", order_id)
    async with shop.database.begin() as db:
        await order_actions.expire_unpaid(db, now=utc_now() + timedelta(minutes=31))
        await placed_order(db, (sku_id, 9), now=utc_now())
    await shop.pay(payment_id, after_close=True)
    refunded = "SELECT refunded_fen FROM payments WHERE payment_id = :id"
    await until(lambda: shop.value(refunded, payment_id), 7960)
    refund_id = await shop.refund_of(payment_id)
    await actions.send_refund(shop.database, shop.channels, refund_id, now=utc_now())
    await until(lambda: shop.value("SELECT status FROM refunds WHERE refund_id = :id", refund_id), "SUCCEEDED")
    assert [each["amount"] for each in (await shop.trade(payment_id))["refunds"]] == [7960]
    assert await shop.status(order_id) == "CANCELLED"


async def two_ways(shop: Shop) -> tuple[Channels, Caller, UUID, UUID]:
    """The same provider under two names, and an order with an open payment through the first."""
    sandbox = shop.channels.get("sandbox")
    buyer = Caller(uuid4())
    async with shop.database.begin() as db:
        order_id = (await placed_order(db, buyer_id=buyer.person_id, now=utc_now())).order_id
    channels = Channels({"sandbox": sandbox, "second": sandbox})
    await ask_directly(shop, channels, order_id, buyer)
    payment_id = await shop.value("SELECT payment_id FROM payments WHERE order_id = :id", order_id)
    return channels, buyer, order_id, payment_id


async def test_a_second_way_to_pay_closes_the_first_one(shop: Shop):
    channels, buyer, order_id, first = await two_ways(shop)
    await ask_directly(shop, channels, order_id, buyer, provider_name="second")
    assert (await shop.trade(first))["trade_state"] == "CLOSED"
    states = "SELECT string_agg(provider || ' ' || status, ', ' ORDER BY created_at) FROM payments WHERE order_id = :id"
    assert await shop.value(states, order_id) == "sandbox CLOSED, second PENDING"


async def test_a_second_way_to_pay_finds_that_the_first_one_was_used(shop: Shop):
    channels, buyer, order_id, first = await two_ways(shop)
    await shop.pay(first, is_silent=True)
    with pytest.raises(Conflict) as refusal:
        await ask_directly(shop, channels, order_id, buyer, provider_name="second")
    assert (refusal.value.code, refusal.value.extra) == ("order-not-payable", {"order_status": "PAID"})
    assert await shop.status(order_id) == "PAID"
    second = await shop.value("SELECT payment_id FROM payments WHERE order_id = :id AND provider = 'second'", order_id)
    assert (await shop.trade(second))["trade_state"] == "CLOSED"


async def test_a_way_to_pay_that_does_not_answer_stays_open_until_it_does(shop: Shop):
    channels, buyer, order_id, first = await two_ways(shop)
    for verb in ("close", "query"):
        await shop.control("faults", verb=verb, count=1)
    await ask_directly(shop, channels, order_id, buyer, provider_name="second")
    state = "SELECT status FROM payments WHERE payment_id = :id"
    assert await shop.value(state, first) == "PENDING"
    assert await exchange.chase_payments(shop.database, channels, now=utc_now() + timedelta(minutes=31)) == 2
    assert await shop.value(state, first) == "CLOSED"


async def test_the_adapter_tells_the_providers_refusals_from_its_silence(shop: Shop):
    provider = shop.channels.get("sandbox")
    unknown = rules.RefundOrder(uuid4().hex, uuid4().hex, 1, 1, "x")
    with pytest.raises(ProviderRefusedError) as refusal:
        await provider.refund(unknown)
    assert refusal.value.code == "ORDER_NOT_EXIST"
    assert await provider.query(unknown.number) == rules.Trade(unknown.number, "CLOSED")
    await shop.control("faults", verb="query", count=1)
    with pytest.raises(Unavailable):
        await provider.query(unknown.number)


async def test_a_provider_that_changes_its_key_is_still_believed(shop: Shop):
    before = (await shop.control("serial"))["serial_no"]
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id)
    await until(lambda: shop.status(order_id), "PAID")
    assert (await shop.control("serial"))["serial_no"] != before


async def test_answers_signed_by_a_stranger_are_not_believed(shop: Shop, tmp_path: Path):
    with run_sandbox(tmp_path / "stranger") as stranger:
        channels = Channels.of(settings_for(stranger.url, shop.sandbox.keys.merchant, "http://127.0.0.1:9/nobody"))
        with pytest.raises(Unavailable):
            await channels.get("sandbox").query(uuid4().hex)
        await channels.aclose()


async def test_a_refund_that_stays_in_process_is_asked_about_and_raises_an_alarm(shop: Shop, tmp_path: Path):
    with run_sandbox(tmp_path / "slow", refund_seconds="600") as slow:
        channels = Channels.of(settings_for(slow.url, slow.keys.merchant, "http://127.0.0.1:9/nobody"))
        buyer_id = uuid4()
        async with shop.database.begin() as db:
            order = await placed_order(db, buyer_id=buyer_id, now=utc_now())
        await ask_directly(shop, channels, order.order_id, Caller(buyer_id))
        payment_id = await shop.value("SELECT payment_id FROM payments WHERE order_id = :id", order.order_id)
        await shop.http.post(f"{slow.url}/control/pay/{payment_id.hex}", json={"is_silent": True})
        now = utc_now()
        await exchange.chase_payments(shop.database, channels, now=now + timedelta(minutes=2))
        async with shop.database.begin() as db:
            await actions.request_refund(db, order_id=order.order_id, amount_fen=1, reason="x", now=now)
        for hours in range(0, 60, 6):
            assert await actions.chase_refunds(shop.database, channels, now=now + timedelta(hours=hours + 1)) == 1
        await channels.aclose()
    state = "SELECT status || ' ' || try_count FROM refunds WHERE payment_id = :id"
    assert await shop.value(state, payment_id) == "PROCESSING 9"
    assert await shop.value("SELECT alarm FROM payments WHERE payment_id = :id", payment_id) == "refund-stuck"


async def test_the_minute_timer_and_the_refund_job_find_their_settings_by_themselves(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ORDERS_PAYMENT_SANDBOX_URL", shop.sandbox.url)
    monkeypatch.setenv("ORDERS_PAYMENT_SANDBOX_KEYS", str(shop.sandbox.keys.merchant))
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id, is_silent=True)
    async with shop.database.begin() as db:
        await db.execute(text("UPDATE payments SET next_check_at = now()"))
    await jobs.chase_money(shop.database)
    assert await shop.status(order_id) == "PAID"
    async with shop.database.begin() as db:
        await actions.request_refund(db, order_id=order_id, amount_fen=500, reason="one bag torn", now=utc_now())
    await order_jobs.jobs.work(shop.database, wait=False)
    assert [each["amount"] for each in (await shop.trade(payment_id))["refunds"]] == [500]
