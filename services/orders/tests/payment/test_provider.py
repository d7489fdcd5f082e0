"""The whole way against the running sandbox: it calls us over HTTP, we call it, and each keeps its own books."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from deploy.payment_sandbox.process import RunningSandbox, run_sandbox
from orders.order import actions as order_actions
from orders.payment import actions, exchange, rules
from orders.payment.channels import Channels
from orders.payment.providers.provider import ProviderRefusedError
from services.orders.tests.conftest import fixtures
from services.orders.tests.factories import placed_order
from services.orders.tests.payment.conftest import settings_for
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Unavailable
from shared.idempotency import OnceKey

Headers = Callable[..., dict[str, str]]


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a free port of this machine, in a thread of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@dataclass
class Shop:
    """Our side, served; the sandbox's controls; and a look into the database."""

    http: httpx2.AsyncClient
    database: Database
    channels: Channels
    sandbox: RunningSandbox
    headers: Headers

    async def order(self) -> tuple[UUID, dict[str, str]]:
        """An order of 7960 fen and its buyer's headers."""
        buyer_id = uuid4()
        async with self.database.begin() as db:
            draft = await placed_order(db, buyer_id=buyer_id, now=utc_now())
        return draft.order_id, self.headers(person_id=buyer_id)

    async def payment(self) -> tuple[UUID, UUID, dict[str, str]]:
        """An order with an open payment: order_id, payment_id, the buyer's headers."""
        order_id, headers = await self.order()
        answer = await self.http.post(
            f"/v1/orders/{order_id}/payments",
            json={"provider": "sandbox"},
            headers=headers | {"idempotency-key": str(uuid4())},
        )
        assert answer.status_code == 201, answer.text
        return order_id, UUID(answer.json()["payment_id"]), headers

    async def control(self, path: str, **options: Any) -> dict[str, Any]:
        """Tell the sandbox what to do."""
        answer = await self.http.post(f"{self.sandbox.url}/control/{path}", json=options)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def pay(self, payment_id: UUID, **options: Any) -> dict[str, Any]:
        """Be the payer."""
        return await self.control(f"pay/{payment_id.hex}", **options)

    async def trade(self, payment_id: UUID) -> dict[str, Any]:
        """The sandbox's books about a payment."""
        told: dict[str, Any] = (await self.http.get(f"{self.sandbox.url}/control/trades/{payment_id.hex}")).json()
        return told

    async def value(self, statement: str, subject_id: UUID) -> Any:
        """One value of our database."""
        async with self.database.read() as db:
            return await db.scalar(text(statement), {"id": subject_id})

    async def status(self, order_id: UUID) -> Any:
        """The order's status."""
        return await self.value("SELECT status FROM orders WHERE order_id = :id", order_id)

    async def refund_of(self, payment_id: UUID) -> Any:
        """The id of the payment's only refund."""
        return await self.value("SELECT refund_id FROM refunds WHERE payment_id = :id", payment_id)


@pytest_asyncio.fixture
async def shop(fresh_database: Database, sandbox: RunningSandbox, as_caller: Headers) -> AsyncIterator[Shop]:
    """A shop with its own database, reachable for the sandbox's notices."""
    app = fixtures.create(fresh_database.url)
    with served(app) as url:
        settings = settings_for(sandbox.url, sandbox.keys.merchant, f"{url}/v1/payments/notices")
        app.state.payment_channels = Channels.of(settings)
        channels = Channels.of(settings)
        async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
            yield Shop(http, fresh_database, channels, sandbox, as_caller)
        await channels.aclose()


async def until(question: Callable[[], Awaitable[Any]], answer: Any) -> None:
    """Ask until the answer comes; after ten seconds show what came instead."""
    for _ in range(400):
        if await question() == answer:
            return
        await asyncio.sleep(0.025)
    assert await question() == answer


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


