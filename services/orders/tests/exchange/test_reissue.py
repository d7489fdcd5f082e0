"""What the service desk sends again: who may, what is refused, what is kept, and agents beside buyers."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.exchange import actions
from orders.order import rules as order_rules
from orders.stock import queries as stock_queries
from orders.trail import queries as trail_queries
from services.orders.tests.after_sales import (
    balance_of,
    delivered_fruit,
    more_stock,
    opened_claim,
    payment_of,
    requested_exchange,
)
from services.orders.tests.factories import NOW, listed_sku, placed_order
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.events.orders import ReplacementDue, SupplierOrderSettled
from shared.testing import published

Headers = Callable[..., dict[str, str]]
AGENT = Caller(uuid4(), uuid4(), "operator", frozenset({"support"}))


def path_of(draft: order_rules.OrderDraft) -> str:
    return f"/v1/orders/{draft.order_id}/lines/{draft.lines[0].line_id}/reissue"


async def reissue(
    client: httpx2.AsyncClient, draft: order_rules.OrderDraft, headers: dict[str, str], **given: Any
) -> httpx2.Response:
    body = {"piece_count": 2, "reason": "压坏了两盒", **given}
    return await client.post(path_of(draft), json=body, headers={"idempotency-key": str(uuid4())} | headers)


async def test_pieces_go_out_again_at_once_however_long_ago_they_arrived(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    draft = await delivered_fruit(db, quantity=3, price_fen=1990, delivered_at=utc_now() - timedelta(days=40))
    await more_stock(db, draft, 2)
    settled, paid = len(await published(db, SupplierOrderSettled)), await payment_of(db, draft.order_id)
    agent = as_caller(kind="operator", roles=("support",)) | {"idempotency-key": "once"}
    made = await reissue(client, draft, agent)
    again = await reissue(client, draft, agent)
    assert (made.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, made.json(), "true")
    told = made.json()
    assert (told["problem"], told["status"], told["goods_back"]) == ("reissue", "APPROVED", False)
    [due] = [each for each in await published(db, ReplacementDue) if isinstance(each, ReplacementDue)]
    assert (str(due.exchange_id), due.order_id, due.quantity) == (told["exchange_id"], draft.order_id, 2)
    count = await stock_queries.get_count(db, draft.lines[0].sku.sku_id)
    assert (count.on_hand, count.held) == (2, 2)
    assert await stock_queries.list_differences(db) == []
    assert await balance_of(db, draft.lines[0].line_id) == (2, 0, 0)
    assert len(await published(db, SupplierOrderSettled)) == settled
    assert await payment_of(db, draft.order_id) == paid
    [entry] = await trail_queries.list_trail(db, UUID(told["exchange_id"]))
    assert (entry.verb, entry.to_status, entry.actor, entry.reason) == (
        "reissue",
        "APPROVED",
        "operator",
        "压坏了两盒",
    )
    case = (await client.get(f"/v1/service/orders/{draft.order_id}", headers=agent)).json()
    [shown] = [each for each in case["timeline"] if each["what"] == "reissue"]
    assert (shown["person_id"], shown["reason"]) == (str(entry.person_id), "压坏了两盒")
    buyer = as_caller(person_id=draft.buyer.person_id)
    [mine] = (await client.get("/v1/after-sales", headers=buyer)).json()["items"]
    assert (mine["kind"], mine["cause"], mine["status"]) == ("exchange", "reissue", "APPROVED")
    assert (await client.get(f"/v1/exchanges/{told['exchange_id']}", headers=buyer)).json()["verbs"] == []
    assert "平台补发" in (await client.get("/v1/exchanges/export", headers=buyer)).text


@pytest.mark.parametrize(
    ("given", "stock", "status", "code"),
    [
        ({"piece_count": 4}, 9, 409, "pieces-claimed-already"),
        ({"piece_count": 4}, 0, 409, "pieces-claimed-already"),
        ({"piece_count": 0}, 9, 422, "validation"),
        ({"reason": " "}, 9, 422, "validation"),
        ({}, 1, 409, "stock-short"),
    ],
)
async def test_what_is_refused_changes_nothing(
    client: httpx2.AsyncClient,
    db: AsyncSession,
    as_caller: Headers,
    given: dict[str, Any],
    stock: int,
    status: int,
    code: str,
):
    draft = await delivered_fruit(db, quantity=3)
    if stock:
        await more_stock(db, draft, stock)
    refused = await reissue(client, draft, as_caller(kind="operator", roles=("operator",)), **given)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json().get("instead") == ("refund" if code == "stock-short" else None)
    assert (await stock_queries.get_count(db, draft.lines[0].sku.sku_id)).held == 0
    assert await published(db, ReplacementDue) == []
    assert await db.scalar(text("SELECT count(*) FROM exchanges")) == 0


async def test_only_agents_and_only_what_arrived(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    draft = await delivered_fruit(db, quantity=3)
    await more_stock(db, draft, 3)
    supplier = as_caller(kind="supplier", organisation_id=draft.lines[0].sku.supplier_id)
    for headers in (as_caller(person_id=draft.buyer.person_id), supplier, as_caller(kind="operator", roles=("x",))):
        refused = await reissue(client, draft, headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "agents-only")
    listed = await listed_sku(db, stock=9)
    waiting = await placed_order(db, (listed.sku_id, 3))
    agent = as_caller(kind="operator", roles=("support",))
    early = await reissue(client, waiting, agent)
    assert (early.status_code, early.json()["code"]) == (409, "not-delivered")
    path = f"/v1/orders/{waiting.order_id}/lines/{draft.lines[0].line_id}/reissue"
    headers = agent | {"idempotency-key": str(uuid4())}
    other = await client.post(path, json={"piece_count": 1, "reason": "x"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (404, "line-not-found")


async def test_agents_and_the_buyer_at_the_same_pieces(fresh_database: Database):
    async with fresh_database.begin() as db:
        draft = await delivered_fruit(db, quantity=4)
        await more_stock(db, draft, 3)

    async def one(number: int) -> str:
        try:
            async with fresh_database.begin() as db:
                if number % 3 == 0:
                    await opened_claim(db, draft)
                elif number % 3 == 1:
                    await requested_exchange(db, draft)
                else:
                    await actions.reissue_pieces(
                        db,
                        exchange_id=uuid4(),
                        order_id=draft.order_id,
                        line_id=draft.lines[0].line_id,
                        piece_count=1,
                        reason="道歉",
                        caller=AGENT,
                        now=NOW,
                    )
        except Refusal as refusal:
            return refusal.code
        return "done"

    found = await asyncio.gather(*(one(number) for number in range(12)))
    assert found.count("done") == 4
    assert set(found) <= {"done", "pieces-claimed-already", "stock-short"}
    async with fresh_database.begin() as db:
        assert (await balance_of(db, draft.lines[0].line_id))[0] == 4
        sent = await db.scalar(text("SELECT count(*) FROM exchanges WHERE problem = 'reissue'"))
        assert (await stock_queries.get_count(db, draft.lines[0].sku.sku_id)).held == sent
        assert len(await published(db, ReplacementDue)) == sent


async def test_the_database_keeps_a_reissue_from_waiting_for_anybody(db: AsyncSession):
    draft = await delivered_fruit(db, quantity=1)
    exchange = await requested_exchange(db, draft)
    with pytest.raises(IntegrityError, match="reissue_is_sent_at_once"):
        await db.execute(
            text("UPDATE exchanges SET problem = 'reissue' WHERE exchange_id = :id"), {"id": exchange.exchange_id}
        )
