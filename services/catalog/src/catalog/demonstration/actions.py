"""Applying for, naming, reviewing and removing demonstrations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.demonstration import queries, rules
from catalog.demonstration.models import Demonstration, DemonstrationReview
from catalog.document import queries as document_queries
from catalog.notice import actions as notice_actions
from catalog.product import queries as product_queries
from catalog.region import queries as region_queries
from catalog.search import actions as search_actions
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

_CHANGES_BADGE = frozenset({"name", "remove"})


async def apply_for_demonstration(
    db: AsyncSession,
    *,
    demonstration_id: UUID,
    kind: str,
    name: str,
    county_code: str,
    supplier_id: UUID | None,
    statement: str,
    caller: Caller,
    now: datetime,
    document_ids: Sequence[UUID] = (),
) -> Demonstration:
    """A county applies for itself, a supplier for its base or itself.

    409 `demonstration-open`; 422 `county-unknown`, `supplier-missing`, `supplier-not-expected`, `document-unknown`.
    """
    rules.ensure_subject(kind, has_supplier=supplier_id is not None)
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    if supplier_id is not None:
        await supplier_queries.get_supplier(db, supplier_id)
    owner = supplier_id or caller.organisation_id
    if owner is not None:
        await document_queries.ensure_documents_of(db, document_ids, organisation_id=owner, field="document_ids")
    found = await queries.find_open(db, kind=kind, county_code=county, supplier_id=supplier_id)
    if found is not None:
        raise Conflict(
            "There is an application or a name of this kind already.",
            code="demonstration-open",
            demonstration_id=str(found.demonstration_id),
            status_now=found.status,
        )
    demonstration = Demonstration(
        demonstration_id=demonstration_id,
        kind=kind,
        name=name,
        county_code=county,
        supplier_id=supplier_id,
        statement=statement,
        document_ids=list(document_ids),
        status="APPLIED",
        status_reason="",
        revision=1,
        applied_at=now,
        changed_at=now,
    )
    db.add(demonstration)
    await db.flush()
    await _note(db, demonstration, "apply", "", caller=caller, now=now)
    return demonstration


async def resubmit(
    db: AsyncSession,
    *,
    demonstration_id: UUID,
    expected_revision: int,
    statement: str,
    caller: Caller,
    now: datetime,
) -> Demonstration:
    """Apply again after a rejection, mended. 409 `demonstration-status`; 412 `stale`."""
    demonstration = await queries.lock_demonstration(db, demonstration_id)
    ensure_fresh(expected_revision, demonstration.revision)
    rules.status_after("resubmit", demonstration.status)
    demonstration.statement = statement
    await _move(db, demonstration, "resubmit", caller=caller, now=now, reason="")
    return demonstration


async def move_on(
    db: AsyncSession,
    *,
    demonstration_id: UUID,
    verb: str,
    expected_revision: int,
    reason: str,
    caller: Caller,
    now: datetime,
) -> Demonstration:
    """Take it on by one of the reviewers' verbs. 409 `demonstration-status`; 412 `stale`."""
    demonstration = await queries.lock_demonstration(db, demonstration_id)
    ensure_fresh(expected_revision, demonstration.revision)
    rules.status_after(verb, demonstration.status)
    if verb == "name":
        demonstration.reviewed_for_year = business_day(now).year
    await _move(db, demonstration, verb, caller=caller, now=now, reason=reason)
    return demonstration


async def review_year(
    db: AsyncSession,
    *,
    demonstration_id: UUID,
    expected_revision: int,
    year: int,
    is_passed: bool,
    note: str,
    caller: Caller,
    now: datetime,
) -> Demonstration:
    """The yearly review: passed, it stays named; not passed, it is removed.

    409 `demonstration-status`, `year-reviewed`; 412 `stale`; 422 `year-invalid`.
    """
    demonstration = await queries.lock_demonstration(db, demonstration_id)
    ensure_fresh(expected_revision, demonstration.revision)
    verb = "confirm" if is_passed else "remove"
    rules.status_after(verb, demonstration.status)
    rules.ensure_year_to_review(year, demonstration.reviewed_for_year, business_day(now))
    db.add(
        DemonstrationReview(
            demonstration_id=demonstration_id,
            year=year,
            is_passed=is_passed,
            note=note,
            reviewed_by=caller.person_id,
            reviewed_at=now,
        )
    )
    demonstration.reviewed_for_year = year
    await _move(db, demonstration, verb, caller=caller, now=now, reason=note)
    return demonstration


async def _move(
    db: AsyncSession, demonstration: Demonstration, verb: str, *, caller: Caller, now: datetime, reason: str
) -> None:
    before = demonstration.status
    demonstration.status = rules.status_after(verb, before)
    demonstration.status_reason = reason
    demonstration.revision += 1
    demonstration.changed_at = now
    await db.flush()
    await _note(db, demonstration, verb, before, caller=caller, now=now)
    if demonstration.supplier_id is not None:
        await notice_actions.notify(
            db,
            organisation_id=demonstration.supplier_id,
            code=f"demonstration-{demonstration.status.lower()}",
            occasion=f"demonstration:{demonstration.demonstration_id}:{demonstration.revision}",
            subject_kind="demonstration",
            subject_id=demonstration.demonstration_id,
            now=now,
            facts={"name": demonstration.name, "reason": reason},
        )
    if verb in _CHANGES_BADGE:
        await _render(db, demonstration, now=now)


async def _render(db: AsyncSession, demonstration: Demonstration, *, now: datetime) -> None:
    if demonstration.supplier_id is not None:
        product_ids = await product_queries.lock_products_of(db, demonstration.supplier_id)
    else:
        product_ids = await product_queries.lock_products(
            db, await product_queries.list_product_ids_from(db, demonstration.county_code)
        )
    await search_actions.refresh_cards(db, product_ids=product_ids, now=now)


async def _note(
    db: AsyncSession, demonstration: Demonstration, verb: str, before: str, *, caller: Caller, now: datetime
) -> None:
    await trail_actions.record(
        db,
        subject_kind="demonstration",
        subject_id=demonstration.demonstration_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=demonstration.status,
        reason=demonstration.status_reason,
    )