async def test_a_notice_repeated_and_shuffled_beside_polls_has_one_effect(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    await shop.pay(payment_id, repeat=5, shuffle=True)
    polls = [
        shop.http.get(f"/v1/payments/{payment_id}", params={"refresh": "true"}, headers=headers) for _ in range(20)
    ]
    assert {answer.status_code for answer in await asyncio.gather(*polls)} == {200}
    await until(lambda: _count_answers(shop, payment_id), 5)
    assert (await shop.trade(payment_id))["notices"][0]["answers"] == [204] * 5
    assert await shop.status(order_id) == "PAID"
    paid = "SELECT count(*) FROM outbox WHERE type = 'orders.order-paid.v1' AND subject = CAST(:id AS text)"
    async with shop.database.read() as db:
        assert await db.scalar(text(paid), {"id": str(order_id)}) == 1
    assert await shop.value("SELECT received_count FROM payment_notices WHERE subject_id = :id", payment_id) == 5


async def _count_answers(shop: Shop, payment_id: UUID) -> int:
    return len((await shop.trade(payment_id))["notices"][0]["answers"])


async def test_a_notice_that_finds_nobody_is_sent_again(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    async with shop.database.begin() as db:
        await db.execute(text("UPDATE payments SET provider = 'elsewhere' WHERE payment_id = :id"), {"id": payment_id})
    await shop.pay(payment_id)
    await until(lambda: _first_answer(shop, payment_id), 404)
    async with shop.database.begin() as db:
        await db.execute(text("UPDATE payments SET provider = 'sandbox' WHERE payment_id = :id"), {"id": payment_id})
    await until(lambda: shop.status(order_id), "PAID")
    answers = (await shop.trade(payment_id))["notices"][0]["answers"]
    assert answers[-1] == 204
    assert set(answers[:-1]) == {404}


async def _first_answer(shop: Shop, payment_id: UUID) -> int | None:
    answers = (await shop.trade(payment_id))["notices"][0]["answers"]
    return answers[0] if answers else None


async def test_a_wrong_amount_is_refused_by_notice_and_by_query(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    await shop.pay(payment_id, wrong_amount_fen=1)
    await until(lambda: _first_answer(shop, payment_id), 409)
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


async def test_refunds_sent_beside_each_other_are_one_refund(shop: Shop):
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id)
    await until(lambda: shop.status(order_id), "PAID")
    async with shop.database.begin() as db:
        await actions.request_refund(db, order_id=order_id, amount_fen=7960, reason="all", now=utc_now())
    refund_id = await shop.refund_of(payment_id)
    await asyncio.gather(
        *(actions.send_refund(shop.database, shop.channels, refund_id, now=utc_now()) for _ in range(8))
    )
    assert [each["amount"] for each in (await shop.trade(payment_id))["refunds"]] == [7960]


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
    await shop.pay(payment_id, after_close=True)  # the bank answers late all the same
    refunded = "SELECT refunded_fen FROM payments WHERE payment_id = :id"
    await until(lambda: shop.value(refunded, payment_id), 7960)
    assert await shop.status(order_id) == "CANCELLED"


async def test_while_the_provider_is_asked_no_transaction_is_open(shop: Shop):
    """CASES T6: a provider that takes seconds must not hold a lock, nor hold back the feed."""
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await may_answer.wait()
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    slow_channels = Channels.of(
        settings_for(f"http://127.0.0.1:{port}", shop.sandbox.keys.merchant, "http://127.0.0.1:9/nobody")
    )
    buyer = uuid4()
    async with shop.database.begin() as db:
        order_id = (await placed_order(db, buyer_id=buyer, now=utc_now())).order_id
    asking = asyncio.create_task(_ask_directly(shop, slow_channels, order_id, Caller(buyer)))
    await asyncio.wait_for(asked.wait(), 5)
    async with shop.database.read() as db:
        open_transactions = await db.scalar(
            text("""
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND (xact_start IS NOT NULL OR backend_xid IS NOT NULL) AND backend_type = 'client backend'
            """)
        )
    may_answer.set()
    with pytest.raises(Unavailable):
        await asking
    server.close()
    await slow_channels.aclose()
    assert open_transactions == 0


async def _ask_directly(shop: Shop, channels: Channels, order_id: UUID, caller: Caller) -> None:
    await exchange.ask_for_payment(
        shop.database,
        channels,
        OnceKey(str(caller.person_id), "k", b"hash"),
        caller=caller,
        order_id=order_id,
        provider_name="sandbox",
        payment_id=uuid4(),
        now=utc_now(),
    )


async def test_twins_of_one_request_open_one_payment(shop: Shop):
    order_id, headers = await shop.order()
    requests = [
        shop.http.post(
            f"/v1/orders/{order_id}/payments", json={"provider": "sandbox"}, headers=headers | {"idempotency-key": key}
        )
        for key in ["same"] * 5 + ["other"] * 5
    ]
    answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} <= {201, 409}
    opened = {answer.json()["payment_id"] for answer in answers if answer.status_code == 201}
    assert len(opened) == 1
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes <= {"payment-being-opened", "idempotency-key-in-use"}
    assert await shop.value("SELECT count(*) FROM payments WHERE order_id = :id", order_id) == 1


async def test_fifty_refunds_at_once_never_exceed_the_payment(shop: Shop):
    """CASES T16: 50 times 500 of 7960 fen; 15 fit, whoever comes first."""
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id)
    await until(lambda: shop.status(order_id), "PAID")

    async def refund(number: int) -> str:
        try:
            async with shop.database.begin() as db:
                await actions.request_refund(
                    db, order_id=order_id, amount_fen=500, reason=f"claim {number}", now=utc_now()
                )
        except Exception as refusal:  # noqa: BLE001 - the test names what it expects
            return getattr(refusal, "code", repr(refusal))
        return "requested"

    outcomes = await asyncio.gather(*(refund(number) for number in range(50)))
    assert sorted(outcomes) == ["refund-exceeds-payment"] * 35 + ["requested"] * 15
    assert await shop.value("SELECT refunded_fen FROM payments WHERE payment_id = :id", payment_id) == 7500
    assert await shop.value("SELECT sum(amount_fen) FROM refunds WHERE payment_id = :id", payment_id) == 7500


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
