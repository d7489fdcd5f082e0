"""Group buys over HTTP: who may, how they are refused, what they answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order.schemas import OrderPage
from services.orders.tests.factories import listed_sku
from services.orders.tests.group_buy.group_factories import PRICE_FEN, joined, opened_group, paid
from shared.clock import utc_now
from shared.events.catalog import SkuListed

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def written(sku: SkuListed, **given: Any) -> dict[str, Any]:
    facts = {
        "sku_id": str(sku.sku_id),
        "title": "香菇拼团",
        "price_fen": PRICE_FEN,
        "min_count": 4,
        "max_count": 10,
        "closes_at": (utc_now() + timedelta(days=3)).isoformat(),
    }
    return facts | given


async def move(client: httpx2.AsyncClient, headers: dict[str, str], group: dict[str, Any], verb: str) -> Any:
    tag = {"if-match": f'"{group["revision"]}"'}
    path = f"/v1/group-buys/{group['group_buy_id']}/{verb}"
    return await client.post(path, json={"reason": "试"}, headers=headers | key() | tag)


async def test_a_group_from_draft_to_a_joined_order(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=20)
    supplier = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    made_key = key()
    made = await client.post("/v1/group-buys", json=written(sku), headers=supplier | made_key)
    again = await client.post("/v1/group-buys", json=written(sku), headers=supplier | made_key)
    assert (made.status_code, again.status_code) == (201, 422)  # the same key for another end
    draft = made.json()
    path = f"/v1/group-buys/{draft['group_buy_id']}"
    assert (await client.get(path)).json()["code"] == "group-buy-unknown"
    assert (await client.get("/v1/group-buys")).json()["items"] == []
    edited = await client.put(path, json=written(sku, min_count=2), headers=supplier | {"if-match": '"1"'})
    assert (edited.status_code, edited.json()["min_count"], edited.headers["etag"]) == (200, 2, '"2"')
    assert (await move(client, supplier, draft, "open")).status_code == 412
    opened = await move(client, supplier, edited.json(), "open")
    assert (opened.status_code, opened.json()["status"]) == (200, "OPEN")
    assert (await move(client, supplier, opened.json(), "open")).json()["code"] == "group-buy-status"
    assert [each["is_joinable"] for each in (await client.get("/v1/group-buys")).json()["items"]] == [True]

    buyer = as_caller()
    quote = await client.get(f"{path}/quote?quantity=2&county_code=110105", headers=buyer)
    assert quote.json() == {
        "quantity": 2,
        "unit_price_fen": PRICE_FEN,
        "goods_fen": 2 * PRICE_FEN,
        "delivery_fen": 0,
        "payable_fen": 2 * PRICE_FEN,
    }
    body = {"quantity": 2, "address": ADDRESS, "seen_payable_fen": 1}
    wrong = await client.post(f"{path}/orders", json=body, headers=buyer | key())
    assert (wrong.status_code, wrong.json()["code"]) == (409, "price-changed")
    body["seen_payable_fen"] = quote.json()["payable_fen"]
    once = key()
    placed = await client.post(f"{path}/orders", json=body, headers=buyer | once)
    repeated = await client.post(f"{path}/orders", json=body, headers=buyer | once)
    assert (placed.status_code, repeated.json()) == (201, placed.json())
    order = placed.json()
    assert (order["mode"], order["payable_fen"]) == ("GROUP_BUY", 2 * PRICE_FEN)
    assert [step["step"] for step in order["parts"][0]["lines"][0]["trace"]] == ["list", "group-buy"]
    read = (await client.get(f"/v1/orders/{order['order_id']}", headers=buyer)).json()
    assert OrderPage.model_validate(read) == OrderPage.model_validate(order)
    mine = (await client.get("/v1/group-buys/joined", headers=buyer)).json()["items"]
    assert [(each["order_id"], each["join_status"]) for each in mine] == [(order["order_id"], "PLACED")]
    assert (await client.get(path)).json()["taken_count"] == 2
    trail = (await client.get(f"{path}/trail", headers=supplier)).json()["items"]
    assert [each["verb"] for each in trail] == ["create", "edit", "open"]


async def test_who_offers_sees_orders_without_people(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=20)
    group = await opened_group(db, sku, now=utc_now())
    draft = await joined(db, group, 2, now=utc_now())
    supplier = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    found = await client.get(f"/v1/group-buys/{group}/participants", headers=supplier)
    [row] = found.json()["items"]
    assert set(row) == {
        "order_id",
        "order_number",
        "quantity",
        "status",
        "payable_fen",
        "city_code",
        "joined_at",
    }
    assert (row["order_number"], row["quantity"], row["city_code"]) == (draft.order_number, 2, "110100")
    assert "王小梅" not in found.text
    sheet = await client.get(f"/v1/group-buys/{group}/participants/export?format=csv", headers=supplier)
    assert draft.order_number in sheet.text
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    for path in ("participants", "participants/export", "managed", "trail"):
        refused = await client.get(f"/v1/group-buys/{group}/{path}", headers=stranger)
        assert (refused.status_code, refused.json()["code"]) == (404, "group-buy-unknown")
    assert (await client.get("/v1/group-buys/managed", headers=stranger)).json()["items"] == []
    buyer = await client.get("/v1/group-buys/managed", headers=as_caller())
    assert (buyer.status_code, buyer.json()["code"]) == (403, "kind-not-allowed")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"price_fen": 3980}, 422, "group-price-wrong"),
        ({"max_count": 3}, 422, "group-numbers-wrong"),
        ({"closes_at": "2020-01-01T00:00:00Z"}, 422, "group-end-wrong"),
        ({"closes_at": "2100-01-01T00:00:00Z"}, 422, "group-end-wrong"),
        ({"sku_id": str(UUID(int=1))}, 422, "sku-unknown"),
        ({"title": "a\x00"}, 422, "validation"),
    ],
)
async def test_a_wrong_offer_is_refused(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, given: dict[str, Any], status: int, code: str
):
    sku = await listed_sku(db, stock=20)
    supplier = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    answer = await client.post("/v1/group-buys", json=written(sku, **given), headers=supplier | key())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/v1/group-buys/managed", headers=supplier)).json()["items"] == []


async def test_only_ones_own_goods_can_be_offered_and_only_what_is_there(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=3)
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    refused = await client.post("/v1/group-buys", json=written(sku), headers=stranger | key())
    assert (refused.status_code, refused.json()["code"]) == (403, "sku-not-yours")
    operator = as_caller(kind="operator")
    made = await client.post("/v1/group-buys", json=written(sku), headers=operator | key())
    assert (made.status_code, made.json()["supplier_id"]) == (201, str(sku.supplier_id))
    short = await move(client, operator, made.json(), "open")
    assert (short.status_code, short.json()["code"]) == (409, "stock-short")
    unchanged = await client.get(f"/v1/group-buys/{made.json()['group_buy_id']}/managed", headers=operator)
    assert (unchanged.json()["status"], unchanged.headers["etag"]) == ("DRAFT", '"1"')


async def test_lists_are_searched_narrowed_paged_and_taken_away(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    tea = await listed_sku(db, stock=20, category="tea", origin_county_code="520328", product_title="湄潭翠芽")
    mushroom = await listed_sku(db, stock=20)
    now = utc_now()
    first = await opened_group(db, tea, now=now, title="茶友团", closes_at=now + timedelta(hours=1))
    second = await opened_group(db, mushroom, now=now, closes_at=now + timedelta(hours=2))

    async def found(query: str) -> list[str]:
        answer = await client.get(f"/v1/group-buys?{query}")
        assert answer.status_code == 200, answer.text
        return [each["group_buy_id"] for each in answer.json()["items"]]

    assert await found("") == [str(first), str(second)]
    for query in ("q=茶友", "q=湄潭", "category=tea", "county=52", "county=520328"):
        assert await found(query) == [str(first)]
    assert await found("q=%25") == []
    assert await found("state=ended") == []
    page = (await client.get("/v1/group-buys?limit=1")).json()
    rest = (await client.get("/v1/group-buys", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [each["group_buy_id"] for each in page["items"] + rest["items"]] == [str(first), str(second)]
    assert rest["next_cursor"] is None
    operator = as_caller(kind="operator")
    own = await client.get("/v1/group-buys/managed?status=OPEN&limit=1", headers=operator)
    assert [each["group_buy_id"] for each in own.json()["items"]] == [str(second)]
    sheet = await client.get("/v1/group-buys/managed/export?format=csv&q=茶友", headers=operator)
    assert (str(first) in sheet.text, str(second) in sheet.text) == (True, False)


async def test_leaving_a_formed_group_is_refused_over_http(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    now, buyer_id = utc_now(), uuid4()
    group = await opened_group(db, now=now)
    draft = await joined(db, group, 4, buyer_id=buyer_id, now=now)
    await paid(db, draft, at=now)
    me = as_caller(person_id=buyer_id)
    path = f"/v1/orders/{draft.order_id}"
    waiting = (await client.get(path, headers=me)).json()
    assert (waiting["status"], waiting["parts"][0]["fulfilment"]) == ("PAID", "AWAITING_GROUP")
    refused = await client.post(f"{path}/cancel", json={"reason": "no"}, headers=me | key())
    assert (refused.status_code, refused.json()["code"]) == (409, "group-formed")
    assert (await client.get(path, headers=me)).json() == waiting


async def test_a_supplier_chooses_among_its_own_skus(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    own, other = await listed_sku(db, stock=7), await listed_sku(db, product_title="湄潭翠芽")
    supplier = as_caller(kind="supplier", organisation_id=own.supplier_id)
    found = (await client.get("/v1/group-buys/candidates", headers=supplier)).json()["items"]
    assert [(each["sku_id"], each["available"]) for each in found] == [(str(own.sku_id), 7)]
    operator = as_caller(kind="operator")
    found = (await client.get("/v1/group-buys/candidates?q=翠芽", headers=operator)).json()["items"]
    assert [each["sku_id"] for each in found] == [str(other.sku_id)]
