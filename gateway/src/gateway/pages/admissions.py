"""The desks of county and platform: applications that wait, one application with everything, and the decision."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.admission_view import (
    TONES,
    differences_of,
    documents_of,
    evidence_of,
    facts_of,
    field_name,
    joined,
    licence_heads,
    licence_rows,
    steps_of,
    trail_of,
)
from gateway.pages.application import KINDS
from gateway.pages.harvest_view import code_of
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Verb
from gateway.pages.region_filter import region_choices
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Stale

router = APIRouter(default_response_class=Response)

_PATH: Final = "/work/admissions"
_SORTS: Final = ("due_on", "submitted_at", "name")
_YES: Final = ("true",)
_PLAIN: Final = ("take_up", "recommend", "examine", "admit")
_REJECT: Final = ("county_reject", "platform_reject")
_OF_SUPPLIER: Final = ("suspend", "resume", "exit")
_FINDING_ROWS: Final = 4
_NAMEABLE: Final = (
    "name",
    "kind",
    "county_code",
    "uscc",
    "address",
    "contact_name",
    "contact_phone",
    "products",
    "supply_capacity",
    "yearly_output_kg",
    "quality_measures",
    "linkage_ways",
    "linked_household_count",
    "linked_person_count",
    "yearly_income_fen",
    "agreement_document_ids",
    "document_ids",
    "licences",
)


def asked_list(page: Page) -> Listing:
    """What the address of the list asks for."""
    return listing_of(
        page.request,
        path=_PATH,
        filters={
            "status": page.t.names["supplier_status"],
            "kind": KINDS,
            "overdue": _YES,
            "awaiting_me": _YES,
            "region": {code_of(page.request, "region")},
        },
        sorts=_SORTS,
        default_sort="due_on",
    )


@router.get("/work/admissions")
async def get_admissions(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Applications of the own region, what is due first before the others."""
    ensure_kind(visitor, "official", "operator")
    listing = asked_list(page)
    found = await services.catalog.get("/v1/admissions", visitor=visitor, params=listing.params())
    await _name_counties(services, page, [(each, each["county_code"]) for each in found["items"]])
    regions = await region_choices(services, visitor, listing.values.region, page.language)
    return page.render("admissions.html", **desk_context(page, listing, found, regions))


async def _name_counties(services: Services, page: Page, items: list[tuple[dict[str, Any], str]]) -> None:
    """The counties in English where that is read: the catalog tells them in Chinese."""
    if page.language == "zh":
        return
    names = {code: await place_of(services, code, page.language) for code in {code for _, code in items}}
    for item, code in items:
        item["county"] = names[code]


