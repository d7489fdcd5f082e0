"""Holds for campaigns and carts: they end by a person or by the clock, once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.hold import actions, rules
from orders.jobs import expire_holds
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.stock.shelving import rows, supplier
from services.shared.tests.machine import DatabaseMachine
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Conflict, Invalid, Refusal
from shared.ids import new_id

Headers = Callable[..., dict[str, str]]
WEEK = timedelta(days=7)


def keyed(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "idempotency-key": str(uuid4())}


async def held(db: AsyncSession, sku_id: UUID, quantity: int, caller: Caller, **given: object) -> UUID:
    holder_id = new_id()
    values = {"purpose": "campaign", "title": "年货节", "expires_at": NOW + WEEK, "now": NOW} | given
    await actions.hold(db, holder_id=holder_id, quantities={sku_id: quantity}, caller=caller, **values)  # type: ignore[arg-type]
    return holder_id


async def test_a_campaign_holds_extends_and_releases_over_http(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=10)
    me = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    body = {
        "title": "年货节",
        "lines": [{"sku_id": str(sku.sku_id), "quantity": 4}, {"sku_id": str(sku.sku_id), "quantity": 2}],
        "expires_at": (utc_now() + WEEK).isoformat(),
    }
    key = keyed(me)
    first = await client.post("/v1/stock/holds", json=body, headers=key)
    again = await client.post("/v1/stock/holds", json=body, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    made = first.json()
    assert (made["status"], made["lines"][0]["open_count"]) == ("OPEN", 6)
    assert (await stock_queries.get_count(db, sku.sku_id)).available == 4
    sheet = (await client.get("/v1/stock/holds/export", headers=me)).text.splitlines()
    assert [row.split(",")[:6] for row in sheet[1:]] == [
        ["年货节", "占用中", sku.product_title, sku.specification, "6", "6"]
    ]
    assert (await client.get("/v1/stock/holds/export?format=xlsx", headers=me)).content.startswith(b"PK")
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert len((await client.get("/v1/stock/holds/export", headers=stranger)).text.splitlines()) == 1
    short = await client.post("/v1/stock/holds", json=body, headers=keyed(me))
    assert (short.status_code, short.json()["code"]) == (409, "stock-short")
    assert short.json()["shortages"] == [{"sku_id": str(sku.sku_id), "wanted": 6, "available": 4}]
    path = f"/v1/stock/holds/{made['holder_id']}"
    later = {"expires_at": (utc_now() + 2 * WEEK).isoformat()}
    assert (await client.post(f"{path}/extend", json=later, headers=keyed(me))).json()["expires_at"] > made[
        "expires_at"
    ]
    too_late = await client.post(
        f"{path}/extend", json={"expires_at": (utc_now() + 9 * WEEK).isoformat()}, headers=keyed(me)
    )
    assert (too_late.status_code, too_late.json()["code"]) == (422, "hold-end-wrong")
    assert (await client.post(f"{path}/release", headers=keyed(me))).json()["status"] == "RELEASED"
    for verb in ("release", "extend"):
        refused = await client.post(f"{path}/{verb}", json=later, headers=keyed(me))
        assert (refused.status_code, refused.json()["code"]) == (409, "hold-status")
    assert (await stock_queries.get_count(db, sku.sku_id)).available == 10
    listed = (await client.get("/v1/stock/holds?status=RELEASED", headers=me)).json()["items"]
    assert [each["holder_id"] for each in listed] == [made["holder_id"]]


async def test_a_hold_is_its_suppliers_and_the_operators_business(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    sku = await listed_sku(db, stock=10)
    holder_id = await held(db, sku.sku_id, 2, supplier(sku.supplier_id))
    rival = as_caller(kind="supplier", organisation_id=uuid4())
    path = f"/v1/stock/holds/{holder_id}"
    for method, address in (("GET", path), ("POST", f"{path}/release")):
        answer = await client.request(method, address, headers=keyed(rival))
        assert (answer.status_code, answer.json()["code"]) == (404, "hold-not-found")
    body = {
        "title": "抢货",
        "lines": [{"sku_id": str(sku.sku_id), "quantity": 1}],
        "expires_at": (utc_now() + WEEK).isoformat(),
    }
    refused = await client.post("/v1/stock/holds", json=body, headers=keyed(rival))
    assert (refused.status_code, refused.json()["code"]) == (404, "sku-not-found")
    assert (await client.post("/v1/stock/holds", json=body, headers=keyed(as_caller()))).status_code == 403
    operator = as_caller(kind="operator")
    assert (await client.post("/v1/stock/holds", json=body, headers=keyed(operator))).status_code == 201
    assert (await client.post(f"{path}/release", headers=keyed(operator))).json()["status"] == "RELEASED"


async def test_a_hold_that_a_group_used_is_listed_too(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    sku = await listed_sku(db, stock=10)
    await held(db, sku.sku_id, 3, Caller(uuid4(), sku.supplier_id, "supplier"))
    await db.execute(text("UPDATE stock_terms SET status = 'USED', ended_at = now()"))
    me = as_caller(kind="supplier", organisation_id=sku.supplier_id)
    listed = await client.get("/v1/stock/holds", params={"status": "USED"}, headers=me)
    assert (listed.status_code, [each["status"] for each in listed.json()["items"]]) == (200, ["USED"])


async def test_a_carts_hold_lasts_minutes(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    shopper = Caller(uuid4())
    with pytest.raises(Invalid) as refusal:
        await held(db, sku.sku_id, 1, shopper, purpose="cart", expires_at=NOW + timedelta(minutes=16))
    assert refusal.value.code == "hold-end-wrong"
    await held(db, sku.sku_id, 1, shopper, purpose="cart", expires_at=NOW + timedelta(minutes=15))
    assert await actions.expire_holds(db, now=NOW + timedelta(minutes=14)) == 0
    assert await actions.expire_holds(db, now=NOW + timedelta(minutes=15)) == 1
    assert (await stock_queries.get_count(db, sku.sku_id)).available == 10


async def test_expiry_beside_releases_and_extensions_ends_each_hold_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=100)
        me = supplier(sku.supplier_id)
        ids = [await held(db, sku.sku_id, 2, me) for _ in range(30)]
    due = NOW + WEEK

    async def attempt(verb: str, holder_id: UUID) -> str:
        try:
            async with fresh_database.begin() as db:
                if verb == "release":
                    await actions.release_hold(db, holder_id=holder_id, caller=me, now=due)
                else:
                    await actions.extend_hold(db, holder_id=holder_id, expires_at=due + WEEK, caller=me, now=due)
        except Refusal as refusal:
            return refusal.code
        return verb

    async def expire() -> int:
        async with fresh_database.begin() as db:
            return await actions.expire_holds(db, now=due, limit=7)

    outcomes = await asyncio.gather(
        *(attempt("release" if number % 2 else "extend", each) for number, each in enumerate(ids)),
        *(expire() for _ in range(4)),
    )
    while await expire():
        pass
    assert set(outcomes[:30]) <= {"release", "extend", "hold-status"}
    async with fresh_database.begin() as db:
        statuses = dict(await rows(db, "SELECT status, count(*)::int FROM stock_terms GROUP BY status"))
        assert statuses.get("RELEASED", 0) == outcomes.count("release")
        assert statuses.get("OPEN", 0) == outcomes.count("extend")
        assert (await stock_queries.get_count(db, sku.sku_id)).held == 2 * outcomes.count("extend")
        assert await stock_queries.list_differences(db) == []


async def test_the_minutely_job_ends_all_that_is_due(fresh_database: Database):
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=300)
        for _ in range(120):
            await held(db, sku.sku_id, 1, Caller(uuid4()), purpose="cart", expires_at=NOW + timedelta(minutes=1))
        await rows(db, "UPDATE stock_terms SET expires_at = now() - interval '1 minute' RETURNING 1")
    await expire_holds(fresh_database)
    async with fresh_database.begin() as db:
        assert (await stock_queries.get_count(db, sku.sku_id)).held == 0


class HoldMachine(DatabaseMachine):
    """The model: where the one hold is, and when it ends."""

    status = "OPEN"
    ends = NOW + WEEK

    @initialize()
    def begin(self) -> None:
        self.sku = self.do(lambda db: listed_sku(db, stock=10))
        self.me = supplier(self.sku.supplier_id)
        self.holder_id = self.do(lambda db: held(db, self.sku.sku_id, 3, self.me))

    def expect(self, verb: str, outcome: str) -> None:
        is_legal = self.status in rules.MOVES[verb][0]
        assert outcome == ("done" if is_legal else "hold-status")
        if is_legal:
            self.status = rules.MOVES[verb][1]

    @rule(days=st.integers(1, 56))
    def extend(self, days: int) -> None:
        ends = NOW + timedelta(days=days)
        outcome = self.try_to(
            lambda db: actions.extend_hold(db, holder_id=self.holder_id, expires_at=ends, caller=self.me, now=NOW)
        )
        self.expect("extend", outcome)
        if outcome == "done":
            self.ends = ends

    @rule()
    def release(self) -> None:
        step = self.try_to(lambda db: actions.release_hold(db, holder_id=self.holder_id, caller=self.me, now=NOW))
        self.expect("release", step)

    @rule(days=st.integers(0, 60))
    def expire(self, days: int) -> None:
        now = NOW + timedelta(days=days)
        is_due = self.status == "OPEN" and self.ends <= now
        assert self.do(lambda db: actions.expire_holds(db, now=now)) == int(is_due)
        if is_due:
            self.status = "EXPIRED"

    @invariant()
    def the_pieces_are_held_while_it_is_open(self) -> None:
        async def look(db: AsyncSession) -> tuple[int, str]:
            [(status,)] = await rows(db, "SELECT status FROM stock_terms WHERE holder_id = :id", id=self.holder_id)
            assert await stock_queries.list_differences(db) == []
            return (await stock_queries.get_count(db, self.sku.sku_id)).held, status

        assert self.do(look) == (3 if self.status == "OPEN" else 0, self.status)


def test_a_hold_only_ever_makes_legal_moves(database_url: str):
    machine = type("BoundHoldMachine", (HoldMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=10, deadline=None, database=None)
    )


async def test_what_is_not_there_is_not_held(db: AsyncSession):
    sku = await listed_sku(db, stock=1)
    with pytest.raises(Conflict) as refusal:
        await held(db, sku.sku_id, 2, supplier(sku.supplier_id))
    assert refusal.value.code == "stock-short"
