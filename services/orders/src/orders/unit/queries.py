"""Reads of units. Who acts for a unit, and who sees it, is decided here."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, exists, false, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase.rules import region_prefix
from orders.unit import rules
from orders.unit.models import BudgetUnit, UnitCanteen
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, NotFound
from shared.uscc import normalised_uscc

_LOCK_TREE = text("SELECT pg_advisory_xact_lock(hashtextextended('budget_units', 22))")


def unknown_unit() -> NotFound:
    """The refusal for a unit that does not exist for the caller."""
    return NotFound("There is no such unit, or it is not yours to see.", code="unit-unknown")


def unit_needed() -> Forbidden:
    """The refusal for who acts for no unit."""
    return Forbidden("Act for an institution that is registered as a budget unit.", code="unit-needed")


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
        raise unit_needed()
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


def seen_units(caller: Caller) -> Select[UUID]:
    """The ids of all units that the caller sees, to be used in a query: its own and those below it, those of its
    regions for a finance office, all for operators, none for anybody else."""
    ids = select(BudgetUnit.unit_id)
    if caller.is_operator:
        return ids
    if rules.is_finance_office(caller):
        prefixes = [region_prefix(each) for each in caller.regions]
        return ids.where(or_(false(), *(BudgetUnit.county_code.startswith(each) for each in prefixes)))
    if caller.kind != "institution" or caller.organisation_id is None:
        return ids.where(false())
    tree = ids.where(BudgetUnit.organisation_id == caller.organisation_id).cte("seen_tree", recursive=True)
    tree = tree.union(select(BudgetUnit.unit_id).join(tree, BudgetUnit.parent_id == tree.c.unit_id))
    return select(tree.c.unit_id)


async def get_unit_for(db: AsyncSession, caller: Caller, unit_id: UUID) -> BudgetUnit:
    """The unit, for its own people, for the units above it, for the finance office of its region and for operators.

    404 `unit-unknown` for everybody else.
    """
    unit = await get_unit(db, unit_id)
    if rules.oversees(caller, unit.county_code):
        return unit
    own = await find_acting_unit(db, caller)
    if own is None or (own.unit_id != unit_id and unit_id not in await list_subtree(db, own.unit_id)):
        raise unknown_unit()
    return unit


async def lock_tree(db: AsyncSession) -> None:
    """Nobody else changes the tree until this transaction ends."""
    await db.execute(_LOCK_TREE)


async def lock_unit(db: AsyncSession, unit_id: UUID) -> BudgetUnit:
    """The unit, nobody else's until this transaction ends. 404 `unit-unknown`."""
    unit = await db.get(BudgetUnit, unit_id, with_for_update=True, populate_existing=True)
    if unit is None:
        raise unknown_unit()
    return unit


async def lock_unit_of_code(db: AsyncSession, uscc: str) -> BudgetUnit:
    """The active unit of this code. 404 `unit-unknown`."""
    unit: BudgetUnit | None = await db.scalar(
        select(BudgetUnit)
        .where(BudgetUnit.uscc == normalised_uscc(uscc), BudgetUnit.status == "ACTIVE")
        .with_for_update()
    )
    if unit is None:
        raise unknown_unit()
    return unit


async def list_above(db: AsyncSession, unit_id: UUID) -> Sequence[UUID]:
    """The unit and all that supervise it."""
    above = select(BudgetUnit.unit_id, BudgetUnit.parent_id).where(BudgetUnit.unit_id == unit_id)
    chain = above.cte("above", recursive=True)
    chain = chain.union(
        select(BudgetUnit.unit_id, BudgetUnit.parent_id).join(chain, BudgetUnit.unit_id == chain.c.parent_id)
    )
    return (await db.scalars(select(chain.c.unit_id))).all()


async def has_active_children(db: AsyncSession, unit_id: UUID) -> bool:
    """Whether active units stand below it."""
    below = exists().where(BudgetUnit.parent_id == unit_id, BudgetUnit.status == "ACTIVE")
    return bool(await db.scalar(select(below)))


async def list_leads(db: AsyncSession, unit_id: UUID) -> Sequence[UUID]:
    """The units above it that have people."""
    above = await list_above(db, unit_id)
    lead = select(BudgetUnit.unit_id).where(
        BudgetUnit.unit_id.in_(above),
        BudgetUnit.unit_id != unit_id,
        BudgetUnit.status == "ACTIVE",
        BudgetUnit.organisation_id.is_not(None),
    )
    return (await db.scalars(lead)).all()


async def find_canteen(db: AsyncSession, unit_id: UUID, year: int) -> UnitCanteen | None:
    """How it eats in a year, if anybody has said so."""
    return await db.get(UnitCanteen, (unit_id, year))
