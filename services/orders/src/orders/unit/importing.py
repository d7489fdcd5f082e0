"""Entering many units by one file: good rows are entered, the others are told why not, and the same file twice changes
nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from orders.trail import actions as trail_actions
from orders.unit import queries, rules
from orders.unit.models import BudgetUnit
from orders.unit.sheet import COLUMNS, Entry, Wrong
from shared.auth import Caller
from shared.ids import new_id


async def enter_units(
    db: AsyncSession, *, rows: Sequence[Entry | Wrong], caller: Caller, now: datetime
) -> tuple[int, int, list[Wrong]]:
    """How many were entered, how many were known already, and what is wrong, by row. A row may name the unit of an
    earlier row as the one that supervises it. Forbidden `finance-office-needed`."""
    rules.ensure_finance_office(caller)
    await queries.lock_tree(db)
    wrong = [each for each in rows if isinstance(each, Wrong)]
    entries = [each for each in rows if isinstance(each, Entry)]
    known = await _load_known(db, entries)
    entered, unchanged = list[BudgetUnit](), 0
    for each in entries:
        parent = known.get(each.parent_uscc)
        there = known.get(each.facts.uscc)
        fault = _fault(each, there, parent, caller)
        if fault is not None:
            wrong.append(fault)
        elif there is not None:
            unchanged += 1
        else:
            made = _made(each, parent.unit_id if parent is not None else None, now)
            known[each.facts.uscc] = made
            entered.append(made)
    await _add(db, entered, caller, now)
    return len(entered), unchanged, sorted(wrong, key=lambda each: each.row)


def _fault(each: Entry, there: BudgetUnit | None, parent: BudgetUnit | None, caller: Caller) -> Wrong | None:
    facts = each.facts
    if not rules.oversees(caller, facts.county_code):
        return Wrong(each.row, facts.name, COLUMNS["county_code"], facts.county_code, "region-not-yours", {})
    if each.parent_uscc and parent is None:
        return Wrong(each.row, facts.name, COLUMNS["parent_uscc"], each.parent_uscc, "parent-unknown", {})
    parent_id = parent.unit_id if parent is not None else None
    if there is not None and (there.name, there.county_code, there.parent_id) != (
        facts.name,
        facts.county_code,
        parent_id,
    ):
        return Wrong(each.row, facts.name, COLUMNS["uscc"], facts.uscc, "uscc-differs", {"known": there.name})
    return None


async def _load_known(db: AsyncSession, entries: Sequence[Entry]) -> dict[str, BudgetUnit]:
    codes = {each.facts.uscc for each in entries} | {each.parent_uscc for each in entries}
    found = await db.scalars(select(BudgetUnit).where(BudgetUnit.uscc.in_(codes), BudgetUnit.status == "ACTIVE"))
    return {each.uscc: each for each in found}


def _made(each: Entry, parent_id: UUID | None, now: datetime) -> BudgetUnit:
    facts = each.facts
    return BudgetUnit(
        unit_id=new_id(),
        revision=1,
        parent_id=parent_id,
        status="ACTIVE",
        kind=facts.kind,
        name=facts.name,
        uscc=facts.uscc,
        county_code=facts.county_code,
        has_union=facts.has_union,
        has_union_funds=facts.has_union_funds,
        union_name=facts.union_name,
        union_uscc=facts.union_uscc,
        created_at=now,
        changed_at=now,
    )


async def _add(db: AsyncSession, entered: Sequence[BudgetUnit], caller: Caller, now: datetime) -> None:
    db.add_all(entered)
    await db.flush()
    await trail_actions.record_many(
        db,
        subject_kind="unit",
        subject_ids=[each.unit_id for each in entered],
        verb="import",
        to_status="ACTIVE",
        actor=rules.actor_of(caller),
        person_id=caller.person_id,
        now=now,
    )
