"""Books of invoice titles, and to whom an order's invoice is made out."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from shared.db import Database
from shared.ids import new_id
from shared.uscc import check_character

Headers = Callable[..., dict[str, str]]
USCC = "91350100M000100Y43"
COMPANY = {"kind": "ENTERPRISE", "name": "示范食品有限公司", "taxpayer_id": USCC, "email": "tax@example.com"}
MYSELF = {"kind": "PERSONAL", "name": "王小梅", "email": "xiaomei@example.com"}
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


async def pay(db: AsyncSession, order_id: UUID, paid_fen: int) -> None:
    await order_actions.settle_payment(
        db, order_id=order_id, payment_id=new_id(), paid_fen=paid_fen, paid_at=NOW, now=NOW
    )


def keyed(me: dict[str, str]) -> dict[str, str]:
    return {**me, "idempotency-key": str(uuid4())}


async def save(client: httpx2.AsyncClient, me: dict[str, str], **given: object) -> httpx2.Response:
    return await client.post("/v1/invoice-titles", json={**COMPANY, **given}, headers=keyed(me))


async def book(client: httpx2.AsyncClient, me: dict[str, str]) -> list[tuple[str, bool]]:
    items = (await client.get("/v1/invoice-titles", headers=me)).json()["items"]
    return [(each["name"], each["is_default"]) for each in items]


async def test_a_book_has_one_default_and_no_entry_twice(client: httpx2.AsyncClient, as_caller: Headers):
    me, other = as_caller(), as_caller()
    first = await save(client, me, taxpayer_id=" 9135 0100-m000100y43 ")
    assert (first.status_code, first.json()["taxpayer_id"], first.json()["is_default"]) == (201, USCC, True)
    assert (await save(client, me)).json() == first.json()
    school = (await save(client, me, kind="UNIT", name="示范小学", taxpayer_id="", is_default=True)).json()
    assert await book(client, me) == [("示范小学", True), ("示范食品有限公司", False)]
    assert await book(client, other) == []
    at = f"/v1/invoice-titles/{school['title_id']}"
    for method, path in (("GET", at), ("DELETE", at), ("POST", f"{at}/default")):
        stolen = await client.request(method, path, headers=other)
        assert (stolen.status_code, stolen.json()["code"]) == (404, "invoice-title-not-found")
    assert (await client.delete(at, headers=me)).status_code == 204
    assert await book(client, me) == [("示范食品有限公司", True)]


async def test_an_edit_names_the_version_that_was_seen(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller()
    entry = (await save(client, me)).json()
    at = f"/v1/invoice-titles/{entry['title_id']}"
    etag = (await client.get(at, headers=me)).headers["etag"]
    assert (await client.put(at, json=MYSELF, headers=me)).status_code == 428
    edited = await client.put(at, json=MYSELF, headers={**me, "if-match": etag})
    assert (edited.status_code, edited.json()["name"], edited.headers["etag"]) == (200, "王小梅", '"2"')
    stale = await client.put(at, json=COMPANY, headers={**me, "if-match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    await save(client, me)
    same = await client.put(at, json=COMPANY, headers={**me, "if-match": '"2"'})
    assert (same.status_code, same.json()["code"]) == (409, "invoice-title-saved-already")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"taxpayer_id": ""}, "taxpayer-id-missing"),
        ({"taxpayer_id": "91350100M000100Y44"}, "taxpayer-id-invalid"),
        ({"kind": "UNIT", "taxpayer_id": "123"}, "taxpayer-id-invalid"),
        ({"kind": "PERSONAL"}, "taxpayer-id-unneeded"),
    ],
)
async def test_a_taxpayers_id_fits_the_kind(
    client: httpx2.AsyncClient, as_caller: Headers, given: dict[str, str], code: str
):
    me = as_caller()
    refused = await save(client, me, **given)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, "taxpayer_id")
    assert await book(client, me) == []


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.com", "a@example.com\n"])
async def test_an_invoice_goes_to_an_address_that_can_be_one(
    client: httpx2.AsyncClient, as_caller: Headers, email: str
):
    assert (await save(client, as_caller(), email=email)).status_code == 422


async def test_a_book_is_full_at_twenty(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller()
    for number in range(20):
        first = f"9135010{number:010d}"
        code = first + check_character(first)
        assert (await save(client, me, name=f"公司{number}", taxpayer_id=code)).status_code == 201
    full = await save(client, me, kind="PERSONAL", taxpayer_id="")
    assert (full.status_code, full.json()["code"]) == (409, "invoice-book-full")


async def test_an_order_keeps_the_title_that_it_was_given(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku, me = await listed_sku(db, stock=5), as_caller()
    wanted: dict[str, Any] = {
        "lines": [{"sku_id": str(sku.sku_id), "quantity": 1}],
        "address": ADDRESS,
        "seen_payable_fen": 3980,
        "invoice": COMPANY,
    }
    wrong = {**wanted, "invoice": {**COMPANY, "taxpayer_id": ""}}
    refused = await client.post("/v1/orders", json=wrong, headers=keyed(me))
    assert (refused.status_code, refused.json()["code"]) == (422, "taxpayer-id-missing")
    placed = (await client.post("/v1/orders", json=wanted, headers=keyed(me))).json()
    assert placed["invoice"] == {**COMPANY, "revision": 1}
    page = (await client.get(f"/v1/orders/{placed['order_id']}", headers=me)).json()
    assert page["invoice"] == placed["invoice"]
    own = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    [part] = (await client.get("/v1/supplier-orders", headers=own)).json()["items"]
    assert part["invoice"] is None
    at = f"/v1/supplier-orders/{part['supplier_order_id']}"
    assert (await client.get(at, headers=own)).json() == part
    await pay(db, UUID(placed["order_id"]), placed["payable_fen"])
    [part] = (await client.get("/v1/supplier-orders", headers=own)).json()["items"]
    assert part["invoice"] == placed["invoice"]
    assert (await client.get(at, headers=own)).json() == part
    assert (await client.get(at, headers=as_caller(kind="operator"))).json() == part
    foreign = await client.get(at, headers=as_caller(kind="supplier"))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "supplier-order-not-found")
    assert (await client.get(at, headers=me)).status_code == 403


async def test_a_title_may_be_added_and_changed_until_the_first_parcel_leaves(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    buyer_id = uuid4()
    me = as_caller(person_id=buyer_id)
    draft = await placed_order(db, buyer_id=buyer_id)
    at = f"/v1/orders/{draft.order_id}/invoice-title"
    empty = await client.get(at, headers=me)
    assert (empty.json(), empty.headers["etag"]) == ({"invoice": None}, '"0"')
    assert (await client.put(at, json=COMPANY, headers=me)).status_code == 428
    added = await client.put(at, json=COMPANY, headers={**me, "if-match": '"0"'})
    assert (added.status_code, added.json()["invoice"]["revision"], added.headers["etag"]) == (200, 1, '"1"')
    stale = await client.put(at, json=MYSELF, headers={**me, "if-match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    changed = await client.put(at, json=MYSELF, headers={**me, "if-match": '"1"'})
    assert (changed.status_code, changed.json()["invoice"]["name"]) == (200, "王小梅")
    stranger = await client.put(at, json=COMPANY, headers={**as_caller(), "if-match": '"2"'})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "order-not-found")
    await pay(db, draft.order_id, draft.payable_fen)
    part = draft.parts[0]
    await order_actions.mark_shipped(
        db,
        order_id=draft.order_id,
        supplier_order_id=part.supplier_order_id,
        quantities={part.lines[0].sku.sku_id: 1},
        shipped_at=NOW + WINDOW,
    )
    closed = await client.put(at, json=COMPANY, headers={**me, "if-match": '"2"'})
    assert (closed.status_code, closed.json()["code"]) == (409, "invoice-title-closed")
    assert (await client.get(at, headers=me)).json()["invoice"]["name"] == "王小梅"


async def test_of_two_changes_at_once_one_wins(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    buyer_id = uuid4()
    async with fresh_database.begin() as db:
        draft = await placed_order(db, buyer_id=buyer_id)
    me = {**as_caller(person_id=buyer_id), "if-match": '"0"'}
    at = f"/v1/orders/{draft.order_id}/invoice-title"
    answers = await asyncio.gather(*(live_client.put(at, json=each, headers=me) for each in (COMPANY, MYSELF) * 4))
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM order_invoice_titles")) == 1
