"""Admissions over HTTP: the supplier's application, and the desks of county and platform."""

from uuid import UUID

from fastapi import APIRouter, Response

from catalog.admission import actions, queries, rules
from catalog.admission.models import Admission
from catalog.admission.schemas import (
    AdmissionSchema,
    Application,
    ApplicationIn,
    ChangeSchema,
    CodeIn,
    DeadlineSchema,
    DifferenceSchema,
    FindingSchema,
    LinkageEvidenceSchema,
    OpinionIn,
    OpinionSchema,
    RejectionIn,
)
from catalog.authority import (
    PLATFORM_ROLES,
    OfficialRole,
    ensure_may_judge,
    is_within,
    may_see,
)
from catalog.licence import queries as licence_queries
from catalog.licence.schemas import licence_of
from catalog.linkage import queries as linkage_queries
from catalog.region import queries as region_queries
from catalog.supplier import queries as supplier_queries
from catalog.supplier import rules as supplier_rules
from catalog.supplier.models import Supplier
from catalog.supplier.schemas import SupplierSchema
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of

router = APIRouter(prefix="/v1/admissions", tags=["admissions"])

_JUDGES: dict[str, tuple[OfficialRole, ...]] = {
    "take_up": ("agriculture",),
    "county_reject": ("agriculture", "assistance"),
    "recommend": ("assistance",),
}
_PART_ROLES: dict[str, tuple[OfficialRole, ...]] = {"production": ("agriculture",), "linkage": ("assistance",)}


@router.get("/{supplier_id}")
async def get_admission(db: Read, caller: CallerDep, supplier_id: UUID, response: Response) -> AdmissionSchema:
    """The application: to the supplier, officials of its county and operators. 404 `admission-unknown` for others."""
    supplier, admission = await _visible(db, caller, supplier_id)
    return await _shown(db, caller, supplier, admission, response)


@router.get("/{supplier_id}/trail")
async def list_trail(db: Read, caller: CallerDep, supplier_id: UUID) -> list[TrailItem]:
    """Everything that was done with the application, the oldest first. 404 `admission-unknown`."""
    await _visible(db, caller, supplier_id)
    found = await trail_queries.list_trail(db, subject_kind="supplier", subject_id=supplier_id)
    return [TrailItem.model_validate(each) for each in found]


@router.get("/{supplier_id}/difference")
async def get_difference(db: Read, caller: CallerDep, supplier_id: UUID) -> DifferenceSchema:
    """What changed between the last two submissions. 404 `admission-unknown`, also before the first."""
    await _visible(db, caller, supplier_id)
    found = await queries.list_submissions(db, supplier_id, limit=2)
    if not found:
        raise queries.unknown_admission()
    before = found[1] if len(found) > 1 else None
    changes = rules.changes(before.snapshot, found[0].snapshot) if before else []
    return DifferenceSchema(
        before_round=before.round if before else None,
        after_round=found[0].round,
        changes=[ChangeSchema(field=field, before=old, after=new) for field, old, new in changes],
    )


@router.put("/{supplier_id}")
async def edit_application(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: ApplicationIn, response: Response
) -> AdmissionSchema:
    """Replace the application (the supplier, while it is a draft or was rejected).

    403 `not-your-supplier`; 409 `supplier-not-editable`, `supplier-exists`; 412 `stale`; 422 as for registering,
    `linkage-way-unknown`, `document-unknown`.
    """
    _ensure_own(caller, supplier_id)
    identity = ("kind", "name", "name_en", "county_code", "uscc", "is_uscc_as_printed")
    admission = await actions.edit_application(
        db,
        supplier_id=supplier_id,
        expected_revision=expected,
        identity=body.model_dump(include=set(identity)),
        application=body.model_dump(mode="json", exclude=set(identity)),
        caller=caller,
        now=utc_now(),
    )
    return await _answer(db, caller, admission, response)


