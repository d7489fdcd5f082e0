"""Orders beside each other, on committed databases: one winner, balanced books, nobody waits in a circle."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import text

from orders.jobs import expire_unpaid_orders
from orders.order import actions, queries, rules
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.events.catalog import SkuListed

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


def body(*lines: tuple[SkuListed, int]) -> dict[str, Any]:
    return {
        "lines": [{"sku_id": str(sku.sku_id), "quantity": quantity} for sku, quantity in lines],
        "address": ADDRESS,
        "seen_payable_fen": sum(sku.price_fen * quantity for sku, quantity in lines),
    }


async def on_sale(database: Database, *stocks: int) -> list[SkuListed]:
    async with database.begin() as db:
        return [await listed_sku(db, stock=stock) for stock in stocks]


async def differences(database: Database) -> list[dict[str, Any]]:
    async with database.read() as db:
        return await stock_queries.list_differences(db)


async def count_of(database: Database, statement: str) -> int:
    async with database.read() as db:
        return int(await db.scalar(text(statement)) or 0)


async def test_of_two_hundred_who_want_the_last_piece_one_gets_it(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    [sku] = await on_sale(fresh_database, 1)

    async def want() -> httpx2.Response:
        headers = {**as_caller(), "idempotency-key": str(uuid4())}
        return await live_client.post("/v1/orders", json=body((sku, 1)), headers=headers)

    answers = await asyncio.gather(*(want() for _ in range(200)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 199
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"stock-short"}
    assert await count_of(fresh_database, "SELECT count(*) FROM orders") == 1
    of_orders = "SELECT count(*) FROM outbox WHERE subject IN (SELECT order_id::text FROM orders)"
    assert await count_of(fresh_database, of_orders) == 1
    assert await count_of(fresh_database, "SELECT available FROM stock_levels") == 0
    assert await differences(fresh_database) == []


async def test_orders_of_the_same_skus_in_any_order_never_wait_in_a_circle(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    one, two, three = await on_sale(fresh_database, 500, 500, 500)
    mixes = [(one, two, three), (three, two, one), (two, one), (one, three)]

    async def want(index: int) -> int:
        headers = {**as_caller(), "idempotency-key": str(uuid4())}
        lines = [(sku, 1) for sku in mixes[index % len(mixes)]]
        return (await live_client.post("/v1/orders", json=body(*lines), headers=headers)).status_code

    assert set(await asyncio.gather(*(want(index) for index in range(120)))) == {201}
    assert await count_of(fresh_database, "SELECT sum(held) FROM stock_levels") == 30 * (3 + 3 + 2 + 2)
    assert await differences(fresh_database) == []


async def test_the_same_click_many_times_at_once_is_one_order(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    [sku] = await on_sale(fresh_database, 50)
    headers = {**as_caller(), "idempotency-key": "one click"}
    answers = await asyncio.gather(
        *(live_client.post("/v1/orders", json=body((sku, 1)), headers=headers) for _ in range(20))
    )
    made = [answer for answer in answers if answer.status_code == 201]
    running = [answer for answer in answers if answer.status_code == 409]
    assert len(made) + len(running) == 20
    assert len({answer.json()["order_id"] for answer in made}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in made) == 1
    assert {answer.json()["code"] for answer in running} <= {"idempotency-key-in-use"}
    again = await live_client.post("/v1/orders", json=body((sku, 1)), headers=headers)
    assert again.json() == made[0].json()
    assert await count_of(fresh_database, "SELECT count(*) FROM orders") == 1
    assert await count_of(fresh_database, "SELECT held FROM stock_levels") == 1


async def attempt(database: Database, change: Callable[[Any], Any]) -> str:
    """The change in a transaction of its own: its outcome, or the code of its refusal."""
    try:
        async with database.begin() as db:
            result = await change(db)
    except Refusal as refusal:
        return refusal.code
    return result.outcome if isinstance(result, rules.PaymentEffect) else "done"


async def test_cancelling_beside_paying_has_one_winner(fresh_database: Database):
    [sku] = await on_sale(fresh_database, 100)
    for _ in range(10):
        async with fresh_database.begin() as db:
            draft = await placed_order(db, (sku.sku_id, 2))
        later = NOW + timedelta(minutes=3)
        outcomes = await asyncio.gather(
            attempt(fresh_database, lambda db, draft=draft, later=later: pay(db, draft, later)),
            attempt(fresh_database, lambda db, draft=draft, later=later: cancel(db, draft, later)),
            attempt(fresh_database, lambda db, draft=draft, later=later: cancel(db, draft, later)),
        )
        paid, *cancelled = outcomes
        if paid == "refund-due":
            assert sorted(cancelled) == ["done", "order-already-cancelled"]
        else:  # paid first: this payment is known to the order only, so no cancellation finds money to give back
            assert (paid, cancelled) == ("paid", ["order-not-paid", "order-not-paid"])
    assert await differences(fresh_database) == []


async def pay(db: Any, draft: rules.OrderDraft, at: Any) -> rules.PaymentEffect:
    return await actions.settle_payment(
        db, order_id=draft.order_id, payment_id=uuid4(), paid_fen=draft.payable_fen, paid_at=at, now=at
    )


async def cancel(db: Any, draft: rules.OrderDraft, at: Any) -> object:
    caller = Caller(draft.buyer.person_id)
    return await actions.cancel_order(db, order_id=draft.order_id, reason="changed my mind", caller=caller, now=at)


async def ship(db: Any, draft: rules.OrderDraft, at: Any) -> None:
    [part] = draft.parts
    await actions.mark_shipped(
        db,
        order_id=draft.order_id,
        supplier_order_id=part.supplier_order_id,
        quantities={line.sku.sku_id: line.quantity for line in part.lines},
        shipped_at=at,
    )


async def test_cancelling_beside_shipping_has_one_winner_and_balanced_books(fresh_database: Database):
    [sku] = await on_sale(fresh_database, 100)
    later = NOW + timedelta(hours=1)
    refunds = 0
    for _ in range(8):
        async with fresh_database.begin() as db:
            draft = await placed_order(db, (sku.sku_id, 2))
            await captured_payment(
                db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
            )
        shipped, *cancelled = await asyncio.gather(
            attempt(fresh_database, lambda db, draft=draft: ship(db, draft, later)),
            attempt(fresh_database, lambda db, draft=draft: cancel(db, draft, later)),
            attempt(fresh_database, lambda db, draft=draft: cancel(db, draft, later)),
        )
        async with fresh_database.begin() as db:
            order = await queries.lock_order(db, draft.order_id)
        assert shipped == "done"
        if order["status"] == "CANCELLED":
            assert sorted(cancelled) == ["done", "order-already-cancelled"]
            refunds += 1
        else:
            assert (order["parts"][0]["fulfilment"], cancelled) == ("SHIPPED", ["order-shipped", "order-shipped"])
    assert await count_of(fresh_database, "SELECT on_hand FROM stock_levels") == 100 - 8 * 2
    assert await count_of(fresh_database, "SELECT held FROM stock_levels") == 0
    assert await count_of(fresh_database, "SELECT count(*) FROM refunds") == refunds
    assert await differences(fresh_database) == []


async def test_expiry_beside_payment_and_beside_itself_never_sells_short(fresh_database: Database):
    """Each order is expired at most once, and paid by its money before or after that, for all pieces are there."""
    [sku] = await on_sale(fresh_database, 100)
    drafts: list[rules.OrderDraft] = []
    async with fresh_database.begin() as db:
        drafts.extend([await placed_order(db, (sku.sku_id, 1)) for _ in range(20)])
    due = NOW + WINDOW

    async def expire() -> int:
        async with fresh_database.begin() as db:
            return await actions.expire_unpaid(db, now=due, limit=7)

    outcomes = await asyncio.gather(
        *(attempt(fresh_database, lambda db, draft=draft: pay(db, draft, due)) for draft in drafts),
        *(expire() for _ in range(3)),
    )
    assert outcomes[:20] == ["paid"] * 20
    expired = await count_of(fresh_database, "SELECT count(*) FROM order_changes WHERE change = 'CANCELLED'")
    assert sum(outcomes[20:]) == expired
    assert await expire() == 0
    assert await count_of(fresh_database, "SELECT count(*) FROM orders WHERE status = 'PAID'") == 20
    assert await count_of(fresh_database, "SELECT held FROM stock_levels") == 20
    assert await differences(fresh_database) == []


async def test_the_minutely_job_cancels_all_that_is_overdue(fresh_database: Database):
    long_ago = utc_now() - timedelta(hours=2)
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=300)
        for _ in range(120):
            await placed_order(db, (sku.sku_id, 1), now=long_ago)
        await placed_order(db, (sku.sku_id, 1), now=utc_now())
    await expire_unpaid_orders(fresh_database)
    assert await count_of(fresh_database, "SELECT count(*) FROM orders WHERE status = 'CANCELLED'") == 120
    assert await count_of(fresh_database, "SELECT held FROM stock_levels") == 1
