"""Goods that came back go into stock again or are written off, once, and the ledger explains the counters."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import delivered_order, more_stock, moved_exchange, requested_exchange, seller_of
from services.orders.tests.factories import listed_sku
from services.orders.tests.stock.shelving import received, shelves
from shared.auth import Caller
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]
DRY = {"temperature_class": "AMBIENT", "category": "dried", "price_fen": 1000}


@pytest.fixture
async def draft(db: AsyncSession) -> order_rules.OrderDraft:
    """Three pieces of lot L1, delivered two days ago."""
    sku = await listed_sku(db, **DRY)
    await received(db, sku.sku_id, 3, lot="L1")
    return await delivered_order(db, (sku.sku_id, 3), delivered_at=utc_now() - timedelta(days=2))


async def sent_back(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, buyer: dict[str, str], seller: dict[str, str]
) -> str:
    """A return of all pieces that is on its way back; its path."""
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/returns"
    asked = {"piece_count": 3, "cause": "faulty"}
    made = await client.post(path, json=asked, headers=buyer | {"idempotency-key": str(uuid4())})
    path, tag = f"/v1/returns/{made.json()['return_id']}", '"1"'
    for verb, headers in (("approve", seller), ("send", buyer)):
        moved = await client.post(f"{path}/{verb}", json={"waybill_number": "SF1"}, headers=headers | {"if-match": tag})
        tag = moved.headers["etag"]
    return path


async def book(client: httpx2.AsyncClient, path: str, headers: dict[str, str], **body: Any) -> httpx2.Response:
    return await client.post(f"{path}/goods", json=body, headers=headers | {"idempotency-key": str(uuid4())})


async def test_what_can_be_sold_again_is_in_stock_again_and_the_rest_is_not(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    path = await sent_back(client, draft, buyer, seller)
    early = await book(client, path, seller, restocked_count=3)
    assert (early.status_code, early.json()["code"]) == (409, "goods-not-back")
    await client.post(f"{path}/receive", json={}, headers=seller | {"if-match": '"3"'})
    shown = (await client.get(path, headers=seller)).json()
    assert (shown["can_book_goods"], shown["lots"], shown["goods"]) == (True, ["L1"], None)
    for headers, body, status, code in (
        (buyer, {"restocked_count": 3}, 403, "not-your-move"),
        (as_caller(kind="operator"), {"restocked_count": 3}, 403, "not-your-move"),
        (as_caller(), {"restocked_count": 3}, 404, "return-not-found"),
        (seller, {"restocked_count": 4}, 422, "restocked-too-many"),
        (seller, {"restocked_count": 2}, 422, "reason-missing"),
        (seller, {"restocked_count": 3, "lot_number": "L2"}, 422, "lot-not-sent"),
    ):
        refused = await book(client, path, headers, **body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    booked = await book(client, path, seller, restocked_count=2, lot_number="L1", reason="一袋破了")
    assert (booked.status_code, booked.json()["restocked_count"]) == (201, 2), booked.text
    sku_id = draft.lines[0].sku.sku_id
    assert (await stock_queries.get_count(db, sku_id)).on_hand == 2
    assert await shelves(db, sku_id) == {("主仓", "L1"): 2}
    assert await stock_queries.list_differences(db) == []
    ledger = (await client.get(f"/v1/stock/{sku_id}/ledger", headers=seller)).json()["items"]
    assert (ledger[0]["kind"], ledger[0]["quantity"], ledger[0]["lot_number"]) == ("returned", 2, "L1")
    again = await book(client, path, seller, restocked_count=0, reason="x")
    assert (again.status_code, again.json()["code"]) == (409, "goods-booked-already")


async def test_what_is_written_off_whole_moves_no_stock(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    supplier_id = draft.lines[0].sku.supplier_id
    await more_stock(db, draft, 1)
    exchange = await requested_exchange(db, draft, 1, now=utc_now())
    seller = as_caller(kind="supplier", organisation_id=supplier_id)
    path = f"/v1/exchanges/{exchange.exchange_id}"
    assert (await book(client, path, seller, restocked_count=1)).json()["code"] == "goods-not-back"
    await moved_exchange(db, exchange, "approve", seller_of(draft), goods_back=True, now=utc_now())
    await moved_exchange(db, exchange, "send", Caller(draft.buyer.person_id), now=utc_now())
    before = await db.scalar(text("SELECT count(*) FROM stock_ledger"))
    booked = await book(client, path, seller, restocked_count=0, reason="全坏了")
    assert booked.status_code == 201
    assert await db.scalar(text("SELECT count(*) FROM stock_ledger")) == before
    assert (await client.get(path, headers=seller)).json()["goods"]["reason"] == "全坏了"
