"""What happens at the same moment: repeats, polls, twins, cancellations and refunds beside each other."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from orders.payment import actions, settling
from orders.payment.channels import Channels
from services.orders.tests.factories import placed_order
from services.orders.tests.payment.payment_factories import opened_payment, paid_trade, refunds_of, row_of
from services.orders.tests.payment.shop import Shop, ask_directly, count_answers, settings_for, until
from shared.auth import Caller
from shared.clock import utc_now
from shared.errors import Unavailable


async def test_a_notice_repeated_and_shuffled_beside_polls_has_one_effect(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    await shop.pay(payment_id, repeat=5, shuffle=True)
    polls = [
        shop.http.get(f"/v1/payments/{payment_id}", params={"refresh": "true"}, headers=headers) for _ in range(20)
    ]
    assert {answer.status_code for answer in await asyncio.gather(*polls)} == {200}
    await until(lambda: count_answers(shop, payment_id), 5)
    assert (await shop.trade(payment_id))["notices"][0]["answers"] == [204] * 5
    assert await shop.status(order_id) == "PAID"
    paid = "SELECT count(*) FROM outbox WHERE type = 'orders.order-paid.v1' AND subject = CAST(:id AS text)"
    async with shop.database.read() as db:
        assert await db.scalar(text(paid), {"id": str(order_id)}) == 1
    assert await shop.value("SELECT received_count FROM payment_notices WHERE subject_id = :id", payment_id) == 5


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
    asking = asyncio.create_task(ask_directly(shop, slow_channels, order_id, Caller(buyer)))
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


async def test_a_cancellation_beside_repeated_notices_and_polls_locks_nobody_out(shop: Shop):
    order_id, payment_id, headers = await shop.payment()
    await shop.pay(payment_id, repeat=10, shuffle=True)
    await until(lambda: shop.status(order_id), "PAID")
    path = f"/v1/payments/{payment_id}"
    cancelling = shop.http.post(
        f"/v1/orders/{order_id}/cancel", json={"reason": "no"}, headers=headers | {"idempotency-key": "cancel"}
    )
    polling = [shop.http.get(path, params={"refresh": "true"}, headers=headers) for _ in range(10)]
    answers = await asyncio.gather(cancelling, *polling)
    assert {answer.status_code for answer in answers} == {200}
    await until(lambda: count_answers(shop, payment_id), 10)
    assert set((await shop.trade(payment_id))["notices"][0]["answers"]) == {204}
    assert await shop.value("SELECT refunded_fen FROM payments WHERE payment_id = :id", payment_id) == 7960


async def test_notices_of_two_channels_at_once_pay_once_and_give_the_other_back(shop: Shop):
    """CASES T27: both channels' money arrives at the same moment."""
    buyer_id = uuid4()
    async with shop.database.begin() as db:
        order = await placed_order(db, buyer_id=buyer_id, now=utc_now())
        payments = {
            name: await opened_payment(
                db, order_id=order.order_id, amount_fen=7960, buyer_id=buyer_id, provider=name, now=utc_now()
            )
            for name in ("sandbox", "second-channel")
        }

    async def settle(name: str, payment_id: UUID) -> None:
        trade = paid_trade(payment_id, 7960)
        for _ in range(3):
            async with shop.database.begin() as db:
                await settling.take_trade(db, trade, provider=name, now=utc_now())

    await asyncio.gather(*(settle(name, payment_id) for name, payment_id in payments.items() for _ in range(4)))
    async with shop.database.read() as db:
        effects = [(await row_of(db, payment_id)).effect for payment_id in payments.values()]
        refunds = [await refunds_of(db, payment_id) for payment_id in payments.values()]
    assert sorted(effects) == ["paid", "refund-due"]
    assert sorted(refunds, key=len) == [[], [(7960, "paid-by-another-payment", "REQUESTED")]]
