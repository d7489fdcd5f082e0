"""Opening cases, ordering measures and closing. Locks: the case, then the supplier, then its products."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf
from catalog.credit import actions as credit_actions
from catalog.document import queries as document_queries
from catalog.enforcement import queries, rules
from catalog.enforcement.models import EnforcementCase, EnforcementMeasure
from catalog.licence import queries as licence_queries
from catalog.notice import actions as notice_actions
from catalog.policies import policy_for
from catalog.product import queries as product_queries
from catalog.search import actions as search_actions
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id


async def open_case(
    db: AsyncSession,
    *,
    case_id: UUID,
    supplier_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    title: str,
    grounds: str,
    caller: Caller,
    now: datetime,
    product_id: UUID | None = None,
    document_ids: Sequence[UUID] = (),
) -> EnforcementCase:
    """Open a case against a supplier, about all of it, a product or a lot of a product.

    404 `supplier-unknown`, `product-unknown`; 422 `product-missing` (a lot), `product-of-another`, `document-unknown`.
    """
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    about = subject_id if subject_kind == "product" else product_id if subject_kind == "lot" else None
    if subject_kind == "lot" and about is None:
        raise Invalid("Name the product of the lot.", code="product-missing", field="product_id")
    if about is not None and (await product_queries.get_product(db, about)).supplier_id != supplier_id:
        raise Invalid("This product is another supplier's.", code="product-of-another", field="subject_id")
    if caller.organisation_id is not None:
        await document_queries.ensure_documents_of(
            db, document_ids, organisation_id=caller.organisation_id, field="document_ids"
        )
    today = business_day(now)
    policy = policy_for("enforcement", rules.Policy, region_code=supplier.county_code, on=today)
    case = EnforcementCase(
        case_id=case_id,
        county_code=supplier.county_code,
        supplier_id=supplier_id,
        supplier_name=supplier.name,
        subject_kind=subject_kind,
        subject_id=subject_id,
        product_id=about,
        title=title,
        grounds=grounds,
        document_ids=list(document_ids),
        status="OPENED",
        result="",
        conclusion="",
        opened_on=today,
        deadline_on=today + timedelta(days=policy.case_days),
        revision=1,
        opened_at=now,
        changed_at=now,
    )
    db.add(case)
    await db.flush()
    await _note(db, case, "open", "", caller=caller, now=now, reason=grounds)
    return case


async def move_case(
    db: AsyncSession, *, case_id: UUID, verb: str, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> EnforcementCase:
    """`investigate` or `drop` it. 409 `case-status`; 412 `stale`."""
    case = await queries.lock_case(db, case_id)
    ensure_fresh(expected_revision, case.revision)
    await _move(db, case, verb, caller=caller, now=now, reason=reason)
    return case


async def order_measure(
    db: AsyncSession,
    *,
    measure_id: UUID,
    case_id: UUID,
    expected_revision: int,
    kind: str,
    instruction: str,
    deadline_on: date,
    caller: Caller,
    now: datetime,
    fine_fen: int | None = None,
) -> EnforcementCase:
    """Order a measure. A seizure or delisting takes the product (all products where the case is about the supplier) off
    the shelf at once. 409 `case-status`; 412 `stale`; 422 `fine-missing`, `fine-not-expected`, `deadline-past`."""
    case = await queries.lock_case(db, case_id)
    ensure_fresh(expected_revision, case.revision)
    rules.status_after("order", case.status)
    rules.ensure_measure(kind, fine_fen, deadline_on, business_day(now))
    measure = EnforcementMeasure(
        measure_id=measure_id,
        case_id=case_id,
        supplier_id=case.supplier_id,
        product_id=case.product_id,
        kind=kind,
        fine_fen=fine_fen,
        instruction=instruction,
        deadline_on=deadline_on,
        status="ORDERED",
        note="",
        ordered_at=now,
    )
    if kind in rules.HOLDING:
        product_ids = await _lock_products(db, case)
        db.add(measure)
        await db.flush()
        await shelf.take_off(db, product_ids=product_ids, cause=queries.cause_of(measure_id), now=now)
    else:
        db.add(measure)
    await _move(db, case, "order", caller=caller, now=now, reason=f"{kind}: {instruction}")
    await notice_actions.notify(
        db,
        organisation_id=case.supplier_id,
        code="enforcement-measure-ordered",
        occasion=f"measure:{measure_id}",
        subject_kind="enforcement-case",
        subject_id=case_id,
        now=now,
        facts={"kind": kind, "instruction": instruction, "deadline": deadline_on.isoformat()},
    )
    return case


async def end_measure(
    db: AsyncSession,
    *,
    measure_id: UUID,
    verb: str,
    expected_revision: int,
    note: str,
    caller: Caller,
    now: datetime,
) -> EnforcementCase:
    """It was met (`meet`) or is taken back (`lift`); what it kept off the shelf returns. If-Match is the case's.
    409 `measure-status`; 412 `stale`."""
    case = await queries.lock_case(db, (await queries.get_measure(db, measure_id)).case_id)
    ensure_fresh(expected_revision, case.revision)
    measure = await queries.get_measure(db, measure_id)
    measure.status = rules.measure_after(verb, measure.status)
    measure.note = note
    measure.ended_at = now
    case.revision += 1
    case.changed_at = now
    await db.flush()
    await _note(db, case, verb, case.status, caller=caller, now=now, reason=note)
    if measure.kind in rules.HOLDING:
        product_ids = await _lock_products(db, case)
        await shelf.put_back(db, product_ids=product_ids, cause=queries.cause_of(measure_id), now=now)
        await search_actions.refresh_cards(db, product_ids=product_ids, now=now)
    return case


async def close_case(
    db: AsyncSession,
    *,
    case_id: UUID,
    expected_revision: int,
    result: str,
    conclusion: str,
    caller: Caller,
    now: datetime,
) -> EnforcementCase:
    """Close it with its result; where something was wrong, the supplier's credit hears of it.

    409 `case-status`, `measure-standing`; 412 `stale`; 422 `result-unfounded`.
    """
    case = await queries.lock_case(db, case_id)
    ensure_fresh(expected_revision, case.revision)
    rules.status_after("close", case.status)
    measures = await queries.list_measures(db, case_id)
    rules.ensure_may_close(
        result,
        standing=sum(each.status == "ORDERED" for each in measures),
        ordered=sum(each.status == "MET" for each in measures),
    )
    case.result = result
    case.conclusion = conclusion
    await _move(db, case, "close", caller=caller, now=now, reason=conclusion)
    kind = rules.EVENT_KINDS.get(result)
    if kind is not None:
        await credit_actions.report_event(
            db,
            event_id=new_id(),
            supplier_id=case.supplier_id,
            kind=kind,
            source="enforcement",
            reference=str(case_id),
            summary=case.title,
            occurred_on=business_day(now),
            caller=caller,
            now=now,
        )
    return case


async def _lock_products(db: AsyncSession, case: EnforcementCase) -> Sequence[UUID]:
    """The products that the case is about, held after their supplier, so that nobody lists them meanwhile."""
    await supplier_queries.lock_supplier(db, case.supplier_id)
    await licence_queries.lock_sellers(db, case.supplier_id)
    if case.product_id is not None:
        return await product_queries.lock_products(db, [case.product_id])
    return await product_queries.lock_products_of(db, case.supplier_id)


async def _move(
    db: AsyncSession, case: EnforcementCase, verb: str, *, caller: Caller, now: datetime, reason: str
) -> None:
    before = case.status
    case.status = rules.status_after(verb, before)
    case.revision += 1
    case.changed_at = now
    await db.flush()
    await _note(db, case, verb, before, caller=caller, now=now, reason=reason)


async def _note(
    db: AsyncSession, case: EnforcementCase, verb: str, before: str, *, caller: Caller, now: datetime, reason: str
) -> None:
    await trail_actions.record(
        db,
        subject_kind="enforcement-case",
        subject_id=case.case_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=case.status,
        reason=reason,
    )
