"""Presales over HTTP: who may, how they are refused, what they answer."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.presale import queries
from services.orders.tests.factories import listed_sku
from services.orders.tests.presale import selling_ahead as ahead
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


async def test_a_presale_from_draft_to_its_allocation(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    now = utc_now()
    sku = await listed_sku(db)
    mine = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    wanted = {"sku_id": str(sku.sku_id), **ahead.body(now=now)}
    made = await client.post("/v1/presales", json=wanted, headers=mine | key())
    assert (made.status_code, made.json()["status"], made.json()["bookings"]) == (201, "DRAFT", {})
    path = f"/v1/presales/{made.json()['offer_id']}"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(path, headers=mine)).headers["etag"] == '"1"'
    edit = ahead.body(now=now, planned_count=50)
    assert (await client.put(path, json=edit, headers=mine)).status_code == 428
    assert (await client.put(path, json=edit, headers=mine | {"if-match": '"7"'})).status_code == 412
    edited = await client.put(path, json=edit, headers=mine | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["planned_count"]) == (200, 50)

    opened = await client.post(f"{path}/open", json={}, headers=mine | key() | {"if-match": '"2"'})
    assert (opened.status_code, opened.json()["status"]) == (200, "BOOKING")
    again = await client.put(path, json=edit, headers=mine | {"if-match": '"3"'})
    assert (again.status_code, again.json()["code"]) == (409, "presale-status")
    assert (await client.get(path)).status_code == 200
    listed = (await client.get("/v1/presales", params={"q": "香菇", "status": "BOOKING"})).json()
    assert [each["offer_id"] for each in listed["items"]] == [made.json()["offer_id"]]

    buyer = as_caller(person_id=uuid4())
    booked = await client.post(f"{path}/bookings", json={"quantity": 3, "address": ADDRESS}, headers=buyer | key())
    assert (booked.status_code, booked.json()["status"], booked.json()["deposit_fen"]) == (201, "PENDING_DEPOSIT", 900)
    own = f"/v1/presale-bookings/{booked.json()['booking_id']}"
    assert (await client.get(own, headers=as_caller())).status_code == 404
    assert (await client.get(own, headers=buyer)).json()["address"]["recipient"] == "王小梅"
    theirs = (await client.get(f"{path}/bookings", headers=mine)).json()["items"]
    assert "address" not in theirs[0]
    assert "buyer_id" not in theirs[0]
    await ahead.pay_deposit(db, await queries.lock_booking(db, theirs[0]["booking_id"]))

    closed = await client.post(f"{path}/close", json={}, headers=mine | key() | {"if-match": '"3"'})
    assert (closed.status_code, closed.json()["bookings"]) == (200, {"BOOKED": 1})
    preview = await client.get(f"{path}/allocation", params={"harvested_count": 2}, headers=mine)
    told = preview.json()
    assert (told["allocated_count"], told["left_count"], told["returned_fen"], told["balance_fen"]) == (2, 0, 300, 5400)
    done = await client.post(
        f"{path}/allocate", json={"harvested_count": 2}, headers=mine | key() | {"if-match": '"4"'}
    )
    assert (done.status_code, done.json()["status"], done.json()["bookings"]) == (200, "ALLOCATED", {"BALANCE_DUE": 1})
    [item] = (await client.get("/v1/presale-bookings", headers=buyer)).json()["items"]
    assert (item["status"], item["balance_fen"], item["returned_fen"]) == ("BALANCE_DUE", 5400, 300)
    order = (await client.get(f"/v1/orders/{item['booking_id']}", headers=buyer)).json()
    assert (order["mode"], order["deposit_fen"], order["payable_fen"]) == ("PRESALE", 600, 6000)
    for export in ("/v1/own-presales/export", f"{path}/bookings/export"):
        answer = await client.get(export, params={"format": "csv"}, headers=mine)
        assert (answer.status_code, len(answer.text.splitlines())) == (200, 2)
    trail = (await client.get(f"{path}/trail", headers=mine)).json()["items"]
    assert [each["verb"] for each in trail] == ["create", "edit", "open", "close", "allocate"]


@pytest.mark.parametrize("path", ["/v1/own-presales", "/v1/presales/{}/bookings", "/v1/presales/{}/trail"])
async def test_buyers_run_no_presales(client: httpx2.AsyncClient, as_caller: Headers, path: str):
    answer = await client.get(path.format(uuid4()), headers=as_caller())
    assert (answer.status_code, answer.json()["code"]) == (403, "kind-not-allowed")


async def test_a_stranger_sells_nothing_of_others(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db)
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    wanted: dict[str, Any] = {"sku_id": str(sku.sku_id), **ahead.body(now=utc_now())}
    refused = await client.post("/v1/presales", json=wanted, headers=stranger | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "sku-not-yours")
    refused = await client.post("/v1/presales", json=wanted | {"sku_id": str(uuid4())}, headers=stranger | key())
    assert (refused.status_code, refused.json()["code"]) == (422, "sku-unknown")
    offer = await ahead.open_offer(db, sku_id=sku.sku_id, now=utc_now())
    path = f"/v1/presales/{offer.offer_id}"
    refused = await client.post(f"{path}/close", json={}, headers=stranger | key() | {"if-match": '"2"'})
    assert (refused.status_code, refused.json()["code"]) == (404, "presale-not-found")
    assert (await client.get(f"{path}/allocation?harvested_count=1", headers=stranger)).status_code == 404
    figures = (await client.get("/v1/presale-figures")).json()
    assert figures["most_deposit_bp"] == {"KEEP": 2000, "RETURN": 5000}
