"""Points over HTTP."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import actions as cart_actions
from services.orders.tests.factories import listed_sku
from services.orders.tests.point.point_factories import person_with
from shared.clock import business_day, utc_now
from shared.page import encode_cursor

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


async def test_what_is_there_and_what_ends_soon(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    now = utc_now()
    me, _ = await person_with(db, 100, now=now - timedelta(days=350))
    await person_with(db, 40, person_id=me, now=now)
    told = (await client.get("/v1/points", headers=as_caller(person_id=me))).json()
    assert (told["balance_points"], told["soon_points"], told["owed_points"]) == (140, 100, 0)
    assert [each["points"] for each in told["endings"]] == [100, 40]
    assert told["rate"] == {"points_per_yuan": 1, "worth_fen": 1, "cap_bp": 5000, "days": 365}
    nobody = (await client.get("/v1/points", headers=as_caller())).json()
    assert (nobody["balance_points"], nobody["endings"]) == (0, [])
    assert (await client.get("/v1/points")).status_code == 401


async def test_the_statement_is_paged_narrowed_and_downloaded(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    now = utc_now()
    me, first = await person_with(db, 100, now=now - timedelta(days=30))
    await person_with(db, 40, person_id=me, now=now)
    headers = as_caller(person_id=me)
    page = (await client.get("/v1/points/entries", params={"limit": 1}, headers=headers)).json()
    assert [(each["kind"], each["points"]) for each in page["items"]] == [("earned", 40)]
    cursor = {"cursor": page["next_cursor"]}
    second = (await client.get("/v1/points/entries", params=cursor, headers=headers)).json()
    assert [(each["points"], each["order_number"]) for each in second["items"]] == [(100, first.order_number)]
    assert second["next_cursor"] is None
    yesterday = str(business_day(now - timedelta(days=1)))
    for narrowed, points in (
        ({"kind": "spent"}, []),
        ({"from_day": yesterday}, [40]),
        ({"to_day": yesterday}, [100]),
    ):
        found = (await client.get("/v1/points/entries", params=narrowed, headers=headers)).json()
        assert [each["points"] for each in found["items"]] == points
    sheet = await client.get("/v1/points/entries/export", params={"format": "csv"}, headers=headers)
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [row[1:4] for row in rows] == [
        ["类型", "爱心卡积分", "订单号"], ["消费所得", "40", rows[1][3]], ["消费所得", "100", first.order_number],
    ]  # fmt: skip
    book = await client.get("/v1/points/entries/export", headers=headers)
    assert book.content.startswith(b"PK")
    for forged in ("x", True, 0, 2**63):
        params = {"cursor": encode_cursor(forged)}
        wrong = await client.get("/v1/points/entries", params=params, headers=headers)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "cursor-invalid")
    for params in ({"from_day": "0001-01-01"}, {"to_day": "9999-12-31"}, {"kind": "gift"}):
        assert (await client.get("/v1/points/entries", params=params, headers=headers)).status_code == 422


async def test_cart_and_quote_say_what_points_would_pay(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    me, _ = await person_with(db, 800, now=utc_now())
    sku = await listed_sku(db, stock=5, price_fen=1000)
    await cart_actions.put_line(db, person_id=me, sku_id=sku.sku_id, quantity=1, now=utc_now(), group="retail")
    cart = (await client.get("/v1/cart", headers=as_caller(person_id=me))).json()
    assert (cart["points"], cart["payable_fen"]) == (None, 1000)
    asked = {"balance_points": 800, "usable_points": 500, "usable_fen": 500, "points": 0, "points_fen": 0}
    cart = (await client.get("/v1/cart", params={"use_points": 0}, headers=as_caller(person_id=me))).json()
    assert (cart["points"], cart["payable_fen"]) == (asked, 1000)
    cart = (await client.get("/v1/cart", params={"use_points": 9999}, headers=as_caller(person_id=me))).json()
    assert (cart["points"], cart["payable_fen"]) == ({**asked, "points": 500, "points_fen": 500}, 500)
    assert [(part["points_fen"], part["payable_fen"]) for part in cart["parts"]] == [(500, 500)]
    assert cart["seen"]["points_fen"] == 500
    lines = [{"sku_id": str(sku.sku_id), "quantity": 1}]
    quote = await client.post("/v1/quotes", json={"lines": lines, "use_points": 120}, headers=as_caller(person_id=me))
    assert (quote.json()["points"]["points"], quote.json()["payable_fen"]) == (120, 880)
    canteen = as_caller(person_id=me, kind="institution", organisation_id=uuid4())
    quote = await client.post("/v1/quotes", json={"lines": lines, "use_points": 120}, headers=canteen)
    assert (quote.json()["points"]["usable_points"], quote.json()["payable_fen"]) == (0, 1000)


async def test_an_order_pays_with_points_what_was_seen_and_says_so(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    me, _ = await person_with(db, 300, now=utc_now())
    sku = await listed_sku(db, stock=5, price_fen=1000)
    body = {"lines": [{"sku_id": str(sku.sku_id), "quantity": 1}], "address": ADDRESS, "use_points": 200}

    async def post(**more: object) -> httpx2.Response:
        headers = {**as_caller(person_id=me), "idempotency-key": str(uuid4())}
        return await client.post("/v1/orders", json={**body, **more}, headers=headers)

    unseen = await post(seen_payable_fen=1000, seen={"prices": {str(sku.sku_id): 1000}})
    assert (unseen.status_code, unseen.json()["code"], unseen.json()["payable_fen"]) == (409, "price-changed", 800)
    assert unseen.json()["differences"] == [{"kind": "points", "seen_fen": 0, "fen": 200}]
    short = await post(seen_payable_fen=500, use_points=500)
    assert (short.status_code, short.json()["code"]) == (409, "points-changed")
    assert (short.json()["usable_points"], short.json()["balance_points"]) == (300, 300)
    assert (await post(seen_payable_fen=800, use_points=-1)).status_code == 422
    placed = await post(seen_payable_fen=800)
    assert (placed.status_code, placed.json()["points_fen"], placed.json()["payable_fen"]) == (201, 200, 800)
    got = (await client.get(f"/v1/orders/{placed.json()['order_id']}", headers=as_caller(person_id=me))).json()
    assert (got["points_fen"], got["parts"][0]["points_fen"]) == (200, 200)
    assert got["parts"][0]["lines"][0]["points_fen"] == 200
    assert (await client.get("/v1/points", headers=as_caller(person_id=me))).json()["balance_points"] == 100


async def test_operators_see_whether_the_books_agree(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    me, _ = await person_with(db, 300, now=utc_now())
    refused = await client.get("/v1/points/check", headers=as_caller(person_id=me))
    assert (refused.status_code, refused.json()["code"]) == (403, "kind-not-allowed")
    told = (await client.get("/v1/points/check", headers=as_caller(kind="operator", organisation_id=uuid4()))).json()
    assert (told["issued"], told["outstanding"], told["is_balanced"], told["apart"]) == (300, 300, True, [])
