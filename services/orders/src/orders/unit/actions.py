"""Entering, binding, changing, moving, merging and closing units, and saying how they eat.

Whatever changes the tree takes its lock first, then units by id.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.trail import actions as trail_actions
from orders.unit import queries, rules
from orders.unit.activation import ensure_right
from orders.unit.models import BudgetUnit, UnitCanteen
from shared.auth import Caller
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh

_MOVE_STAFF = text("""
    WITH gone AS (
        UPDATE unit_staff SET left_at = greatest(CAST(:now AS timestamptz), linked_at + interval '1 microsecond')
        WHERE unit_id = :unit_id AND left_at IS NULL RETURNING person_id, left_at
    )
    INSERT INTO unit_staff (person_id, linked_at, unit_id)
    SELECT person_id, left_at, CAST(:into_id AS uuid) FROM gone WHERE CAST(:into_id AS uuid) IS NOT NULL
""")

_REPRESENTATIVE_FAULTS = ("represents no shared canteen", "named by members of its canteen")  # the trigger's words


async def enter_unit(
    db: AsyncSession,
    *,
    unit_id: UUID,
    facts: rules.UnitFacts,
    parent_id: UUID | None,
    organisation_id: UUID | None = None,
    caller: Caller,
    now: datetime,
) -> BudgetUnit:
    """The finance office enters a unit of its region; the unit's people bind themselves to it later.

    Forbidden `finance-office-needed`, `region-not-yours`; NotFound `unit-unknown` for the supervising unit; Conflict
    `uscc-taken`, `unit-closed`; Invalid as `rules.checked_facts`.
    """
    rules.ensure_oversees(caller, facts.county_code)
    checked = rules.checked_facts(facts)
    if parent_id is not None:
        await queries.lock_tree(db)
        await _ensure_takes_units(db, parent_id)
    return await _add(db, unit_id, checked, parent_id, organisation_id, verb="enter", caller=caller, now=now)


async def register_unit(
    db: AsyncSession, *, unit_id: UUID, facts: rules.UnitFacts, caller: Caller, now: datetime
) -> BudgetUnit:
    """An institution's administrator registers it as a unit. Its place in the tree is given by the finance office.

    Forbidden `unit-administrator-needed`; Conflict `uscc-taken`, `organisation-bound`; Invalid as
    `rules.checked_facts`.
    """
    organisation_id = rules.ensure_administrator(caller)
    checked = rules.checked_facts(facts)
    return await _add(db, unit_id, checked, None, organisation_id, verb="register", caller=caller, now=now)


async def bind_unit(db: AsyncSession, *, uscc: str, activation_code: str, caller: Caller, now: datetime) -> BudgetUnit:
    """An institution's administrator takes over the unit that was entered with its code (激活), by the activation code
    that it was given. The code is spent with it (a trigger).

    Forbidden `unit-administrator-needed`; NotFound `unit-unknown`; Conflict `unit-bound`, `organisation-bound`; Invalid
    `activation-code-mistyped`, `activation-code-wrong`.
    """
    organisation_id = rules.ensure_administrator(caller)
    unit = await queries.lock_unit_of_code(db, uscc)
    await ensure_right(db, unit, activation_code, now=now)
    unit.organisation_id = organisation_id
    await _changed(db, unit, "bind", caller=caller, now=now)
    return unit


async def unbind_unit(
    db: AsyncSession, *, unit_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> BudgetUnit:
    """The finance office takes the account from a unit, so that another can bind itself. Forbidden
    `finance-office-needed`; NotFound; Conflict `unit-not-bound`; Stale."""
    unit = await _lock_overseen(db, unit_id, caller)
    ensure_fresh(expected_revision, unit.revision)
    if unit.organisation_id is None:
        raise Conflict("This unit has no account.", code="unit-not-bound")
    unit.organisation_id = None
    await _changed(db, unit, "unbind", reason=reason, caller=caller, now=now)
    return unit


async def edit_unit(
    db: AsyncSession,
    *,
    unit_id: UUID,
    expected_revision: int,
    facts: rules.UnitFacts,
    reason: str,
    caller: Caller,
    now: datetime,
) -> BudgetUnit:
    """Rename a unit, or correct what is known of it. Its own administrator may, but not its code and county.

    Forbidden `finance-office-needed`, `region-not-yours`; Conflict `unit-status`, `uscc-taken`; Invalid; Stale.
    """
    unit = await queries.lock_unit(db, unit_id)
    checked = rules.checked_facts(facts)
    is_own = rules.ADMIN in caller.roles and (await queries.find_acting_unit(db, caller)) is unit
    if not is_own:
        await queries.get_unit_for(db, caller, unit_id)
        rules.ensure_oversees(caller, unit.county_code)
        rules.ensure_oversees(caller, checked.county_code)
    elif (checked.uscc, checked.county_code) != (unit.uscc, unit.county_code):
        rules.ensure_oversees(caller, unit.county_code)
    ensure_fresh(expected_revision, unit.revision)
    rules.status_after("edit", unit.status)
    for name, value in asdict(checked).items():
        setattr(unit, name, value)
    await _changed(db, unit, "edit", reason=reason, caller=caller, now=now)
    return unit


async def move_unit(
    db: AsyncSession,
    *,
    unit_id: UUID,
    expected_revision: int,
    parent_id: UUID | None,
    reason: str,
    caller: Caller,
    now: datetime,
) -> BudgetUnit:
    """Below another supervising unit, or below none. Forbidden `finance-office-needed`, `region-not-yours`; NotFound;
    Conflict `unit-status`, `unit-ring`, `unit-closed`; Stale."""
    await queries.lock_tree(db)
    unit = await _lock_overseen(db, unit_id, caller)
    ensure_fresh(expected_revision, unit.revision)
    rules.status_after("move", unit.status)
    if parent_id is not None:
        rules.ensure_no_ring(unit_id, await queries.list_above(db, parent_id))
        await _ensure_takes_units(db, parent_id)
    unit.parent_id = parent_id
    await _changed(db, unit, "move", reason=reason, caller=caller, now=now)
    return unit


async def merge_unit(
    db: AsyncSession,
    *,
    unit_id: UUID,
    expected_revision: int,
    into_id: UUID,
    reason: str,
    caller: Caller,
    now: datetime,
) -> BudgetUnit:
    """Another unit takes this one over, with the units below it and its staff. What it filed and bought stays its own,
    and from now on it stands below its successor, which so sees it. The code is free again.

    Forbidden `finance-office-needed`, `region-not-yours`; NotFound; Conflict `unit-status`, `unit-ring`,
    `unit-closed`; Stale.
    """
    await queries.lock_tree(db)
    unit = await _lock_overseen(db, unit_id, caller)
    ensure_fresh(expected_revision, unit.revision)
    before = unit.status
    after = rules.status_after("merge", before)
    if into_id == unit_id:
        raise Conflict("A unit cannot be merged into itself.", code="unit-ring", field="into_id")
    await _ensure_takes_units(db, into_id)
    into = await queries.lock_unit(db, into_id)
    if unit_id in await queries.list_above(db, into_id):  # its successor stands below it: up, to its place
        into.parent_id, into.changed_at, into.revision = unit.parent_id, now, into.revision + 1
        await db.flush()
    await _move_children(db, unit_id, into_id, now=now)
    await db.execute(_MOVE_STAFF, {"unit_id": unit_id, "into_id": into_id, "now": now})
    unit.status, unit.merged_into_id, unit.parent_id = after, into_id, into_id
    await _changed(db, unit, "merge", before=before, reason=reason, caller=caller, now=now)
    return unit


async def close_unit(
    db: AsyncSession, *, unit_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> BudgetUnit:
    """It exists no more; past figures stay. Units below it are moved or closed before.

    Forbidden `finance-office-needed`, `region-not-yours`; NotFound; Conflict `unit-status`, `unit-has-units`; Stale.
    """
    await queries.lock_tree(db)
    unit = await _lock_overseen(db, unit_id, caller)
    ensure_fresh(expected_revision, unit.revision)
    before = unit.status
    after = rules.status_after("close", before)
    if await queries.has_active_children(db, unit_id):
        raise Conflict("Move or close the units below this one first.", code="unit-has-units")
    await db.execute(_MOVE_STAFF, {"unit_id": unit_id, "into_id": None, "now": now})
    unit.status = after
    await _changed(db, unit, "close", before=before, reason=reason, caller=caller, now=now)
    return unit


async def say_canteen(
    db: AsyncSession,
    *,
    unit_id: UUID,
    year: int,
    canteen: rules.Canteen,
    expected_revision: int | None = None,
    caller: Caller,
    now: datetime,
) -> UnitCanteen:
    """How a unit eats in a year, by its handler or the finance office; said again, the latest word counts.

    Forbidden `duty-missing`, `finance-office-needed`; NotFound `unit-unknown`; Conflict `unit-status`,
    `canteen-has-members`; Invalid `canteen-representative-needed`, `canteen-contractor-needed`,
    `unit-uscc-invalid`; Stale where a revision is expected.
    """
    unit = await queries.lock_unit(db, unit_id)
    if (await queries.find_acting_unit(db, caller)) is unit:
        rules.ensure_duty(caller, "handler")
    else:
        await queries.get_unit_for(db, caller, unit_id)
        rules.ensure_oversees(caller, unit.county_code)
    if expected_revision is not None:
        ensure_fresh(expected_revision, unit.revision)
    rules.status_after("edit", unit.status)
    checked = rules.checked_canteen(canteen, unit_id=unit_id)
    values = asdict(checked) | {"changed_at": now}
    try:
        async with db.begin_nested():
            said = await db.scalars(
                insert(UnitCanteen)
                .values(unit_id=unit_id, year=year, **values)
                .on_conflict_do_update(index_elements=["unit_id", "year"], set_=values)
                .returning(UnitCanteen),
                execution_options={"populate_existing": True},
            )
            made = said.one()
    except IntegrityError as error:
        raise _canteen_refusal(error, checked) from error
    await _changed(db, unit, "canteen", reason=f"{year} {checked.mode}", caller=caller, now=now)
    return made


async def _add(
    db: AsyncSession,
    unit_id: UUID,
    facts: rules.UnitFacts,
    parent_id: UUID | None,
    organisation_id: UUID | None,
    *,
    verb: str,
    caller: Caller,
    now: datetime,
) -> BudgetUnit:
    unit = BudgetUnit(
        unit_id=unit_id,
        revision=1,
        organisation_id=organisation_id,
        parent_id=parent_id,
        status="ACTIVE",
        created_at=now,
        changed_at=now,
        **asdict(facts),
    )
    db.add(unit)
    await _save(db)
    await _record(db, unit, verb, before=None, reason="", caller=caller, now=now)
    return unit


async def _lock_overseen(db: AsyncSession, unit_id: UUID, caller: Caller) -> BudgetUnit:
    unit = await queries.lock_unit(db, unit_id)
    await queries.get_unit_for(db, caller, unit_id)
    rules.ensure_oversees(caller, unit.county_code)
    return unit


async def _ensure_takes_units(db: AsyncSession, unit_id: UUID) -> None:
    above = await queries.get_unit(db, unit_id)
    if above.status != "ACTIVE":
        raise Conflict("That unit was merged or closed.", code="unit-closed", field="parent_id")


async def _move_children(db: AsyncSession, unit_id: UUID, into_id: UUID, *, now: datetime) -> None:
    await db.execute(
        update(BudgetUnit)
        .where(BudgetUnit.parent_id == unit_id, BudgetUnit.unit_id != into_id)
        .values(parent_id=into_id, changed_at=now, revision=BudgetUnit.revision + 1)
    )


async def _changed(
    db: AsyncSession,
    unit: BudgetUnit,
    verb: str,
    *,
    before: str | None = None,
    reason: str = "",
    caller: Caller,
    now: datetime,
) -> None:
    unit.revision += 1
    unit.changed_at = now
    await _save(db)
    await _record(db, unit, verb, before=before or unit.status, reason=reason, caller=caller, now=now)


async def _save(db: AsyncSession) -> None:
    try:
        async with db.begin_nested():
            await db.flush()
    except IntegrityError as error:
        if "ix_budget_units_one_of_a_code" in str(error):
            raise Conflict("A unit of this code is entered already.", code="uscc-taken", field="uscc") from error
        if "ix_budget_units_organisation_id" in str(error):
            raise Conflict("Your institution is a unit already.", code="organisation-bound") from error
        raise


def _canteen_refusal(error: IntegrityError, canteen: rules.Canteen) -> Exception:
    if not any(each in str(error) for each in _REPRESENTATIVE_FAULTS):
        return error
    if canteen.mode == "SHARED_MEMBER":
        return Invalid(
            "The named unit does not say that it files for a shared canteen in this year.",
            code="canteen-representative-needed",
            field="shared_with_id",
        )
    return Conflict("Other units name this one as the one that files for their canteen.", code="canteen-has-members")


async def _record(
    db: AsyncSession, unit: BudgetUnit, verb: str, *, before: str | None, reason: str, caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="unit",
        subject_id=unit.unit_id,
        verb=verb,
        from_status=before,
        to_status=unit.status,
        reason=reason,
        actor=rules.actor_of(caller),
        person_id=caller.person_id,
        now=now,
    )
