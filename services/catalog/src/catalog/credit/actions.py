"""Reporting what counts, placing on lists, and taking back. Locks: the placement, then the supplier, then products."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf
from catalog.credit import data, queries, rules
from catalog.credit.models import CreditEvent, CreditPlacement
from catalog.document import queries as document_queries
from catalog.licence import queries as licence_queries
from catalog.notice import actions as notice_actions
from catalog.product import queries as product_queries
from catalog.search import actions as search_actions
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh


async def report_event(
    db: AsyncSession,
    *,
    event_id: UUID,
    supplier_id: UUID,
    kind: str,
    source: str,
    reference: str,
    summary: str,
    occurred_on: date,
    caller: Caller | None,
    now: datetime,
    document_id: UUID | None = None,
) -> CreditEvent:
    """Something counts for or against a supplier. The same fact of a source is taken once: the first event is given
    back. 404 `supplier-unknown`; 422 `kind-unknown`, `date-in-future`, `document-unknown`."""
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    found = data.kinds().get(kind)
    if found is None:
        raise Invalid("There is no such kind of event.", code="kind-unknown", field="kind", known=sorted(data.kinds()))
    rules.ensure_occurred(occurred_on, business_day(now))
    if document_id is not None and caller is not None and caller.organisation_id is not None:
        await document_queries.ensure_documents_of(
            db, [document_id], organisation_id=caller.organisation_id, field="document_id"
        )
    known = await queries.find_known_event(db, supplier_id=supplier_id, source=source, reference=reference)
    if known is not None:
        return known
    event = CreditEvent(
        event_id=event_id,
        supplier_id=supplier_id,
        county_code=supplier.county_code,
        kind=kind,
        severity=found.severity,
        points=found.points,
        source=source,
        reference=reference,
        summary=summary,
        document_id=document_id,
        occurred_on=occurred_on,
        status="COUNTED",
        reported_by=caller.person_id if caller else None,
        reported_at=now,
    )
    db.add(event)
    await db.flush()
    await _note(db, "credit-event", event_id, "report", "", "COUNTED", caller=caller, now=now, reason=summary)
    await _tell(db, supplier_id, "credit-event-reported", event_id, {"kind": found.zh, "summary": summary}, now=now)
    return event


async def strike_event(
    db: AsyncSession, *, event_id: UUID, reason: str, caller: Caller | None, now: datetime
) -> CreditEvent:
    """It counts no more; it stays to be read. 409 `event-status`."""
    event = await queries.lock_event(db, event_id)
    before = event.status
    event.status = rules.event_after("strike", before)
    await db.flush()
    await _note(db, "credit-event", event_id, "strike", before, event.status, caller=caller, now=now, reason=reason)
    return event


async def propose_placement(
    db: AsyncSession,
    *,
    placement_id: UUID,
    supplier_id: UUID,
    which: str,
    basis: str,
    caller: Caller,
    now: datetime,
    months: int | None = None,
) -> CreditPlacement:
    """Propose a supplier for a list; nothing happens before a decision. 409 `placement-open` while one is proposed or
    in force on this list."""
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    open_ones = await queries.list_placements(
        db,
        seen=CreditPlacement.supplier_id == supplier_id,
        statuses=("PROPOSED", "IN_FORCE"),
        which=which,
        supplier_id=None,
        county_code=None,
        q=None,
        after=None,
        limit=1,
    )
    if open_ones:
        raise Conflict(
            "The supplier is on this list, or proposed for it, already.",
            code="placement-open",
            placement_id=str(open_ones[0].placement_id),
        )
    placement = CreditPlacement(
        placement_id=placement_id,
        supplier_id=supplier_id,
        supplier_name=supplier.name,
        uscc=supplier.uscc,
        county_code=supplier.county_code,
        list=which,
        basis=basis,
        status="PROPOSED",
        status_reason="",
        months=months or data.lists()[which].months,
        proposed_by=caller.person_id,
        revision=1,
        proposed_at=now,
        changed_at=now,
    )
    db.add(placement)
    await db.flush()
    await _note(db, "credit-placement", placement_id, "propose", "", "PROPOSED", caller=caller, now=now, reason=basis)
    return placement


async def decide_placement(
    db: AsyncSession,
    *,
    placement_id: UUID,
    verb: str,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> CreditPlacement:
    """`place` the supplier from today on, with all effects, or `dismiss` the proposal. 409 `placement-status`."""
    placement = await queries.lock_placement(db, placement_id)
    ensure_fresh(expected_revision, placement.revision)
    rules.placement_after(verb, placement.status)
    if verb == "place":
        placement.starts_on = business_day(now)
        placement.ends_on = rules.last_day(placement.starts_on, placement.months)
    placement.decided_by = caller.person_id
    await move_placement(db, placement, verb, reason=reason, caller=caller, now=now)
    return placement


async def move_placement(
    db: AsyncSession, placement: CreditPlacement, verb: str, *, reason: str, caller: Caller | None, now: datetime
) -> None:
    """Move a locked placement on and bring its effects about, or take them back."""
    before = placement.status
    placement.status = rules.placement_after(verb, before)
    placement.status_reason = reason
    if before == "IN_FORCE":
        placement.ended_on = business_day(now)
    placement.revision += 1
    placement.changed_at = now
    await db.flush()
    await _note(
        db,
        "credit-placement",
        placement.placement_id,
        verb,
        before,
        placement.status,
        caller=caller,
        now=now,
        reason=reason,
    )
    if "IN_FORCE" not in (before, placement.status):
        return
    await _turn_effects(db, placement, now=now)
    await _tell(
        db,
        placement.supplier_id,
        f"credit-{placement.status.lower().replace('_', '-')}",
        placement.placement_id,
        {"list": data.lists()[placement.list].zh, "reason": reason},
        now=now,
    )


async def end_due(db: AsyncSession, *, now: datetime) -> int:
    """End a placement whose last day is past, one a transaction; how many. Call it until that is 0."""
    count = 0
    for placement_id in await queries.list_ended(db, today=business_day(now), limit=1):
        placement = await queries.lock_placement(db, placement_id)
        if placement.status == "IN_FORCE":
            await move_placement(db, placement, "end", reason="", caller=None, now=now)
            count += 1
    return count


async def _turn_effects(db: AsyncSession, placement: CreditPlacement, *, now: datetime) -> None:
    """Bring the effects about while the placement is in force, take them back when it is not."""
    which = data.lists()[placement.list]
    cause = queries.cause_of(placement.placement_id)
    await supplier_queries.lock_supplier(db, placement.supplier_id)
    await licence_queries.lock_sellers(db, placement.supplier_id)
    product_ids = await product_queries.lock_products_of(db, placement.supplier_id)
    if placement.status != "IN_FORCE":
        await shelf.put_back(db, product_ids=product_ids, cause=cause, now=now)
    elif which.delists or which.bans_orders:
        await shelf.take_off(db, product_ids=product_ids, cause=cause, now=now)
    elif which.listed_skus is not None:
        await shelf.take_off(db, product_ids=product_ids, cause=cause, keep=which.listed_skus, now=now)
    await search_actions.refresh_cards(db, product_ids=product_ids, now=now)


async def _note(
    db: AsyncSession,
    kind: str,
    subject_id: UUID,
    verb: str,
    before: str,
    after: str,
    *,
    caller: Caller | None,
    now: datetime,
    reason: str,
) -> None:
    await trail_actions.record(
        db,
        subject_kind=kind,
        subject_id=subject_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=after,
        reason=reason,
    )


async def _tell(
    db: AsyncSession,
    supplier_id: UUID,
    code: str,
    subject_id: UUID,
    facts: dict[str, str | int | bool | None],
    *,
    now: datetime,
) -> None:
    await notice_actions.notify(
        db,
        organisation_id=supplier_id,
        code=code,
        occasion=f"{code}:{subject_id}",
        subject_kind="credit",
        subject_id=subject_id,
        now=now,
        facts=facts,
    )
