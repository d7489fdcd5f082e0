"""Deciding on approvals, and what the clock does to those that nobody decides on.

Lock order: the subject, then the case, then (in what the subject does about it) the budget.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions, queries, rules, telling
from orders.approval.models import ApprovalCase, ApprovalDecision
from orders.approval.outcomes import SUBJECTS
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import duties_of
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Forbidden, Invalid
from shared.etag import ensure_fresh


async def decide(
    db: AsyncSession,
    *,
    case_id: UUID,
    verdict: Literal["APPROVE", "REFUSE"],
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> ApprovalCase:
    """The caller approves the step, and the next one begins or all is approved; or refuses, and the case ends.

    403 `unit-needed`, `approval-own-request`, `duty-missing`; 404 `approval-unknown`; 409 `approval-status`,
    `approval-decided-before`; 412 `stale`; 422 `reason-missing`.
    """
    unit = await unit_queries.get_acting_unit(db, caller)
    case = await _lock(db, case_id)
    if case.unit_id != unit.unit_id:
        raise queries.case_unknown()
    is_last = case.step_number == len(case.steps)
    verb = "refuse" if verdict == "REFUSE" else "approve" if is_last else "pass"
    before = case.status
    after = rules.status_after(verb, before)
    ensure_fresh(expected_revision, case.revision)
    if verdict == "REFUSE" and not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    earlier = await queries.list_decisions(db, case_id)
    authority = await ensure_may_decide(db, case, earlier, caller=caller, now=now)
    db.add(
        ApprovalDecision(
            case_id=case_id,
            step_number=case.step_number,
            verdict=verdict,
            person_id=caller.person_id,
            for_person_id=authority.for_person_id,
            duty=authority.duty,
            reason=reason,
            decided_at=now,
        )
    )
    if verb == "pass":
        _begin_step(case, case.step_number + 1, now=now)
    else:
        actions.end(case, after, now=now)
    await db.flush()
    await actions.record(
        db, case, verb, before=before, reason=reason, actor="unit", person_id=caller.person_id, now=now
    )
    if verb == "pass":
        await telling.tell_asked(db, case, case.step_duties, now=now)
    await _tell(db, case, reason=reason, by=caller.person_id, now=now)
    return case


async def ensure_may_decide(
    db: AsyncSession, case: ApprovalCase, earlier: Sequence[ApprovalDecision], *, caller: Caller, now: datetime
) -> rules.Authority:
    """By what the caller may decide the present step. 403 `unit-needed`, `approval-own-request`, `duty-missing`; 409
    `approval-status`, `approval-decided-before`, `unit-closed`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    if case.unit_id != unit.unit_id:
        raise Forbidden("This is another unit's.", code="unit-needed")
    rules.status_after("approve", case.status)
    on = business_day(now)
    return rules.authority_of(
        person_id=caller.person_id,
        duties=duties_of(caller),
        step_duties=case.step_duties,
        prepared_by=case.prepared_by,
        delegated=await queries.list_running(db, unit_id=case.unit_id, to_person_id=caller.person_id, on=on),
        decided_before={each for one in earlier for each in (one.person_id, one.for_person_id) if each is not None},
    )


async def lapse(db: AsyncSession, *, case_id: UUID, now: datetime) -> None:
    """What the clock does to a step that nobody decided in time: once to more people, as its tier says, then it
    expires. Twice does it once."""
    case = await _lock(db, case_id)
    if case.status != "PENDING" or case.due_at is None or case.due_at > now:
        return
    step = case.steps[case.step_number - 1]
    if step["on_timeout"] == "ESCALATE" and not case.is_escalated:
        more = {*rules.escalated_duties(case.step_duties)} - {*case.step_duties}
        case.step_duties = rules.escalated_duties(case.step_duties)
        case.is_escalated, case.due_at = True, rules.due_at(now, step["within_days"])
        case.revision += 1
        verb = "escalate"
    else:
        actions.end(case, rules.status_after("expire", case.status), now=now)
        verb = "expire"
    await db.flush()
    clock: Actor = "clock"
    await actions.record(db, case, verb, before="PENDING", reason="", actor=clock, person_id=None, now=now)
    if verb == "escalate":
        await telling.tell_asked(db, case, more, now=now)
    await _tell(db, case, reason="", by=None, now=now)


async def _lock(db: AsyncSession, case_id: UUID) -> ApprovalCase:
    found = await queries.get_case(db, case_id)
    await SUBJECTS[found.subject_kind].lock(db, found.subject_id)
    return await queries.lock_case(db, case_id)


def _begin_step(case: ApprovalCase, number: int, *, now: datetime) -> None:
    step = case.steps[number - 1]
    case.step_number, case.step_duties, case.is_escalated = number, [step["duty"]], False
    case.due_at = rules.due_at(now, step["within_days"])
    case.revision += 1


async def _tell(db: AsyncSession, case: ApprovalCase, *, reason: str, by: UUID | None, now: datetime) -> None:
    if case.status in {"APPROVED", "REFUSED", "EXPIRED"}:
        outcome: rules.Outcome = case.status  # type: ignore[assignment]  # one of the three
        await SUBJECTS[case.subject_kind].settle(
            db, subject_id=case.subject_id, digest=case.digest, outcome=outcome, reason=reason, by=by, now=now
        )
        await telling.tell_taken(db, case, outcome, now=now)
