from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import rules as order_rules
from services.orders.tests.after_sales import delivered_fruit
from shared.clock import utc_now

Headers = Callable[..., dict[str, str]]
DRY = {"temperature_class": "AMBIENT", "category": "dried"}


async def request(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, headers: dict[str, str], **given: Any
) -> httpx2.Response:
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/returns"
    body = {"piece_count": 2, "cause": "no_reason", **given}
    return await client.post(path, json=body, headers=headers | {"idempotency-key": str(uuid4())})


async def test_goods_go_back_and_the_money_after_them(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    draft = await delivered_fruit(db, quantity=3, price_fen=1000, delivered_at=utc_now() - timedelta(days=6), **DRY)
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    made = await request(client, draft, buyer)
    assert (made.status_code, made.json()["status"], made.json()["wanted_fen"]) == (201, "REQUESTED", 2000)
    path, tag = f"/v1/returns/{made.json()['return_id']}", '"1"'
    refused = await client.post(f"{path}/approve", json={}, headers=buyer | {"if-match": tag})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-move")
    steps: list[tuple[str, dict[str, str], dict[str, str], str]] = [
        ("approve", seller, {"send_to": "房县城关镇 8 号"}, "APPROVED"),
        ("send", buyer, {"carrier_name": "顺丰", "waybill_number": "SF123"}, "SENT_BACK"),
        ("receive", seller, {}, "RECEIVED"),
        ("accept", seller, {}, "ACCEPTED"),
    ]
    for verb, headers, body, status in steps:
        moved = await client.post(f"{path}/{verb}", json=body, headers=headers | {"if-match": tag})
        assert (moved.status_code, moved.json()["status"]) == (200, status), moved.text
        stale = await client.post(f"{path}/{verb}", json=body, headers=headers | {"if-match": tag})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
        tag = moved.headers["etag"]
    assert (moved.json()["granted_fen"], moved.json()["send_to"]) == (2000, "房县城关镇 8 号")
    refunds = (await client.get(f"/v1/orders/{draft.order_id}/refunds", headers=buyer)).json()["items"]
    assert [(each["amount_fen"], each["cause"]) for each in refunds] == [(2000, "return")]
    for headers, count in ((buyer, 1), (seller, 1), (as_caller(kind="operator"), 1), (as_caller(), 0)):
        assert len((await client.get("/v1/returns", headers=headers)).json()["items"]) == count
    assert (await client.get(path, headers=as_caller())).status_code == 404


@pytest.mark.parametrize(
    ("sku", "days", "given", "code"),
    [
        ({"temperature_class": "STONE", "category": "fruit"}, 1, {}, "fresh-goods-stay"),
        (DRY, 7, {}, "return-window-over"),
        (DRY, 15, {"cause": "faulty"}, "return-window-over"),
        (DRY, 1, {"piece_count": 4}, "pieces-claimed-already"),
    ],
)
async def test_what_does_not_go_back(
    client: httpx2.AsyncClient,
    db: AsyncSession,
    as_caller: Headers,
    sku: dict[str, str],
    days: int,
    given: dict[str, Any],
    code: str,
):
    draft = await delivered_fruit(db, quantity=3, delivered_at=utc_now() - timedelta(days=days), **sku)
    refused = await request(client, draft, as_caller(person_id=draft.buyer.person_id), **given)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
