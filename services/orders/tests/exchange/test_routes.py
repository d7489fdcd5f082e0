"""Exchanges over HTTP: who may do what, what is refused, and what a replacement leaves alone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.handlers import LOGISTICS_HANDLERS
from orders.order import rules as order_rules
from orders.stock import queries as stock_queries
from services.orders.tests.after_sales import (
    SOON,
    delivered_fruit,
    more_stock,
    moved_exchange,
    opened_claim,
    photo_of,
    requested_exchange,
    seller_of,
)
from shared.clock import utc_now
from shared.errors import Conflict
from shared.events.logistics import DispatchedLine, ExcursionOpened, ShipmentDelivered, ShipmentDispatched
from shared.events.orders import ReplacementDue, SupplierOrderSettled
from shared.testing import deliver, published

Headers = Callable[..., dict[str, str]]
DRY = {"temperature_class": "AMBIENT", "category": "dried"}


@pytest.fixture
async def draft(db: AsyncSession) -> order_rules.OrderDraft:
    made = await delivered_fruit(db, quantity=3, price_fen=1000, delivered_at=utc_now() - timedelta(days=2), **DRY)
    await more_stock(db, made, 2)
    return made


async def ask(
    client: httpx2.AsyncClient, db: AsyncSession, draft: order_rules.OrderDraft, headers: dict[str, str], **given: Any
) -> httpx2.Response:
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/exchanges"
    photo_id = str(await photo_of(db, draft.buyer.person_id))
    body = {"piece_count": 2, "problem": "damaged", "photo_ids": [photo_id], **given}
    return await client.post(path, json=body, headers=headers | {"idempotency-key": str(uuid4())})


class Desk:
    """Verbs of an exchange, each with what was seen last."""

    def __init__(self, client: httpx2.AsyncClient, path: str) -> None:
        self.client, self.path, self.tag = client, path, '"1"'

    async def post(self, verb: str, headers: dict[str, str], **body: Any) -> httpx2.Response:
        answer = await self.client.post(f"{self.path}/{verb}", json=body, headers=headers | {"if-match": self.tag})
        self.tag = answer.headers.get("etag", self.tag)
        return answer


async def test_a_replacement_leaves_the_stock_and_nothing_else(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    made = await ask(client, db, draft, buyer)
    assert (made.status_code, made.json()["status"]) == (201, "REQUESTED"), made.text
    exchange_id = made.json()["exchange_id"]
    desk = Desk(client, f"/v1/exchanges/{exchange_id}")
    shown = (await client.get(desk.path, headers=seller)).json()
    assert (shown["available"], shown["verbs"]) == (2, ["approve", "refuse", "refund"])
    assert (await client.get(desk.path, headers=buyer)).json()["verbs"] == ["withdraw"]
    refused = await desk.post("approve", buyer)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-your-move")
    early = await desk.post("approve", as_caller(kind="operator"))
    assert (early.status_code, early.json()["code"]) == (409, "exchange-too-early")
    approved = await desk.post("approve", seller)
    assert (approved.status_code, approved.json()["status"]) == (200, "APPROVED"), approved.text
    stale = await client.post(f"{desk.path}/approve", json={}, headers=seller | {"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    [due] = await published(db, ReplacementDue)
    assert isinstance(due, ReplacementDue)
    assert (str(due.exchange_id), due.quantity) == (exchange_id, 2)

    sku_id, part = draft.lines[0].sku.sku_id, draft.parts[0].supplier_order_id
    settled = len(await published(db, SupplierOrderSettled))
    ids = {"shipment_id": uuid4(), "order_id": draft.order_id, "supplier_order_id": part}
    sent = ShipmentDispatched(
        **ids,
        carrier_code="sf-demo",
        waybill_numbers=("SF9",),
        lines=(DispatchedLine(sku_id=sku_id, quantity=2),),
        dispatched_at=utc_now(),
        exchange_id=due.exchange_id,
    )
    warm = ExcursionOpened(
        excursion_id=uuid4(),
        parcel_id=uuid4(),
        **ids,
        temperature_class="AMBIENT",
        kind="high",
        severity="critical",
        started_at=utc_now(),
    )
    arrived = ShipmentDelivered(**ids, delivered_at=utc_now(), exchange_id=due.exchange_id)
    before = await history(db, draft)
    for event in (sent, sent, warm, arrived, arrived):
        await deliver(db, LOGISTICS_HANDLERS, event)
    assert await history(db, draft) == before, "the first delivery, the order and their history stay as they were"
    assert len(await published(db, SupplierOrderSettled)) == settled
    count = await stock_queries.get_count(db, sku_id)
    assert (count.on_hand, count.held) == (0, 0)
    assert await stock_queries.list_differences(db) == []
    shown = (await client.get(desk.path, headers=buyer)).json()
    assert (shown["status"], [each["kind"] for each in shown["excursions"]]) == ("DELIVERED", ["high"])
    assert [each["verb"] for each in shown["trail"]] == ["request", "approve", "ship", "deliver"]
    claim = await opened_claim(db, draft, now=draft_time(draft) + timedelta(hours=1))
    assert not claim.is_proven, "what befell the replacement proves nothing of the first delivery"
    with pytest.raises(Conflict) as refusal:
        await opened_claim(db, draft, now=draft_time(draft) + timedelta(hours=1))
    assert refusal.value.code == "pieces-claimed-already"


def draft_time(_: order_rules.OrderDraft) -> datetime:
    return utc_now() - timedelta(days=2)


async def history(db: AsyncSession, draft: order_rules.OrderDraft) -> list[Any]:
    found = await db.execute(
        text("""
            SELECT placed.status, placed.completed_at, part.fulfilment, part.delivered_at, (
                SELECT count(*) FROM order_changes WHERE order_id = placed.order_id)
            FROM orders AS placed JOIN supplier_orders AS part USING (order_id) WHERE order_id = :id
        """),
        {"id": draft.order_id},
    )
    return [tuple(row) for row in found]


async def test_where_there_is_too_little_the_pieces_are_paid_back_instead(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    made = await ask(client, db, draft, buyer, piece_count=3)
    desk = Desk(client, f"/v1/exchanges/{made.json()['exchange_id']}")
    short = await desk.post("approve", seller)
    assert (short.status_code, short.json()["code"], short.json()["instead"]) == (409, "stock-short", "refund")
    assert (await stock_queries.get_count(db, draft.lines[0].sku.sku_id)).held == 0
    paid = await desk.post("refund", seller)
    told = paid.json()
    assert (told["status"], told["refunded_count"], told["refunded_fen"]) == ("CANCELLED", 3, 3000)
    refunds = (await client.get(f"/v1/orders/{draft.order_id}/refunds", headers=buyer)).json()["items"]
    assert [(each["amount_fen"], each["cause"]) for each in refunds] == [(3000, "exchange")]
    again = await ask(client, db, draft, buyer, piece_count=1)
    assert again.json()["code"] == "pieces-claimed-already", "paid back is spoken for"


async def test_goods_that_have_to_come_back_come_first(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    made = await ask(client, db, draft, buyer, piece_count=1, problem="wrong")
    desk = Desk(client, f"/v1/exchanges/{made.json()['exchange_id']}")
    nowhere = await desk.post("approve", seller, goods_back=True)
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "send-to-missing")
    assert (await desk.post("approve", seller, goods_back=True, send_to="房县 8 号")).status_code == 200
    assert await published(db, ReplacementDue) == [], "nothing is sent before they are on their way"
    unnamed = await desk.post("send", buyer)
    assert (unnamed.status_code, unnamed.json()["code"]) == (422, "waybill-missing")
    sent = await desk.post("send", buyer, carrier_name="顺丰", waybill_number="SF77")
    assert (sent.json()["status"], sent.json()["can_book_goods"]) == ("SENT_BACK", False)
    assert len(await published(db, ReplacementDue)) == 1
    assert (await client.get(desk.path, headers=seller)).json()["can_book_goods"]
    late = await desk.post("withdraw", buyer)
    assert (late.status_code, late.json()["code"]) == (409, "exchange-status")


async def test_a_refusal_needs_a_reason_and_frees_the_pieces(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    made = await ask(client, db, draft, buyer, piece_count=3)
    desk = Desk(client, f"/v1/exchanges/{made.json()['exchange_id']}")
    unsaid = await desk.post("refuse", seller)
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "reason-missing")
    assert (await desk.post("refuse", seller, reason="照片看不出")).json()["status"] == "REFUSED"
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/returns"
    turned = await client.post(
        path, json={"piece_count": 3, "cause": "faulty"}, headers=buyer | {"idempotency-key": str(uuid4())}
    )
    assert turned.status_code == 201, "its buyer may turn it into a return"


async def test_when_the_suppliers_time_is_over_the_platform_decides(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=3, **DRY)
    await more_stock(db, draft, 3)
    exchange = await requested_exchange(db, draft, 1)
    later = SOON + timedelta(days=3)
    with pytest.raises(Conflict) as refusal:
        await moved_exchange(db, exchange, "refuse", seller_of(draft), now=later)
    assert refusal.value.code == "exchange-too-late"
    operator = seller_of(draft).__class__(uuid4(), uuid4(), "operator")
    assert (await moved_exchange(db, exchange, "approve", operator, now=later)).status == "APPROVED"


@pytest.mark.parametrize(
    ("sku", "hours", "given", "status", "code"),
    [
        ({"temperature_class": "STONE", "category": "fruit"}, 48, {}, 409, "exchange-window-over"),
        (DRY, 360, {}, 409, "exchange-window-over"),
        (DRY, 1, {"piece_count": 4}, 409, "pieces-claimed-already"),
        (DRY, 1, {"photo_ids": [str(uuid4())]}, 422, "photo-unknown"),
        (DRY, 1, {"photo_ids": []}, 422, "validation"),
    ],
)
async def test_what_is_not_exchanged(
    client: httpx2.AsyncClient,
    db: AsyncSession,
    as_caller: Headers,
    sku: dict[str, str],
    hours: int,
    given: dict[str, Any],
    status: int,
    code: str,
):
    draft = await delivered_fruit(db, quantity=3, delivered_at=utc_now() - timedelta(hours=hours), **sku)
    refused = await ask(client, db, draft, as_caller(person_id=draft.buyer.person_id), **given)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_lists_are_each_sides_own_and_the_buyers_one_list_has_all_three(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, draft: order_rules.OrderDraft
):
    buyer = as_caller(person_id=draft.buyer.person_id)
    seller = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    made = await ask(client, db, draft, buyer, piece_count=1)
    await opened_claim(db, draft, now=utc_now() - timedelta(hours=47))
    path = f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/returns"
    await client.post(
        path, json={"piece_count": 1, "cause": "faulty"}, headers=buyer | {"idempotency-key": str(uuid4())}
    )
    for headers, count in ((buyer, 1), (seller, 1), (as_caller(kind="operator"), 1), (as_caller(), 0)):
        assert len((await client.get("/v1/exchanges", headers=headers)).json()["items"]) == count
    params = {"q": draft.lines[0].sku.product_title, "status": "REQUESTED", "sort": "due"}
    assert len((await client.get("/v1/exchanges", params=params, headers=seller)).json()["items"]) == 1
    assert (await client.get("/v1/exchanges", params={"is_overdue": True}, headers=seller)).json()["items"] == []
    for kind, start in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
        for noun in ("exchanges", "returns", "claims", "after-sales"):
            file = await client.get(f"/v1/{noun}/export", params={"format": kind}, headers=buyer)
            assert (file.status_code, file.content[: len(start)]) == (200, start)
    found: list[str] = []
    asked: dict[str, Any] = {"limit": 1}
    while True:
        answer = (await client.get("/v1/after-sales", params=asked, headers=buyer)).json()
        found += [each["kind"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        asked["cursor"] = answer["next_cursor"]
    assert sorted(found) == ["claim", "exchange", "return"]
    only = await client.get("/v1/after-sales", params={"kind": "exchange", "is_open": True}, headers=buyer)
    assert [each["subject_id"] for each in only.json()["items"]] == [made.json()["exchange_id"]]
    assert (await client.get("/v1/after-sales", headers=seller)).json()["items"] == []
    assert (await client.get(f"/v1/exchanges/{made.json()['exchange_id']}", headers=as_caller())).status_code == 404
