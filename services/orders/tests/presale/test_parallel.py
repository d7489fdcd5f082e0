"""Buyers, money and the harvest beside each other, on committed databases."""

import asyncio
from collections.abc import Callable
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import text

from orders.order import actions as order_actions
from orders.payment import actions as payment_actions
from orders.presale import queries
from services.orders.tests.payment.payment_factories import opened_payment
from services.orders.tests.presale import selling_ahead as ahead
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


async def value(database: Database, statement: str) -> int:
    async with database.read() as db:
        return int(await db.scalar(text(statement)) or 0)


async def test_the_last_pieces_of_a_plan_are_booked_once(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        offer = await ahead.open_offer(db, planned_count=10, now=utc_now())

    async def want() -> httpx2.Response:
        return await live_client.post(
            f"/v1/presales/{offer.offer_id}/bookings",
            json={"quantity": 3, "address": ADDRESS},
            headers=as_caller() | {"idempotency-key": str(uuid4())},
        )

    answers = await asyncio.gather(*(want() for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 17
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"presale-full"}
    assert await value(fresh_database, "SELECT booked_count FROM presale_offers") == 9


async def test_a_key_books_once_however_often_it_is_sent(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        offer = await ahead.open_offer(db, now=utc_now())
    headers = as_caller(person_id=uuid4()) | {"idempotency-key": str(uuid4())}

    async def want() -> int:
        answer = await live_client.post(
            f"/v1/presales/{offer.offer_id}/bookings", json={"quantity": 3, "address": ADDRESS}, headers=headers
        )
        return answer.status_code

    assert set(await asyncio.gather(*(want() for _ in range(8)))) <= {201, 409}
    assert await value(fresh_database, "SELECT count(*) FROM presale_bookings") == 1


async def test_two_harvests_and_a_calling_off_at_once_end_as_one_of_them(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        offer = await ahead.open_offer(db, now=now)
        for _ in range(5):
            await ahead.booked(db, offer.offer_id, 2, now=now)
        await ahead.move(db, offer.offer_id, "close", now=now)

    async def step(what: str) -> str:
        try:
            async with fresh_database.begin() as db:
                if what == "cancel":
                    await ahead.move(db, offer.offer_id, "cancel", now=now)
                else:
                    await ahead.harvest(db, offer.offer_id, int(what), now=now)
        except Refusal as refusal:
            return refusal.code
        return "done"

    outcomes = await asyncio.gather(*(step(what) for what in ("7", "cancel", "4", "9")))
    assert sorted(outcomes) == ["done"] + ["presale-status"] * 3
    async with fresh_database.read() as db:
        found = await queries.get_offer(db, offer.offer_id, ahead.OPERATOR)
    orders = await value(fresh_database, "SELECT count(*) FROM orders")
    received = await value(
        fresh_database, "SELECT coalesce(sum(quantity), 0) FROM stock_ledger WHERE kind = 'received'"
    )
    assert (received, orders > 0) == (found.harvested_count or 0, found.status == "ALLOCATED")


async def test_deposits_that_arrive_while_the_harvest_is_shared_are_booked_or_go_back(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        offer = await ahead.open_offer(db, now=now)
        waiting = [await ahead.book(db, offer.offer_id, 2, now=now) for _ in range(6)]
        payments = [
            await opened_payment(
                db,
                order_id=each.booking_id,
                amount_fen=each.deposit_fen,
                buyer_id=each.buyer_id,
                pays="deposit",
                now=now,
            )
            for each in waiting
        ]
        await ahead.move(db, offer.offer_id, "close", now=now)

    async def pay(payment_id: UUID) -> None:
        async with fresh_database.begin() as db:
            await ahead.arrive(db, payment_id, 600, now=now)

    async def share() -> None:
        async with fresh_database.begin() as db:
            await ahead.harvest(db, offer.offer_id, 8, now=now)

    await asyncio.gather(*(pay(each) for each in payments[:3]), share(), *(pay(each) for each in payments[3:]))
    allocated = await value(fresh_database, "SELECT sum(allocated_count) FROM presale_bookings")
    kept = await value(fresh_database, "SELECT sum(captured_fen - refunded_fen) FROM payments")
    assert allocated == await value(fresh_database, "SELECT allocated_count FROM presale_offers")
    assert allocated <= 8
    assert kept == await value(fresh_database, "SELECT sum(deposit_fen) FROM orders")
    assert await value(fresh_database, "SELECT sum(captured_fen) FROM payments") == 6 * 600


async def test_refunds_beside_each_other_never_take_more_than_both_payments_captured(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        offer = await ahead.open_offer(db, now=now)
        mine = await ahead.booked(db, offer.offer_id, 4, now=now)
        await ahead.move(db, offer.offer_id, "close", now=now)
        await ahead.harvest(db, offer.offer_id, 4, now=now)
        await ahead.pay_balance(db, mine.booking_id, now=now)

    async def ask(fen: int) -> str:
        try:
            async with fresh_database.begin() as db:
                await payment_actions.request_refund(
                    db, order_id=mine.booking_id, amount_fen=fen, reason="claim", now=now
                )
        except Refusal as refusal:
            return refusal.code
        return "done"

    async def cancel() -> str:
        try:
            async with fresh_database.begin() as db:
                await order_actions.cancel_order(
                    db, order_id=mine.booking_id, reason="no", caller=Caller(mine.buyer_id), now=now
                )
        except Refusal as refusal:
            return refusal.code
        return "done"

    outcomes = await asyncio.gather(*(ask(5_000) for _ in range(5)), cancel())
    assert set(outcomes) <= {"done", "refund-exceeds-payment"}
    assert outcomes.count("done") in {1, 2}  # the whole at once, or twice 5,000 of 12,000
    refunded = await value(fresh_database, "SELECT sum(refunded_fen) FROM payments")
    assert refunded == (12_000 if outcomes[-1] == "done" else 10_000)
    assert refunded == await value(fresh_database, "SELECT sum(amount_fen) FROM refunds")
