"""The ledger of a budget: entries move counters, what is left is never below zero, however many try at once (T24)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions, queries
from services.orders.tests.budget.granting import a_unit, granted
from services.orders.tests.factories import NOW
from services.shared.tests.machine import DatabaseMachine
from shared.db import Database
from shared.errors import Refusal

COUNTERS = text("SELECT granted_fen, committed_fen, consumed_fen FROM budgets WHERE unit_id = :unit_id ORDER BY year")
BOOKED = text("""
    SELECT coalesce(sum(amount_fen) FILTER (WHERE kind IN ('GRANT', 'ADJUST')), 0),
           coalesce(sum(amount_fen) FILTER (WHERE kind = 'COMMIT'), 0)
           - coalesce(sum(amount_fen) FILTER (WHERE kind IN ('CONSUME', 'RELEASE')), 0),
           coalesce(sum(amount_fen) FILTER (WHERE kind = 'CONSUME'), 0)
    FROM budget_entries JOIN budgets USING (budget_id) WHERE unit_id = :unit_id
""")


def committing(unit_id: UUID, amount_fen: int, *, reference_id: UUID | None = None, **given: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "unit_id": unit_id,
        "year": 2026,
        "fund": "CANTEEN",
        "amount_fen": amount_fen,
        "reference_kind": "purchase",
        "reference_id": reference_id or uuid4(),
        "by": None,
        "now": NOW,
    }
    return {**values, **given}


async def counters(db: AsyncSession, unit_id: UUID) -> list[tuple[int, ...]]:
    return [tuple(row) for row in await db.execute(COUNTERS, {"unit_id": unit_id})]


async def refusal_of(act: Awaitable[Any]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await act
    return refused.value


async def test_money_is_granted_committed_consumed_and_released(db: AsyncSession):
    unit = await a_unit(db)
    await granted(db, unit.unit_id, 1000)
    purchase = uuid4()
    use = {"reference_kind": "purchase", "reference_id": purchase, "now": NOW}
    await actions.commit(db, **committing(unit.unit_id, 700, reference_id=purchase))
    assert await counters(db, unit.unit_id) == [(1000, 700, 0)]
    accepted = uuid4()
    for _ in range(2):
        await actions.consume(db, **use, amount_fen=400, entry_id=accepted)
    assert await counters(db, unit.unit_id) == [(1000, 300, 400)]
    await actions.release(db, **use, amount_fen=100, entry_id=uuid4())
    await actions.release(db, **use, amount_fen=None, entry_id=uuid4())
    await actions.release(db, **use, amount_fen=None, entry_id=uuid4())
    assert await counters(db, unit.unit_id) == [(1000, 0, 400)]
    refused = await refusal_of(actions.consume(db, **use, amount_fen=1, entry_id=uuid4()))
    assert (refused.code, refused.extra["open_fen"]) == ("budget-commitment-exceeded", 0)
    budget = await queries.lock_budget(db, unit_id=unit.unit_id, year=2026, fund="CANTEEN")
    assert budget is not None
    entries = await queries.list_entries(db, budget.budget_id, limit=10)
    told = [(e.kind, e.amount_fen, e.granted_after_fen - e.committed_after_fen - e.consumed_after_fen) for e in entries]
    assert told == [
        ("RELEASE", 200, 600),
        ("RELEASE", 100, 400),
        ("CONSUME", 400, 300),
        ("COMMIT", 700, 300),
        ("GRANT", 1000, 1000),
    ]


async def test_more_than_is_left_is_refused_and_moves_nothing(db: AsyncSession):
    unit = await a_unit(db)
    refused = await refusal_of(actions.commit(db, **committing(unit.unit_id, 1)))
    assert (refused.code, refused.extra["left_fen"]) == ("budget-exceeded", 0)
    await granted(db, unit.unit_id, 1000)
    await actions.commit(db, **committing(unit.unit_id, 600))
    refused = await refusal_of(actions.commit(db, **committing(unit.unit_id, 401)))
    assert (refused.code, refused.extra["left_fen"]) == ("budget-exceeded", 400)
    assert await counters(db, unit.unit_id) == [(1000, 600, 0)]


async def test_a_grant_is_booked_once_and_cut_down_to_what_is_used(db: AsyncSession):
    unit = await a_unit(db)
    entry = uuid4()
    given = {"unit_id": unit.unit_id, "year": 2026, "fund": "UNION", "amount_fen": 900, "entry_id": entry}
    for _ in range(2):
        budget = await actions.grant(db, **given, reason="", by=None, now=NOW)
    await actions.commit(db, **committing(unit.unit_id, 500, fund="UNION"))
    cut = {"budget_id": budget.budget_id, "reason": "压减", "by": None, "now": NOW}
    refused = await refusal_of(
        actions.adjust(db, **cut, amount_fen=-401, expected_revision=budget.entry_count, entry_id=uuid4())
    )
    assert (refused.code, refused.extra["used_fen"]) == ("budget-in-use", 500)
    await actions.adjust(db, **cut, amount_fen=-400, expected_revision=budget.entry_count, entry_id=uuid4())
    assert await counters(db, unit.unit_id) == [(500, 500, 0)]
    refused = await refusal_of(actions.adjust(db, **cut, amount_fen=1, expected_revision=1, entry_id=uuid4()))
    assert refused.code == "stale"


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE budgets SET granted_fen = granted_fen + 1",
        "UPDATE budget_commitments SET released_fen = 1",
        "DELETE FROM budget_entries",
        (
            "INSERT INTO budgets (budget_id, unit_id, year, fund, granted_fen, opened_at)"
            " SELECT uuidv7(), unit_id, 2027, fund, 5, opened_at FROM budgets"
        ),
        (
            "INSERT INTO budget_entries (entry_id, budget_id, kind, amount_fen, reference_kind, reference_id,"
            " recorded_at)"
            " SELECT uuidv7(), budget_id, 'COMMIT', 1001, 'purchase', uuidv7(), now() FROM budgets"
        ),
        (
            "INSERT INTO budget_entries (entry_id, budget_id, kind, amount_fen, reference_kind, reference_id,"
            " recorded_at)"
            " SELECT uuidv7(), budget_id, 'CONSUME', 1, 'purchase', uuidv7(), now() FROM budgets"
        ),
    ],
)
async def test_the_database_holds_counters_and_entries_together(db: AsyncSession, written: str):
    unit = await a_unit(db)
    await granted(db, unit.unit_id, 1000)
    await actions.commit(db, **committing(unit.unit_id, 10))
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(text(written))
    assert await counters(db, unit.unit_id) == [(1000, 10, 0)]


async def in_parallel(database: Database, acts: list[Callable[[AsyncSession], Awaitable[None]]]) -> list[str]:
    """Each in its own transaction, all started before any commits; the codes of the refusals, or "done"."""
    ready = asyncio.Barrier(len(acts))

    async def one(act: Callable[[AsyncSession], Awaitable[None]]) -> str:
        try:
            async with database.begin() as db:
                await db.execute(text("SELECT 1"))
                await ready.wait()
                await act(db)
        except Refusal as refusal:
            return refusal.code
        return "done"

    return sorted(await asyncio.gather(*(one(act) for act in acts)))


async def test_two_commitments_at_the_limit_take_the_last_money_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        unit = await a_unit(db)
        await granted(db, unit.unit_id, 1000)

    def act(amount_fen: int) -> Callable[[AsyncSession], Awaitable[None]]:
        return lambda db: actions.commit(db, **committing(unit.unit_id, amount_fen))

    assert await in_parallel(fresh_database, [act(600), act(600)]) == ["budget-exceeded", "done"]
    assert await in_parallel(fresh_database, [act(50) for _ in range(12)]) == ["budget-exceeded"] * 4 + ["done"] * 8
    async with fresh_database.begin() as db:
        assert await counters(db, unit.unit_id) == [(1000, 1000, 0)]


async def test_an_acceptance_told_twice_at_once_is_consumed_once(fresh_database: Database):
    purchase, entry = uuid4(), uuid4()
    async with fresh_database.begin() as db:
        unit = await a_unit(db)
        await granted(db, unit.unit_id, 1000)
        await actions.commit(db, **committing(unit.unit_id, 1000, reference_id=purchase))

    async def act(db: AsyncSession) -> None:
        await actions.consume(
            db, reference_kind="purchase", reference_id=purchase, amount_fen=600, entry_id=entry, now=NOW
        )

    assert await in_parallel(fresh_database, [act, act, act]) == ["done"] * 3
    async with fresh_database.begin() as db:
        assert await counters(db, unit.unit_id) == [(1000, 400, 600)]


async def test_each_year_has_its_own_money_and_keeps_what_was_committed_in_it(db: AsyncSession):
    unit = await a_unit(db)
    new_year = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    await granted(db, unit.unit_id, 100, year=2026)
    await granted(db, unit.unit_id, 50, year=2027)
    purchase = uuid4()
    for now, amount in ((new_year - timedelta(seconds=1), 80), (new_year, 40)):
        year = actions.rules.budget_year(now)
        given = committing(unit.unit_id, amount, year=year, now=now, reference_id=purchase if amount == 80 else None)
        await actions.commit(db, **given)
    assert await counters(db, unit.unit_id) == [(100, 80, 0), (50, 40, 0)]
    await actions.consume(
        db, reference_kind="purchase", reference_id=purchase, amount_fen=80, entry_id=uuid4(), now=new_year
    )
    assert await counters(db, unit.unit_id) == [(100, 0, 80), (50, 40, 0)]


class BudgetMachine(DatabaseMachine):
    """Any sequence of bookings: the counters are what a sheet of paper says, and what cannot be is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.unit_id = self.do(a_unit).unit_id
        self.granted = 0
        self.held: dict[UUID, list[int]] = {}

    @rule(amount=st.integers(1, 2000))
    def grant(self, amount: int) -> None:
        self.do(lambda db: granted(db, self.unit_id, amount))
        self.granted += amount

    @rule(amount=st.integers(1, 2000), is_same=st.booleans())
    def commit(self, amount: int, is_same: bool) -> None:
        reference = next(iter(self.held), uuid4()) if is_same else uuid4()
        left = self.granted - sum(given - released for given, _, released in self.held.values())
        given = committing(self.unit_id, amount, reference_id=reference)
        got = self.try_to(lambda db: actions.commit(db, **given))
        assert got == ("done" if amount <= left else "budget-exceeded")
        if got == "done":
            self.held.setdefault(reference, [0, 0, 0])[0] += amount

    @precondition(lambda self: self.held)
    @rule(amount=st.integers(1, 2000), is_consumed=st.booleans(), which=st.integers(0, 20))
    def use(self, amount: int, is_consumed: bool, which: int) -> None:
        reference = list(self.held)[which % len(self.held)]
        held = self.held[reference]
        act = actions.consume if is_consumed else actions.release
        use = {"reference_kind": "purchase", "reference_id": reference, "amount_fen": amount, "now": NOW}
        got = self.try_to(lambda db: act(db, **use, entry_id=uuid4()))
        is_open = amount <= held[0] - held[1] - held[2]
        assert got == ("done" if is_open else "budget-commitment-exceeded")
        if is_open:
            held[1 if is_consumed else 2] += amount

    @invariant()
    def counters_are_what_the_entries_say(self) -> None:
        async def read(db: AsyncSession) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
            return await counters(db, self.unit_id), tuple((await db.execute(BOOKED, {"unit_id": self.unit_id})).one())

        kept, booked = self.do(read)
        held = sum(given - consumed - released for given, consumed, released in self.held.values())
        want = (self.granted, held, sum(consumed for _, consumed, _ in self.held.values()))
        assert booked == want
        assert kept == ([want] if self.granted else [])


def test_any_sequence_of_bookings_adds_up(database_url: str):
    BudgetMachine.url = database_url
    run_state_machine_as_test(
        BudgetMachine,
        settings=settings(max_examples=25, stateful_step_count=20, suppress_health_check=list(HealthCheck)),
    )
