"""The cart over HTTP."""

from collections.abc import Callable
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.sku import actions as sku_actions
from services.orders.tests.factories import NOW, listed_sku
from shared.events.catalog import SkuDelisted

Headers = Callable[..., dict[str, str]]


async def test_a_cart_shows_todays_prices_by_supplier(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    tea = await listed_sku(db, stock=3, price_fen=12800, supplier_name="恩施茶社")
    mushrooms = await listed_sku(db, stock=10, price_fen=3980)
    me = as_caller()
    put = await client.put(f"/v1/cart/lines/{tea.sku_id}", json={"quantity": 2}, headers=me)
    assert put.status_code == 200
    assert (put.json()["amount_fen"], put.json()["available"], put.json()["problem"]) == (25600, 3, None)
    await client.put(f"/v1/cart/lines/{mushrooms.sku_id}", json={"quantity": 1}, headers=me)
    await client.put(f"/v1/cart/lines/{mushrooms.sku_id}", json={"quantity": 4}, headers=me)
    cart = (await client.get("/v1/cart", headers=me)).json()
    assert cart["payable_fen"] == 25600 + 4 * 3980
    assert {line["sku_id"]: line["quantity"] for line in cart["lines"]} == {
        str(tea.sku_id): 2,
        str(mushrooms.sku_id): 4,
    }
    assert {part["supplier_name"]: part["payable_fen"] for part in cart["parts"]} == {
        "恩施茶社": 25600,
        "大山合作社": 15920,
    }
    assert cart["lines"][0] == put.json()


async def test_a_cart_says_what_stands_in_the_way(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    scarce, dearer, gone = [await listed_sku(db, stock=3) for _ in range(3)]
    me = as_caller()
    for sku, quantity in ((scarce, 4), (dearer, 1), (gone, 1)):
        await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": quantity}, headers=me)
    await sku_actions.revise_sku(db, dearer.model_copy(update={"revision": 2, "price_fen": 4000}), revised_at=NOW)
    await sku_actions.delist_sku(db, SkuDelisted(sku_id=gone.sku_id, reason="sold out", revision=2, delisted_at=NOW))
    cart = (await client.get("/v1/cart", headers=me)).json()
    assert {line["sku_id"]: line["problem"] for line in cart["lines"]} == {
        str(scarce.sku_id): "stock-short",
        str(dearer.sku_id): "price-changed",
        str(gone.sku_id): "not-listed",
    }
    assert cart["payable_fen"] == 4 * 3980 + 4000


async def test_lines_can_be_taken_out_one_by_one_or_all(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    one, two = await listed_sku(db, stock=3), await listed_sku(db, stock=3)
    me, other = as_caller(), as_caller()
    for caller in (me, other):
        for sku in (one, two):
            await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": 1}, headers=caller)
    for _ in range(2):
        assert (await client.delete(f"/v1/cart/lines/{one.sku_id}", headers=me)).status_code == 204
    assert [line["sku_id"] for line in (await client.get("/v1/cart", headers=me)).json()["lines"]] == [str(two.sku_id)]
    assert (await client.delete("/v1/cart", headers=me)).status_code == 204
    empty = (await client.get("/v1/cart", headers=me)).json()
    assert (empty["lines"], empty["parts"], empty["payable_fen"]) == ([], [], 0)
    assert len((await client.get("/v1/cart", headers=other)).json()["lines"]) == 2


async def test_what_cannot_be_bought_is_refused_and_not_put(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    gone = await listed_sku(db, stock=3)
    await sku_actions.delist_sku(db, SkuDelisted(sku_id=gone.sku_id, reason="sold out", revision=2, delisted_at=NOW))
    me = as_caller()
    unknown = await client.put(f"/v1/cart/lines/{uuid4()}", json={"quantity": 1}, headers=me)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "sku-not-found")
    delisted = await client.put(f"/v1/cart/lines/{gone.sku_id}", json={"quantity": 1}, headers=me)
    assert (delisted.status_code, delisted.json()["code"]) == (409, "sku-not-listed")
    assert (await client.get("/v1/cart", headers=me)).json()["lines"] == []


async def test_a_full_cart_takes_changes_and_nothing_new(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    skus = [await listed_sku(db) for _ in range(101)]
    me = as_caller()
    for sku in skus[:100]:
        assert (await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": 1}, headers=me)).status_code == 200
    full = await client.put(f"/v1/cart/lines/{skus[100].sku_id}", json={"quantity": 1}, headers=me)
    assert (full.status_code, full.json()["code"]) == (409, "cart-full")
    changed = await client.put(f"/v1/cart/lines/{skus[0].sku_id}", json={"quantity": 7}, headers=me)
    assert changed.status_code == 200
    assert len((await client.get("/v1/cart", headers=me)).json()["lines"]) == 100


@pytest.mark.parametrize("quantity", [0, -1, 100_000, "two", 1.5, None, True])
async def test_a_quantity_is_a_number_of_pieces(client: httpx2.AsyncClient, as_caller: Headers, quantity: object):
    answer = await client.put(f"/v1/cart/lines/{uuid4()}", json={"quantity": quantity}, headers=as_caller())
    assert (answer.status_code, answer.json()["field"]) == (422, "quantity")


async def test_a_cart_needs_a_caller(client: httpx2.AsyncClient):
    assert (await client.get("/v1/cart")).status_code == 401
    assert (await client.put(f"/v1/cart/lines/{uuid4()}", json={"quantity": 1})).status_code == 401
