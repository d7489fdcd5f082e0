"""A supplier's own file: founding the organisation, registering, the application and what was said of it."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.access import parts, transactions
from gateway.entrance import choose_organisation
from gateway.organisation import actions as organisation_actions
from gateway.organisation.rules import ADMIN
from gateway.pages.account import Choice
from gateway.pages.admission_view import documents_of, facts_of, licence_heads, licence_rows, steps_of, trail_of
from gateway.pages.application import (
    FILES,
    KINDS,
    WAYS,
    Draft,
    body_of,
    document_url,
    draft_of_answer,
    draft_of_form,
    found_errors,
    told_errors,
    upload_all,
)
from gateway.pages.regions import RegionChoice, region_choice
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Invalid, NotFound, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_PATH: Final = "/work/supplier"
_DONE: Final = ("founded", "registered", "saved", "submitted", "withdrawn", "left")
LEAVABLE: Final = frozenset({"ACTIVE", "SUSPENDED"})
_EDITABLE: Final = frozenset({"DRAFT", "COUNTY_REJECTED", "PLATFORM_REJECTED"})
_UNDER_REVIEW: Final = frozenset({"SUBMITTED", "COUNTY_REVIEW", "RECOMMENDED", "PLATFORM_REVIEW"})
_REFUSALS: Final = (Conflict, Invalid, Stale, TooLarge, Unsupported)
_REGISTER: Final = ("name", "name_en", "kind", "uscc", "is_uscc_as_printed", "province", "city", "county")
_LONGEST_NAME: Final = 120


@router.get("/work/supplier/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """The first step of a new supplier: the organisation itself."""
    del visitor
    return _new(page, Typed())


@router.post("/work/supplier/new")
async def post_new(page: PageDep, request: Request, visitor: SignedIn, form: CheckedForm) -> Response:
    """Found the organisation, with the visitor as its administrator, and act for it from now on."""
    typed = typed_of(form, "name", "name_en")
    if not 1 <= len(typed.name) <= _LONGEST_NAME or len(typed.name_en) > _LONGEST_NAME:
        return _new(page, typed, errors={"name": page.t.admission.fill_in}, status=422)
    assert visitor.person_id is not None  # noqa: S101 - SignedIn
    organisation_id, now = new_id(), utc_now()
    async with transactions(request).begin() as db:
        await organisation_actions.found_organisation(
            db, organisation_id=organisation_id, kind="supplier", name=typed.name, name_en=typed.name_en, now=now
        )
        await organisation_actions.add_member(
            db, organisation_id=organisation_id, person_id=visitor.person_id, roles=[ADMIN], now=now
        )
        parts(request).identities.forget_after(db, visitor.person_id)
    await choose_organisation(request, visitor, organisation_id)
    return page.go(_PATH, done="founded")


def _new(page: Page, typed: Typed, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    return page.render("supplier_new.html", status=status, typed=typed, errors=Typed(errors or {}))


@router.get("/work/supplier")
async def get_supplier_file(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Where the supplier stands, and its application: a form while it is its author's, else to read."""
    if visitor.kind not in {"supplier", "operator", "official", "analyst"}:
        return page.go("/work/supplier/new")
    ensure_kind(visitor, "supplier")
    found = await _find(services, visitor)
    if found is not None:
        return await _show(page, services, visitor, found)
    if (admitted := await _find_admitted(services, visitor)) is not None:
        return page.render(
            "supplier_admitted.html",
            supplier=admitted,
            steps=steps_of(admitted["status"], [], page),
            may_leave=admitted["status"] in LEAVABLE,
            notice=_notice(page),
            error="",
        )
    organisation = visitor.organisation
    typed = Typed(name=organisation.name if organisation else "", name_en=organisation.name_en if organisation else "")
    return await _registration(page, services, typed)


