"""Harvests, deposits, agreements and ends beside each other: everything once, and nobody waits for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order import growing, sharing
from orders.stock import queries as stock_queries
from services.orders.tests.crop_order.cropping import (
    LAST,
    Parties,
    a_side,
    agreed,
    answered,
    budget_of,
    declared,
    deposited,
    fresh,
    grown,
    offered,
    parties,
    told,
)
from services.orders.tests.factories import NOW, listed_sku
from shared.auth import Caller
from shared.db import Database
from shared.errors import Refusal
from shared.ids import new_id


async def outcome(database: Database, step: Callable[[AsyncSession], Awaitable[Any]]) -> str:
    """Done in a transaction of its own, or the refusal's code."""
    try:
        async with database.begin() as db:
            await step(db)
    except Refusal as refusal:
        return refusal.code
    return "done"


async def test_a_harvest_that_is_declared_many_times_at_once_is_shared_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        those = await parties(db)
        other = await a_side(db)
        crops = [await grown(db, those), await grown(db, those, other, quantity=50)]
    told_of = await asyncio.gather(*(outcome(fresh_database, lambda db: declared(db, those, 120)) for _ in range(6)))
    assert sorted(told_of) == ["done"] + ["season-over"] * 5
    async with fresh_database.begin() as db:
        # 120 for 100 + 50: exactly 80 and 40.
        assert [(await fresh(db, each)).allocated_count for each in crops] == [80, 40]
        assert await db.scalar(text("SELECT count(*) FROM purchases")) == 2
        assert (await budget_of(db, those.side), await budget_of(db, other)) == ((240_000, 0), (120_000, 0))
        assert await stock_queries.list_differences(db) == []


async def test_a_crop_fails_or_is_harvested_and_a_deposit_is_consumed_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        those = await parties(db)
        crop = await told(db, those, await agreed(db, those))
    paid = await asyncio.gather(*(outcome(fresh_database, lambda db: deposited(db, those, crop)) for _ in range(5)))
    assert sorted(set(paid)) == ["done", "stale"]
    assert paid.count("done") == 1
    async with fresh_database.begin() as db:
        crop = await fresh(db, crop)
        assert await budget_of(db, those.side) == (240_000, 60_000)

    async def fail(db: AsyncSession) -> None:
        await growing.fail_crop(
            db,
            crop_order_id=crop.crop_order_id,
            reason="冰雹",
            expected_revision=crop.revision,
            caller=those.supplier,
            now=NOW,
        )

    failed, shared = await asyncio.gather(
        outcome(fresh_database, fail), outcome(fresh_database, lambda db: declared(db, those, 100))
    )
    assert (failed, shared) in {("done", "season-empty"), ("stale", "done")}
    async with fresh_database.begin() as db:
        status = (await fresh(db, crop)).status
        assert status == ("FAILED" if failed == "done" else "DELIVERING")
        assert await budget_of(db, those.side) == ((0, 60_000) if failed == "done" else (300_000, 0))


async def test_who_agrees_while_the_harvest_is_shared_has_a_part_in_neither_half_of_it(fresh_database: Database):
    async with fresh_database.begin() as db:
        those = await parties(db)
        other = await a_side(db)
        await grown(db, those)
        late = await offered(db, those, other)
    agreed_to, shared = await asyncio.gather(
        outcome(fresh_database, lambda db: answered(db, those, late)),
        outcome(fresh_database, lambda db: declared(db, those, 90)),
    )
    assert (agreed_to, shared) in {("done", "done"), ("season-over", "done")}
    async with fresh_database.begin() as db:
        late = await fresh(db, late)
        # Agreed before: without its deposit it was passed over. Agreed after: refused, and still offered.
        assert late.status == ("CANCELLED" if agreed_to == "done" else "OFFERED")
        assert await budget_of(db, other) == ((0, 0) if agreed_to == "done" else (300_000, 0))


async def test_a_small_share_is_taken_or_left_never_both(fresh_database: Database):
    async with fresh_database.begin() as db:
        those = await parties(db)
        crop = await grown(db, those)
        await declared(db, those, 15)
        crop = await fresh(db, crop)
    given = {
        "crop_order_id": crop.crop_order_id,
        "expected_revision": crop.revision,
        "caller": those.side.handler,
        "now": NOW,
    }
    steps = (
        lambda db: sharing.take_share(db, **given),
        lambda db: growing.cancel_crop_order(db, reason="太少", **given),
        lambda db: sharing.take_silently(db, crop_order_id=crop.crop_order_id, now=crop.decide_by),
    )
    taken, left, silent = await asyncio.gather(*(outcome(fresh_database, step) for step in steps))
    async with fresh_database.begin() as db:
        crop = await fresh(db, crop)
        is_left = crop.status == "CANCELLED"
        assert [taken, left].count("done") == (1 if is_left or taken == "done" else 0)
        assert silent == "done"
        assert await budget_of(db, those.side) == ((0, 60_000) if is_left else (45_000, 15_000))
        assert await db.scalar(text("SELECT count(*) FROM purchases")) == (0 if is_left else 1)
        assert await stock_queries.list_differences(db) == []


async def test_two_harvests_of_the_same_units_do_not_wait_for_each_other_in_a_circle(fresh_database: Database):
    async with fresh_database.begin() as db:
        first = await parties(db, budget_fen=20_000_000)
        sku = await listed_sku(db)
        seller = Caller(new_id(), sku.supplier_id, "supplier", frozenset({"sales"}))
        sides = [first.side, *[await a_side(db, budget_fen=20_000_000) for _ in range(4)]]
        second = Parties(sku, seller, first.side)
        for side in sides:
            await grown(db, first, side)
        for side in reversed(sides):
            await grown(db, second, side)
    assert second.season.season_year == LAST.year
    told_of = await asyncio.gather(
        outcome(fresh_database, lambda db: declared(db, first, 400)),
        outcome(fresh_database, lambda db: declared(db, second, 400)),
    )
    assert told_of == ["done", "done"]
    async with fresh_database.begin() as db:
        # 80 of each at 30.00, twice.
        assert [await budget_of(db, side) for side in sides] == [(480_000, 0)] * 5
