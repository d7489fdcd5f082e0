"""Filing a reserved share, deciding on it, locking it, and correcting what is locked by a new version."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share import queries, rules, telling
from orders.reserved_share.models import ReservedShare
from orders.trail import actions as trail_actions
from orders.unit import queries as unit_queries
from orders.unit import rules as unit_rules
from orders.unit.models import BudgetUnit
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Forbidden
from shared.etag import ensure_fresh

_COPIED = (
    "canteen_total_fen", "ratio_bp", "union_total_fen", "union_member_count", "union_reserved_fen", "contact", "phone",
    "note",
)  # fmt: skip


async def draft_share(
    db: AsyncSession, *, share_id: UUID, year: int, facts: Mapping[str, Any], caller: Caller, now: datetime
) -> ReservedShare:
    """A unit's handler begins its filing of a year.

    Forbidden `unit-needed`, `duty-missing`; Conflict `unit-closed`, `filing-exists`, `canteen-mode-missing`; Invalid
    `filing-year-wrong`, `filing-has-no-canteen`.
    """
    unit = await unit_queries.get_acting_unit(db, caller)
    unit_rules.ensure_duty(caller, "handler")
    rules.ensure_year(year, business_day(now))
    if await queries.find_latest(db, unit.unit_id, year) is not None:
        raise _exists()
    share = ReservedShare(
        share_id=share_id, revision=1, unit_id=unit.unit_id, year=year, version=1, status="DRAFT", created_at=now
    )
    await _fill(db, share, unit, facts, now)
    db.add(share)
    await _save_new(db)
    await _record(db, share, "draft", before=None, reason="", caller=caller, now=now)
    return share


async def edit_share(
    db: AsyncSession,
    *,
    share_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> ReservedShare:
    """Other figures of a draft, or of what was returned. Forbidden; NotFound; Conflict `reserved-share-status`,
    `canteen-mode-missing`; Invalid `filing-has-no-canteen`; Stale."""
    share, unit = await _lock_for(db, share_id, expected_revision, "edit", caller)
    before, share.status = share.status, rules.status_after("edit", share.status)
    await _fill(db, share, unit, facts, now)
    await _changed(db, share, "edit", before=before, reason="", caller=caller, now=now)
    return share


async def submit_share(
    db: AsyncSession, *, share_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> ReservedShare:
    """Hand it in, if it holds to the rules of the region and year. The canteen's mode and whether the union has funds
    are taken from the unit as they are now. Refuses as `rules.ensure_holds`, and as `edit_share`."""
    share, unit = await _lock_for(db, share_id, expected_revision, "submit", caller)
    before, after = share.status, rules.status_after("submit", share.status)
    await _fill(db, share, unit, {name: getattr(share, name) for name in _COPIED}, now)
    rules.ensure_holds(
        _filing(share),
        rules.rule_of(unit.county_code, share.year),
        last_year=await queries.find_in_force(db, unit.unit_id, share.year - 1),
    )
    share.status, share.return_reason = after, ""
    share.submitted_by, share.submitted_at = caller.person_id, now
    share.approved_by = share.confirmed_by = None
    await _changed(db, share, "submit", before=before, reason="", caller=caller, now=now)
    await telling.tell_leads(db, share, unit, now=now)
    return share


async def decide(
    db: AsyncSession,
    *,
    share_id: UUID,
    expected_revision: int,
    verb: rules.Verb,
    reason: str,
    caller: Caller,
    now: datetime,
) -> ReservedShare:
    """Withdraw it (its unit), review and approve it (the lead unit), return it (who has it in hand), confirm and lock
    it (the finance office). Once locked, it replaces the version before.

    Forbidden `duty-missing`, `lead-unit-needed`, `finance-office-needed`, `region-not-yours`, `own-request`; NotFound;
    Conflict `reserved-share-status`; Stale.
    """
    share, unit = await queries.lock_share(db, caller, share_id)
    side = rules.side_of(verb, share.status)
    await _ensure_side(db, unit, side, caller)
    ensure_fresh(expected_revision, share.revision)
    before, after = share.status, rules.status_after(verb, share.status)
    if side != "unit":
        rules.ensure_another_person(caller.person_id, share.submitted_by)
    if verb == "lock":  # the one before gives way first: one is in force
        await _replace(db, share, now)
        share.locked_at = now
    share.status = after
    if verb == "return":
        share.return_reason = reason
    elif verb == "approve":
        share.approved_by = caller.person_id
    elif verb == "confirm":
        share.confirmed_by = caller.person_id
    await _changed(db, share, verb, before=before, reason=reason, caller=caller, now=now)
    if verb == "return":
        await telling.tell_filer(db, share, "RETURNED", now=now)
    elif verb == "lock":
        await telling.tell_filer(db, share, "LOCKED", now=now)
    return share


async def correct_share(
    db: AsyncSession,
    *,
    share_id: UUID,
    new_share_id: UUID,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> ReservedShare:
    """A new version of what is locked, to be filed and decided on like the first; until it is locked, the old one is in
    force. Forbidden; NotFound; Conflict `reserved-share-status`, `filing-exists`, `unit-closed`; Stale."""
    locked, unit = await queries.lock_share(db, caller, share_id)
    await _ensure_side(db, unit, "unit", caller)
    ensure_fresh(expected_revision, locked.revision)
    rules.ensure_correctable(locked.status, is_in_force=locked.superseded_at is None)
    latest = await queries.find_latest(db, locked.unit_id, locked.year)
    if latest is None or latest.share_id != share_id:
        raise _exists()
    share = ReservedShare(
        share_id=new_share_id,
        revision=1,
        unit_id=locked.unit_id,
        year=locked.year,
        version=locked.version + 1,
        status="DRAFT",
        correction_reason=reason,
        created_at=now,
    )
    facts = {name: getattr(locked, name) for name in _COPIED}
    await _fill(db, share, unit, facts, now, is_forgiving=True)
    db.add(share)
    await _save_new(db)
    await _record(db, share, "correct", before=None, reason=reason, caller=caller, now=now)
    return share


async def list_verbs(db: AsyncSession, *, share_id: UUID, caller: Caller) -> list[str]:
    """What the caller may do with it now: legal, and the caller's turn."""
    share = await queries.get_row(db, share_id)
    unit = await unit_queries.get_unit(db, share.unit_id)
    found = []
    for verb, (before, _) in rules.MOVES.items():
        if share.status in before and await _is_turn_of(db, share, unit, rules.side_of(verb, share.status), caller):
            found.append(verb)
    is_in_force = share.status == "LOCKED" and share.superseded_at is None
    latest = await queries.find_latest(db, share.unit_id, share.year)
    if is_in_force and latest is share and await _is_turn_of(db, share, unit, "unit", caller):
        found.append("correct")
    return found


