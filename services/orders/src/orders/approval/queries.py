"""Reads of approvals. A unit's people see its cases; so do lead units and finance offices that see the unit."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from orders.approval import rules
from orders.approval.models import ApprovalCase, ApprovalDecision, ApprovalDelegation, ApprovalScheme
from orders.trail.models import TrailEntry
from orders.unit import queries as unit_queries
from orders.unit.rules import duties_of
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import NotFound

_LATEST = (ApprovalCase.asked_at.desc(), (ApprovalCase.status == "PENDING").desc(), ApprovalCase.case_id.desc())
"""The first is the subject's last case: at most one is pending, and that one is."""


def case_unknown() -> NotFound:
    """The refusal of a case that does not exist for the caller."""
    return NotFound("There is no such approval, or it is not yours to see.", code="approval-unknown", field="case_id")


def delegation_unknown() -> NotFound:
    """The refusal of a delegation that does not exist for the caller."""
    return NotFound("There is no such delegation.", code="delegation-unknown", field="delegation_id")


async def find_scheme(db: AsyncSession, unit_id: UUID) -> ApprovalScheme | None:
    """The unit's own tiers, if it wrote any."""
    return await db.get(ApprovalScheme, unit_id)


async def lock_scheme(db: AsyncSession, unit_id: UUID) -> ApprovalScheme | None:
    """The unit's own tiers with the turn to change them, until the transaction ends."""
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"approval scheme {unit_id}", 0))))
    return await db.get(ApprovalScheme, unit_id, populate_existing=True)


async def list_tiers(db: AsyncSession, unit_id: UUID) -> tuple[rules.Tier, ...]:
    """The tiers that count for the unit: its own, or the default ones."""
    scheme = await find_scheme(db, unit_id)
    return rules.tiers_of(rules.defaults()["tier"] if scheme is None else scheme.tiers)


async def list_preparers(db: AsyncSession, subject_kind: str, subject_id: UUID, *, asked_by: UUID | None) -> list[UUID]:
    """Who drafted or changed the subject, by its trail, and who asks for its approval."""
    statement = select(TrailEntry.person_id).where(
        TrailEntry.subject_kind == subject_kind,
        TrailEntry.subject_id == subject_id,
        TrailEntry.verb.in_(rules.PREPARING),
    )
    return sorted({each for each in (*await db.scalars(statement), asked_by) if each is not None})


async def get_case(db: AsyncSession, case_id: UUID) -> ApprovalCase:
    """The case, whoever asks. 404 `approval-unknown`."""
    case = await db.get(ApprovalCase, case_id)
    if case is None:
        raise case_unknown()
    return case


async def get_case_for(db: AsyncSession, case_id: UUID, caller: Caller) -> ApprovalCase:
    """The case, for those who see its unit. 404 `approval-unknown`."""
    case = await get_case(db, case_id)
    try:
        await unit_queries.get_unit_for(db, caller, case.unit_id)
    except NotFound as unseen:
        raise case_unknown() from unseen
    return case


async def lock_case(db: AsyncSession, case_id: UUID) -> ApprovalCase:
    """The case, locked until the transaction ends. 404 `approval-unknown`."""
    statement = select(ApprovalCase).where(ApprovalCase.case_id == case_id).with_for_update(key_share=True)
    case = await db.scalar(statement, execution_options={"populate_existing": True})
    if case is None:
        raise case_unknown()
    return case


async def lock_latest_case(db: AsyncSession, subject_kind: str, subject_id: UUID) -> ApprovalCase | None:
    """The subject's last case, locked until the transaction ends."""
    statement = (
        select(ApprovalCase)
        .where(ApprovalCase.subject_kind == subject_kind, ApprovalCase.subject_id == subject_id)
        .order_by(*_LATEST)
        .limit(1)
    )
    found: ApprovalCase | None = await db.scalar(
        statement.with_for_update(key_share=True), execution_options={"populate_existing": True}
    )
    return found


async def list_cases_of(db: AsyncSession, subject_id: UUID) -> Sequence[ApprovalCase]:
    """All cases of a subject, the latest first."""
    statement = select(ApprovalCase).where(ApprovalCase.subject_id == subject_id)
    return (await db.scalars(statement.order_by(*_LATEST))).all()


async def list_decisions(db: AsyncSession, case_id: UUID) -> Sequence[ApprovalDecision]:
    """What was decided, step by step."""
    statement = select(ApprovalDecision).where(ApprovalDecision.case_id == case_id)
    return (await db.scalars(statement.order_by(ApprovalDecision.step_number))).all()


