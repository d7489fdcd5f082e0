"""Opening approvals and ending them from their subject's side, tiers and delegations. Deciding is in `deciding.py`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import queries, rules, telling
from orders.approval.models import ApprovalCase, ApprovalDelegation, ApprovalScheme
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit.rules import Fund, duties_of, ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.etag import ensure_fresh


async def open_case(
    db: AsyncSession,
    *,
    case_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    digest: str,
    unit_id: UUID,
    fund: Fund,
    amount_fen: int,
    categories: Sequence[str],
    asked_by: UUID | None,
    now: datetime,
    title: str = "",
) -> ApprovalCase:
    """Ask for approval by the unit's tiers; APPROVED at once where its tier has no step. The subject's row is locked
    by the caller; a subject has one case that is pending (a unique index)."""
    tier = rules.tier_for(
        await queries.list_tiers(db, unit_id), amount_fen=amount_fen, fund=fund, categories=categories
    )
    first = tier.steps[0] if tier.steps else None
    case = ApprovalCase(
        case_id=case_id,
        revision=1,
        subject_kind=subject_kind,
        subject_id=subject_id,
        title=title,
        digest=digest,
        unit_id=unit_id,
        fund=fund,
        amount_fen=amount_fen,
        categories=sorted(set(categories)),
        asked_by=asked_by,
        prepared_by=await queries.list_preparers(db, subject_kind, subject_id, asked_by=asked_by),
        asked_at=now,
        status="PENDING" if first else "APPROVED",
        tier_name=tier.name,
        tier_name_en=tier.name_en,
        steps=[asdict(step) for step in tier.steps],
        step_number=1 if first else 0,
        step_duties=[first.duty] if first else [],
        due_at=rules.due_at(now, first.within_days) if first else None,
        is_escalated=False,
        closed_at=None if first else now,
    )
    db.add(case)
    await db.flush()
    actor: Actor = "clock" if asked_by is None else "unit"
    await record(db, case, "open", before=None, reason="", actor=actor, person_id=asked_by, now=now)
    await telling.tell_asked(db, case, case.step_duties, now=now)
    return case


async def close_case(
    db: AsyncSession,
    *,
    subject_kind: str,
    subject_id: UUID,
    verb: str,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """The subject's last case ends because the subject was changed (`void`) or taken back (`withdraw`). One that has
    ended already stays as it is."""
    case = await queries.lock_latest_case(db, subject_kind, subject_id)
    if case is None or case.status not in rules.MOVES[verb][0]:
        return
    before = case.status
    end(case, rules.status_after(verb, before), now=now)
    await db.flush()
    actor: Actor = "clock" if by is None else "unit"
    await record(db, case, verb, before=before, reason=reason, actor=actor, person_id=by, now=now)


def end(case: ApprovalCase, status: str, *, now: datetime) -> None:
    """Nothing is decided any more."""
    case.status, case.due_at, case.closed_at = status, None, now
    case.revision += 1


async def record(
    db: AsyncSession,
    case: ApprovalCase,
    verb: str,
    *,
    before: str | None,
    reason: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> None:
    """One more entry of the case's trail."""
    await trail_actions.record(
        db,
        subject_kind="approval",
        subject_id=case.case_id,
        verb=verb,
        from_status=before,
        to_status=case.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )


async def write_tiers(
    db: AsyncSession,
    *,
    unit_id: UUID,
    tiers: Sequence[rules.Tier],
    expected_revision: int,
    by: UUID,
    now: datetime,
) -> ApprovalScheme:
    """The unit's own tiers; cases that are open keep the steps that they were opened with. 412 `stale`; 422
    `approval-tiers-open`, `approval-tier-empty`."""
    rules.ensure_whole(tiers)
    scheme = await queries.lock_scheme(db, unit_id)
    ensure_fresh(expected_revision, 0 if scheme is None else scheme.revision)
    kept = [asdict(each) for each in tiers]
    if scheme is None:
        scheme = ApprovalScheme(unit_id=unit_id, revision=1, tiers=kept, changed_by=by, changed_at=now)
        db.add(scheme)
    else:
        scheme.revision += 1
        scheme.tiers, scheme.changed_by, scheme.changed_at = kept, by, now
    await db.flush()
    await _record_unit(db, unit_id, "write-tiers", reason="", by=by, now=now)
    return scheme


async def delegate(
    db: AsyncSession,
    *,
    delegation_id: UUID,
    unit_id: UUID,
    caller: Caller,
    from_name: str,
    to_person_id: UUID,
    to_name: str,
    starts_on: date,
    ends_on: date,
    reason: str,
    now: datetime,
) -> ApprovalDelegation:
    """Somebody else decides for the caller, with the duties of approving that the caller has now. 403 `duty-missing`;
    422 `delegation-to-oneself`, `delegation-dates`."""
    ensure_duty(caller, "approver", "finance")
    rules.ensure_delegable(
        from_person_id=caller.person_id,
        to_person_id=to_person_id,
        starts_on=starts_on,
        ends_on=ends_on,
        today=business_day(now),
    )
    delegation = ApprovalDelegation(
        delegation_id=delegation_id,
        unit_id=unit_id,
        from_person_id=caller.person_id,
        to_person_id=to_person_id,
        from_name=from_name,
        to_name=to_name,
        duties=sorted(duties_of(caller) & {"approver", "finance"}),
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason,
        created_at=now,
    )
    db.add(delegation)
    await db.flush()
    await _record_unit(db, unit_id, "delegate", reason=reason, by=caller.person_id, now=now)
    return delegation


async def revoke(
    db: AsyncSession, *, delegation_id: UUID, unit_id: UUID, caller: Caller, now: datetime
) -> ApprovalDelegation:
    """It ends now, by who gave it or the unit's administrator; again changes nothing. 404 `delegation-unknown`."""
    delegation = await queries.lock_delegation(db, delegation_id, unit_id=unit_id)
    if caller.person_id != delegation.from_person_id and "admin" not in caller.roles:
        raise queries.delegation_unknown()
    if delegation.revoked_at is None:
        delegation.revoked_at = now
        await db.flush()
        await _record_unit(db, unit_id, "revoke-delegation", reason="", by=caller.person_id, now=now)
    return delegation


async def _record_unit(db: AsyncSession, unit_id: UUID, verb: str, *, reason: str, by: UUID, now: datetime) -> None:
    await trail_actions.record(
        db,
        subject_kind="approval",
        subject_id=unit_id,
        verb=verb,
        from_status=None,
        to_status="ACTIVE",
        reason=reason,
        actor="unit",
        person_id=by,
        now=now,
    )
