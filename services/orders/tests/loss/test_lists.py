"""Losses in lists and one by one over HTTP: who sees which, what is searched, who decides what the carrier bears."""

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.loss import actions
from orders.loss.models import MissingReport
from services.orders.tests.factories import NOW
from services.orders.tests.loss.test_handlers import LATER, Trade, trade_of
from shared.auth import Caller
from shared.db import Database
from shared.errors import Stale

Headers = Callable[..., dict[str, str]]
REASON = "查件：承运商按合同只赔八成"


@pytest.fixture
def agent(as_caller: Headers) -> dict[str, str]:
    return as_caller(kind="operator", roles=("support",))


async def lost(db: AsyncSession, **given: Any) -> tuple[Trade, UUID]:
    trade = await trade_of(db, **given)
    await trade.send(3)
    return trade, (await trade.lose(1)).loss_id


async def supplier_of(db: AsyncSession, trade: Trade, part: int = 0) -> UUID:
    query = text("SELECT supplier_id FROM supplier_orders WHERE supplier_order_id = :id")
    return UUID(str(await db.scalar(query, {"id": trade.common(part)["supplier_order_id"]})))


async def ids(client: httpx2.AsyncClient, headers: dict[str, str], **asked: Any) -> list[str]:
    answer = await client.get("/v1/losses", headers=headers, params=asked)
    assert answer.status_code == 200, answer.text
    return [each["entry_id"] for each in answer.json()["items"]]


async def test_a_supplier_sees_its_own_and_an_agent_all(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers, agent: dict[str, str]
):
    (trade, first), (_, second) = await lost(db), await lost(db)
    own = as_caller(kind="supplier", organisation_id=await supplier_of(db, trade), roles=("admin",))
    stranger = as_caller(kind="supplier", organisation_id=uuid4(), roles=("admin",))
    assert set(await ids(client, agent)) == {str(first), str(second)}
    assert await ids(client, own) == [str(first)]
    assert await ids(client, stranger) == []
    for path in (f"/v1/losses/{first}", f"/v1/losses/{uuid4()}"):
        refused = await client.get(path, headers=stranger)
        assert (refused.status_code, refused.json()["code"]) == (404, "loss-not-found")
    assert (await client.get(f"/v1/losses/{first}", headers=own)).json()["may_decide"] is False
    buyer = await client.get("/v1/losses", headers=as_caller(kind="consumer"))
    assert (buyer.status_code, buyer.json()["code"]) == (403, "kind-not-allowed")


async def test_the_list_is_paged_searched_and_narrowed(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]
):
    trade, first = await lost(db)
    await trade.lose(2, remedy="send_again")
    missed, _ = await lost(db)
    number = await db.scalar(text("SELECT order_number FROM orders WHERE order_id = :id"), {"id": trade.draft.order_id})
    everything = await ids(client, agent)
    assert len(everything) == 3
    page = (await client.get("/v1/losses", headers=agent, params={"limit": 2})).json()
    rest = await ids(client, agent, limit=2, cursor=page["next_cursor"])
    assert [each["entry_id"] for each in page["items"]] + rest == everything
    assert len(await ids(client, agent, q=number)) == 2
    assert len(await ids(client, agent, q="SF1")) == 3
    assert await ids(client, agent, q="SF") == [], "a waybill is found by its whole number"
    assert str(first) in await ids(client, agent, state="REFUNDED")
    db.add(
        MissingReport(
            supplier_order_id=missed.common(0)["supplier_order_id"],
            order_id=missed.draft.order_id,
            note="门口没有",
            promised_until=None,
            reported_by=uuid4(),
            reported_at=LATER + timedelta(days=1),
        )
    )
    await db.flush()
    assert len(await ids(client, agent)) == 4
    assert await ids(client, agent, state="MISSING") == [str(missed.common(0)["supplier_order_id"])]
    await missed.arrive()
    assert await ids(client, agent, state="MISSING") == []
    assert await ids(client, agent, state="ARRIVED") == [str(missed.common(0)["supplier_order_id"])]


async def test_what_was_missed_and_then_found_lost_is_one_row(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]
):
    trade = await trade_of(db)
    await trade.send(3)
    report = {"supplier_order_id": trade.common(0)["supplier_order_id"], "order_id": trade.draft.order_id}
    db.add(MissingReport(**report, note="", promised_until=None, reported_by=uuid4(), reported_at=NOW))
    await db.flush()
    assert await ids(client, agent, state="MISSING") == [str(report["supplier_order_id"])]
    told = await trade.lose(3)
    assert await ids(client, agent) == [str(told.loss_id)]


