"""Applying, and each step on the way to admission."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.admission import queries, rules
from catalog.admission.models import Admission, Finding, Opinion, Submission
from catalog.document import queries as document_queries
from catalog.licence import actions as licence_actions
from catalog.licence import queries as licence_queries
from catalog.licence import rules as licence_rules
from catalog.licence.models import Licence
from catalog.linkage import queries as linkage_queries
from catalog.notice.actions import Fact, notify
from catalog.notice.rules import PLATFORM, desk_id
from catalog.region import queries as region_queries
from catalog.region.rules import ASSISTED
from catalog.supplier import actions as supplier_actions
from catalog.supplier import queries as supplier_queries
from catalog.supplier import rules as supplier_rules
from catalog.supplier.models import Supplier
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.workdays import working_days_after

_TOLD = {
    "county_reject": "admission-rejected",
    "recommend": "admission-recommended",
    "platform_reject": "admission-rejected",
    "admit": "admission-admitted",
}
_DOCUMENTS = ("agreement_document_ids", "document_ids")


async def open_admission(db: AsyncSession, *, supplier_id: UUID, now: datetime) -> Admission:
    """An empty application for a supplier that has just registered."""
    admission = Admission(supplier_id=supplier_id, application={}, round=0, step_since=now, revision=1, changed_at=now)
    db.add(admission)
    await db.flush()
    return admission


async def edit_application(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    expected_revision: int,
    identity: Mapping[str, Any],
    application: Mapping[str, Any],
    caller: Caller | None,
    now: datetime,
) -> Admission:
    """Replace the application and what was said of the supplier on registering; drafts may lack anything but that.

    409 `supplier-not-editable`, `supplier-exists`; 412 `stale`; 422 as for registering, `linkage-way-unknown`,
    `document-unknown`.
    """
    await supplier_queries.lock_supplier(db, supplier_id)
    admission = await queries.lock_admission(db, supplier_id)
    ensure_fresh(expected_revision, admission.revision)
    rules.ensure_ways(application["linkage_ways"])
    for field in _DOCUMENTS:
        await document_queries.ensure_documents_of(
            db, [UUID(each) for each in application[field]], organisation_id=supplier_id, field=field
        )
    changes: dict[str, Any] = {"name": identity["name"], "name_en": identity["name_en"]}
    if not await linkage_queries.has_linkages(db, supplier_id):
        changes["linked_households"] = application["linked_household_count"] or 0
    supplier = await supplier_actions.redraft_supplier(
        db,
        supplier_id=supplier_id,
        kind=identity["kind"],
        uscc=identity["uscc"],
        is_uscc_as_printed=identity["is_uscc_as_printed"],
        county_code=identity["county_code"],
        changes=changes,
        now=now,
    )
    admission.application = dict(application)
    _touch(admission, now)
    await db.flush()
    await _record(db, supplier, "edit", caller=caller, now=now)
    return admission


async def submit(
    db: AsyncSession, *, supplier_id: UUID, expected_revision: int, caller: Caller | None, now: datetime
) -> Admission:
    """Hand the application in, as it is, to the county's agriculture office. Where linkages of the supplier are
    confirmed, its evidence of linkage is what these say, not what it says of itself.

    409 `supplier-status`; 412 `stale`; 422 `application-incomplete` with all `faults`.
    """
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    admission = await queries.lock_admission(db, supplier_id)
    ensure_fresh(expected_revision, admission.revision)
    supplier_rules.status_after("submit", supplier.status)
    licences = await licence_queries.list_licences(db, supplier_id, statuses=["FILED", "VERIFIED"])
    on = business_day(now)
    places = await region_queries.list_places(db, [supplier.county_code], day=on)
    held = [licence_queries.held_of(each) for each in licences]
    evidence = await linkage_queries.get_evidence(db, supplier_id, on=on)
    if evidence.summary.household_count:
        admission.application = rules.evidenced(
            admission.application,
            ways=evidence.ways,
            household_count=evidence.summary.household_count,
            person_count=evidence.summary.person_count,
            yearly_income_fen=evidence.income_fen,
            agreement_document_ids=[str(each) for each in evidence.agreement_document_ids],
        )
    rules.ensure_no_faults(
        rules.faults(
            admission.application,
            kind=supplier.kind,
            is_assisted=ASSISTED in places[supplier.county_code].designations,
            lacking=licence_rules.missing_types(supplier.kind, held, on),
            has_active_principal=await _has_active_principal(db, licences, on),
        )
    )
    admission.round += 1
    admission.submitted_at = now
    db.add(
        Submission(
            supplier_id=supplier_id,
            round=admission.round,
            snapshot=_snapshot(supplier, admission, licences),
            submitted_by=caller.person_id if caller else None,
            submitted_at=now,
        )
    )
    await _move(db, admission, "submit", caller=caller, now=now)
    return admission


async def move(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller | None,
    now: datetime,
    reason: str = "",
    findings: Sequence[Mapping[str, str]] = (),
) -> Admission:
    """`withdraw`, `take_up`, `county_reject`, `recommend`, `examine`, `platform_reject` or `admit`.

    409 `supplier-status`; a recommendation `opinions-missing`, `opinion-unfavourable`; admitting
    `uscc-not-let-through`; 412 `stale`; a rejection 422 `finding-field-unknown`.
    """
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    admission = await queries.lock_admission(db, supplier_id)
    ensure_fresh(expected_revision, admission.revision)
    supplier_rules.status_after(verb, supplier.status)
    if verb == "recommend":
        given = await queries.list_opinions(db, supplier_id, of_round=admission.round)
        rules.ensure_recommendable({each.part: each.is_favourable for each in given})
    if findings:
        await _add_findings(db, admission, verb.removesuffix("_reject"), findings, caller=caller, now=now)
    await _move(db, admission, verb, caller=caller, reason=reason, now=now)
    if verb == "admit":
        await licence_actions.verify_filed(db, supplier_id=supplier_id, caller=caller, now=now)
    return admission


async def give_opinion(
    db: AsyncSession,
    *,
    supplier_id: UUID,
    expected_revision: int,
    part: str,
    is_favourable: bool,
    sentence: str,
    caller: Caller,
    now: datetime,
) -> Admission:
    """Say what an office thinks of its part; said again, it replaces what was said.

    409 `supplier-status` unless the county judges now, `opinion-by-same-person` for who gave the other; 412 `stale`.
    """
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    admission = await queries.lock_admission(db, supplier_id)
    ensure_fresh(expected_revision, admission.revision)
    rules.ensure_opinions_open(supplier.status)
    given = await queries.list_opinions(db, supplier_id, of_round=admission.round)
    if any(each.part != part and each.person_id == caller.person_id for each in given):
        raise Conflict("The two opinions come from two people.", code="opinion-by-same-person")
    said = {"person_id": caller.person_id, "is_favourable": is_favourable, "sentence": sentence, "given_at": now}
    await db.execute(
        insert(Opinion)
        .values(supplier_id=supplier_id, round=admission.round, part=part, **said)
        .on_conflict_do_update(index_elements=["supplier_id", "round", "part"], set_=said)
    )
    _touch(admission, now)
    await db.flush()
    verb = f"{part}_{'favourable' if is_favourable else 'unfavourable'}"
    await _record(db, supplier, verb, caller=caller, reason=sentence, now=now)
    return admission


async def let_code_through(
    db: AsyncSession, *, supplier_id: UUID, expected_revision: int, reason: str, caller: Caller, now: datetime
) -> Admission:
    """Answer, as a reviewer, for a code whose check fails. 409 `supplier-status`, `uscc-check-passed`; 412."""
    supplier = await supplier_queries.lock_supplier(db, supplier_id)
    admission = await queries.lock_admission(db, supplier_id)
    ensure_fresh(expected_revision, admission.revision)
    rules.ensure_code_in_question(supplier.status)
    await supplier_actions.let_code_through(db, supplier_id=supplier_id, reason=reason, caller=caller, now=now)
    _touch(admission, now)
    await db.flush()
    return admission


async def tell_overdue(
    db: AsyncSession, *, now: datetime, after: tuple[date, UUID] | None, limit: int = 100
) -> tuple[date, UUID] | None:
    """Tell of each step that should have ended, once: the desks that it waits for, those above them (city and province)
    and the supplier. A batch; the place to go on after, or None when all are done."""
    on = business_day(now)
    overdue = await queries.list_overdue(db, on=on, after=after, limit=limit)
    suppliers = await supplier_queries.list_suppliers_by_id(db, [each.supplier_id for each in overdue])
    for admission in overdue:
        await _escalate(db, admission, suppliers[admission.supplier_id], now=now)
    return (overdue[-1].due_on or date.max, overdue[-1].supplier_id) if overdue else None


async def _escalate(db: AsyncSession, admission: Admission, supplier: Supplier, *, now: datetime) -> None:
    code = supplier.county_code
    above = [desk_id(f"{code[:4]}00", role) for role in ("agriculture", "assistance")]
    boxes = [*_desks(supplier), *above, desk_id(f"{code[:2]}0000", "province"), supplier.supplier_id]
    if supplier.status in {"RECOMMENDED", "PLATFORM_REVIEW"}:
        boxes = [*_desks(supplier), supplier.supplier_id]
    for box in boxes:
        await notify(
            db,
            organisation_id=box,
            code="admission-overdue",
            occasion=f"admission-overdue:{supplier.supplier_id}:{admission.round}:{supplier.status}",
            subject_kind="supplier",
            subject_id=supplier.supplier_id,
            facts={
                "name": supplier.name,
                "status": supplier.status,
                "due_on": admission.due_on.isoformat() if admission.due_on else None,
            },
            now=now,
        )


def _desks(supplier: Supplier) -> list[UUID]:
    return [
        desk_id(PLATFORM, "reviewer") if office == "platform" else desk_id(supplier.county_code, office)
        for office in rules.TO_BE_TOLD.get(supplier.status, ())
    ]


async def _move(
    db: AsyncSession, admission: Admission, verb: str, *, caller: Caller | None, now: datetime, reason: str = ""
) -> None:
    """Move the supplier, begin the new step's term, and tell those who are next."""
    supplier = await supplier_actions.change_status(
        db, supplier_id=admission.supplier_id, verb=verb, reason=reason, caller=caller, now=now
    )
    on = business_day(now)
    deadline = rules.deadline_of(supplier.status, supplier.county_code, on)
    admission.due_on = working_days_after(on, deadline.working_days) if deadline else None
    admission.step_since = now
    _touch(admission, now)
    await db.flush()
    occasion = f"admission:{supplier.supplier_id}:{admission.revision}"
    facts: dict[str, Fact] = {"name": supplier.name, "reason": reason, "status": supplier.status}
    told = {supplier.supplier_id: _TOLD[verb]} if verb in _TOLD else {}
    if verb in {"submit", "recommend"}:
        told |= dict.fromkeys(_desks(supplier), f"admission-arrived-{'county' if verb == 'submit' else 'platform'}")
    if verb == "take_up":
        told[desk_id(supplier.county_code, "assistance")] = "admission-arrived-county"
    for box, code in told.items():
        await notify(
            db,
            organisation_id=box,
            code=code,
            occasion=occasion,
            subject_kind="supplier",
            subject_id=supplier.supplier_id,
            facts=facts,
            now=now,
        )


