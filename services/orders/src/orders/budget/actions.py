"""Booking budgets: each act locks the budget's row, decides on its counters and adds one entry, which moves them.

Lock order: the purchase (or what else is bought by), then its budget, then stock.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import queries, rules
from orders.budget.models import Budget
from orders.budget.rules import EntryKind
from orders.unit.rules import Fund
from shared.errors import Conflict
from shared.etag import ensure_fresh

_OPEN = text("""
    INSERT INTO budgets (budget_id, unit_id, year, fund, opened_at)
    VALUES (uuidv7(), :unit_id, :year, :fund, :now)
    ON CONFLICT (unit_id, year, fund) DO NOTHING
""")
_BOOK = text("""
    INSERT INTO budget_entries (entry_id, budget_id, kind, amount_fen, reference_kind, reference_id, reason,
        recorded_by, recorded_at)
    VALUES (coalesce(:entry_id, uuidv7()), :budget_id, :kind, :amount_fen, :reference_kind, :reference_id, :reason,
        :by, :now)
""")


async def grant(
    db: AsyncSession,
    *,
    unit_id: UUID,
    year: int,
    fund: Fund,
    amount_fen: int,
    entry_id: UUID,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> Budget:
    """So much (more) for the year and the fund; the first grant opens the budget. 409 `budget-in-use` for a sum beyond
    reason. The same entry twice is one."""
    await db.execute(_OPEN, {"unit_id": unit_id, "year": year, "fund": fund, "now": now})
    budget = await queries.lock_budget(db, unit_id=unit_id, year=year, fund=fund)
    if budget is None:
        raise queries.budget_unknown()
    if await queries.is_booked(db, entry_id):
        return budget
    rules.ensure_covers_use(budget.granted_fen + amount_fen, _used(budget))
    await _book(db, budget, "GRANT", amount_fen, entry_id=entry_id, reason=reason, by=by, now=now)
    return budget


async def adjust(
    db: AsyncSession,
    *,
    budget_id: UUID,
    expected_revision: int,
    amount_fen: int,
    entry_id: UUID,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> Budget:
    """More, or less (a negative sum) down to what is used. 404 `budget-unknown`; 409 `budget-in-use`; 412 `stale`."""
    budget = await queries.lock_budget_by_id(db, budget_id)
    ensure_fresh(expected_revision, budget.entry_count)
    rules.ensure_covers_use(budget.granted_fen + amount_fen, _used(budget))
    await _book(db, budget, "ADJUST", amount_fen, entry_id=entry_id, reason=reason, by=by, now=now)
    return budget


async def commit(
    db: AsyncSession,
    *,
    unit_id: UUID,
    year: int,
    fund: Fund,
    amount_fen: int,
    reference_kind: str,
    reference_id: UUID,
    by: UUID | None,
    now: datetime,
) -> None:
    """Set so much apart for what is named. 409 `budget-exceeded` with what is left (nothing, where nothing was
    granted)."""
    budget = await queries.lock_budget(db, unit_id=unit_id, year=year, fund=fund)
    left = 0 if budget is None else rules.left_fen(budget.granted_fen, budget.committed_fen, budget.consumed_fen)
    rules.ensure_left(amount_fen, left, year=year, fund=fund)
    if budget is None or not amount_fen:  # what costs nothing needs no budget
        return
    reference = (reference_kind, reference_id)
    await _book(db, budget, "COMMIT", amount_fen, entry_id=None, by=by, now=now, reference=reference)


async def consume(
    db: AsyncSession,
    *,
    reference_kind: str,
    reference_id: UUID,
    amount_fen: int,
    entry_id: UUID,
    now: datetime,
    by: UUID | None = None,
) -> None:
    """So much of what is committed was accepted. The same entry twice is one. 409 `budget-commitment-exceeded`."""
    await _use(
        db,
        "CONSUME",
        reference=(reference_kind, reference_id),
        amount_fen=amount_fen,
        entry_id=entry_id,
        by=by,
        now=now,
    )


async def release(
    db: AsyncSession,
    *,
    reference_kind: str,
    reference_id: UUID,
    amount_fen: int | None,
    entry_id: UUID,
    now: datetime,
    by: UUID | None = None,
) -> None:
    """So much of what is committed is free again; None: all that still is. The same entry twice is one. 409
    `budget-commitment-exceeded`."""
    await _use(
        db,
        "RELEASE",
        reference=(reference_kind, reference_id),
        amount_fen=amount_fen,
        entry_id=entry_id,
        by=by,
        now=now,
    )


async def restore(
    db: AsyncSession,
    *,
    reference_kind: str,
    reference_id: UUID,
    amount_fen: int,
    entry_id: UUID,
    now: datetime,
    by: UUID | None = None,
) -> None:
    """So much that was consumed is not owed after all, and free again. The same entry twice is one. 409
    `budget-commitment-exceeded`."""
    await _use(
        db,
        "RESTORE",
        reference=(reference_kind, reference_id),
        amount_fen=amount_fen,
        entry_id=entry_id,
        by=by,
        now=now,
    )


async def _use(
    db: AsyncSession,
    kind: EntryKind,
    *,
    reference: tuple[str, UUID],
    amount_fen: int | None,
    entry_id: UUID,
    by: UUID | None,
    now: datetime,
) -> None:
    found = await queries.lock_commitment(db, reference_kind=reference[0], reference_id=reference[1])
    if found is None:
        if amount_fen:
            raise Conflict("Nothing is committed for it.", code="budget-commitment-exceeded", open_fen=0)
        return
    budget, held = found
    if await queries.is_booked(db, entry_id):
        return
    open_fen = held.consumed_fen if kind == "RESTORE" else held.committed_fen - held.consumed_fen - held.released_fen
    amount = open_fen if amount_fen is None else amount_fen
    rules.ensure_open(amount, open_fen)
    if amount:
        await _book(db, budget, kind, amount, entry_id=entry_id, by=by, now=now, reference=reference)


async def _book(
    db: AsyncSession,
    budget: Budget,
    kind: EntryKind,
    amount_fen: int,
    *,
    entry_id: UUID | None,
    by: UUID | None,
    now: datetime,
    reason: str = "",
    reference: tuple[str, UUID] | None = None,
) -> None:
    values = {
        "entry_id": entry_id,
        "budget_id": budget.budget_id,
        "kind": kind,
        "amount_fen": amount_fen,
        "reference_kind": None if reference is None else reference[0],
        "reference_id": None if reference is None else reference[1],
        "reason": reason,
        "by": by,
        "now": now,
    }
    await db.execute(_BOOK, values)
    await db.refresh(budget)


def _used(budget: Budget) -> int:
    return budget.committed_fen + budget.consumed_fen
