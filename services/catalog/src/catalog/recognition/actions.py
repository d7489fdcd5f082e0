"""Taking a product through recognition. Locks: the recognition first, then its product, whose card shows the badge."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.credit import queries as credit_queries
from catalog.document import queries as document_queries
from catalog.notice import actions as notice_actions
from catalog.policies import policy_for
from catalog.product import queries as product_queries
from catalog.recognition import queries, rules
from catalog.recognition.models import Recognition, RecognitionDecision, RecognitionObjection
from catalog.search import actions as search_actions
from catalog.supplier import queries as supplier_queries
from catalog.supplier.rules import ensure_may_sell
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

_CHANGES_BADGE = frozenset({"conclude", "revoke", "expire"})


async def apply_for_recognition(
    db: AsyncSession,
    *,
    recognition_id: UUID,
    product_id: UUID,
    township: str,
    statement: str,
    caller: Caller,
    now: datetime,
    document_ids: Sequence[UUID] = (),
) -> Recognition:
    """A supplier applies for its product: `APPLIED`.

    409 `supplier-not-active`, `supplier-order-banned`, `recognition-open` (one is under way or may be submitted again),
    `recognition-in-force` (before the renewal time); 422 `document-unknown`.
    """
    product = await product_queries.lock_product(db, product_id)
    supplier = await supplier_queries.get_supplier(db, product.supplier_id)
    ensure_may_sell(supplier.status)
    await credit_queries.ensure_not_banned(db, supplier.supplier_id, on=business_day(now))
    await document_queries.ensure_documents_of(
        db, document_ids, organisation_id=supplier.supplier_id, field="document_ids"
    )
    if (found := await queries.find_open(db, product_id)) is not None:
        raise Conflict(
            "The product has an application already.",
            code="recognition-open",
            recognition_id=str(found.recognition_id),
            status_now=found.status,
        )
    earlier = await queries.find_latest_in_force(db, product_id)
    if earlier is not None and earlier.valid_until_on is not None:
        rules.ensure_may_renew(earlier.valid_until_on, _policy(product.origin_county_code, now), business_day(now))
    recognition = Recognition(
        recognition_id=recognition_id,
        product_id=product_id,
        supplier_id=supplier.supplier_id,
        county_code=product.origin_county_code,
        product_title=product.title,
        supplier_name=supplier.name,
        township=township,
        statement=statement,
        document_ids=list(document_ids),
        status="APPLIED",
        status_reason="",
        attempt=1,
        renews_id=earlier.recognition_id if earlier else None,
        revision=1,
        applied_at=now,
        changed_at=now,
    )
    db.add(recognition)
    await db.flush()
    await _note(db, recognition, "apply", "", caller=caller, now=now)
    return recognition


async def resubmit(
    db: AsyncSession,
    *,
    recognition_id: UUID,
    expected_revision: int,
    township: str,
    statement: str,
    caller: Caller,
    now: datetime,
    document_ids: Sequence[UUID] = (),
) -> Recognition:
    """Submit a rejected application again, mended: everybody decides anew. 409 `recognition-status`."""
    recognition = await queries.lock_recognition(db, recognition_id)
    ensure_fresh(expected_revision, recognition.revision)
    rules.status_after("resubmit", recognition.status)
    await credit_queries.ensure_not_banned(db, recognition.supplier_id, on=business_day(now))
    await document_queries.ensure_documents_of(
        db, document_ids, organisation_id=recognition.supplier_id, field="document_ids"
    )
    recognition.township = township
    recognition.statement = statement
    recognition.document_ids = list(document_ids)
    recognition.attempt += 1
    recognition.notice_from_on = recognition.notice_until_on = None
    await _move(db, recognition, "resubmit", caller=caller, now=now)
    return recognition


async def move_on(
    db: AsyncSession,
    *,
    recognition_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> Recognition:
    """Take it on by one of the officials' verbs. A decision of a step needs somebody who decided no other one.

    403 `decided-before`; 409 `recognition-status`, `notice-running`, `objection-open`; 412 `stale`.
    """
    recognition = await queries.lock_recognition(db, recognition_id)
    ensure_fresh(expected_revision, recognition.revision)
    rules.status_after(verb, recognition.status)
    if verb in ("pass-township", "pass-department", "decide", "reject"):
        await _decide(db, recognition, is_passed=verb != "reject", reason=reason, caller=caller, now=now)
    if verb == "decide":
        policy = _policy(recognition.county_code, now)
        recognition.notice_from_on, recognition.notice_until_on = rules.notice_days(policy, business_day(now))
    if verb == "conclude":
        await _conclude(db, recognition, now=now)
    await _move(db, recognition, verb, caller=caller, now=now, reason=reason)
    return recognition


async def raise_objection(
    db: AsyncSession,
    *,
    objection_id: UUID,
    recognition_id: UUID,
    name: str,
    contact: str,
    grounds: str,
    caller: Caller | None,
    now: datetime,
) -> RecognitionObjection:
    """Anybody objects to a product on public notice. 409 `recognition-status`, `notice-over`."""
    recognition = await queries.lock_recognition(db, recognition_id)
    rules.ensure_may_object(recognition.status, recognition.notice_until_on, business_day(now))
    objection = RecognitionObjection(
        objection_id=objection_id,
        recognition_id=recognition_id,
        attempt=recognition.attempt,
        name=name,
        contact=contact,
        grounds=grounds,
        status="OPEN",
        raised_at=now,
        revision=1,
    )
    db.add(objection)
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind="recognition",
        subject_id=recognition_id,
        verb="object",
        caller=caller,
        now=now,
        from_status=recognition.status,
        to_status=recognition.status,
    )
    return objection


async def answer_objection(
    db: AsyncSession,
    *,
    objection_id: UUID,
    expected_revision: int,
    is_upheld: bool,
    answer: str,
    caller: Caller,
    now: datetime,
) -> RecognitionObjection:
    """Uphold an objection, which rejects the application, or dismiss it; with a reason either way, and by somebody who
    decided no step. 403 `decided-before`; 409 `objection-status`; 412 `stale`."""
    recognition, objection = await queries.lock_objection(db, objection_id)
    ensure_fresh(expected_revision, objection.revision)
    if objection.status != "OPEN":
        raise Conflict("The objection was answered.", code="objection-status", status_now=objection.status)
    rules.ensure_decides_first_time(caller.person_id, await queries.list_deciders(db, recognition))
    objection.status = "UPHELD" if is_upheld else "DISMISSED"
    objection.answer = answer
    objection.answered_by = caller.person_id
    objection.answered_at = now
    objection.revision += 1
    is_of_this_notice = recognition.status == "PUBLIC_NOTICE" and objection.attempt == recognition.attempt
    if is_upheld and is_of_this_notice:
        await _move(db, recognition, "uphold", caller=caller, now=now, reason=answer)
    else:
        await db.flush()
        await trail_actions.record(
            db,
            subject_kind="recognition",
            subject_id=recognition.recognition_id,
            verb="uphold" if is_upheld else "dismiss",
            caller=caller,
            now=now,
            from_status=recognition.status,
            to_status=recognition.status,
            reason=answer,
        )
    return objection


async def turn_days(db: AsyncSession, *, now: datetime, limit: int = 100) -> int:
    """Recognise what was on notice long enough without an open objection, and end what is past its last day. Returns
    how many were moved; call it until that is 0."""
    today = business_day(now)
    moved, waiting = 0, set[UUID]()
    while moved < limit and (due := await queries.list_due(db, today=today, skip=waiting, limit=limit)):
        for recognition_id in due:
            recognition = await queries.lock_recognition(db, recognition_id)
            waiting.add(recognition_id)
            if recognition.status == "PUBLIC_NOTICE" and (recognition.notice_until_on or today) < today:
                if await queries.count_open_objections(db, [recognition_id]):
                    continue
                await _conclude(db, recognition, now=now)
                await _move(db, recognition, "conclude", caller=None, now=now)
            elif recognition.status in rules.IN_FORCE and (recognition.valid_until_on or today) < today:
                await _move(db, recognition, "expire", caller=None, now=now)
            else:
                continue
            moved += 1
    return moved


def _policy(county_code: str, now: datetime) -> rules.Policy:
    return policy_for("recognition", rules.Policy, region_code=county_code, on=business_day(now))


async def _decide(
    db: AsyncSession, recognition: Recognition, *, is_passed: bool, reason: str, caller: Caller, now: datetime
) -> None:
    rules.ensure_decides_first_time(caller.person_id, await queries.list_deciders(db, recognition))
    db.add(
        RecognitionDecision(
            recognition_id=recognition.recognition_id,
            attempt=recognition.attempt,
            step=rules.STEPS[recognition.status],
            person_id=caller.person_id,
            is_passed=is_passed,
            reason=reason,
            decided_at=now,
        )
    )
    await db.flush()


async def _conclude(db: AsyncSession, recognition: Recognition, *, now: datetime) -> None:
    """Give it its days, once the notice is over and no objection is open."""
    today = business_day(now)
    counted = await queries.count_open_objections(db, [recognition.recognition_id])
    rules.ensure_notice_over(
        recognition.notice_until_on, open_objections=counted.get(recognition.recognition_id, 0), today=today
    )
    earlier = await queries.find_latest_in_force(db, recognition.product_id)
    recognition.valid_from_on, recognition.valid_until_on = rules.valid_days(
        _policy(recognition.county_code, now), today, earlier.valid_until_on if earlier else None
    )


async def _move(
    db: AsyncSession, recognition: Recognition, verb: str, *, caller: Caller | None, now: datetime, reason: str = ""
) -> None:
    before = recognition.status
    recognition.status = rules.status_after(verb, before)
    recognition.status_reason = reason
    recognition.revision += 1
    recognition.changed_at = now
    await db.flush()
    await _note(db, recognition, verb, before, caller=caller, now=now)
    await notice_actions.notify(
        db,
        organisation_id=recognition.supplier_id,
        code=f"recognition-{recognition.status.lower().replace('_', '-')}",
        occasion=f"recognition:{recognition.recognition_id}:{recognition.revision}",
        subject_kind="recognition",
        subject_id=recognition.recognition_id,
        now=now,
        facts={"product": recognition.product_title, "reason": reason},
    )
    if verb in _CHANGES_BADGE:
        await product_queries.lock_product(db, recognition.product_id)
        await search_actions.refresh_cards(db, product_ids=[recognition.product_id], now=now)


async def _note(
    db: AsyncSession, recognition: Recognition, verb: str, before: str, *, caller: Caller | None, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="recognition",
        subject_id=recognition.recognition_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=recognition.status,
        reason=recognition.status_reason,
    )
