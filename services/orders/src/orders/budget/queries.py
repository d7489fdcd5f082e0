"""Reads of budgets. A unit's people see their own, a lead unit those below it, a finance office its regions'."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget.models import Budget, BudgetCommitment, BudgetEntry
from orders.budget.rules import visible_fund
from orders.love_purchase.rules import region_prefix
from orders.unit import queries as unit_queries
from orders.unit.rules import FINANCE_OFFICE, Fund
from shared.auth import Caller
from shared.errors import NotFound

_SEEN = """
    SELECT budget.budget_id, budget.unit_id, unit.name AS unit_name, unit.county_code, unit.organisation_id,
           budget.year, budget.fund,
           budget.granted_fen, budget.committed_fen, budget.consumed_fen,
           budget.granted_fen - budget.committed_fen - budget.consumed_fen AS left_fen,
           budget.entry_count AS revision, budget.opened_at
    FROM budgets AS budget JOIN budget_units AS unit USING (unit_id)
"""
_STATEMENT = """
    SELECT entry.position, entry.entry_id, entry.kind, entry.amount_fen, entry.granted_after_fen,
           entry.committed_after_fen, entry.consumed_after_fen,
           entry.granted_after_fen - entry.committed_after_fen - entry.consumed_after_fen AS left_after_fen,
           entry.reference_kind, entry.reference_id,
           coalesce(purchase.purchase_number, crop.crop_order_number, '') AS reference_number,
           coalesce(purchase.title, crop.title, '') AS reference_title, entry.reason, entry.recorded_at
    FROM budget_entries AS entry
    LEFT JOIN purchases AS purchase ON entry.reference_kind = 'purchase' AND purchase.purchase_id = entry.reference_id
    LEFT JOIN crop_orders AS crop ON entry.reference_kind = 'crop-order' AND crop.crop_order_id = entry.reference_id
"""


def budget_unknown() -> NotFound:
    """The refusal of a budget that does not exist for the caller."""
    return NotFound("There is no such budget, or it is not yours to see.", code="budget-unknown", field="budget_id")


async def lock_budget(db: AsyncSession, *, unit_id: UUID, year: int, fund: Fund) -> Budget | None:
    """The budget, locked until the transaction ends."""
    statement = select(Budget).where(Budget.unit_id == unit_id, Budget.year == year, Budget.fund == fund)
    found: Budget | None = await db.scalar(statement.with_for_update(), execution_options={"populate_existing": True})
    return found


async def lock_budget_by_id(db: AsyncSession, budget_id: UUID) -> Budget:
    """The budget, locked until the transaction ends. 404 `budget-unknown`."""
    statement = select(Budget).where(Budget.budget_id == budget_id).with_for_update()
    found = await db.scalar(statement, execution_options={"populate_existing": True})
    if found is None:
        raise budget_unknown()
    return found


async def lock_commitment(
    db: AsyncSession, *, reference_kind: str, reference_id: UUID
) -> tuple[Budget, BudgetCommitment] | None:
    """What is committed for it, the latest budget first where it was committed in two years, with the budget's row
    locked; None if nothing ever was."""
    statement = (
        select(BudgetCommitment)
        .join(Budget, Budget.budget_id == BudgetCommitment.budget_id)
        .where(BudgetCommitment.reference_kind == reference_kind, BudgetCommitment.reference_id == reference_id)
        .order_by(Budget.year.desc())
        .limit(1)
    )
    found = await db.scalar(statement)
    if found is None:
        return None
    budget = await lock_budget_by_id(db, found.budget_id)
    await db.refresh(found)
    return budget, found


async def is_booked(db: AsyncSession, entry_id: UUID) -> bool:
    """Whether the entry is in the ledger already."""
    return await db.scalar(select(BudgetEntry.position).where(BudgetEntry.entry_id == entry_id)) is not None


async def list_budgets(
    db: AsyncSession,
    caller: Caller,
    *,
    year: int | None = None,
    fund: Fund | None = None,
    unit_id: UUID | None = None,
    wanted: str | None = None,
    after: tuple[int, str, UUID] | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Those that the caller may see: the latest year first, then by unit and fund."""
    conditions, values = await _scope(db, caller)
    values["limit"] = limit
    if year is not None:
        conditions.append("budget.year = :year")
        values["year"] = year
    if fund is not None:
        conditions.append("budget.fund = :fund")
        values["fund"] = fund
    if unit_id is not None:
        conditions.append("budget.unit_id = :unit_id")
        values["unit_id"] = unit_id
    if wanted:
        conditions.append("unit.name ILIKE :pattern")
        values["pattern"] = f"%{_escaped(wanted)}%"
    if after is not None:
        conditions.append(
            "(budget.year < :last_year OR (budget.year = :last_year"
            " AND (unit.name, budget.budget_id) > (:last_name, :last_id)))"
        )
        values |= {"last_year": after[0], "last_name": after[1], "last_id": after[2]}
    statement = f"""
        {_SEEN} WHERE {" AND ".join(conditions)}
        ORDER BY budget.year DESC, unit.name, budget.budget_id LIMIT :limit
    """
    return (await db.execute(text(statement), values)).all()


async def get_budget(db: AsyncSession, budget_id: UUID, caller: Caller) -> Row[Any]:
    """One that the caller may see. 404 `budget-unknown`."""
    conditions, values = await _scope(db, caller)
    statement = f"{_SEEN} WHERE {' AND '.join(conditions)} AND budget.budget_id = :budget_id"
    row = (await db.execute(text(statement), values | {"budget_id": budget_id})).first()
    if row is None:
        raise budget_unknown()
    return row


async def find_left(db: AsyncSession, *, unit_id: UUID, year: int, fund: Fund) -> int | None:
    """What may still be committed, without a lock; None where nothing was granted."""
    statement = select(Budget.granted_fen - Budget.committed_fen - Budget.consumed_fen).where(
        Budget.unit_id == unit_id, Budget.year == year, Budget.fund == fund
    )
    found: int | None = await db.scalar(statement)
    return found


async def list_entries(
    db: AsyncSession, budget_id: UUID, *, before: int | None = None, limit: int
) -> Sequence[Row[Any]]:
    """The statement, the latest first, with what its entries were for."""
    values: dict[str, Any] = {"budget_id": budget_id, "limit": limit}
    condition = "entry.budget_id = :budget_id"
    if before is not None:
        condition += " AND entry.position < :before"
        values["before"] = before
    statement = f"{_STATEMENT} WHERE {condition} ORDER BY entry.position DESC LIMIT :limit"
    return (await db.execute(text(statement), values)).all()


async def _scope(db: AsyncSession, caller: Caller) -> tuple[list[str], dict[str, Any]]:
    """Which budgets the caller sees, as conditions; fails closed."""
    if caller.is_operator:
        return ["true"], {}
    if caller.kind == "official":
        regions = [region_prefix(each) for each in caller.regions] if FINANCE_OFFICE in caller.roles else []
        condition = (
            "EXISTS (SELECT FROM unnest(CAST(:regions AS text[])) AS own (start)"
            " WHERE starts_with(unit.county_code, own.start))"
        )
        return [condition], {"regions": regions}
    own = await unit_queries.find_acting_unit(db, caller)
    seen = [] if own is None else list(await unit_queries.list_subtree(db, own.unit_id))
    conditions, values = ["budget.unit_id = ANY(CAST(:seen_units AS uuid[]))"], {"seen_units": seen}
    if (fund := visible_fund(caller)) is not None:
        return [*conditions, "budget.fund = :seen_fund"], {**values, "seen_fund": fund}
    return conditions, values


def _escaped(wanted: str) -> str:
    return wanted.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
