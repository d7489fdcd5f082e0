"""What a kind does in the database: judge checked rows against what is stored, and write them, a span at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Caller

STEP_ROWS = 5_000
"""Rows of a transaction where rows are written by one statement: longer ones would hold the event feed back."""
Faults = dict[int, list[dict[str, Any]]]
"""What is wrong with rows, by their number in the sheet."""


@dataclass(frozen=True)
class Span:
    """The good rows of a batch after one row of the sheet up to another. `supplier_id` is whose products they are."""

    batch_id: UUID
    after: int
    last: int
    supplier_id: UUID | None

    @property
    def rows(self) -> dict[str, Any]:
        """Which rows, as statements take it."""
        return {"batch_id": self.batch_id, "after": self.after, "last": self.last}


@dataclass(frozen=True)
class Outcome:
    """How many rows are new, change something or change nothing; `faults` are of those that cannot be taken."""

    new: int
    changed: int
    unchanged: int
    faults: Faults = field(default_factory=dict)


_COUNT_GOOD = text("""
    SELECT count(*) FROM import_rows
    WHERE batch_id = :batch_id AND row_number > :after AND row_number <= :last AND faults IS NULL
""")


async def count_good(db: AsyncSession, span: Span) -> int:
    """How many good rows the span has."""
    return await db.scalar(_COUNT_GOOD, span.rows) or 0


_GROWN = text("""
    SELECT relname FROM pg_class
    WHERE oid IN (SELECT name::regclass FROM unnest(CAST(:tables AS text[])) AS name)
        AND pg_relation_size(oid) > (2 * relpages + 16) * current_setting('block_size')::integer
""")


async def learn_growth(db: AsyncSession, tables: Sequence[str]) -> None:
    """Give the planner fresh figures of tables that have doubled since it last had some. A large import fills a table
    faster than PostgreSQL looks at it by itself, and a plan for a small table is hours of work on a large one."""
    for name in (await db.scalars(_GROWN, {"tables": list(tables)})).all():
        await db.execute(text(f"ANALYZE {name}"))


class Writer(Protocol):
    """One kind's tables, `step_rows` in a transaction. What a row must keep by itself was checked before."""

    step_rows: int

    async def judge(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:
        """What writing the span would do now; nothing is written."""

    async def write(self, db: AsyncSession, span: Span, *, caller: Caller, now: datetime) -> Outcome:
        """Write the span. Twice the same changes nothing the second time."""
