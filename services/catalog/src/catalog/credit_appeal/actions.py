"""Raising and answering objections and repairs. Locks: the appeal, then what it is about."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.credit import actions as credit_actions
from catalog.credit import data
from catalog.credit import queries as credit_queries
from catalog.credit_appeal import queries, rules
from catalog.credit_appeal.models import CreditAppeal
from catalog.document import queries as document_queries
from catalog.notice import actions as notice_actions
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

_EVENT_OBJECTION_DAYS = "ABNORMAL"
"""An event may be objected to as long as a placement on this list."""


async def raise_appeal(
    db: AsyncSession,
    *,
    appeal_id: UUID,
    kind: str,
    subject_kind: str,
    subject_id: UUID,
    statement: str,
    caller: Caller,
    now: datetime,
    document_ids: Sequence[UUID] = (),
) -> CreditAppeal:
    """A supplier objects to an event or a placement, or asks for the repair of a placement.

    404 `event-unknown`, `placement-unknown`; 409 `appeal-open`, `event-status`, `placement-status`,
    `objection-too-late`, `repair-not-possible`, `repair-too-early`, `repair-relapsed`; 422 `correction-missing`,
    `document-unknown`.
    """
    supplier_id = await _ensure_possible(db, kind=kind, subject_kind=subject_kind, subject_id=subject_id, now=now)
    rules.ensure_has_proof(kind, len(document_ids))
    await document_queries.ensure_documents_of(db, document_ids, organisation_id=supplier_id, field="document_ids")
    if await queries.find_open(db, subject_id) is not None:
        raise Conflict("An objection or repair waits for its answer already.", code="appeal-open")
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    appeal = CreditAppeal(
        appeal_id=appeal_id,
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        supplier_id=supplier_id,
        supplier_name=supplier.name,
        county_code=supplier.county_code,
        statement=statement,
        document_ids=list(document_ids),
        status="OPEN",
        answer="",
        revision=1,
        raised_at=now,
        changed_at=now,
    )
    db.add(appeal)
    await db.flush()
    await _note(db, appeal, "raise", "", caller=caller, now=now, reason=statement)
    return appeal


async def answer_appeal(
    db: AsyncSession, *, appeal_id: UUID, verb: str, expected_revision: int, answer: str, caller: Caller, now: datetime
) -> CreditAppeal:
    """`grant` it, which strikes the event, lifts the placement or repairs it, or `refuse` it. Somebody else than who
    reported or placed reviews it. 403 `decided-before`; 409 `appeal-status`; 412 `stale`."""
    appeal = await queries.lock_appeal(db, appeal_id)
    ensure_fresh(expected_revision, appeal.revision)
    rules.status_after(verb, appeal.status)
    await _ensure_other(db, appeal, caller)
    if verb == "grant":
        await _grant(db, appeal, answer=answer, caller=caller, now=now)
    appeal.answer = answer
    appeal.answered_by = caller.person_id
    await _move(db, appeal, verb, caller=caller, now=now, reason=answer)
    await notice_actions.notify(
        db,
        organisation_id=appeal.supplier_id,
        code=f"credit-{appeal.kind}-{'granted' if verb == 'grant' else 'refused'}",
        occasion=f"appeal:{appeal_id}",
        subject_kind="credit-appeal",
        subject_id=appeal_id,
        now=now,
        facts={"answer": answer},
    )
    return appeal


async def withdraw_appeal(
    db: AsyncSession, *, appeal_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> CreditAppeal:
    """The supplier takes it back. 409 `appeal-status`; 412 `stale`."""
    appeal = await queries.lock_appeal(db, appeal_id)
    ensure_fresh(expected_revision, appeal.revision)
    await _move(db, appeal, "withdraw", caller=caller, now=now, reason="")
    return appeal


async def _ensure_possible(db: AsyncSession, *, kind: str, subject_kind: str, subject_id: UUID, now: datetime) -> UUID:
    """Whether it may be asked for now; whose it is."""
    today = business_day(now)
    if subject_kind == "event":
        event = await credit_queries.lock_event(db, subject_id)
        if event.status != "COUNTED":
            raise Conflict("The event counts no more.", code="event-status", status_now=event.status)
        days = data.lists()[_EVENT_OBJECTION_DAYS].objection_days
        rules.ensure_in_time_to_object(business_day(event.reported_at), days, today)
        return event.supplier_id
    placement = await credit_queries.lock_placement(db, subject_id)
    if placement.status != "IN_FORCE" or placement.starts_on is None:
        raise Conflict(
            "The supplier is not on this list by that placement now.",
            code="placement-status",
            status_now=placement.status,
        )
    which = data.lists()[placement.list]
    if kind == "objection":
        rules.ensure_in_time_to_object(placement.starts_on, which.objection_days, today)
    else:
        latest = await credit_queries.find_latest_adverse_on(db, placement.supplier_id)
        rules.ensure_may_repair(which, placement.starts_on, latest, today)
    return placement.supplier_id


async def _ensure_other(db: AsyncSession, appeal: CreditAppeal, caller: Caller) -> None:
    if appeal.subject_kind == "event":
        earlier = (await credit_queries.get_event(db, appeal.subject_id)).reported_by
    else:
        earlier = (await credit_queries.get_placement(db, appeal.subject_id)).decided_by
    rules.ensure_other_person(caller.person_id, earlier)


async def _grant(db: AsyncSession, appeal: CreditAppeal, *, answer: str, caller: Caller, now: datetime) -> None:
    if appeal.subject_kind == "event":
        await credit_actions.strike_event(db, event_id=appeal.subject_id, reason=answer, caller=caller, now=now)
        return
    placement = await credit_queries.lock_placement(db, appeal.subject_id)
    verb = "lift" if appeal.kind == "objection" else "repair"
    await credit_actions.move_placement(db, placement, verb, reason=answer, caller=caller, now=now)


async def _move(
    db: AsyncSession, appeal: CreditAppeal, verb: str, *, caller: Caller, now: datetime, reason: str
) -> None:
    before = appeal.status
    appeal.status = rules.status_after(verb, before)
    appeal.revision += 1
    appeal.changed_at = now
    await db.flush()
    await _note(db, appeal, verb, before, caller=caller, now=now, reason=reason)


async def _note(
    db: AsyncSession, appeal: CreditAppeal, verb: str, before: str, *, caller: Caller, now: datetime, reason: str
) -> None:
    await trail_actions.record(
        db,
        subject_kind="credit-appeal",
        subject_id=appeal.appeal_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=appeal.status,
        reason=reason,
    )
