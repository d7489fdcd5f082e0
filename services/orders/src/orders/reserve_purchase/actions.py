"""A reserve purchase from its filing to its end. Its appointments are another slice's. Locks: it, then its case."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions as approval_actions
from orders.approval.rules import Outcome
from orders.order.naming import order_number
from orders.reserve_purchase import queries, rules
from orders.reserve_purchase.models import ReserveGrade, ReservePurchase
from orders.reserve_purchase.rules import Grade
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id


async def file_purchase(
    db: AsyncSession,
    *,
    reserve_purchase_id: UUID,
    facts: Mapping[str, Any],
    grades: Sequence[Grade],
    caller: Caller,
    now: datetime,
) -> ReservePurchase:
    """A handler files it for the unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422 `days-invalid`,
    `grade-twice`, `reserve-budget-small`."""
    ensure_duty(caller, "handler")
    unit = await unit_queries.get_acting_unit(db, caller)
    _ensure_filing(facts, grades, now)
    filed = ReservePurchase(
        reserve_purchase_id=reserve_purchase_id,
        filing_number=f"SC-{order_number(reserve_purchase_id, business_day(now))}",
        revision=1,
        status="DRAFT",
        unit_id=unit.unit_id,
        kept_g=0,
        taken_g=0,
        taken_other_g=0,
        filed_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **facts,
    )
    db.add(filed)
    await db.flush()
    await _write_grades(db, reserve_purchase_id, grades)
    await _record(db, filed, "file", before=None, actor="unit", person_id=caller.person_id, now=now)
    return filed


async def edit_purchase(
    db: AsyncSession,
    *,
    reserve_purchase_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    grades: Sequence[Grade],
    caller: Caller,
    now: datetime,
) -> ReservePurchase:
    """Everything may change while it is a draft; who changes it is who files it. 409 `reserve-purchase-status`; 412
    `stale`; what `file_purchase` refuses."""
    filed = await _lock_own(db, reserve_purchase_id, caller, expected_revision)
    before = filed.status
    filed.status = rules.status_after("edit", before)
    _ensure_filing(facts, grades, now)
    for name, value in facts.items():
        setattr(filed, name, value)
    filed.filed_by = caller.person_id
    await db.execute(delete(ReserveGrade).where(ReserveGrade.reserve_purchase_id == reserve_purchase_id))
    await _write_grades(db, reserve_purchase_id, grades)
    await _changed(db, filed, "edit", before=before, actor="unit", person_id=caller.person_id, now=now)
    return filed


async def submit_purchase(
    db: AsyncSession, *, reserve_purchase_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> ReservePurchase:
    """To the unit's approval, at what it may cost at most. Nothing is committed of a budget yet: each weigh-in does.
    Who submits it has asked for it. 409 `reserve-purchase-status`; 412 `stale`; what opening a case refuses."""
    filed = await _lock_own(db, reserve_purchase_id, caller, expected_revision)
    before = filed.status
    filed.status, filed.filed_by = rules.status_after("submit", before), caller.person_id
    digest = digest_of(filed, await queries.list_grades(db, reserve_purchase_id))
    await _changed(db, filed, "submit", before=before, actor="unit", person_id=caller.person_id, now=now)
    case = await approval_actions.open_case(
        db,
        case_id=new_id(),
        subject_kind="reserve-purchase",
        subject_id=reserve_purchase_id,
        title=filed.title,
        digest=digest,
        unit_id=filed.unit_id,
        fund="OTHER",
        amount_fen=filed.budget_fen,
        categories=[filed.category],
        asked_by=caller.person_id,
        now=now,
    )
    if case.status == "APPROVED":
        await settle_approval(
            db, subject_id=reserve_purchase_id, digest=digest, outcome="APPROVED", reason="", by=None, now=now
        )
    return filed


async def settle_approval(
    db: AsyncSession,
    *,
    subject_id: UUID,
    digest: str,
    outcome: Outcome,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """The approvers agreed: it is published, with what is kept for those who come first. They did not, or not in time:
    it is a draft again. 409 `reserve-purchase-status`, `basket-changed`."""
    filed = await queries.lock_purchase(db, subject_id)
    before = filed.status
    verb = "approve" if outcome == "APPROVED" else "refuse"
    after = rules.status_after(verb, before)
    if verb == "approve":
        if digest != digest_of(filed, await queries.list_grades(db, subject_id)):
            raise Conflict("This is not what was approved.", code="basket-changed")
        today = business_day(now)
        unit = await unit_queries.get_unit(db, filed.unit_id)
        terms = rules.first_terms(unit.county_code, today)
        filed.published_at, filed.kept_g = now, rules.kept_g(filed.wanted_g, terms)
        filed.opens_to_all_on = rules.opens_to_all_on(today, terms)
    filed.status = after
    actor: Actor = "clock" if outcome == "EXPIRED" else "unit"
    await _changed(db, filed, verb, before=before, actor=actor, person_id=by, now=now, reason=reason)


async def move_purchase(
    db: AsyncSession,
    *,
    reserve_purchase_id: UUID,
    verb: str,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> ReservePurchase:
    """withdraw, abandon, or end: nothing more is booked then; who booked still comes. 403, 404; 409
    `reserve-purchase-status`; 412 `stale`."""
    filed = await _lock_own(db, reserve_purchase_id, caller, expected_revision)
    before = filed.status
    filed.status = rules.status_after(verb, before)
    if verb == "withdraw":
        await approval_actions.close_case(
            db,
            subject_kind="reserve-purchase",
            subject_id=reserve_purchase_id,
            verb="withdraw",
            reason=reason,
            by=caller.person_id,
            now=now,
        )
    await _changed(db, filed, verb, before=before, actor="unit", person_id=caller.person_id, now=now, reason=reason)
    return filed


def digest_of(filed: ReservePurchase, grades: Sequence[ReserveGrade]) -> str:
    """What an approval is bound to: whatever may cost something, and for whom."""
    said = {
        "category": filed.category,
        "quality": filed.quality,
        "wanted": filed.wanted_g,
        "budget": filed.budget_fen,
        "counties": sorted(filed.county_codes),
        "days": [filed.first_on, filed.last_on],
        "grades": [[each.name, each.criteria, each.price_fen_per_kg] for each in grades],
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _ensure_filing(facts: Mapping[str, Any], grades: Sequence[Grade], now: datetime) -> None:
    rules.ensure_filing(
        first_on=facts["first_on"],
        last_on=facts["last_on"],
        today=business_day(now),
        wanted_g=facts["wanted_g"],
        budget_fen=facts["budget_fen"],
        grades=grades,
    )


async def _write_grades(db: AsyncSession, reserve_purchase_id: UUID, grades: Sequence[Grade]) -> None:
    db.add_all(
        ReserveGrade(
            reserve_purchase_id=reserve_purchase_id,
            grade_number=number,
            name=each.name,
            criteria=each.criteria,
            price_fen_per_kg=each.price_fen_per_kg,
        )
        for number, each in enumerate(grades, 1)
    )
    await db.flush()


async def _lock_own(
    db: AsyncSession, reserve_purchase_id: UUID, caller: Caller, expected_revision: int
) -> ReservePurchase:
    ensure_duty(caller, "handler")
    unit = await unit_queries.get_acting_unit(db, caller)
    filed = await queries.lock_purchase(db, reserve_purchase_id)
    if filed.unit_id != unit.unit_id:
        raise queries.reserve_purchase_unknown()
    ensure_fresh(expected_revision, filed.revision)
    return filed


async def _changed(
    db: AsyncSession,
    filed: ReservePurchase,
    verb: str,
    *,
    before: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    filed.revision += 1
    filed.changed_at = now
    await db.flush()
    await _record(db, filed, verb, before=before, actor=actor, person_id=person_id, now=now, reason=reason)


async def _record(
    db: AsyncSession,
    filed: ReservePurchase,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind="reserve-purchase",
        subject_id=filed.reserve_purchase_id,
        verb=verb,
        from_status=before,
        to_status=filed.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