async def test_the_file_tells_who_bears_what(db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]):
    _, loss_id = await lost(db)
    await decided(client, agent, loss_id, 8000)
    answer = await client.get("/v1/losses/export", headers=agent, params={"format": "csv"})
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["状态"], row["商家承担(元)"], row["承运商承担(元)"]) == ("已退款", "2.47", "9.87")


async def decided(
    client: httpx2.AsyncClient, headers: dict[str, str], loss_id: UUID, bp: int, revision: int = 1
) -> httpx2.Response:
    return await client.post(
        f"/v1/losses/{loss_id}/decide-share",
        headers={**headers, "If-Match": f'"{revision}"'},
        json={"carrier_bp": bp, "reason": REASON},
    )


async def test_an_agent_decides_what_the_carrier_bears_and_the_trail_tells_it(
    db: AsyncSession, client: httpx2.AsyncClient, agent: dict[str, str]
):
    trade, loss_id = await lost(db)
    before = (await client.get(f"/v1/losses/{loss_id}", headers=agent)).json()
    assert (before["carrier_fen"], before["supplier_fen"], before["carrier_bp"]) == (1234, 0, 10_000)
    refunds = await trade.refunds()
    answer = await decided(client, agent, loss_id, 8000)
    found = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (found["carrier_fen"], found["supplier_fen"], found["carrier_bp"]) == (987, 247, 8000)
    told = [(each["verb"], each["from_status"], each["to_status"], each["reason"]) for each in found["trail"]]
    assert told == [("declare", None, "10000", "承运商确认遗失"), ("decide-share", "10000", "8000", REASON)]
    assert await trade.refunds() == refunds, "what the buyer got back stays"


async def test_who_may_not_decide_and_what_may_not_be(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers, agent: dict[str, str]
):
    trade, loss_id = await lost(db, stock=9)
    own = as_caller(kind="supplier", organisation_id=await supplier_of(db, trade), roles=("admin",))
    again = (await trade.lose(1, remedy="send_again")).loss_id
    for headers, wanted, bp, revision, status, code in (
        (own, loss_id, 0, 1, 403, "agents-only"),
        (as_caller(kind="operator", roles=("analyst",)), loss_id, 0, 1, 403, "agents-only"),
        (agent, uuid4(), 0, 1, 404, "loss-not-found"),
        (agent, loss_id, 10_000, 1, 409, "share-unchanged"),
        (agent, loss_id, 8050, 1, 422, "share-out-of-bounds"),
        (agent, loss_id, 5000, 9, 412, "stale"),
        (agent, again, 5000, 1, 409, "nothing-to-share"),
    ):
        refused = await decided(client, headers, wanted, bp, revision)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    answer = await client.post(
        f"/v1/losses/{loss_id}/decide-share", headers=agent, json={"carrier_bp": 1, "reason": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition-missing")
    shares = text("SELECT carrier_bp || ' ' || revision FROM part_losses WHERE loss_id = :id")
    assert await db.scalar(shares, {"id": loss_id}) == "10000 1"
    assert len((await client.get(f"/v1/losses/{loss_id}", headers=agent)).json()["trail"]) == 1


async def test_of_two_agents_at_once_one_decides(fresh_database: Database):
    async with fresh_database.begin() as db:
        _, loss_id = await lost(db)

    async def decide(bp: int) -> str:
        try:
            async with fresh_database.begin() as db:
                await actions.decide_share(
                    db,
                    loss_id=loss_id,
                    carrier_bp=bp,
                    reason=REASON,
                    expected_revision=1,
                    caller=Caller(uuid4()),
                    now=LATER,
                )
        except Stale as refusal:
            return refusal.code
        return "decided"

    assert sorted(await asyncio.gather(*(decide(bp) for bp in (0, 2500, 5000)))) == ["decided", "stale", "stale"]


async def test_the_database_holds_the_shares(db: AsyncSession):
    _, loss_id = await lost(db)
    with pytest.raises(IntegrityError, match="carrier_bears_its_share"):
        await db.execute(text("UPDATE part_losses SET carrier_bp = 5000 WHERE loss_id = :id"), {"id": loss_id})