async def _is_turn_of(
    db: AsyncSession, share: ReservedShare, unit: BudgetUnit, side: rules.Side, caller: Caller
) -> bool:
    try:
        await _ensure_side(db, unit, side, caller)
        if side != "unit":
            rules.ensure_another_person(caller.person_id, share.submitted_by)
    except (Forbidden, Conflict):
        return False
    return True


async def _lock_for(
    db: AsyncSession, share_id: UUID, expected_revision: int, verb: str, caller: Caller
) -> tuple[ReservedShare, BudgetUnit]:
    share, unit = await queries.lock_share(db, caller, share_id)
    await _ensure_side(db, unit, rules.side_of(verb, share.status), caller)
    ensure_fresh(expected_revision, share.revision)
    return share, unit


async def _ensure_side(db: AsyncSession, unit: BudgetUnit, side: rules.Side, caller: Caller) -> None:
    """That the caller is on the side whose turn it is. Where no unit above has people, its finance office reviews."""
    if side == "finance":
        unit_rules.ensure_oversees(caller, unit.county_code)
        return
    own = await unit_queries.find_acting_unit(db, caller)
    if side == "unit":
        if own is None or own.unit_id != unit.unit_id:
            raise Forbidden("Its own unit does this.", code="own-unit-needed")
        unit_rules.ensure_duty(caller, "handler")
        await unit_queries.get_acting_unit(db, caller)
        return
    leads = await unit_queries.list_leads(db, unit.unit_id)
    if not leads:
        unit_rules.ensure_oversees(caller, unit.county_code)
    elif own is None or own.unit_id not in leads:
        raise Forbidden("The unit that supervises it does this.", code="lead-unit-needed")
    else:
        unit_rules.ensure_duty(caller, "approver")


async def _fill(
    db: AsyncSession,
    share: ReservedShare,
    unit: BudgetUnit,
    facts: Mapping[str, Any],
    now: datetime,
    *,
    is_forgiving: bool = False,
) -> None:
    """Its figures, with what is known of the unit and what follows from them."""
    canteen = await unit_queries.find_canteen(db, unit.unit_id, share.year)
    if canteen is None:
        raise Conflict("Say first how the unit eats in this year.", code="canteen-mode-missing")
    share.canteen_mode, share.shared_with_id = canteen.mode, canteen.shared_with_id
    share.has_union_funds = unit.has_union_funds
    for name, value in facts.items():
        setattr(share, name, value)
    if is_forgiving and canteen.mode in rules.WITHOUT_TOTAL:  # the canteen was given up since
        share.canteen_total_fen = share.ratio_bp = 0
    filing = _filing(share)
    rules.ensure_zero(filing)
    share.canteen_reserved_fen = filing.canteen_reserved_fen
    share.reserved_fen = share.canteen_reserved_fen + share.union_reserved_fen
    share.changed_at = now


def _filing(share: ReservedShare) -> rules.Filing:
    return rules.Filing(
        canteen_mode=share.canteen_mode,
        has_union_funds=share.has_union_funds,
        canteen_total_fen=share.canteen_total_fen,
        ratio_bp=share.ratio_bp,
        union_total_fen=share.union_total_fen,
        union_member_count=share.union_member_count,
        union_reserved_fen=share.union_reserved_fen,
        contact=share.contact,
        phone=share.phone,
    )


async def _replace(db: AsyncSession, share: ReservedShare, now: datetime) -> None:
    before = await queries.find_replaced(db, share)
    if before is not None:
        before.superseded_at = now
        await db.flush()


async def _save_new(db: AsyncSession) -> None:
    try:
        async with db.begin_nested():
            await db.flush()
    except IntegrityError as error:
        if "uq_reserved_shares" not in str(error) and "one_open" not in str(error):
            raise
        raise _exists() from error


def _exists() -> Conflict:
    return Conflict("There is a filing of this year already: open that one.", code="filing-exists", field="year")


async def _changed(
    db: AsyncSession,
    share: ReservedShare,
    verb: str,
    *,
    before: str,
    reason: str,
    caller: Caller,
    now: datetime,
) -> None:
    share.revision += 1
    share.changed_at = now
    await db.flush()
    await _record(db, share, verb, before=before, reason=reason, caller=caller, now=now)


async def _record(
    db: AsyncSession,
    share: ReservedShare,
    verb: str,
    *,
    before: str | None,
    reason: str,
    caller: Caller,
    now: datetime,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="reserved-share",
        subject_id=share.share_id,
        verb=verb,
        from_status=before,
        to_status=share.status,
        reason=reason,
        actor=unit_rules.actor_of(caller),
        person_id=caller.person_id,
        now=now,
    )
