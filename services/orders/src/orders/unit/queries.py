"""Reads of units. Who acts for a unit, and who sees it, is decided here."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase.rules import region_prefix
from orders.unit.models import BudgetUnit
from orders.unit.rules import FINANCE_OFFICE
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, NotFound


def unknown_unit() -> NotFound:
    """The refusal for a unit that does not exist for the caller."""
    return NotFound("There is no such unit, or it is not yours to see.", code="unit-unknown")


async def find_acting_unit(db: AsyncSession, caller: Caller) -> BudgetUnit | None:
    """The unit for which the caller acts, if its organisation is one."""
    if caller.kind != "institution" or caller.organisation_id is None:
        return None
    found: BudgetUnit | None = await db.scalar(
        select(BudgetUnit).where(BudgetUnit.organisation_id == caller.organisation_id)
    )
    return found


async def get_acting_unit(db: AsyncSession, caller: Caller) -> BudgetUnit:
    """The unit for which the caller acts. 403 `unit-needed` for who acts for none; 409 `unit-closed` once it is merged
    or closed: it buys nothing more."""
    unit = await find_acting_unit(db, caller)
    if unit is None:
        raise Forbidden("Act for an institution that is registered as a budget unit.", code="unit-needed")
    if unit.status != "ACTIVE":
        raise Conflict("This unit was merged or closed. Act for the unit that took it over.", code="unit-closed")
    return unit


async def get_unit(db: AsyncSession, unit_id: UUID) -> BudgetUnit:
    """The unit, whoever asks. 404 `unit-unknown`."""
    unit = await db.get(BudgetUnit, unit_id)
    if unit is None:
        raise unknown_unit()
    return unit


async def list_subtree(db: AsyncSession, unit_id: UUID) -> Sequence[UUID]:
    """The unit and every unit below it, in no order."""
    tree = select(BudgetUnit.unit_id).where(BudgetUnit.unit_id == unit_id).cte("tree", recursive=True)
    tree = tree.union(select(BudgetUnit.unit_id).join(tree, BudgetUnit.parent_id == tree.c.unit_id))
    return (await db.scalars(select(tree.c.unit_id))).all()


async def get_unit_for(db: AsyncSession, caller: Caller, unit_id: UUID) -> BudgetUnit:
    """The unit, for its own people, for the units above it, for the finance office of its region and for operators.

    404 `unit-unknown` for everybody else.
    """
    unit = await get_unit(db, unit_id)
    if caller.is_operator or _is_overseen(caller, unit):
        return unit
    own = await find_acting_unit(db, caller)
    if own is None or (own.unit_id != unit_id and unit_id not in await list_subtree(db, own.unit_id)):
        raise unknown_unit()
    return unit


def _is_overseen(caller: Caller, unit: BudgetUnit) -> bool:
    if caller.kind != "official" or FINANCE_OFFICE not in caller.roles:
        return False
    # 520000 oversees 522600 and 522634; an official without regions oversees nothing.
    return any(unit.county_code.startswith(region_prefix(region)) for region in caller.regions)