def desk_context(
    page: Page, listing: Listing, found: dict[str, Any], regions: list[Choice] | None = None
) -> dict[str, Any]:
    """What the list is drawn from; `regions` are what one who oversees several counties may narrow it to."""
    t, names = page.t.admission, page.t.names
    return {
        "listing": listing,
        "rows": [_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "heads": [
            listing.head(t.supplier, "name"),
            listing.head(t.kind),
            listing.head(t.county),
            listing.head(t.state),
            listing.head(t.households, is_number=True),
            listing.head(t.submitted, "submitted_at"),
            listing.head(t.due, "due_on"),
        ],
        "filters": [
            *([Filter("region", t.region, regions, t.every)] if regions else []),
            Filter("status", t.state, [Choice(*each) for each in names["supplier_status"].items()], t.every),
            Filter("kind", t.kind, [Choice(each, names["applicant_kind"][each]) for each in KINDS], t.every),
        ],
        "tabs": _tabs(listing, page),
    }


def _tabs(listing: Listing, page: Page) -> list[tuple[str, str, bool]]:
    """(label, address, chosen): all, what awaits the own office, what is overdue."""
    t, is_mine, is_overdue = page.t.admission, bool(listing.values.awaiting_me), bool(listing.values.overdue)
    return [
        (t.tab_all, listing.url(awaiting_me="", overdue=""), not is_mine and not is_overdue),
        (t.tab_mine, listing.url(awaiting_me="true", overdue=""), is_mine),
        (t.tab_overdue, listing.url(awaiting_me="", overdue="true"), is_overdue),
    ]


def _row(each: dict[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.admission, page.t.names
    parts = [names["opinion_part"][part] for part in each["opinion_parts"]] if each["status"] == "COUNTY_REVIEW" else []
    return {
        **each,
        "url": f"{_PATH}/{each['supplier_id']}",
        "kind_name": names["applicant_kind"].get(each["kind"], each["kind"]),
        "status_name": names["supplier_status"].get(each["status"], each["status"]),
        "tone": TONES.get(each["status"], ""),
        "opinions": t.opinions_given(parts=joined(parts, page)) if parts else "",
        "submitted": page.short_time(each["submitted_at"]) if each["submitted_at"] else "",
        "due": page.day(each["due_on"]) if each["due_on"] else "",
        "code": code_text(each, page),
    }


def code_text(supplier: dict[str, Any], page: Page) -> str:
    """The credit code, with a word beside it if its check character does not fit."""
    check = page.t.names["uscc_check"].get(supplier["uscc_check"], "")
    return f"{supplier['uscc']}（{check}）" if supplier["uscc"] and check else supplier["uscc"] or ""


@router.get("/work/admissions.{kind}")
async def get_admissions_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "official", "operator")
    form = "csv" if kind == "csv" else "xlsx"
    params = asked_list(page).export_params(format=form)
    return await download(services.catalog, visitor, "/v1/admissions/export", params)


@router.get("/work/admissions/{supplier_id}")
async def get_admission(page: PageDep, services: Services, visitor: SignedIn, supplier_id: UUID) -> Response:
    """One application with evidence, documents, what changed since the last time, the trail, and what is to decide."""
    return await _show(page, services, visitor, supplier_id)


@router.post("/work/admissions/{supplier_id}/{verb}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, supplier_id: UUID, verb: str
) -> Response:
    """One decision on the version that the reviewer saw; a refusal comes back with what was typed."""
    ensure_kind(visitor, "official", "operator")
    try:
        path, body = _call_of(verb, supplier_id, form)
        await services.catalog.answer(
            "POST", path, visitor=visitor, json=body, headers={"If-Match": f'"{form.get("revision", "")}"'}
        )
    except (Conflict, Forbidden, Invalid, Stale) as refusal:
        told = page.t.admission.reason_missing if refusal.code == "validation" else page.told(refusal)
        return await _show(
            page, services, visitor, supplier_id, form=form, refused=verb, error=told, status=refusal.status
        )
    return page.go(f"{_PATH}/{supplier_id}", done=verb)


def _call_of(verb: str, supplier_id: UUID, form: FormData) -> tuple[str, dict[str, Any] | None]:
    """The service's route for a verb, and its body."""
    reason = str(form.get("reason", "")).strip()
    path = f"/v1/admissions/{supplier_id}/{verb.replace('_', '-')}"
    if verb in _PLAIN:
        return path, None
    if verb in _REJECT:
        pairs = zip(form.getlist("field"), form.getlist("sentence"), strict=False)
        findings = [
            {"field": str(name), "sentence": str(sentence).strip()}
            for name, sentence in pairs
            if str(name) or str(sentence).strip()
        ]
        return path, {"findings": findings, "reason": reason}
    if verb == "opinion":
        is_favourable = form.get("is_favourable") == "true"
        return path, {"part": form.get("part", ""), "is_favourable": is_favourable, "sentence": reason}
    if verb == "let_code_through":
        return path, {"reason": reason}
    if verb in _OF_SUPPLIER:
        return f"/v1/suppliers/{supplier_id}/{verb}", None if verb == "resume" else {"reason": reason}
    raise Invalid("There is no such decision.", code="verb-unknown", field="verb")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    supplier_id: UUID,
    *,
    form: FormData | None = None,
    refused: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    ensure_kind(visitor, "official", "operator")
    found = await services.catalog.get(f"/v1/admissions/{supplier_id}", visitor=visitor)
    await _name_counties(services, page, [(found, found["supplier"]["county_code"])])
    trail = await services.catalog.get(f"/v1/admissions/{supplier_id}/trail", visitor=visitor)
    changes = await _difference(services, visitor, supplier_id)
    done = page.request.query_params.get("done", "")
    context = detail_context(page, found, trail, changes, form=form)
    notice = page.t.admission.done_decided if done else ""
    return page.render("admission.html", status=status, **context, refused=refused, notice=notice, error=error)


def detail_context(
    page: Page,
    found: dict[str, Any],
    trail: list[dict[str, Any]],
    changes: dict[str, Any] | None,
    *,
    form: FormData | None = None,
) -> dict[str, Any]:
    """What the page of one application is drawn from; `form` is a decision that was refused."""
    state, names = found["supplier"]["status"], page.t.names
    verbs = names["admission_verb"]
    return {
        "found": found,
        "supplier": found["supplier"],
        "state": names["supplier_status"].get(state, state),
        "tone": TONES.get(state, ""),
        "code": code_text(found["supplier"], page),
        "steps": steps_of(state, trail, page),
        "trail": trail_of(trail, page),
        "facts": facts_of(found, page),
        "documents": documents_of(found, page),
        "evidence": evidence_of(found, page),
        "licence_heads": licence_heads(page),
        "licences": licence_rows(found["licences"], page, today=business_day(utc_now())),
        "changes": differences_of(changes["changes"], page) if changes else [],
        "rounds": (changes["before_round"], changes["after_round"]) if changes and changes["before_round"] else None,
        "opinions": [{**each, "part_name": names["opinion_part"][each["part"]]} for each in found["opinions"]],
        "findings": [
            {
                "round": each["round"],
                "field": field_name(each["field"], page),
                "stage": names["admission_stage"][each["stage"]],
                "sentence": each["sentence"],
            }
            for each in found["findings"]
        ],
        "due": page.day(found["due_on"]) if found["due_on"] else "",
        "plain": [Verb(each, verbs[each], "main") for each in found["verbs"] if each in _PLAIN],
        "reject": next((each for each in found["verbs"] if each in _REJECT), ""),
        "of_supplier": _of_supplier(page.visitor, state, page),
        "nameable": _nameable(found, page),
        "finding_rows": _finding_rows(form),
        "typed_reason": str(form.get("reason", "")) if form else "",
    }


def _of_supplier(visitor: Visitor, state: str, page: Page) -> list[Verb]:
    """What the platform's reviewers may do with an admitted supplier."""
    if visitor.kind != "operator":
        return []
    open_to = {"ACTIVE": ("suspend", "exit"), "SUSPENDED": ("resume", "exit")}.get(state, ())
    return [Verb(each, page.t.names["admission_verb"][each], "" if each == "resume" else "danger") for each in open_to]


def _nameable(found: dict[str, Any], page: Page) -> list[Choice]:
    """What a reason may be about."""
    choices = [Choice(each, field_name(each, page)) for each in _NAMEABLE]
    for each in found["licences"]:
        if each["status"] in {"FILED", "VERIFIED"}:
            label = f"{page.t.names['licence_type'].get(each['type'], each['type'])} {each['number']}"
            choices.append(Choice(f"licence:{each['licence_id']}", label))
    return choices


def _finding_rows(form: FormData | None) -> list[tuple[str, str]]:
    typed = list(zip(form.getlist("field"), form.getlist("sentence"), strict=False)) if form else []
    rows = [(str(name), str(sentence)) for name, sentence in typed][:50]
    return rows + [("", "")] * max(0, _FINDING_ROWS - len(rows))


async def _difference(services: Services, visitor: Visitor, supplier_id: UUID) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await services.catalog.get(f"/v1/admissions/{supplier_id}/difference", visitor=visitor)
    except NotFound:
        return None
    return found
