"""Whatever units, leads and finance offices try with filings: legal moves only, and one version in force."""

from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share import queries, rules
from orders.unit.models import BudgetUnit
from services.orders.tests.reserved_share.filing import OFFICE, drafted, eating, moved
from services.orders.tests.unit_factories import acting_for, unit
from services.shared.tests.machine import DatabaseMachine

VERBS = [*rules.MOVES, "correct"]
_EVERYTHING = text("""
    SELECT (SELECT json_agg(share ORDER BY share_id) FROM reserved_shares AS share) AS shares,
           (SELECT count(*) FROM trail_entries) AS deeds, (SELECT count(*) FROM outbox) AS told
""")


class FilingMachine(DatabaseMachine):
    @initialize()
    def begin(self) -> None:
        async def make(db: AsyncSession) -> tuple[BudgetUnit, BudgetUnit, UUID]:
            bureau = await unit(db)
            school = await eating(db, parent_id=bureau.unit_id)
            return bureau, school, (await drafted(db, school)).share_id

        bureau, school, first = self.do(make)
        self.callers = {
            "unit": acting_for(school),
            "lead": acting_for(bureau, "approver"),
            "finance": OFFICE,
        }
        self.known: dict[UUID, str] = {first: "DRAFT"}
        self.in_force: UUID | None = None

    def everything(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return tuple((await db.execute(_EVERYTHING)).one())

        return self.do(look)

    def expected(self, share_id: UUID, verb: str, side: str) -> str:
        status = self.known[share_id]
        wanted = "unit" if verb == "correct" else rules.side_of(verb, status)
        if side != wanted:
            wrong = {"unit": "own-unit-needed", "lead": "lead-unit-needed", "finance": "finance-office-needed"}
            return wrong[wanted]
        if verb == "correct":
            if status != "LOCKED" or self.in_force != share_id:
                return "reserved-share-status"
            return "done" if list(self.known)[-1] == share_id else "filing-exists"
        return "done" if status in rules.MOVES[verb][0] else "reserved-share-status"

    @rule(index=st.integers(0, 3), verb=st.sampled_from(VERBS), side=st.sampled_from(["unit", "lead", "finance"]))
    def somebody_tries(self, index: int, verb: str, side: str) -> None:
        share_id = list(self.known)[index % len(self.known)]
        seen, expected = self.everything(), self.expected(share_id, verb, side)

        async def attempt(db: AsyncSession) -> None:
            share = await queries.get_row(db, share_id)
            made = await moved(db, share, verb, self.callers[side], reason="因为")
            if verb == "correct":
                self.known[made.share_id] = "DRAFT"

        assert self.try_to(attempt) == expected
        if expected != "done":
            assert self.everything() == seen
        elif verb != "correct":
            self.known[share_id] = rules.MOVES[verb][1]
            if verb == "lock":
                self.in_force = share_id

    @rule()
    def all_goes_well(self) -> None:
        """The newest goes on by the next legal step, so that locked ones and corrections are seen often."""
        share_id = list(self.known)[-1]
        steps = {
            "DRAFT": ("submit", "unit"),
            "RETURNED": ("submit", "unit"),
            "SUBMITTED": ("review", "lead"),
            "LEAD_REVIEW": ("approve", "lead"),
            "LEAD_APPROVED": ("confirm", "finance"),
            "FINANCE_CONFIRMED": ("lock", "finance"),
            "LOCKED": ("correct", "unit"),
        }
        verb, side = steps[self.known[share_id]]
        self.somebody_tries(len(self.known) - 1, verb, side)

    @invariant()
    def the_rows_are_what_is_known(self) -> None:
        if not hasattr(self, "known"):
            return

        async def look(db: AsyncSession) -> Any:
            rows = await db.execute(text("SELECT share_id, status, superseded_at FROM reserved_shares"))
            return rows.all()

        rows = self.do(look)
        assert {each.share_id: each.status for each in rows} == self.known
        now = [each.share_id for each in rows if each.status == "LOCKED" and each.superseded_at is None]
        assert now == ([self.in_force] if self.in_force else [])


def test_filings_move_legally_and_one_is_in_force(database_url: str):
    machine = type("BoundFilingMachine", (FilingMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=20, stateful_step_count=25, deadline=None, database=None)
    )
