"""Orders over HTTP: status, shape, authority, problem codes, replay."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions, schemas
from orders.sku import actions as sku_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import listed_sku, paid_order, placed_order
from shared.clock import utc_now
from shared.events.orders import OrderCancelled, OrderPlaced
from shared.testing import published

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "138 0000 0000", "county_code": "110105", "detail": "望京街道1号"}


def body(*lines: tuple[UUID, int], seen_payable_fen: int, **given: Any) -> dict[str, Any]:
    return {
        "lines": [{"sku_id": str(sku_id), "quantity": quantity} for sku_id, quantity in lines],
        "address": ADDRESS,
        "seen_payable_fen": seen_payable_fen,
        **given,
    }


def keyed(headers: dict[str, str], key: str | None = None) -> dict[str, str]:
    return {**headers, "idempotency-key": key or str(uuid4())}


async def test_placing_answers_what_reading_it_answers(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    one, two = await listed_sku(db, stock=10), await listed_sku(db, stock=10, price_fen=500)
    me = as_caller(organisation_id=uuid4(), kind="institution")
    answer = await client.post(
        "/v1/orders",
        json=body((one.sku_id, 2), (two.sku_id, 3), seen_payable_fen=9460, note="请周末送"),
        headers=keyed(me),
    )
    assert answer.status_code == 201
    placed = answer.json()
    assert answer.headers["location"] == f"/v1/orders/{placed['order_id']}"
    assert (placed["status"], placed["payable_fen"], placed["note"]) == ("PENDING_PAYMENT", 9460, "请周末送")
    page = await client.get(f"/v1/orders/{placed['order_id']}", headers=me)
    assert page.status_code == 200
    assert page.json().keys() == placed.keys()
    assert schemas.OrderPage.model_validate(page.json()) == schemas.OrderPage.model_validate(placed)
    listed = (await client.get("/v1/orders", headers=me)).json()
    assert listed["next_cursor"] is None
    [item] = listed["items"]
    assert placed.keys() - item.keys() == {
        "buyer_id",
        "note",
        "address",
        "invoice",
        "donation",
        "history",
        "promotions",
    }
    assert schemas.OrderSummary.model_validate(item) == schemas.OrderSummary.model_validate(placed)


async def test_a_double_click_and_a_refresh_are_one_order(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=10)
    me = keyed(as_caller())
    first = await client.post("/v1/orders", json=body((sku.sku_id, 1), seen_payable_fen=3980), headers=me)
    again = await client.post("/v1/orders", json=body((sku.sku_id, 1), seen_payable_fen=3980), headers=me)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await published(db, OrderPlaced)) == 1


async def test_a_key_is_bound_to_its_request_and_its_caller(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=10)
    mine, theirs = as_caller(), as_caller()
    wanted = body((sku.sku_id, 1), seen_payable_fen=3980)
    first = await client.post("/v1/orders", json=wanted, headers=keyed(mine, "k"))
    other_body = await client.post(
        "/v1/orders", json=body((sku.sku_id, 2), seen_payable_fen=7960), headers=keyed(mine, "k")
    )
    other_caller = await client.post("/v1/orders", json=wanted, headers=keyed(theirs, "k"))
    assert (other_body.status_code, other_body.json()["code"]) == (422, "idempotency-key-reused")
    assert other_caller.status_code == 201
    assert other_caller.json()["order_id"] != first.json()["order_id"]
    missing = await client.post("/v1/orders", json=wanted, headers=mine)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")


async def test_a_refusal_is_not_stored_under_the_key(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=1)
    me = keyed(as_caller())
    wanted = body((sku.sku_id, 2), seen_payable_fen=7960)
    short = await client.post("/v1/orders", json=wanted, headers=me)
    assert (short.status_code, short.json()["code"]) == (409, "stock-short")
    assert short.json()["shortages"] == [{"sku_id": str(sku.sku_id), "wanted": 2, "available": 1}]
    await actions.stock_actions.receive_stock(
        db, sku_id=sku.sku_id, quantity=5, reference="", recorded_by=None, now=utc_now()
    )
    assert (await client.post("/v1/orders", json=wanted, headers=me)).status_code == 201


async def test_a_changed_price_and_a_delisted_sku_are_conflicts_with_details(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=9)
    me = as_caller()
    await client.put(f"/v1/cart/lines/{sku.sku_id}", json={"quantity": 2}, headers=me)
    await sku_actions.revise_sku(db, sku.model_copy(update={"revision": 2, "price_fen": 4000}), revised_at=utc_now())
    answer = await client.post("/v1/orders", json=body((sku.sku_id, 2), seen_payable_fen=7960), headers=keyed(me))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["payable_fen"]) == (409, "price-changed", 8000)
    assert [(each["seen_price_fen"], each["unit_price_fen"]) for each in problem["differences"]] == [(3980, 4000)]
    unknown = uuid4()
    answer = await client.post("/v1/orders", json=body((unknown, 1), seen_payable_fen=1), headers=keyed(me))
    assert (answer.status_code, answer.json()["code"]) == (409, "sku-not-listed")
    assert answer.json()["skus"] == [{"sku_id": str(unknown), "reason": "unknown"}]
    assert (await stock_queries.get_count(db, sku.sku_id)).held == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"sku_id": str(uuid4()), "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{"sku_id": str(uuid4()), "quantity": True}]}, "lines.0.quantity"),
        ({"lines": [{"sku_id": "香菇", "quantity": 1}]}, "lines.0.sku_id"),
        ({"seen_payable_fen": -1}, "seen_payable_fen"),
        ({"seen_payable_fen": 10**30}, "seen_payable_fen"),
        ({"note": "a\x00b"}, "note"),
        ({"note": "长" * 501}, "note"),
        ({"address": {**ADDRESS, "phone": "call me"}}, "address.phone"),
        ({"address": {**ADDRESS, "county_code": "11010"}}, "address.county_code"),
        ({"address": {**ADDRESS, "recipient": "  "}}, "address.recipient"),
        ({"discount_fen": 100}, "discount_fen"),
    ],
)
async def test_bad_input_names_the_field(
    client: httpx2.AsyncClient, as_caller: Headers, change: dict[str, Any], field: str
):
    wanted = body((uuid4(), 1), seen_payable_fen=1) | change
    answer = await client.post("/v1/orders", json=wanted, headers=keyed(as_caller()))
    assert answer.status_code == 422
    assert answer.json()["code"] == "validation"
    assert field in {error["field"] for error in answer.json()["errors"]}


async def test_an_order_is_nobody_elses_business(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    draft = await placed_order(db)
    path = f"/v1/orders/{draft.order_id}"
    supplier_id = draft.parts[0].lines[0].sku.supplier_id
    stranger, supplier = as_caller(), as_caller(kind="supplier", organisation_id=supplier_id)
    analyst, operator = as_caller(kind="analyst"), as_caller(kind="operator")
    assert (await client.get(path)).status_code == 401
    for caller in (stranger, supplier, analyst):
        answer = await client.get(path, headers=caller)
        assert (answer.status_code, answer.json()["code"]) == (404, "order-not-found")
        assert (await client.get("/v1/orders", headers=caller)).json()["items"] == []
        refused = await client.post(f"{path}/cancel", json={"reason": "not mine"}, headers=keyed(caller))
        assert (refused.status_code, refused.json()["code"]) == (404, "order-not-found")
    assert (await client.get(path, headers=operator)).status_code == 200
    assert len((await client.get("/v1/orders", headers=operator)).json()["items"]) == 1


async def test_a_supplier_sees_its_own_parts_and_the_address_once_they_are_paid(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    mine, theirs = await listed_sku(db, stock=10), await listed_sku(db, stock=10)
    await placed_order(db, (mine.sku_id, 1), (theirs.sku_id, 1))
    paid, _ = await paid_order(db, (theirs.sku_id, 1), (mine.sku_id, 2), now=utc_now())
    me = as_caller(kind="supplier", organisation_id=mine.supplier_id)
    items = (await client.get("/v1/supplier-orders", headers=me)).json()["items"]
    assert [item["fulfilment"] for item in items] == ["PENDING_SHIPMENT", "PENDING_PAYMENT"]
    assert items[0]["order_number"] == paid.order_number
    assert [line["sku_id"] for line in items[0]["lines"]] == [str(mine.sku_id)]
    assert items[0]["payable_fen"] == 7960
    assert items[0]["address"]["recipient"] == "王小梅"
    assert items[1]["address"] is None
    only = await client.get("/v1/supplier-orders?fulfilment=PENDING_SHIPMENT", headers=me)
    assert len(only.json()["items"]) == 1
    other = await client.get(f"/v1/supplier-orders?supplier_id={theirs.supplier_id}", headers=me)
    assert other.json()["items"] == []
    nobody = await client.get("/v1/supplier-orders", headers=as_caller(kind="supplier"))
    assert nobody.json()["items"] == []
    assert (await client.get("/v1/supplier-orders", headers=as_caller())).status_code == 403
    operator = await client.get(
        f"/v1/supplier-orders?supplier_id={theirs.supplier_id}", headers=as_caller(kind="operator")
    )
    assert len(operator.json()["items"]) == 2


async def test_orders_are_listed_latest_first_page_by_page(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    buyer_id = uuid4()
    sku = await listed_sku(db, stock=100)
    start = utc_now()
    drafts = [
        await placed_order(db, (sku.sku_id, 1), buyer_id=buyer_id, now=start + timedelta(seconds=index // 2))
        for index in range(5)
    ]
    me = as_caller(person_id=buyer_id)
    seen: list[str] = []
    path = "/v1/orders?limit=2"
    for _ in range(3):
        page = (await client.get(path, headers=me)).json()
        seen += [item["order_id"] for item in page["items"]]
        path = f"/v1/orders?limit=2&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    expected = sorted(drafts, key=lambda draft: (draft.placed_at, draft.order_id), reverse=True)
    assert seen == [str(draft.order_id) for draft in expected]
    bad = await client.get("/v1/orders?cursor=bm9uc2Vuc2U", headers=me)
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor-invalid")


async def test_orders_are_found_by_number_title_and_status(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    buyer_id = uuid4()
    tea = await listed_sku(db, stock=10, product_title="恩施玉露100%", product_title_en="Enshi Yulu")
    honey = await listed_sku(db, stock=10, product_title="神农架蜂蜜")
    first = await placed_order(db, (tea.sku_id, 1), buyer_id=buyer_id)
    await paid_order(db, (honey.sku_id, 1), buyer_id=buyer_id)
    me = as_caller(person_id=buyer_id)

    async def found(query: str) -> list[str]:
        items = (await client.get(f"/v1/orders?{query}", headers=me)).json()["items"]
        return [item["parts"][0]["lines"][0]["product_title"] for item in items]

    assert await found("q=玉露") == ["恩施玉露100%"]
    assert await found("q=yulu") == ["恩施玉露100%"]
    assert await found(f"q={first.order_number[7:12].lower()}") == ["恩施玉露100%"]
    assert await found("q=%25") == ["恩施玉露100%"]
    assert await found("q=_") == []
    assert await found("status=PAID") == ["神农架蜂蜜"]
    wrong = await client.get("/v1/orders?status=LOST", headers=me)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "status")


async def test_cancelling_answers_the_cancelled_order_and_a_repeat_replays(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    draft = await placed_order(db, now=utc_now())
    me = as_caller(person_id=draft.buyer.person_id)
    path, key = f"/v1/orders/{draft.order_id}/cancel", keyed(me)
    answer = await client.post(path, json={"reason": "changed my mind"}, headers=key)
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["cancel_reason"]) == ("CANCELLED", "changed my mind")
    assert [step["change"] for step in answer.json()["history"]] == ["PLACED", "CANCELLED"]
    assert answer.json()["parts"][0]["fulfilment"] == "CANCELLED"
    again = await client.post(path, json={"reason": "changed my mind"}, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    twice = await client.post(path, json={"reason": "really"}, headers=keyed(me))
    assert (twice.status_code, twice.json()["code"]) == (409, "order-already-cancelled")
    assert len(await published(db, OrderCancelled)) == 1
