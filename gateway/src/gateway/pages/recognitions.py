"""Recognition: a supplier's applications, the queues of township, department, county and province, objections."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages import records
from gateway.pages.parts import Verb
from gateway.pages.record_fields import Field
from gateway.pages.records import Act, Shelf
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor

router = APIRouter(default_response_class=Response)

STATUSES: Final = (
    "APPLIED",
    "TOWNSHIP_REVIEW",
    "DEPARTMENT_REVIEW",
    "COUNTY_DECISION",
    "PUBLIC_NOTICE",
    "RECOGNISED",
    "RECOMMENDED",
    "REJECTED",
    "REVOKED",
    "EXPIRED",
)
_SUBMISSION = (Field("township"), Field("statement", "area"), Field("document_ids", "file", is_required=False))
_DECIDER, _PROVINCE = frozenset({"decider"}), frozenset({"province"})


def _at(*statuses: str) -> frozenset[str]:
    return frozenset(statuses)


SHELF: Final = Shelf(
    key="recognitions",
    path="/work/recognitions",
    api="/v1/recognitions",
    id_name="recognition_id",
    columns=(
        "product_title",
        "supplier_name",
        "township",
        "status",
        "open_objections",
        "notice_until_on",
        "applied_at",
    ),
    facts=(
        "product_title",
        "supplier_name",
        "county_code",
        "township",
        "status",
        "status_reason",
        "statement",
        "attempt",
        "applied_at",
        "notice_from_on",
        "notice_until_on",
        "valid_from_on",
        "valid_until_on",
    ),
    statuses=STATUSES,
    acts=(
        Act("accept", _at("APPLIED"), frozenset({"township"}), tone="main"),
        Act("pass-township", _at("TOWNSHIP_REVIEW"), frozenset({"township"}), tone="main"),
        Act("pass-department", _at("DEPARTMENT_REVIEW"), frozenset({"department"}), tone="main"),
        Act("decide", _at("COUNTY_DECISION"), _DECIDER, tone="main"),
        Act("conclude", _at("PUBLIC_NOTICE"), _DECIDER, tone="main"),
        Act("recommend", _at("RECOGNISED"), _DECIDER, tone="main"),
        Act("send-back", _at("RECOMMENDED"), _PROVINCE),
        Act("reject", _at("TOWNSHIP_REVIEW"), frozenset({"township"}), tone="danger"),
        Act("reject", _at("DEPARTMENT_REVIEW"), frozenset({"department"}), tone="danger"),
        Act("reject", _at("COUNTY_DECISION"), _DECIDER, tone="danger"),
        Act("revoke", _at("RECOGNISED", "RECOMMENDED"), _DECIDER | _PROVINCE, tone="danger"),
        Act("resubmit", _at("REJECTED"), kinds=frozenset({"supplier"}), body="", fields=_SUBMISSION),
    ),
    form=(Field("product_id", "product"), *_SUBMISSION),
    form_kinds=frozenset({"supplier"}),
    steps=STATUSES[:7],
)


async def _one(page: Page, services: Services, visitor: Visitor, recognition_id: UUID, **more: Any) -> Response:
    said = page.t.names["record_verb"]
    verbs = [Verb("dismissed", said["dismissed"]), Verb("upheld", said["upheld"], "danger")]
    return await records.show_one(page, services, visitor, SHELF, recognition_id, objection_verbs=verbs, **more)


@router.get("/work/recognitions")
async def get_recognitions(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A supplier's applications, or what an official's regions have."""
    ensure_kind(visitor, "supplier", "official", "operator")
    return await records.show_list(page, services, visitor, SHELF)


@router.get("/work/recognitions.{kind}")
async def get_recognitions_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same as a file."""
    ensure_kind(visitor, "supplier", "official", "operator")
    return await records.send_file(page, services, visitor, SHELF, kind)


@router.get("/work/recognitions/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form of an application."""
    ensure_kind(visitor, "supplier")
    return await records.show_form(page, services, visitor, SHELF)


@router.post("/work/recognitions/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Apply."""
    ensure_kind(visitor, "supplier")
    return await records.post_form(page, services, visitor, SHELF, form)


@router.get("/work/recognitions/{recognition_id}")
async def get_recognition(page: PageDep, services: Services, visitor: SignedIn, recognition_id: UUID) -> Response:
    """One application with its way, its objections and what the visitor may do."""
    ensure_kind(visitor, "supplier", "official", "operator")
    return await _one(page, services, visitor, recognition_id)


@router.post("/work/recognitions/{recognition_id}/do")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, recognition_id: UUID
) -> Response:
    """Take it on by the verb of the form."""
    ensure_kind(visitor, "supplier", "official", "operator")
    return await records.do(page, services, visitor, SHELF, recognition_id, form, show=_one)


@router.post("/work/recognitions/objections/{objection_id}")
async def post_answer(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, objection_id: UUID
) -> Response:
    """Uphold or dismiss an objection."""
    ensure_kind(visitor, "official", "operator")
    recognition_id = UUID(str(form.get("recognition_id", "")))
    outcome = "upheld" if form.get("verb") == "upheld" else "dismissed"
    try:
        await services.catalog.answer(
            "POST",
            f"/v1/recognition-objections/{objection_id}/answer",
            visitor=visitor,
            json={"outcome": outcome, "answer": str(form.get("reason", "")).strip()},
            headers={"If-Match": str(form.get("etag", ""))},
        )
    except records.REFUSED as refusal:
        return await _one(page, services, visitor, recognition_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"{SHELF.path}/{recognition_id}", done="1")
