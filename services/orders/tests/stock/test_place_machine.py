"""Sites, lots and holds in any sequence, with crashes: ledger = counters = sum of shelves = holds, nothing negative."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.lot import actions as lot_actions
from orders.stock import actions, queries
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.stock.shelving import TODAY, opened_site, received, rows
from services.shared.tests.machine import DatabaseMachine
from shared.db import Database

SITES = st.integers(0, 1)
LOTS = st.sampled_from(["", "OLD", "SOON", "LATER"])
PIECES = st.integers(1, 5)
DAYS = {"OLD": TODAY - timedelta(days=1), "SOON": TODAY + timedelta(days=3), "LATER": TODAY + timedelta(days=30)}


class Crash(Exception):  # noqa: N818 - what a killed process looks like from the database: nothing was committed
    """The process died before its commit."""


class PlaceMachine(DatabaseMachine):
    """The model: pieces by site and lot, open pieces by holder. What no holder has and no unfit lot blocks is free."""

    @initialize()
    def begin(self) -> None:
        self.sku = self.do(lambda db: listed_sku(db, stock=4)).sku_id
        [(home, supplier_id)] = self.do(lambda db: rows(db, "SELECT site_id, supplier_id FROM stock_sites"))
        self.sites: list[UUID] = [home, self.do(lambda db: opened_site(db, supplier_id))]
        self.shelves: Counter[tuple[UUID, str]] = Counter({(home, ""): 4})
        self.holds: dict[UUID, int] = {}
        self.held_lots: set[str] = set()
        self.revision = 0

    def attempt(self, step: Any, *, crashes: bool) -> str:
        """Do it: its outcome. Or do it and die before the commit, which must be as if it had not been done."""

        async def die(db: AsyncSession) -> None:
            await step(db)
            raise Crash

        if not crashes:
            return self.try_to(step)
        with suppress(Crash):
            self.try_to(die)
        return "crashed"

    @rule(site=SITES, lot=LOTS, pieces=PIECES, crashes=st.booleans())
    def receive(self, site: int, lot: str, pieces: int, crashes: bool) -> None:
        site_id = self.sites[site]
        outcome = self.attempt(
            lambda db: received(db, self.sku, pieces, lot=lot, until=DAYS.get(lot), site_id=site_id), crashes=crashes
        )
        if outcome == "done":
            self.shelves[site_id, lot] += pieces

    @rule(site=SITES, lot=LOTS, pieces=PIECES, crashes=st.booleans())
    def lose(self, site: int, lot: str, pieces: int, crashes: bool) -> None:
        site_id = self.sites[site]
        outcome = self.attempt(
            lambda db: actions.adjust_stock(
                db,
                sku_id=self.sku,
                change=-pieces,
                reason="count",
                recorded_by=None,
                now=NOW,
                site_id=site_id,
                lot_number=lot,
            ),
            crashes=crashes,
        )
        if self.shelves[site_id, lot] < pieces:
            assert outcome in {"place-short", "crashed"}
        if outcome == "done":
            self.shelves[site_id, lot] -= pieces

    @rule(site=SITES, lot=LOTS, pieces=PIECES)
    def move(self, site: int, lot: str, pieces: int) -> None:
        one, other = self.sites[site], self.sites[1 - site]
        outcome = self.try_to(
            lambda db: actions.transfer_stock(
                db,
                sku_id=self.sku,
                quantity=pieces,
                from_site_id=one,
                to_site_id=other,
                reference="",
                recorded_by=None,
                now=NOW,
                lot_number=lot,
            )
        )
        is_possible = self.shelves[one, lot] >= pieces
        assert outcome == ("done" if is_possible else "place-short")
        if is_possible:
            self.shelves[one, lot] -= pieces
            self.shelves[other, lot] += pieces

    @rule(pieces=PIECES)
    def hold(self, pieces: int) -> None:
        holder_id = uuid4()
        outcome = self.try_to(
            lambda db: actions.hold_stock(
                db, holder_id=holder_id, purpose="order", quantities={self.sku: pieces}, until=None, now=NOW
            )
        )
        if outcome == "done":
            self.holds[holder_id] = pieces
        else:
            assert outcome == "stock-short"

    @rule(data=st.data(), crashes=st.booleans())
    def ship(self, data: st.DataObject, crashes: bool) -> None:
        if not self.holds:
            return
        holder_id = data.draw(st.sampled_from([*self.holds]))
        pieces = data.draw(st.integers(1, self.holds[holder_id] + 1))
        fit_before = self.fit_count()
        outcome = self.attempt(
            lambda db: actions.ship_stock(db, holder_id=holder_id, quantities={self.sku: pieces}, now=NOW),
            crashes=crashes,
        )
        if pieces > self.holds[holder_id]:
            assert outcome in {"shipped-more-than-held", "crashed"}
        if outcome == "done":
            self.holds[holder_id] -= pieces
            self.read_shelves()
            assert self.fit_count() == max(0, fit_before - pieces), (
                "what is unfit leaves only when nothing else is there"
            )
            if not self.holds[holder_id]:
                del self.holds[holder_id]

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        holder_id = data.draw(st.sampled_from([*self.holds, uuid4()]))
        self.do(lambda db: actions.release_stock(db, holder_ids=[holder_id], now=NOW))
        self.holds.pop(holder_id, None)

    @rule(lot=st.sampled_from(["SOON", "LATER"]), crashes=st.booleans())
    def the_catalog_holds_or_releases_a_lot(self, lot: str, crashes: bool) -> None:
        self.revision += 1
        told = {"lot_id": UUID(int=len(lot)), "code": lot, "revision": self.revision, "now": NOW}
        if lot in self.held_lots:
            outcome = self.attempt(lambda db: lot_actions.note_released(db, **told), crashes=crashes)
        else:
            outcome = self.attempt(
                lambda db: lot_actions.note_held(db, **told, sku_ids=[self.sku], reason="residue"), crashes=crashes
            )
        if outcome == "done":
            self.held_lots ^= {lot}

    @rule()
    def the_clock_looks(self) -> None:
        self.do(lambda db: lot_actions.keep_from_sale(db, now=NOW))

    @rule()
    def rebuild(self) -> None:
        self.do(lambda db: actions.rebuild_stock(db, sku_ids=[self.sku], now=NOW))

    def fit_count(self) -> int:
        unfit = self.held_lots | {"OLD"}
        return sum(count for (_, lot), count in self.shelves.items() if lot not in unfit)

    def read_shelves(self) -> None:
        found = self.do(lambda db: queries.list_shelves(db, [self.sku], day=TODAY))
        before = self.shelves.total()
        self.shelves = Counter({(each["site_id"], each["lot_number"]): each["on_hand"] for each in found})
        assert self.shelves.total() <= before

    @invariant()
    def the_books_agree(self) -> None:
        async def look(db: AsyncSession) -> tuple[Any, Any, Any]:
            await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            await db.execute(text("SET CONSTRAINTS ALL DEFERRED"))
            found = await queries.list_shelves(db, [self.sku], day=TODAY)
            return await queries.list_differences(db), await queries.get_count(db, self.sku), found

        differences, count, found = self.do(look)
        assert differences == []
        assert {(each["site_id"], each["lot_number"]): each["on_hand"] for each in found} == +self.shelves
        assert count.on_hand == self.shelves.total()
        assert count.held >= sum(self.holds.values())
        assert count.available == count.on_hand - count.held >= 0
        blocked = count.held - sum(self.holds.values())
        assert blocked <= self.shelves.total() - self.fit_count(), "only unfit pieces are blocked"


def test_the_books_balance_by_site_and_lot_after_any_sequence(database_url: str):
    machine = type("BoundPlaceMachine", (PlaceMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=15, deadline=None, database=None)
    )


async def test_a_connection_that_is_cut_between_statements_leaves_nothing(fresh_database: Database):
    async with fresh_database.begin() as db:
        sku = (await listed_sku(db, stock=9)).sku_id
    steps: list[Any] = [
        lambda db: received(db, sku, 3, lot="SOON", until=DAYS["SOON"]),
        lambda db: actions.hold_stock(
            db, holder_id=UUID(int=1), purpose="order", quantities={sku: 2}, until=None, now=NOW
        ),
        lambda db: actions.ship_stock(db, holder_id=UUID(int=1), quantities={sku: 2}, now=NOW),
    ]

    async def die_after(count: int) -> None:
        async with fresh_database.begin() as db:
            for step in steps[:count]:
                await step(db)
            await db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    for count in (1, 2, 3):
        with pytest.raises(DBAPIError):
            await die_after(count)
        async with fresh_database.begin() as db:
            assert await queries.list_differences(db) == []
            found = await queries.get_count(db, sku)
            assert (found.on_hand, found.held) == (9, 0)
