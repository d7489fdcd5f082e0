"""Pieces kept for a cart: their holder's for some minutes, everybody's after that."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import actions as cart_actions
from orders.cart_hold import actions
from orders.cart_hold.rules import cart_limits
from orders.hold import actions as hold_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku, placed_order
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Conflict
from shared.events.catalog import SkuListed

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


def keyed(me: dict[str, str]) -> dict[str, str]:
    return {**me, "idempotency-key": str(uuid4())}


def body(*lines: tuple[SkuListed, int]) -> dict[str, Any]:
    return {
        "lines": [{"sku_id": str(sku.sku_id), "quantity": quantity} for sku, quantity in lines],
        "address": ADDRESS,
        "seen_payable_fen": sum(sku.price_fen * quantity for sku, quantity in lines),
    }


async def fill(client: httpx2.AsyncClient, me: dict[str, str], *lines: tuple[SkuListed, int]) -> None:
    for sku, quantity in lines:
        put = await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": quantity}, headers=me)
        assert put.status_code == 200


async def keep(client: httpx2.AsyncClient, me: dict[str, str]) -> httpx2.Response:
    return await client.post("/v1/cart/hold", headers=keyed(me))


async def counters(db: AsyncSession, sku_id: UUID) -> tuple[int, int]:
    row = (await db.execute(text("SELECT held, available FROM stock_levels WHERE sku_id = :s"), {"s": sku_id})).one()
    return row.held, row.available


async def test_kept_pieces_are_the_holders_and_nobody_elses(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me, other = await listed_sku(db, stock=3), as_caller(), as_caller()
    await fill(client, me, (sku, 2))
    held = await keep(client, me)
    assert held.status_code == 201
    assert held.json()["hold"]["lines"] == [{"sku_id": str(sku.sku_id), "quantity": 2}]
    assert (await keep(client, me)).json() == held.json()
    assert await counters(db, sku.sku_id) == (2, 1)
    mine = (await client.get("/v1/cart", headers=me)).json()["lines"][0]
    assert (mine["available"], mine["problem"]) == (3, None)
    refused = await client.post("/v1/orders", json=body((sku, 2)), headers=keyed(other))
    assert (refused.status_code, refused.json()["shortages"][0]["available"]) == (409, 1)
    placed = await client.post("/v1/orders", json=body((sku, 3)), headers=keyed(me))
    assert placed.status_code == 201, placed.text
    assert await counters(db, sku.sku_id) == (3, 0)
    assert (await client.get("/v1/cart/hold", headers=me)).json() == {"hold": None}
    assert await db.scalar(text("SELECT status FROM stock_terms")) == "USED"
    assert await stock_queries.list_differences(db) == []


async def test_what_the_order_leaves_of_the_hold_may_be_sold_again(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    one, two, me = await listed_sku(db, stock=4), await listed_sku(db, stock=4), as_caller()
    await fill(client, me, (one, 3), (two, 2))
    await keep(client, me)
    assert (await client.post("/v1/orders", json=body((one, 1)), headers=keyed(me))).status_code == 201
    assert await counters(db, one.sku_id) == (1, 3)
    assert await counters(db, two.sku_id) == (0, 4)
    assert await stock_queries.list_differences(db) == []


async def test_a_refused_order_leaves_the_hold_as_it_was(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me = await listed_sku(db, stock=3), as_caller()
    await fill(client, me, (sku, 2))
    held = await keep(client, me)
    refused = await client.post("/v1/orders", json=body((sku, 4)), headers=keyed(me))
    assert (refused.status_code, refused.json()["shortages"][0]["available"]) == (409, 3)
    assert (await client.get("/v1/cart/hold", headers=me)).json() == held.json()
    assert await counters(db, sku.sku_id) == (2, 1)


async def test_nothing_seems_back_in_stock_while_a_hold_becomes_an_order(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me = await listed_sku(db, stock=2), as_caller()
    await fill(client, me, (sku, 2))
    await keep(client, me)
    told = text("SELECT count(*) FROM outbox WHERE type IN ('orders.back-in-stock.v1', 'orders.stock-low.v1')")
    before = await db.scalar(told)
    assert (await client.post("/v1/orders", json=body((sku, 2)), headers=keyed(me))).status_code == 201
    assert await db.scalar(told) == before


async def test_a_hold_ends_by_the_clock_and_others_may_buy(db: AsyncSession):
    sku, caller = await listed_sku(db, stock=2), Caller(uuid4())
    await cart_actions.put_line(db, person_id=caller.person_id, sku_id=sku.sku_id, quantity=2, now=NOW)
    await actions.keep_pieces(db, holder_id=uuid4(), caller=caller, now=NOW)
    with pytest.raises(Conflict) as refused:
        await placed_order(db, (sku.sku_id, 1))
    assert refused.value.code == "stock-short"
    end = NOW + cart_limits().lasts
    assert await hold_actions.expire_holds(db, now=end - timedelta(seconds=1)) == 0
    assert await hold_actions.expire_holds(db, now=end) == 1
    assert await counters(db, sku.sku_id) == (0, 2)
    await placed_order(db, (sku.sku_id, 2), now=end)


async def test_nobody_keeps_pieces_for_ever(db: AsyncSession):
    sku, caller = await listed_sku(db, stock=2), Caller(uuid4())
    await cart_actions.put_line(db, person_id=caller.person_id, sku_id=sku.sku_id, quantity=1, now=NOW)
    await actions.keep_pieces(db, holder_id=uuid4(), caller=caller, now=NOW)
    await actions.let_go(db, person_id=caller.person_id, now=NOW)
    assert await counters(db, sku.sku_id) == (0, 2)
    again_at = NOW + cart_limits().again_after
    with pytest.raises(Conflict) as refused:
        await actions.keep_pieces(db, holder_id=uuid4(), caller=caller, now=again_at - timedelta(seconds=1))
    assert (refused.value.code, refused.value.extra) == ("cart-hold-too-soon", {"again_at": again_at.isoformat()})
    await actions.keep_pieces(db, holder_id=uuid4(), caller=caller, now=again_at)
    assert await counters(db, sku.sku_id) == (1, 1)


async def test_an_empty_cart_and_a_wholesale_one_are_not_kept(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    me = as_caller()
    assert (await keep(client, me)).json()["code"] == "cart-empty"
    most = cart_limits().most_pieces
    sku = await listed_sku(db, stock=most + 1)
    await fill(client, me, (sku, most + 1))
    refused = await keep(client, me)
    assert (refused.status_code, refused.json()["code"], refused.json()["maximum"]) == (409, "cart-hold-too-many", most)
    assert await counters(db, sku.sku_id) == (0, most + 1)
    assert (await client.delete("/v1/cart/hold", headers=me)).status_code == 204


async def test_of_many_who_order_at_once_only_the_holder_gets_the_kept_piece(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        sku, spare = await listed_sku(db, stock=1), await listed_sku(db, stock=40)
    me = as_caller()
    await fill(live_client, me, (sku, 1), (spare, 2))
    assert (await keep(live_client, me)).status_code == 201
    holders = [live_client.post("/v1/orders", json=body((spare, 1), (sku, 1)), headers=keyed(me)) for _ in range(5)]
    others = [
        live_client.post("/v1/orders", json=body((sku, 1), (spare, 1)), headers=keyed(as_caller())) for _ in range(30)
    ]
    answers = await asyncio.gather(*others[:15], *holders, *others[15:])
    mine = [answer.status_code for answer in answers[15:20]]
    assert sorted(mine) == [201, 409, 409, 409, 409]
    assert {answer.status_code for answer in (*answers[:15], *answers[20:])} == {409}
    async with fresh_database.read() as db:
        assert await stock_queries.list_differences(db) == []
        assert await counters(db, spare.sku_id) == (1, 39)


async def test_ordering_releasing_and_expiring_beside_each_other_keep_the_books(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        skus = [await listed_sku(db, stock=30) for _ in range(3)]
    people = [as_caller() for _ in range(8)]
    for me in people:
        await fill(live_client, me, *((sku, 2) for sku in skus))
    held = await asyncio.gather(*(keep(live_client, me) for me in people for _ in range(2)))
    assert {answer.status_code for answer in held} == {201}

    async def expire() -> None:
        async with fresh_database.begin() as db:
            await hold_actions.expire_holds(db, now=utc_now() + timedelta(hours=1))

    await asyncio.gather(
        *(live_client.post("/v1/orders", json=body((skus[2], 1), (skus[0], 2)), headers=keyed(me)) for me in people),
        *(live_client.delete("/v1/cart/hold", headers=me) for me in people[:4]),
        expire(),
        expire(),
    )
    async with fresh_database.read() as db:
        assert await stock_queries.list_differences(db) == []
        assert await counters(db, skus[0].sku_id) == (16, 14)
        assert await counters(db, skus[1].sku_id) == (0, 30)
        assert await counters(db, skus[2].sku_id) == (8, 22)
