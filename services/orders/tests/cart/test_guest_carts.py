"""Carts without an account: what a guest may do, and how the lines come into a person's cart."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import actions, queries
from orders.cart.rules import GUEST_CART_KEPT
from orders.sku import actions as sku_actions
from services.orders.tests.factories import NOW, listed_sku
from shared.db import Database

Headers = Callable[..., dict[str, str]]


def token_of(headers: dict[str, str]) -> str:
    return headers["authorization"].removeprefix("Bearer ")


async def put(client: httpx2.AsyncClient, headers: dict[str, str], sku_id: UUID, quantity: int) -> None:
    answer = await client.put(f"/v1/cart/lines/{sku_id}", json={"quantity": quantity}, headers=headers)
    assert answer.status_code == 200


async def quantities(client: httpx2.AsyncClient, headers: dict[str, str]) -> dict[str, int]:
    cart = (await client.get("/v1/cart", headers=headers)).json()
    return {line["sku_id"]: line["quantity"] for line in cart["lines"]}


async def test_a_guest_fills_a_cart_and_asks_for_prices(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, guest = await listed_sku(db, stock=5), as_caller(kind="guest")
    await put(client, guest, sku.sku_id, 2)
    assert await quantities(client, guest) == {str(sku.sku_id): 2}
    wanted = {"lines": [{"sku_id": str(sku.sku_id), "quantity": 2}]}
    quote = await client.post("/v1/quotes", json=wanted, headers=guest)
    assert (quote.status_code, quote.json()["payable_fen"]) == (200, 7960)
    assert (await client.delete(f"/v1/cart/lines/{sku.sku_id}", headers=guest)).status_code == 204
    assert await quantities(client, guest) == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/orders"),
        ("POST", "/v1/orders"),
        ("GET", "/v1/addresses"),
        ("POST", "/v1/addresses"),
        ("GET", "/v1/coupons"),
        ("POST", "/v1/cart/merge"),
        ("GET", "/v1/delivery-tariffs"),
    ],
)
async def test_a_guest_is_nobody_anywhere_else(client: httpx2.AsyncClient, as_caller: Headers, method: str, path: str):
    guest = as_caller(kind="guest")
    answer = await client.request(method, path, json={}, headers={**guest, "idempotency-key": "one"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_signing_in_takes_the_guests_lines_over_with_the_larger_quantity_and_the_price_seen(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    fewer, more, new = [await listed_sku(db, stock=20) for _ in range(3)]
    person_id = uuid4()
    me, guest = as_caller(person_id=person_id), as_caller(kind="guest")
    await put(client, me, fewer.sku_id, 5)
    await put(client, me, more.sku_id, 1)
    for sku in (fewer, more, new):
        await put(client, guest, sku.sku_id, 3)
    await sku_actions.revise_sku(db, new.model_copy(update={"revision": 2, "price_fen": 4100}), revised_at=NOW)
    merged = await client.post("/v1/cart/merge", json={"guest_token": token_of(guest)}, headers=me)
    assert merged.status_code == 200
    assert merged.json() == {"put": sorted(str(sku.sku_id) for sku in (fewer, more, new)), "left_out": []}
    expected = {str(fewer.sku_id): 5, str(more.sku_id): 3, str(new.sku_id): 3}
    assert await quantities(client, me) == expected
    cart = (await client.get("/v1/cart", headers=me)).json()
    told = next(line for line in cart["lines"] if line["sku_id"] == str(new.sku_id))
    assert (told["problem"], told["seen_price_fen"], told["unit_price_fen"]) == ("price-changed", 3980, 4100)
    assert await quantities(client, guest) == {}
    again = await client.post("/v1/cart/merge", json={"guest_token": token_of(guest)}, headers=me)
    assert again.json() == {"put": [], "left_out": []}
    assert await quantities(client, me) == expected


async def test_only_a_guests_token_opens_a_cart_to_another(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, victim, me = await listed_sku(db, stock=5), as_caller(), as_caller()
    await put(client, victim, sku.sku_id, 2)
    for token in (token_of(victim), "nonsense", "a.b.c"):
        refused = await client.post("/v1/cart/merge", json={"guest_token": token}, headers=me)
        assert (refused.status_code, refused.json()["code"]) == (422, "guest-token-wrong")
    assert await quantities(client, victim) == {str(sku.sku_id): 2}
    assert await quantities(client, me) == {}


async def test_what_a_full_cart_has_no_room_for_is_told(db: AsyncSession, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(actions, "LINES_MAXIMUM", 3)
    skus = [await listed_sku(db, stock=5) for _ in range(4)]
    person_id, guest_id = uuid4(), uuid4()
    for sku in skus[:2]:
        await actions.put_line(db, person_id=person_id, sku_id=sku.sku_id, quantity=1, now=NOW)
    for step, sku in enumerate(skus[1:]):
        at = NOW + timedelta(seconds=step)
        await actions.put_line(
            db, person_id=guest_id, sku_id=sku.sku_id, quantity=2, now=at, guest_until=NOW + GUEST_CART_KEPT
        )
    merged = await actions.merge_guest(db, guest_id=guest_id, person_id=person_id)
    assert set(merged.put) == {skus[1].sku_id, skus[2].sku_id}
    assert merged.left_out == [skus[3].sku_id]
    kept = {line.sku.sku_id: line.quantity for line in await queries.list_lines(db, person_id)}
    assert kept == {skus[0].sku_id: 1, skus[1].sku_id: 2, skus[2].sku_id: 2}


async def test_of_many_tabs_that_sign_in_at_once_one_takes_the_lines_over(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    async with fresh_database.begin() as db:
        skus = [await listed_sku(db, stock=50) for _ in range(6)]
    person_id = uuid4()
    me, guest = as_caller(person_id=person_id), as_caller(kind="guest")
    for sku in skus:
        await put(live_client, guest, sku.sku_id, 4)
    await put(live_client, me, skus[0].sku_id, 2)
    body = {"guest_token": token_of(guest)}
    answers = await asyncio.gather(
        *(live_client.post("/v1/cart/merge", json=body, headers=me) for _ in range(12)),
        *(put(live_client, me, sku.sku_id, 1) for sku in skus[1:3]),
    )
    merged = [answer.json() for answer in answers if answer is not None]
    assert sorted(len(each["put"]) for each in merged) == [0] * 11 + [6]
    held = await quantities(live_client, me)
    assert {held[str(sku.sku_id)] for sku in (skus[0], *skus[3:])} == {4}
    assert {held[str(sku.sku_id)] for sku in skus[1:3]} <= {1, 4}
    async with fresh_database.read() as db:
        left = await db.scalar(text("SELECT count(*) FROM cart_lines WHERE guest_until IS NOT NULL"))
    assert left == 0


async def test_guests_carts_are_forgotten_when_nothing_was_touched_for_long(db: AsyncSession):
    sku, other = await listed_sku(db, stock=5), await listed_sku(db, stock=5)
    person_id, gone_id, back_id = uuid4(), uuid4(), uuid4()
    old, later = NOW + GUEST_CART_KEPT, NOW + GUEST_CART_KEPT + timedelta(days=2)
    await actions.put_line(db, person_id=person_id, sku_id=sku.sku_id, quantity=1, now=NOW)
    await actions.put_line(db, person_id=gone_id, sku_id=sku.sku_id, quantity=1, now=NOW, guest_until=old)
    await actions.put_line(db, person_id=back_id, sku_id=sku.sku_id, quantity=1, now=NOW, guest_until=old)
    await actions.put_line(db, person_id=back_id, sku_id=other.sku_id, quantity=1, now=NOW, guest_until=later)
    assert await actions.forget_guests(db, now=old - timedelta(seconds=1)) == 0
    assert await actions.forget_guests(db, now=old) == 1
    counts = [len(await queries.list_lines(db, each)) for each in (person_id, gone_id, back_id)]
    assert counts == [1, 0, 2]
