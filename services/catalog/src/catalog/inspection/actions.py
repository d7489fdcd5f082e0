"""The way of a report: submitted, decided, withdrawn, ended; a product's readiness for canteens follows it.

Locks: the product first, then its reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog import shelf, shown_documents
from catalog.certificate.actions import uploader_of
from catalog.certificate.data import reminder_days
from catalog.certificate.rules import reminder_due
from catalog.document import queries as document_queries
from catalog.exit_permit import actions as exit_permit_actions
from catalog.inspection import queries, rules
from catalog.inspection.models import Inspection, InspectionItem
from catalog.laboratory import queries as laboratory_queries
from catalog.laboratory.data import cma_form
from catalog.laboratory.rules import ensure_cma_number
from catalog.lot import actions as lot_actions
from catalog.lot import queries as lot_queries
from catalog.notice.actions import notify
from catalog.product import queries as product_queries
from catalog.sku import actions as sku_actions
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

SUBJECT = "inspection"


@dataclass(frozen=True)
class Finding:
    """One item of a report as it is printed; `conclusion` is `passed` or `failed`."""

    name: str
    method: str
    measured: str
    limit_value: str
    unit: str
    conclusion: str


@dataclass(frozen=True)
class ReportFacts:
    """A report as it is printed."""

    report_number: str
    laboratory_name: str
    cma_number: str
    sampled_on: date
    issued_on: date
    valid_until: date


async def submit_inspection(
    db: AsyncSession,
    *,
    inspection_id: UUID,
    product_id: UUID,
    report: ReportFacts,
    findings: Sequence[Finding],
    caller: Caller | None,
    now: datetime,
    document_id: UUID | None = None,
    lot_id: UUID | None = None,
) -> Inspection:
    """A report on a product, to be looked at.

    404 `product-unknown`; 409 `inspection-exists`; 422 `report-number-invalid`, `cma-number-invalid`, `report-days`,
    `report-over`, `document-unknown`, `lot-unknown`.
    """
    rules.ensure_report_number(report.report_number)
    ensure_cma_number(report.cma_number, cma_form())
    rules.ensure_days(report.sampled_on, report.issued_on, report.valid_until, business_day(now))
    product = await product_queries.lock_product(db, product_id)
    if document_id is not None:
        await document_queries.ensure_documents_of(
            db, [document_id], organisation_id=uploader_of(caller, product), field="document_id"
        )
    if await queries.has_standing(
        db, product_id=product_id, cma_number=report.cma_number, report_number=report.report_number
    ):
        raise Conflict("The product has this report already.", code="inspection-exists", field="report_number")
    made = Inspection(
        inspection_id=inspection_id,
        product_id=product_id,
        supplier_id=product.supplier_id,
        county_code=product.origin_county_code,
        report_number=report.report_number,
        laboratory_name=report.laboratory_name,
        cma_number=report.cma_number,
        sampled_on=report.sampled_on,
        issued_on=report.issued_on,
        valid_until=report.valid_until,
        is_passed=rules.is_passed([each.conclusion for each in findings]),
        document_id=document_id,
        recognition="",
        status=rules.SUBMITTED,
        status_reason="",
        revision=1,
        submitted_at=now,
        changed_at=now,
    )
    db.add(made)
    await db.flush()
    db.add_all(
        InspectionItem(
            inspection_id=inspection_id,
            position=position,
            name=each.name,
            method=each.method,
            measured=each.measured,
            limit_value=each.limit_value,
            unit=each.unit,
            conclusion=each.conclusion,
        )
        for position, each in enumerate(findings)
    )
    await db.flush()
    if lot_id is not None:
        await lot_actions.attach_inspection(db, lot_id=lot_id, inspection_id=inspection_id, product_id=product_id)
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=inspection_id,
        verb="submit",
        caller=caller,
        to_status=made.status,
        now=now,
    )
    return made


async def decide(
    db: AsyncSession,
    *,
    inspection_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
) -> Inspection:
    """`accept`, `refuse` or `withdraw`, by who may; the product's cards and SKUs tell of it at once.

    404 `inspection-unknown`; 409 `inspection-status`, `laboratory-not-recognised`; 412 `stale`; 422 `report-over`.
    """
    product_id = (await queries.get_inspection(db, inspection_id)).product_id
    await shelf.lock_product(db, product_id)
    inspection = await queries.lock_inspection(db, inspection_id)
    ensure_fresh(expected_revision, inspection.revision)
    rules.status_after(verb, inspection.status)
    if verb == "accept":
        today = business_day(now)
        rules.ensure_days(inspection.sampled_on, inspection.issued_on, inspection.valid_until, today)
        inspection.recognition = await laboratory_queries.find_recognition(
            db, cma_number=inspection.cma_number, county_code=inspection.county_code, on=today
        )
        rules.ensure_recognised(inspection.recognition, inspection.cma_number)
    was_accepted = inspection.status == rules.ACCEPTED
    await _move(db, inspection, verb=verb, caller=caller, now=now, reason=reason)
    if was_accepted or inspection.status == rules.ACCEPTED:
        await sku_actions.announce_revised(db, product_ids=[product_id], now=now)
        await exit_permit_actions.delist_unpermitted(db, [product_id], now=now)
        await exit_permit_actions.put_back_permitted(db, [product_id], now=now)
    if inspection.status == rules.ACCEPTED and not inspection.is_passed:
        lots = await lot_queries.list_open_of_inspection(db, inspection_id)
        await lot_actions.hold_open(db, lots, reason=f"检测不合格 {inspection.report_number}", now=now)
    if caller is None or caller.organisation_id != inspection.supplier_id:
        await notify(
            db,
            organisation_id=inspection.supplier_id,
            code=f"inspection-{inspection.status.lower()}",
            occasion=f"inspection:{inspection_id}:{inspection.revision}",
            subject_kind=SUBJECT,
            subject_id=inspection_id,
            facts={"number": inspection.report_number, "is_passed": inspection.is_passed, "reason": reason},
            now=now,
        )
    return inspection


async def end_inspections(db: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Reports whose last day is over are EXPIRED, and the SKUs of their products told of anew, which are no longer
    ready for canteens unless another report says so. How many products were looked at; may run twice."""
    day = business_day(now)
    product_ids = await product_queries.lock_products(db, await queries.list_ended(db, day=day, limit=limit))
    for product_id in product_ids:
        for each in await queries.list_accepted_of(db, product_id, ended_before=day):
            await _move(db, each, verb="expire", caller=None, now=now)
    if product_ids:
        await sku_actions.announce_revised(db, product_ids=product_ids, now=now)
        await exit_permit_actions.delist_unpermitted(db, product_ids, now=now)
    return len(product_ids)


