"""Groups beside each other on a committed database: the last pieces, forming while leaving, two workers at once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import text

from orders.group_buy import actions
from orders.order import actions as order_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW
from services.orders.tests.group_buy.group_factories import DAY, PRICE_FEN, group_row, joined, opened_group, paid
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


async def count_of(database: Database, statement: str) -> int:
    async with database.read() as db:
        return int(await db.scalar(text(statement)) or 0)


async def balanced(database: Database, group: UUID) -> tuple[str, int, int]:
    async with database.read() as db:
        assert await stock_queries.list_differences(db) == []
        row = await group_row(db, group)
        return row.status, row.taken_count, row.paid_count


async def test_of_fifty_who_want_the_last_ten_pieces_ten_get_one(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        group = await opened_group(db, stock=100, now=utc_now())

    async def want() -> httpx2.Response:
        body = {"quantity": 1, "address": ADDRESS, "seen_payable_fen": PRICE_FEN}
        headers = {**as_caller(), "idempotency-key": str(uuid4())}
        return await live_client.post(f"/v1/group-buys/{group}/orders", json=body, headers=headers)

    answers = await asyncio.gather(*(want() for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 40
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"group-full"}
    assert await balanced(fresh_database, group) == ("OPEN", 10, 0)
    assert await count_of(fresh_database, "SELECT count(*) FROM orders") == 10


async def test_a_person_who_clicks_many_times_gets_no_more_than_the_cap(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        group = await opened_group(db, now=utc_now(), person_cap=2)
    me = as_caller()

    async def want() -> int:
        body = {"quantity": 1, "address": ADDRESS, "seen_payable_fen": PRICE_FEN}
        headers = {**me, "idempotency-key": str(uuid4())}
        return (await live_client.post(f"/v1/group-buys/{group}/orders", json=body, headers=headers)).status_code

    assert sorted(await asyncio.gather(*(want() for _ in range(8)))) == [201] * 2 + [409] * 6


async def attempt(database: Database, step: Callable[..., Any], **given: Any) -> str:
    try:
        async with database.begin() as db:
            await step(db, **given)
    except Refusal as refusal:
        return refusal.code
    return "done"


async def test_forming_and_leaving_at_once_leaves_counters_and_money_right(fresh_database: Database):
    async with fresh_database.begin() as db:
        group = await opened_group(db)
        drafts = [await joined(db, group, 2) for _ in range(4)]
        for draft in drafts[:2]:
            await paid(db, draft)
    # It has formed with four pieces; those who paid cannot leave, the others pay or leave at once.
    leaving = [
        attempt(
            fresh_database,
            order_actions.cancel_order,
            order_id=draft.order_id,
            reason="no",
            caller=Caller(draft.buyer.person_id),
            now=NOW,
        )
        for draft in drafts
    ]
    paying = [attempt(fresh_database, paid, draft=draft) for draft in drafts[2:]]
    outcomes = await asyncio.gather(*leaving, *paying)
    assert outcomes[:2] == ["group-formed"] * 2
    status, taken, paid_count = await balanced(fresh_database, group)
    assert (status, taken) == ("FORMED", paid_count)
    kept = await count_of(fresh_database, "SELECT sum(captured_fen - refunded_fen) FROM payments")
    assert kept == paid_count * PRICE_FEN


async def test_two_workers_give_back_each_order_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        group = await opened_group(db, min_count=10, stock=20)
        for _ in range(8):
            await paid(db, await joined(db, group, 1))
    end = NOW + DAY + timedelta(minutes=1)
    async with fresh_database.begin() as db:
        assert await actions.fail_due(db, now=end)

    async def work() -> int:
        total = 0
        while True:
            async with fresh_database.begin() as db:
                count = await actions.refund_ended(db, now=end, limit=2)
            total += count
            if not count:
                return total

    assert sum(await asyncio.gather(work(), work(), work())) == 8
    assert await count_of(fresh_database, "SELECT count(*) FROM refunds") == 8
    assert await balanced(fresh_database, group) == ("FAILED", 0, 0)
    assert await count_of(fresh_database, "SELECT sum(held) FROM stock_levels") == 0
