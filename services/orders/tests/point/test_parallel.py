"""Points beside each other on committed databases: one winner, and nobody waits in a circle."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2

from orders.jobs import expire_unpaid_orders
from orders.order import actions as order_actions
from orders.point import queries
from services.orders.tests.factories import WINDOW, listed_sku, placed_order
from services.orders.tests.point.point_factories import account, ensure_agreed, person_with, refund_pieces
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


async def test_of_orders_that_spend_the_same_points_one_wins(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        me, _ = await person_with(db, 300, now=utc_now())
        skus = [await listed_sku(db, stock=50, price_fen=1000) for _ in range(8)]

    async def want(sku_id: UUID) -> httpx2.Response:
        body = {
            "lines": [{"sku_id": str(sku_id), "quantity": 1}],
            "address": ADDRESS,
            "seen_payable_fen": 700,
            "use_points": 300,
        }
        headers = {**as_caller(person_id=me), "idempotency-key": str(uuid4())}
        return await live_client.post("/v1/orders", json=body, headers=headers)

    answers = await asyncio.gather(*(want(skus[index % 8].sku_id) for index in range(24)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 23
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(each["code"], each["usable_points"]) for each in refused} == {("points-changed", 0)}
    async with fresh_database.read() as db:
        assert await account(db, me) == (0, 0)
        await ensure_agreed(db)


async def test_cancelling_lapsing_refunding_and_buying_beside_each_other_keep_the_books(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        people = [await person_with(db, 1000, now=now) for _ in range(4)]
        sku = await listed_sku(db, stock=500, price_fen=1000)
        drafts = [
            await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=40, now=now - WINDOW - timedelta(minutes=1))
            for me, _ in people
            for _ in range(4)
        ]

    async def attempt(step: Callable[[Any], Any]) -> str:
        try:
            async with fresh_database.begin() as db:
                await step(db)
        except Refusal as refusal:
            return refusal.code
        return "done"

    def cancel(draft: Any) -> Callable[[Any], Any]:
        caller = Caller(draft.buyer.person_id)
        return lambda db: order_actions.cancel_order(
            db, order_id=draft.order_id, reason="不要了", caller=caller, now=now
        )

    told = await asyncio.gather(
        *(attempt(cancel(draft)) for draft in drafts),
        *(expire_unpaid_orders(fresh_database) for _ in range(3)),
        *(attempt(lambda db, d=draft: refund_pieces(db, d.lines[0].line_id, 1, now=now)) for _, draft in people),
        *(
            attempt(lambda db, me=me: placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=30, now=now))
            for me, _ in people
            for _ in range(3)
        ),
    )
    assert set(told) <= {"done", "order-already-cancelled", None}
    async with fresh_database.read() as db:
        for me, _ in people:
            assert await queries.find_spendable(db, me, now=now) == 1000 - 500 - 3 * 30
        await ensure_agreed(db)
