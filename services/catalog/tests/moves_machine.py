"""A Hypothesis machine for whatever moves along a table of verbs: only legal moves, and a refusal changes nothing.

A slice's test says how the thing begins (`begin`), where it is (`find`), how each verb is done (`step`), and what
besides the table refuses a move (`before_verb`).
"""

from abc import abstractmethod
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.shared.tests.machine import DatabaseMachine
from shared.moves import Moves
from shared.testing import NOW


class MovesMachine(DatabaseMachine):
    """The model: the status by the table, and the revision."""

    MOVES: ClassVar[Moves]
    NOUN: ClassVar[str]
    SUBJECT: ClassVar[str]
    START: ClassVar[str]
    VERBS: ClassVar[tuple[str, ...]]
    make: Any

    def __init__(self) -> None:
        super().__init__()
        self.status = self.START
        self.now = NOW
        self.subject_id: UUID | None = None

    @abstractmethod
    async def begin(self, db: AsyncSession) -> UUID:
        """Make the thing; its id."""

    @abstractmethod
    async def find(self, db: AsyncSession) -> Any:
        """The row."""

    @abstractmethod
    async def step(self, db: AsyncSession, verb: str, expected_revision: int) -> Any:
        """Do the verb."""

    async def before_verb(self, db: AsyncSession, verb: str) -> str | None:
        """The code of what refuses a legal move all the same, if something does."""

    def moved(self, verb: str) -> None:
        """The verb was done: what else the model knows."""

    @initialize()
    def start(self) -> None:
        self.subject_id = self.do(self.begin)

    @rule(data=st.data(), is_stale=st.booleans())
    def move(self, data: Any, is_stale: bool) -> None:
        verb = data.draw(st.sampled_from(self.VERBS))
        before = self.snapshot()
        revision = before[0]["revision"]
        beyond = self.do(lambda db: self.before_verb(db, verb))
        outcome = self.try_to(lambda db: self.step(db, verb, revision + is_stale))
        legal, after = self.MOVES[verb]
        if is_stale:
            assert outcome == "stale"
        elif self.status not in legal:
            assert outcome == f"{self.NOUN}-status"
        elif beyond is not None:
            assert outcome == beyond
        else:
            assert outcome == "done", (verb, self.status)
            self.status = after
            self.moved(verb)
            assert self.snapshot()[0]["revision"] > revision
            return
        assert self.snapshot() == before

    @invariant()
    def it_is_where_the_model_says(self) -> None:
        if self.subject_id is not None:
            row, trail, _ = self.snapshot()
            assert row["status"] == self.status
            assert trail[-1][2] == self.status

    def snapshot(self) -> Any:
        """The whole row, its trail, and how many events and notices there are."""
        return self.do(self._snapshot)

    async def _snapshot(self, db: AsyncSession) -> Any:
        row = await self.find(db)
        trail = await db.execute(
            text(
                "SELECT verb, from_status, to_status FROM trail_entries "
                "WHERE subject_kind = :kind AND subject_id = :id ORDER BY position"
            ),
            {"kind": self.SUBJECT, "id": self.subject_id},
        )
        counts = await db.execute(
            text("""
                SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM notices),
                       (SELECT count(*) FROM skus WHERE is_listed)
            """)
        )
        columns = {name: getattr(row, name) for name in row.__table__.columns.keys() if name != "during"}  # noqa: SIM118
        return columns, [tuple(each) for each in trail], tuple(counts.one())


def run(machine: type[MovesMachine], *, url: str, make: Any, examples: int = 20, steps: int = 12) -> None:
    """Run a machine on the database."""

    class Machine(machine):  # type: ignore[misc,valid-type]
        pass

    Machine.url = url
    Machine.make = make
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, database=None, derandomize=True
        ),
    )
