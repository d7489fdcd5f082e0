"""Sites over HTTP, and stock that names them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.factories import listed_sku, paid_order
from services.orders.tests.stock.shelving import rows, shelves
from shared.clock import business_day, utc_now
from shared.events.catalog import SkuListed

Headers = Callable[..., dict[str, str]]
NORTH = {"name": "北仓", "county_code": "110228", "temperature_classes": ["AMBIENT", "FROZEN"]}


def keyed(headers: dict[str, str], **more: str) -> dict[str, str]:
    return {**headers, "idempotency-key": str(uuid4()), **more}


async def own(db: AsyncSession, as_caller: Headers, *, stock: int = 5) -> tuple[SkuListed, dict[str, str]]:
    sku = await listed_sku(db, stock=stock)
    return sku, as_caller(kind="supplier", organisation_id=sku.supplier_id)


async def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_site_is_opened_edited_closed_and_opened_again(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me = await own(db, as_caller)
    key = keyed(me)
    made = await client.post("/v1/sites", json=NORTH, headers=key)
    assert (made.status_code, made.json()) == (201, (await client.post("/v1/sites", json=NORTH, headers=key)).json())
    site = made.json()
    assert (site["is_default"], site["on_hand"], site["temperature_classes"]) == (False, 0, ["AMBIENT", "FROZEN"])
    assert await code_of(await client.post("/v1/sites", json=NORTH, headers=keyed(me))) == (409, "site-exists")
    path = f"/v1/sites/{site['site_id']}"
    edited = await client.put(path, json=NORTH | {"name": "京北仓"}, headers={**me, "if-match": '"1"'})
    assert (edited.status_code, edited.json()["name"], edited.headers["etag"]) == (200, "京北仓", '"2"')
    assert (await client.put(path, json=NORTH, headers={**me, "if-match": '"1"'})).status_code == 412
    assert (await client.put(path, json=NORTH, headers=me)).status_code == 428
    rival = as_caller(kind="supplier", organisation_id=uuid4())
    assert await code_of(await client.get(path, headers=rival)) == (404, "site-not-found")
    closed = await client.post(f"{path}/close", headers={**me, "if-match": '"2"'})
    assert closed.json()["is_active"] is False
    again = await client.post(f"{path}/close", headers={**me, "if-match": '"3"'})
    assert await code_of(again) == (409, "site-status")
    receipt = {"sku_id": str(sku.sku_id), "quantity": 1, "site_id": site["site_id"]}
    refused = await client.post("/v1/stock/receipts", json=receipt, headers=keyed(me))
    assert await code_of(refused) == (409, "site-closed")
    assert (await client.post(f"{path}/reopen", headers={**me, "if-match": '"3"'})).json()["is_active"] is True
    assert (await client.post("/v1/stock/receipts", json=receipt, headers=keyed(me))).status_code == 201
    full = await client.post(f"{path}/close", headers={**me, "if-match": '"4"'})
    assert await code_of(full) == (409, "site-not-empty")
    chosen = await client.post(f"{path}/make-default", headers={**me, "if-match": '"4"'})
    assert chosen.json()["is_default"] is True
    assert await rows(db, "SELECT name FROM stock_sites WHERE is_default") == [("京北仓",)]
    default = await client.post(f"{path}/close", headers={**me, "if-match": '"5"'})
    assert await code_of(default) == (409, "site-default")


async def test_an_operator_says_whose_site_it_is(client: httpx2.AsyncClient, as_caller: Headers):
    operator, supplier_id = as_caller(kind="operator"), str(uuid4())
    assert await code_of(await client.post("/v1/sites", json=NORTH, headers=keyed(operator))) == (
        422,
        "supplier-missing",
    )
    made = await client.post("/v1/sites", json=NORTH | {"supplier_id": supplier_id}, headers=keyed(operator))
    assert (made.status_code, made.json()["is_default"]) == (201, True), "a supplier's first site is its default"
    listed = (await client.get(f"/v1/sites?supplier_id={supplier_id}", headers=operator)).json()["items"]
    assert [each["site_id"] for each in listed] == [made.json()["site_id"]]


async def test_receipts_transfers_and_adjustments_name_site_and_lot(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me = await own(db, as_caller)
    site = (await client.post("/v1/sites", json=NORTH, headers=keyed(me))).json()["site_id"]
    home = str((await rows(db, "SELECT site_id FROM stock_sites WHERE is_default"))[0][0])
    soon = str(business_day(utc_now()) + timedelta(days=9))

    async def post(path: str, **body: Any) -> httpx2.Response:
        return await client.post(
            f"/v1/stock/{path}", json={"sku_id": str(sku.sku_id), "quantity": 1, **body}, headers=keyed(me)
        )

    first = await post("receipts", quantity=8, lot_number="B1", expires_on=soon, harvested_on="2026-01-01")
    assert (first.status_code, first.json()["on_hand"]) == (201, 13)
    assert await code_of(await post("receipts", expires_on=soon)) == (422, "lot-number-missing")
    wrong = await post("receipts", lot_number="B2", harvested_on=soon, expires_on="2026-01-01")
    assert await code_of(wrong) == (422, "lot-days-wrong")
    assert await code_of(await post("receipts", lot_number="B1", expires_on="2030-01-01")) == (409, "lot-differs")
    moved = await post("transfers", quantity=3, from_site_id=home, to_site_id=site, lot_number="B1")
    assert (moved.status_code, moved.json()["available"]) == (201, 13)
    assert await code_of(await post("transfers", from_site_id=home, to_site_id=home)) == (422, "sites-same")
    assert await code_of(await post("transfers", from_site_id=home, to_site_id=str(uuid4()))) == (404, "site-not-found")
    assert await code_of(await post("transfers", quantity=9, from_site_id=site, to_site_id=home)) == (
        409,
        "place-short",
    )
    lost = await post("adjustments", quantity=-2, reason="碎了", site_id=site, lot_number="B1")
    assert lost.json()["on_hand"] == 11
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 5, ("主仓", "B1"): 5, ("北仓", "B1"): 1}
    [level] = (await client.get(f"/v1/stock?site_id={site}&q=香菇", headers=me)).json()["items"]
    assert [(each["site_name"], each["lot_number"], each["on_hand"]) for each in level["shelves"]] == [
        ("主仓", "B1", 5),
        ("主仓", "", 5),
        ("北仓", "B1", 1),
    ]
    assert (await client.get("/v1/stock?q=%25", headers=me)).json()["items"] == []
    entries = (await client.get(f"/v1/stock/{sku.sku_id}/ledger", headers=me)).json()["items"]
    assert [(each["kind"], each["site_name"], each["lot_number"]) for each in entries] == [
        ("adjusted", "北仓", "B1"),
        ("moved", "北仓", "B1"),
        ("moved", "主仓", "B1"),
        ("received", "主仓", "B1"),
        ("received", "主仓", ""),
    ]
    sheet = await client.get("/v1/stock/export?format=csv", headers=me)
    assert sheet.status_code == 200
    assert sum("B1" in line for line in sheet.text.splitlines()) == 2
    ending = (await client.get("/v1/stock/lots?ends_within_days=10", headers=me)).json()["items"]
    assert sum(each["on_hand"] for each in ending) == 6
    assert (await client.get("/v1/stock/lots?ends_within_days=5", headers=me)).json()["items"] == []
    off = {"sku_id": str(sku.sku_id), "site_id": site, "lot_number": "B1", "reason": "过期"}
    refused = await client.post("/v1/stock/write-offs", json=off, headers=keyed(me))
    assert await code_of(refused) == (409, "lot-fit")
    await rows(db, "UPDATE stock_lots SET harvested_on = NULL, expires_on = '2026-01-01' RETURNING 1")
    done = await client.post("/v1/stock/write-offs", json=off, headers=keyed(me))
    assert (done.status_code, done.json()["on_hand"]) == (201, 10)


async def test_the_threshold_is_its_suppliers_to_set(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku, me = await own(db, as_caller, stock=15)
    path = f"/v1/stock/{sku.sku_id}/threshold"
    assert (await client.put(path, json={"low_at": 15}, headers=me)).status_code == 200
    [level] = (await client.get("/v1/stock?is_low=true", headers=me)).json()["items"]
    assert (level["low_at"], level["is_low"]) == (15, True)
    rival = as_caller(kind="supplier", organisation_id=uuid4())
    assert await code_of(await client.put(path, json={"low_at": 1}, headers=rival)) == (404, "sku-not-found")
    never = await listed_sku(db, supplier_id=sku.supplier_id)
    nothing = await client.put(f"/v1/stock/{never.sku_id}/threshold", json={"low_at": 1}, headers=me)
    assert await code_of(nothing) == (404, "stock-not-found")


async def test_a_supplier_sees_from_where_its_order_should_leave(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me = await own(db, as_caller)
    draft, _ = await paid_order(db, (sku.sku_id, 2))
    path = f"/v1/supplier-orders/{draft.parts[0].supplier_order_id}/stock"
    plan = (await client.get(path, headers=me)).json()
    [planned] = plan["allocations"]
    assert (planned["site_name"], planned["quantity"], planned["distance"]) == ("主仓", 2, 3)
    assert plan["shipped"] == []
    rival = as_caller(kind="supplier", organisation_id=uuid4())
    assert await code_of(await client.get(path, headers=rival)) == (404, "supplier-order-not-found")
