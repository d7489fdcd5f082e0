"""Stock over HTTP."""

from collections.abc import Callable
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import queries
from services.orders.tests.factories import listed_sku, placed_order
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]


def keyed(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "idempotency-key": str(uuid4())}


async def test_a_receipt_counts_once_under_its_key(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db)
    me = keyed(as_caller(kind="supplier", organisation_id=sku.supplier_id))
    receipt = {"sku_id": str(sku.sku_id), "quantity": 40, "reference": "入库单 7"}
    first = await client.post("/v1/stock/receipts", json=receipt, headers=me)
    again = await client.post("/v1/stock/receipts", json=receipt, headers=me)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == {"sku_id": str(sku.sku_id), "on_hand": 40, "held": 0, "available": 40}
    assert again.json() == first.json()
    assert (await queries.get_count(db, sku.sku_id)).on_hand == 40


async def test_an_adjustment_never_takes_what_is_held(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=10)
    await placed_order(db, (sku.sku_id, 6), now=utc_now())
    me = as_caller(kind="supplier", organisation_id=sku.supplier_id)

    async def adjust(quantity: int) -> httpx2.Response:
        change = {"sku_id": str(sku.sku_id), "quantity": quantity, "reason": "spoilt"}
        return await client.post("/v1/stock/adjustments", json=change, headers=keyed(me))

    short = await adjust(-5)
    assert (short.status_code, short.json()["code"]) == (409, "stock-short")
    done = await adjust(-4)
    assert (done.status_code, done.json()["available"], done.json()["on_hand"]) == (201, 0, 6)
    assert (await adjust(0)).json()["code"] == "quantity-zero"
    assert await queries.list_differences(db) == []


async def test_the_ledger_tells_every_movement_latest_first(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=10)
    draft = await placed_order(db, (sku.sku_id, 3), now=utc_now())
    me = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    page = (await client.get(f"/v1/stock/{sku.sku_id}/ledger?limit=1", headers=me)).json()
    [held] = page["items"]
    assert (held["kind"], held["quantity"], held["on_hand_change"], held["held_change"]) == ("held", 3, 0, 3)
    assert held["order_id"] == str(draft.order_id)
    page = (await client.get(f"/v1/stock/{sku.sku_id}/ledger?cursor={page['next_cursor']}", headers=me)).json()
    assert [entry["kind"] for entry in page["items"]] == ["received"]
    assert page["next_cursor"] is None


async def test_stock_is_its_suppliers_business(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=10)
    owner = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    rival = as_caller(kind="supplier", organisation_id=uuid4())
    operator = as_caller(kind="operator")
    receipt = {"sku_id": str(sku.sku_id), "quantity": 1}
    refused = await client.post("/v1/stock/receipts", json=receipt, headers=keyed(rival))
    assert (refused.status_code, refused.json()["code"]) == (404, "sku-not-found")
    assert (await client.get(f"/v1/stock/{sku.sku_id}/ledger", headers=rival)).status_code == 404
    assert (await client.get("/v1/stock", headers=rival)).json()["items"] == []
    assert (await client.get(f"/v1/stock?supplier_id={sku.supplier_id}", headers=rival)).json()["items"] == []
    assert (await client.get("/v1/stock", headers=as_caller(kind="supplier"))).json()["items"] == []
    assert (await client.get("/v1/stock", headers=as_caller())).status_code == 403
    for caller in (owner, operator):
        items = (await client.get(f"/v1/stock?supplier_id={sku.supplier_id}", headers=caller)).json()["items"]
        assert [(item["sku_id"], item["on_hand"], item["available"]) for item in items] == [(str(sku.sku_id), 10, 10)]
    assert (await client.post("/v1/stock/receipts", json=receipt, headers=keyed(operator))).status_code == 201
    assert (await client.get("/v1/stock/reconciliation", headers=owner)).status_code == 403
    assert (await client.get("/v1/stock/reconciliation", headers=operator)).json() == {"items": []}


async def test_what_runs_out_is_found_page_by_page(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    supplier_id = uuid4()
    for stock in (0, 3, 50, 2):
        await listed_sku(db, stock=stock, supplier_id=supplier_id)
    me = as_caller(kind="supplier", organisation_id=supplier_id)
    page = (await client.get("/v1/stock?at_most=3&limit=2", headers=me)).json()
    rest = (await client.get(f"/v1/stock?at_most=3&limit=2&cursor={page['next_cursor']}", headers=me)).json()
    assert sorted(item["available"] for item in page["items"] + rest["items"]) == [0, 2, 3]
    assert rest["next_cursor"] is None
    bad = await client.get("/v1/stock?cursor=WyJ4Il0", headers=me)
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")


async def test_anybody_may_know_what_is_available_less_what_is_held(client: httpx2.AsyncClient, db: AsyncSession):
    one, two = await listed_sku(db, stock=10), await listed_sku(db, price_fen=500)
    await placed_order(db, (one.sku_id, 4), now=utc_now())
    answer = await client.get(f"/v1/availability?sku_id={two.sku_id}&sku_id={one.sku_id}&sku_id={uuid4()}")
    assert answer.json() == {
        "items": [
            {"sku_id": str(two.sku_id), "available": 0, "price_fen": 500, "is_listed": True},
            {"sku_id": str(one.sku_id), "available": 6, "price_fen": 3980, "is_listed": True},
        ]
    }
    assert (await client.get("/v1/availability")).status_code == 422


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("receipts", {"quantity": 0}),
        ("receipts", {"quantity": 2**40}),
        ("receipts", {"reference": "a\x00"}),
        ("adjustments", {"reason": ""}),
        ("adjustments", {"quantity": "5"}),
    ],
)
async def test_bad_movements_are_refused(
    client: httpx2.AsyncClient, as_caller: Headers, path: str, given: dict[str, object]
):
    body = {"sku_id": str(uuid4()), "quantity": 1, **({"reason": "count"} if path == "adjustments" else {}), **given}
    answer = await client.post(f"/v1/stock/{path}", json=body, headers=keyed(as_caller(kind="operator")))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