async def list_running(db: AsyncSession, *, unit_id: UUID, to_person_id: UUID, on: date) -> list[rules.Delegated]:
    """Whose duties the person has on that day besides their own."""
    statement = select(ApprovalDelegation).where(
        ApprovalDelegation.unit_id == unit_id,
        ApprovalDelegation.to_person_id == to_person_id,
        ApprovalDelegation.revoked_at.is_(None),
        ApprovalDelegation.starts_on <= on,
        ApprovalDelegation.ends_on >= on,
    )
    found = await db.scalars(statement.order_by(ApprovalDelegation.delegation_id))
    return [rules.Delegated(each.from_person_id, frozenset(each.duties)) for each in found]


async def list_delegations(
    db: AsyncSession, unit_id: UUID, *, before: UUID | None = None, limit: int
) -> Sequence[ApprovalDelegation]:
    """Those of a unit, the latest first."""
    statement = select(ApprovalDelegation).where(ApprovalDelegation.unit_id == unit_id)
    if before is not None:
        statement = statement.where(ApprovalDelegation.delegation_id < before)
    return (await db.scalars(statement.order_by(ApprovalDelegation.delegation_id.desc()).limit(limit))).all()


async def lock_delegation(db: AsyncSession, delegation_id: UUID, *, unit_id: UUID) -> ApprovalDelegation:
    """One of the unit's, locked until the transaction ends. 404 `delegation-unknown`."""
    statement = select(ApprovalDelegation).where(
        ApprovalDelegation.delegation_id == delegation_id, ApprovalDelegation.unit_id == unit_id
    )
    found = await db.scalar(statement.with_for_update(), execution_options={"populate_existing": True})
    if found is None:
        raise delegation_unknown()
    return found


async def list_cases(
    db: AsyncSession,
    unit_ids: Sequence[UUID],
    *,
    waiting_for: Caller | None = None,
    asked_by: UUID | None = None,
    status: str | None = None,
    is_overdue: bool = False,
    wanted: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
    now: datetime,
) -> Sequence[ApprovalCase]:
    """The latest first; with `waiting_for` only those that the caller may decide now."""
    statement = select(ApprovalCase).where(ApprovalCase.unit_id.in_(unit_ids))
    if waiting_for is not None:
        statement = statement.where(*await _waiting(db, unit_ids, waiting_for, now=now))
    if asked_by is not None:
        statement = statement.where(ApprovalCase.asked_by == asked_by)
    if status is not None:
        statement = statement.where(ApprovalCase.status == status)
    if is_overdue:
        late = ApprovalCase.is_escalated | (ApprovalCase.due_at <= now)
        statement = statement.where((ApprovalCase.status == "EXPIRED") | ((ApprovalCase.status == "PENDING") & late))
    if wanted:
        statement = statement.where(ApprovalCase.title.icontains(wanted, autoescape=True))
    if after is not None:
        statement = statement.where(tuple_(ApprovalCase.asked_at, ApprovalCase.case_id) < after)
    statement = statement.order_by(ApprovalCase.asked_at.desc(), ApprovalCase.case_id.desc())
    return (await db.scalars(statement.limit(limit))).all()


async def _waiting(
    db: AsyncSession, unit_ids: Sequence[UUID], caller: Caller, *, now: datetime
) -> list[ColumnElement[bool]]:
    """What `rules.authority_of` lets pass, as conditions."""
    me = caller.person_id
    own = ApprovalCase.step_duties.overlap(sorted(duties_of(caller)))
    may: ColumnElement[bool] = own
    for unit_id in unit_ids:
        for lent in await list_running(db, unit_id=unit_id, to_person_id=me, on=business_day(now)):
            is_free = ~ApprovalCase.prepared_by.contains([lent.from_person_id]) & ~_decided(lent.from_person_id)
            may = may | (
                (ApprovalCase.unit_id == unit_id) & ApprovalCase.step_duties.overlap(sorted(lent.duties)) & is_free
            )
    return [ApprovalCase.status == "PENDING", ~ApprovalCase.prepared_by.contains([me]), ~_decided(me), may]


def _decided(person_id: UUID) -> ColumnElement[bool]:
    decided = select(ApprovalDecision.case_id).where(
        ApprovalDecision.case_id == ApprovalCase.case_id,
        (ApprovalDecision.person_id == person_id) | (ApprovalDecision.for_person_id == person_id),
    )
    return decided.exists()


async def list_due(db: AsyncSession, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Cases whose step was not decided in time, the longest waiting first."""
    statement = select(ApprovalCase.case_id).where(ApprovalCase.status == "PENDING", ApprovalCase.due_at <= now)
    return (await db.scalars(statement.order_by(ApprovalCase.due_at, ApprovalCase.case_id).limit(limit))).all()
