"""Reading statements and their differences."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import NotFound

_SUMMARY = """
    SELECT statements.*, coalesce(open.count, 0) AS open_count, coalesce(open.decided_count, 0) AS decided_count
    FROM statements LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE state = 'OPEN') AS count, count(*) FILTER (WHERE state <> 'OPEN') AS decided_count
        FROM statement_differences WHERE statement_differences.statement_id = statements.statement_id
    ) AS open ON true
"""
_LIST = text(f"""
    {_SUMMARY}
    WHERE (CAST(:provider AS text) IS NULL OR provider = :provider)
      AND (NOT :is_open_only OR open.count > 0) AND to_char(business_on, 'YYYY-MM-DD') LIKE :day || '%'
      AND (CAST(:before_on AS date) IS NULL OR (business_on, statements.statement_id) < (:before_on, :before_id))
    ORDER BY business_on DESC, statements.statement_id DESC LIMIT :limit
""")
_ONE = text(f"{_SUMMARY} WHERE statements.statement_id = :statement_id")
_COUNTS = text("""
    SELECT kind, state, count(*) AS count FROM statement_differences WHERE statement_id = :statement_id
    GROUP BY kind, state ORDER BY kind, state
""")
_LOCK = text("SELECT * FROM statements WHERE statement_id = :statement_id FOR NO KEY UPDATE")
_LOCK_DAY = text("SELECT * FROM statements WHERE provider = :provider AND business_on = :day FOR NO KEY UPDATE")
_DIFFERENCES = text("""
    SELECT * FROM statement_differences
    WHERE statement_id = :statement_id
      AND (CAST(:kind AS text) IS NULL OR kind = :kind) AND (CAST(:state AS text) IS NULL OR state = :state)
      AND (:q = '' OR number LIKE :q || '%' OR provider_number LIKE :q || '%'
           OR order_id IN (SELECT order_id FROM orders WHERE order_number = :q))
      AND (CAST(:after_id AS uuid) IS NULL OR (state <> 'OPEN', difference_id) > (:is_after_decided, :after_id))
    ORDER BY state <> 'OPEN', difference_id LIMIT :limit
""")
_LOCK_DIFFERENCE = text("SELECT * FROM statement_differences WHERE difference_id = :difference_id FOR NO KEY UPDATE")
_TAKEN_DAYS = text("SELECT business_on FROM statements WHERE provider = :provider AND business_on = ANY(:days)")
_UNPAID_HERE = text("""
    SELECT payment_id FROM statement_differences
    WHERE statement_id = :statement_id AND state = 'OPEN' AND kind = 'STATUS' AND subject_kind = 'PAYMENT'
    ORDER BY payment_id LIMIT :limit
""")


async def list_statements(
    db: AsyncSession,
    *,
    provider: str | None,
    is_open_only: bool,
    day: str,
    before: tuple[date, UUID] | None,
    limit: int,
) -> list[Row[Any]]:
    """Statements with the number of their differences, the latest day first; `day` is how it begins, as 2026-11."""
    before_on, before_id = before or (None, None)
    asked = {
        "provider": provider,
        "is_open_only": is_open_only,
        "day": day,
        "before_on": before_on,
        "before_id": before_id,
    }
    return list(await db.execute(_LIST, asked | {"limit": limit}))


async def get_statement(db: AsyncSession, statement_id: UUID) -> Row[Any]:
    """One statement with the number of its differences; NotFound `statement-unknown`."""
    return _known((await db.execute(_ONE, {"statement_id": statement_id})).first())


async def list_counts(db: AsyncSession, statement_id: UUID) -> list[Row[Any]]:
    """How many differences of each kind are in each state."""
    return list(await db.execute(_COUNTS, {"statement_id": statement_id}))


async def lock_statement(db: AsyncSession, statement_id: UUID) -> Row[Any]:
    """The statement, held until the transaction ends; NotFound `statement-unknown`."""
    return _known((await db.execute(_LOCK, {"statement_id": statement_id})).first())


async def lock_day(db: AsyncSession, provider: str, day: date) -> Row[Any]:
    """The provider's statement of that day, held until the transaction ends; NotFound `statement-unknown`."""
    return _known((await db.execute(_LOCK_DAY, {"provider": provider, "day": day})).first())


async def find_day(db: AsyncSession, provider: str, day: date) -> Row[Any] | None:
    """The same, or None if there is no such statement."""
    return (await db.execute(_LOCK_DAY, {"provider": provider, "day": day})).first()


async def list_differences(
    db: AsyncSession,
    statement_id: UUID,
    *,
    kind: str | None,
    state: str | None,
    q: str,
    after: tuple[bool, UUID] | None,
    limit: int,
) -> list[Row[Any]]:
    """What differs, the open ones first. `q` begins a number of either side or is an order's number."""
    is_after_decided, after_id = after or (False, None)
    asked = {"statement_id": statement_id, "kind": kind, "state": state, "q": _escaped(q), "limit": limit}
    return list(await db.execute(_DIFFERENCES, asked | {"is_after_decided": is_after_decided, "after_id": after_id}))


async def lock_difference(db: AsyncSession, difference_id: UUID) -> Row[Any]:
    """The difference, held until the transaction ends; NotFound `difference-unknown`."""
    found = (await db.execute(_LOCK_DIFFERENCE, {"difference_id": difference_id})).first()
    if found is None:
        raise NotFound("There is no such difference.", code="difference-unknown")
    return found


async def list_missing_days(db: AsyncSession, provider: str, days: list[date]) -> list[date]:
    """Those of the days of which no statement was taken."""
    taken = set(await db.scalars(_TAKEN_DAYS, {"provider": provider, "days": days}))
    return [day for day in days if day not in taken]


async def list_unpaid_here(db: AsyncSession, statement_id: UUID, *, limit: int) -> list[UUID]:
    """Payments that the provider took and we do not know to be paid."""
    return list(await db.scalars(_UNPAID_HERE, {"statement_id": statement_id, "limit": limit}))


def _known(found: Row[Any] | None) -> Row[Any]:
    if found is None:
        raise NotFound("There is no such statement.", code="statement-unknown")
    return found


def _escaped(q: str) -> str:
    return q.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