@router.post("/work/supplier/register")
async def post_register(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Register with the catalog: kind, county, credit code. The application follows."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *_REGISTER)
    _, county_code = await region_choice(services, typed, page.language)
    if form.get("do") == "regions":
        return await _registration(page, services, typed)
    errors = {name: page.t.admission.fill_in for name in ("name", "kind") if not typed.get(name)}
    if not county_code:
        errors["county_code"] = page.t.admission.choose_county
    if errors:
        return await _registration(page, services, typed, errors=errors, status=422)
    body = {
        "name": typed.name,
        "name_en": typed.name_en,
        "kind": typed.kind,
        "county_code": county_code,
        "uscc": typed.uscc or None,
        "is_uscc_as_printed": typed.is_uscc_as_printed == "1",
    }
    try:
        await services.catalog.post(
            "/v1/suppliers", visitor=visitor, json=body, idempotency_key=str(form.get("key", "")) or str(new_id())
        )
    except (Conflict, Invalid) as refusal:
        return await _registration(
            page, services, typed, errors=told_errors(refusal, page), error=page.told(refusal), status=refusal.status
        )
    return page.go(_PATH, done="registered")


async def _registration(
    page: Page,
    services: Services,
    typed: Typed,
    *,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    regions, _ = await region_choice(services, typed, page.language)
    return page.render(
        "supplier_register.html",
        status=status,
        typed=typed,
        errors=Typed(errors or {}),
        error=error,
        regions=regions,
        kinds=_kinds(page),
        notice=_notice(page),
    )


@router.post("/work/supplier")
async def post_supplier_file(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save the application, or save it and hand it in. What was typed and sent stays, also on a refusal."""
    ensure_kind(visitor, "supplier")
    found = await services.catalog.get(f"/v1/admissions/{visitor.organisation_id}", visitor=visitor)
    draft = draft_of_form(form)
    _, county_code = await region_choice(services, draft.typed, page.language)
    if form.get("do") == "regions":
        return await _show(page, services, visitor, found, draft=draft)
    if not county_code:
        errors = {"county_code": page.t.admission.choose_county}
        return await _show(page, services, visitor, found, draft=draft, errors=errors, status=422)
    path = f"/v1/admissions/{visitor.organisation_id}"
    tag = f'"{form.get("revision", "")}"'
    try:
        await upload_all(services, visitor, form, draft, county_code=county_code)
        saved = await services.catalog.put(path, visitor=visitor, json=body_of(draft, county_code), if_match=tag)
        if form.get("do") != "submit":
            return page.go(_PATH, done="saved")
        found = saved
        await services.catalog.answer(
            "POST", f"{path}/submit", visitor=visitor, headers={"If-Match": f'"{saved["revision"]}"'}
        )
    except _REFUSALS as refusal:
        return await _show(
            page,
            services,
            visitor,
            found,
            draft=draft,
            errors=told_errors(refusal, page),
            error=page.told(refusal),
            status=refusal.status,
        )
    return page.go(_PATH, done="submitted")


@router.post("/work/supplier/withdraw")
async def post_withdraw(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Take the application back, to change it."""
    ensure_kind(visitor, "supplier")
    path = f"/v1/admissions/{visitor.organisation_id}"
    tag = f'"{form.get("revision", "")}"'
    try:
        await services.catalog.answer("POST", f"{path}/withdraw", visitor=visitor, headers={"If-Match": tag})
    except (Conflict, Stale) as refusal:
        found = await services.catalog.get(path, visitor=visitor)
        return await _show(page, services, visitor, found, error=page.told(refusal), status=refusal.status)
    return page.go(_PATH, done="withdrawn")


@router.get("/work/supplier/leave")
async def get_leave(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What leaving means, and the form that does it."""
    ensure_kind(visitor, "supplier")
    return await _leaving(page, services, visitor, Typed())


@router.post("/work/supplier/leave")
async def post_leave(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Leave for good: only with the box ticked and a reason."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, "reason", "is_sure", "revision")
    t = page.t.admission
    errors = {"reason": t.reason_missing} if not typed.reason else {}
    errors |= {"is_sure": t.leave_unsure} if not typed.is_sure else {}
    if errors:
        return await _leaving(page, services, visitor, typed, errors=errors, status=422)
    try:
        await services.catalog.answer(
            "POST",
            f"/v1/suppliers/{visitor.organisation_id}/exit",
            visitor=visitor,
            json={"reason": typed.reason[:_LONGEST_NAME]},
            headers={"If-Match": f'"{typed.revision}"'},
        )
    except (Conflict, Invalid, Stale) as refusal:
        return await _leaving(page, services, visitor, typed, error=page.told(refusal), status=refusal.status)
    return page.go(_PATH, done="left")


async def _leaving(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    answer = await services.catalog.answer("GET", f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
    return page.render(
        "supplier_leave.html",
        status=status,
        supplier=answer.json,
        revision=answer.headers.get("etag", "").strip('"'),
        may_leave=answer.json["status"] in LEAVABLE,
        typed=typed,
        errors=Typed(errors or {}),
        error=error,
    )


async def _find(services: Services, visitor: Visitor) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await services.catalog.get(f"/v1/admissions/{visitor.organisation_id}", visitor=visitor)
    except NotFound:
        return None
    return found


async def _find_admitted(services: Services, visitor: Visitor) -> dict[str, Any] | None:
    """A supplier that the platform entered and admitted at once: it has no application."""
    try:
        found: dict[str, Any] = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
    except NotFound:
        return None
    return found


async def place_codes(services: Services, county_code: str) -> dict[str, str]:
    """A county's code with those above it, as the choice of places takes them."""
    found = await services.catalog.get(f"/v1/regions/{county_code}", visitor=None)
    city = found.get("city_code") or found["code"]
    return {"province": found["province_code"], "city": city, "county": found["code"] if city != found["code"] else ""}


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    found: dict[str, Any],
    *,
    draft: Draft | None = None,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    trail = await services.catalog.get(f"/v1/admissions/{visitor.organisation_id}/trail", visitor=visitor)
    if draft is None:
        draft = draft_of_answer(found, await place_codes(services, found["supplier"]["county_code"]))
    regions, _ = await region_choice(services, draft.typed, page.language)
    context = file_context(page, found, trail, draft, regions, errors=errors)
    return page.render("supplier_file.html", status=status, **context, notice=_notice(page), error=error)


def file_context(
    page: Page,
    found: dict[str, Any],
    trail: list[dict[str, Any]],
    draft: Draft,
    regions: RegionChoice,
    *,
    errors: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What a supplier's file is drawn from."""
    state, names = found["supplier"]["status"], page.t.names
    licences = [each for each in found["licences"] if each["status"] != "WITHDRAWN"]
    return {
        "found": found,
        "state": state,
        "is_editable": state in _EDITABLE,
        "is_under_review": state in _UNDER_REVIEW,
        "may_leave": state in LEAVABLE,
        "steps": steps_of(state, trail, page),
        "trail": trail_of(trail, page),
        "facts": facts_of(found, page),
        "documents": documents_of(found, page),
        "licence_heads": licence_heads(page),
        "licences": licence_rows(licences, page, today=business_day(utc_now())),
        "typed": draft.typed,
        "kinds": _kinds(page),
        "ways": [Choice(each, names["linkage_way"][each]) for each in WAYS],
        "chosen_ways": draft.ways,
        "kept": {
            sent: [
                (each, f"{names['application_field'][name]} {index}", document_url(each))
                for index, each in enumerate(draft.kept[name], start=1)
            ]
            for name, sent in FILES.items()
        },
        "regions": regions,
        "errors": Typed(found_errors(found, page) | (errors or {})),
        "due": page.day(found["due_on"]) if found["due_on"] else "",
    }


def _kinds(page: Page) -> list[Choice]:
    return [Choice(each, page.t.names["applicant_kind"][each]) for each in KINDS]


def _notice(page: Page) -> str:
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.admission, f"done_{done}")) if done in _DONE else ""