async def remind_of_ending(db: AsyncSession, *, now: datetime, after: UUID | None, limit: int = 200) -> UUID | None:
    """Tell the holders of the next reports, in order of id, that they end in a month or a week, once each; the id to go
    on after, or None when all were looked at."""
    day = business_day(now)
    marks = reminder_days()
    rows = await queries.list_ending(db, first=day, last=day + timedelta(days=max(marks)), after=after, limit=limit)
    for row in rows:
        inspection = row.inspection
        mark = reminder_due(inspection.valid_until, day, marks)
        if mark is None:
            continue
        await notify(
            db,
            organisation_id=inspection.supplier_id,
            code="inspection-ending",
            occasion=f"inspection:{inspection.inspection_id}:ends:{mark}",
            subject_kind=SUBJECT,
            subject_id=inspection.inspection_id,
            facts={
                "number": inspection.report_number,
                "product": row.product_title,
                "valid_until": inspection.valid_until.isoformat(),
                "days": (inspection.valid_until - day).days,
            },
            now=now,
        )
    return rows[-1].inspection.inspection_id if rows else None


async def _move(
    db: AsyncSession, inspection: Inspection, *, verb: str, caller: Caller | None, now: datetime, reason: str = ""
) -> None:
    before = inspection.status
    inspection.status = rules.status_after(verb, before)
    inspection.status_reason = reason
    inspection.revision += 1
    inspection.changed_at = now
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=inspection.inspection_id,
        verb=verb,
        caller=caller,
        from_status=before,
        to_status=inspection.status,
        reason=reason,
        now=now,
    )
    if inspection.document_id is not None:
        await shown_documents.settle(db, [inspection.document_id])