async def _add_findings(
    db: AsyncSession,
    admission: Admission,
    stage: str,
    findings: Sequence[Mapping[str, str]],
    *,
    caller: Caller | None,
    now: datetime,
) -> None:
    licences = await licence_queries.list_licences(db, admission.supplier_id)
    documents = [each for field in _DOCUMENTS for each in admission.application.get(field, [])]
    known = {
        *rules.IDENTITY,
        *rules.FIELDS,
        "licences",
        *(f"licence:{each.licence_id}" for each in licences),
        *(f"document:{each}" for each in documents),
    }
    rules.ensure_finding_fields([each["field"] for each in findings], known)
    earlier = [each for each in await queries.list_findings(db, admission.supplier_id) if each.round == admission.round]
    db.add_all(
        Finding(
            supplier_id=admission.supplier_id,
            round=admission.round,
            position=len(earlier) + index,
            stage=stage,
            field=each["field"],
            sentence=each["sentence"],
            person_id=caller.person_id if caller else None,
            found_at=now,
        )
        for index, each in enumerate(findings)
    )
    await db.flush()


async def _has_active_principal(db: AsyncSession, licences: Collection[Licence], on: date) -> bool:
    wanted = [
        each.principal_id
        for each in licences
        if each.principal_id is not None and licence_rules.is_in_force(licence_queries.held_of(each), on)
    ]
    found = await supplier_queries.list_suppliers_by_id(db, wanted)
    return any(each.status == "ACTIVE" for each in found.values())


def _snapshot(supplier: Supplier, admission: Admission, licences: Collection[Licence]) -> dict[str, Any]:
    return {
        **{field: getattr(supplier, field) for field in rules.IDENTITY},
        **admission.application,
        "licences": [
            {
                "type": each.type,
                "number": each.number,
                "issuer": each.issuer,
                "valid_until": each.valid_until.isoformat() if each.valid_until else None,
            }
            for each in licences
        ],
    }


def _touch(admission: Admission, now: datetime) -> None:
    admission.revision += 1
    admission.changed_at = now


async def _record(
    db: AsyncSession, supplier: Supplier, verb: str, *, caller: Caller | None, now: datetime, reason: str = ""
) -> None:
    await trail_actions.record(
        db,
        subject_kind="supplier",
        subject_id=supplier.supplier_id,
        verb=verb,
        caller=caller,
        from_status=supplier.status,
        to_status=supplier.status,
        reason=reason,
        now=now,
    )