@router.post("/{supplier_id}/submit")
async def submit(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response
) -> AdmissionSchema:
    """Hand the application in (the supplier), also again after a rejection.

    403 `not-your-supplier`; 409 `supplier-status`; 412 `stale`; 422 `application-incomplete` with `faults`.
    """
    _ensure_own(caller, supplier_id)
    admission = await actions.submit(
        db, supplier_id=supplier_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _answer(db, caller, admission, response)


@router.post("/{supplier_id}/withdraw")
async def withdraw(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response
) -> AdmissionSchema:
    """Take the application back (the supplier), to change it. 403 `not-your-supplier`; 409 `supplier-status`; 412."""
    _ensure_own(caller, supplier_id)
    return await _move(db, caller, supplier_id, "withdraw", expected=expected, response=response)


@router.post("/{supplier_id}/take-up")
async def take_up(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response
) -> AdmissionSchema:
    """Begin the county's review (agriculture). 403 by region, role, `own-organisation`; 409 `supplier-status`; 412."""
    return await _judge(db, caller, supplier_id, "take_up", expected=expected, response=response)


@router.post("/{supplier_id}/opinion")
async def give_opinion(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: OpinionIn, response: Response
) -> AdmissionSchema:
    """Give an office's opinion (agriculture on production, assistance on linkage), or replace the own one.

    403 by region, role and `own-organisation`; 409 `supplier-status`, `opinion-by-same-person`; 412 `stale`.
    """
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    await ensure_may_judge(
        db, caller, supplier_id=supplier_id, county_code=supplier.county_code, roles=_PART_ROLES[body.part]
    )
    admission = await actions.give_opinion(
        db,
        supplier_id=supplier_id,
        expected_revision=expected,
        part=body.part,
        is_favourable=body.is_favourable,
        sentence=body.sentence,
        caller=caller,
        now=utc_now(),
    )
    return await _answer(db, caller, admission, response)


@router.post("/{supplier_id}/county-reject")
async def county_reject(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: RejectionIn, response: Response
) -> AdmissionSchema:
    """Send it back with reasons (agriculture, assistance). 403; 409 `supplier-status`; 422 `finding-field-unknown`."""
    return await _judge(db, caller, supplier_id, "county_reject", expected=expected, response=response, body=body)


@router.post("/{supplier_id}/recommend")
async def recommend(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response
) -> AdmissionSchema:
    """Recommend it to the platform (assistance). 403; 409 `opinions-missing`, `opinion-unfavourable`; 412 `stale`."""
    return await _judge(db, caller, supplier_id, "recommend", expected=expected, response=response)


@router.post("/{supplier_id}/examine")
async def examine(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response
) -> AdmissionSchema:
    """Begin the platform's review (its reviewers). 403 `platform-only`, `role-missing`; 409 `supplier-status`; 412."""
    return await _judge(db, caller, supplier_id, "examine", expected=expected, response=response)


@router.post("/{supplier_id}/platform-reject")
async def platform_reject(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: RejectionIn, response: Response
) -> AdmissionSchema:
    """Send it back with reasons (the platform's reviewers). 403; 409 `supplier-status`; 422 `finding-field-unknown`."""
    return await _judge(db, caller, supplier_id, "platform_reject", expected=expected, response=response, body=body)


@router.post("/{supplier_id}/admit")
async def admit(db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, response: Response) -> AdmissionSchema:
    """Let it sell (the platform's reviewers). 403; 409 `supplier-status`, `uscc-not-let-through`; 412 `stale`."""
    return await _judge(db, caller, supplier_id, "admit", expected=expected, response=response)


@router.post("/{supplier_id}/let-code-through")
async def let_code_through(
    db: Db, caller: CallerDep, expected: IfMatch, supplier_id: UUID, body: CodeIn, response: Response
) -> AdmissionSchema:
    """Answer for a credit code whose check character does not fit (whoever judges now). It is shown as let through.

    403 by region, role and `own-organisation`; 409 `supplier-status`, `uscc-check-passed`; 412 `stale`.
    """
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    is_platform = supplier.status == "PLATFORM_REVIEW"
    await ensure_may_judge(
        db,
        caller,
        supplier_id=supplier_id,
        county_code=supplier.county_code,
        roles=() if is_platform else ("agriculture", "assistance", "market_supervision"),
        is_open_to_platform=is_platform,
    )
    admission = await actions.let_code_through(
        db, supplier_id=supplier_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await _answer(db, caller, admission, response)


def _ensure_own(caller: Caller, supplier_id: UUID) -> None:
    if caller.kind != "supplier" or caller.organisation_id != supplier_id:
        raise Forbidden("Only the supplier itself hands in its application.", code="not-your-supplier")


async def _visible(db: Read, caller: Caller, supplier_id: UUID) -> tuple[Supplier, Admission]:
    admission = await queries.get_admission(db, supplier_id)
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    is_own = caller.organisation_id == supplier_id
    is_handed_in = admission.round > 0 or is_own or caller.is_operator
    if not is_handed_in or not may_see(caller, supplier_id=supplier_id, county_code=supplier.county_code):
        raise queries.unknown_admission()
    return supplier, admission


async def _judge(
    db: Db,
    caller: Caller,
    supplier_id: UUID,
    verb: str,
    *,
    expected: int,
    response: Response,
    body: RejectionIn | None = None,
) -> AdmissionSchema:
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    await ensure_may_judge(
        db,
        caller,
        supplier_id=supplier_id,
        county_code=supplier.county_code,
        roles=_JUDGES.get(verb, ()),
        is_open_to_platform=verb not in _JUDGES,
    )
    return await _move(db, caller, supplier_id, verb, expected=expected, response=response, body=body)


async def _move(
    db: Db,
    caller: Caller,
    supplier_id: UUID,
    verb: str,
    *,
    expected: int,
    response: Response,
    body: RejectionIn | None = None,
) -> AdmissionSchema:
    admission = await actions.move(
        db,
        supplier_id=supplier_id,
        verb=verb,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
        reason=body.reason if body else "",
        findings=[each.model_dump() for each in body.findings] if body else [],
    )
    return await _answer(db, caller, admission, response)


async def _answer(db: Db, caller: Caller, admission: Admission, response: Response) -> AdmissionSchema:
    supplier = await supplier_queries.get_supplier(db, admission.supplier_id)
    return await _shown(db, caller, supplier, admission, response)


async def _shown(
    db: Read, caller: Caller, supplier: Supplier, admission: Admission, response: Response
) -> AdmissionSchema:
    today = business_day(utc_now())
    places = await region_queries.list_places(db, [supplier.county_code], day=today)
    place = places[supplier.county_code]
    deadline = rules.deadline_of(supplier.status, supplier.county_code, business_day(admission.step_since))
    offices = await _offices_of(db, caller, supplier)
    opinions = await queries.list_opinions(db, supplier.supplier_id, of_round=admission.round)
    response.headers["ETag"] = etag_of(admission.revision)
    return AdmissionSchema(
        supplier=SupplierSchema.of(supplier),
        county=place.province + place.city + place.county,
        application=Application.model_validate(admission.application),
        linkage=LinkageEvidenceSchema.of(await linkage_queries.get_evidence(db, supplier.supplier_id, on=today)),
        licences=[licence_of(each) for each in await licence_queries.list_licences(db, supplier.supplier_id)],
        round=admission.round,
        submitted_at=admission.submitted_at,
        step_since=admission.step_since,
        due_on=admission.due_on,
        is_overdue=admission.due_on is not None and admission.due_on < today,
        deadline=DeadlineSchema.model_validate(deadline, from_attributes=True) if deadline else None,
        opinions=[OpinionSchema.model_validate(each) for each in opinions],
        findings=[FindingSchema.model_validate(each) for each in await queries.list_findings(db, supplier.supplier_id)],
        verbs=rules.verbs_for(supplier.status, offices, supplier_rules.MOVES),
        parts=rules.parts_for(supplier.status, offices),
        may_let_code_through=rules.may_let_code_through(supplier.status, supplier.uscc_check, offices),
        revision=admission.revision,
        changed_at=admission.changed_at,
    )


async def _offices_of(db: Read, caller: Caller, supplier: Supplier) -> frozenset[str]:
    """What the caller is to this supplier: itself, the county's offices, the platform, or nothing."""
    if caller.kind == "supplier":
        return frozenset({"supplier"} if caller.organisation_id == supplier.supplier_id else ())
    if await trail_queries.has_acted_for(db, person_id=caller.person_id, organisation_id=supplier.supplier_id):
        return frozenset()
    if caller.is_operator:
        return frozenset({"platform"} if caller.roles & PLATFORM_ROLES else ())
    is_there = caller.kind == "official" and is_within(supplier.county_code, caller.regions)
    return caller.roles & {"agriculture", "assistance", "market_supervision"} if is_there else frozenset()
