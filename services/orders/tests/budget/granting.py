"""A unit with a budget, for tests of whoever spends it."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from orders.budget import actions
from orders.budget.rules import budget_year
from orders.unit.models import BudgetUnit
from orders.unit.rules import Fund
from services.orders.tests.factories import NOW

COUNTY = "522634"


async def a_unit(db: AsyncSession, **given: Any) -> BudgetUnit:
    """An organ of Leishan county with a canteen and a union of its own."""
    facts: dict[str, Any] = {
        "unit_id": uuid4(),
        "organisation_id": uuid4(),
        "status": "ACTIVE",
        "kind": "ORGAN",
        "name": f"雷山县财政局{uuid4().hex[:6]}",
        "uscc": f"11{uuid4().hex[:16].upper()}",
        "county_code": COUNTY,
        "has_union": True,
        "has_union_funds": True,
        "created_at": NOW,
        "changed_at": NOW,
    }
    unit = BudgetUnit(**{**facts, **given})
    db.add(unit)
    await db.flush()
    return unit


async def granted(
    db: AsyncSession, unit_id: UUID, amount_fen: int = 1_000_000, *, fund: Fund = "CANTEEN", year: int | None = None
) -> None:
    """Money for this year."""
    await actions.grant(
        db,
        unit_id=unit_id,
        year=year or budget_year(NOW),
        fund=fund,
        amount_fen=amount_fen,
        entry_id=uuid4(),
        reason="年初批复",
        by=None,
        now=NOW,
    )
