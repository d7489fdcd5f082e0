"""Licences: a supplier files its own; officials and the platform see which end and verify what was filed."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.admission_view import LICENCE_TONES, joined, licence_heads, licence_rows
from gateway.pages.application import document_url, told_errors, upload
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Invalid, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_PATH: Final = "/work/supplier/licences"
_ENDING: Final = "/work/licences"
_FIELDS: Final = ("type", "number", "issuer", "valid_from", "valid_until", "principal_id", "document_id")
_DONE: Final = ("filed", "taken_back", "verified", "refused")
_STATUSES: Final = ("VERIFIED", "FILED")
_WITHIN: Final = ("7", "30", "60", "365")


@router.get("/work/supplier/licences")
async def get_licences(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The supplier's licences, and a form to file another."""
    ensure_kind(visitor, "supplier")
    return await _show(page, services, visitor, Typed())


@router.post("/work/supplier/licences")
async def post_licence(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """File a licence with its scan; a scan that was sent before a refusal is kept."""
    ensure_kind(visitor, "supplier")
    typed = typed_of(form, *_FIELDS)
    scan = form.get("document")
    if not (isinstance(scan, UploadFile) and scan.filename) and not typed.document_id:
        errors = {"document": page.t.admission.fill_in}
        return await _show(page, services, visitor, typed, errors=errors, status=422)
    try:
        if isinstance(scan, UploadFile) and scan.filename:
            supplier = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
            typed["document_id"] = await upload(
                services, visitor, scan, county_code=supplier["county_code"], part="document"
            )
        await services.catalog.post(
            f"/v1/suppliers/{visitor.organisation_id}/licences",
            visitor=visitor,
            json={name: typed.get(name) or None for name in _FIELDS},
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid, TooLarge, Unsupported) as refusal:
        errors = told_errors(refusal, page)
        if "licences" in errors:  # a refusal about all of them has no field of its own
            errors["document"] = errors.pop("licences")
        return await _show(
            page, services, visitor, typed, errors=errors, error=page.told(refusal), status=refusal.status
        )
    return page.go(_PATH, done="filed")


@router.post("/work/supplier/licences/{licence_id}/withdraw")
async def post_withdraw(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, licence_id: UUID
) -> Response:
    """Take a licence back."""
    ensure_kind(visitor, "supplier")
    tag = f'"{form.get("revision", "")}"'
    try:
        await services.catalog.answer(
            "POST", f"/v1/licences/{licence_id}/withdraw", visitor=visitor, headers={"If-Match": tag}
        )
    except (Conflict, Stale) as refusal:
        return await _show(page, services, visitor, Typed(), error=page.told(refusal), status=refusal.status)
    return page.go(_PATH, done="taken_back")


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    *,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    found = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}/licences", visitor=visitor)
    types = await services.catalog.get("/v1/licence-types", visitor=visitor)
    context = own_context(page, found, types)
    return page.render(
        "licences.html",
        status=status,
        **context,
        typed=typed,
        errors=Typed(errors or {}),
        error=error,
        notice=_notice(page),
    )


def own_context(page: Page, found: list[dict[str, Any]], types: dict[str, Any]) -> dict[str, Any]:
    """What a supplier's licences are drawn from."""
    return {
        "licence_heads": licence_heads(page),
        "rows": licence_rows(found, page, today=business_day(utc_now())),
        "types": [Choice(each["id"], each[page.language]) for each in types["items"]],
        "rules": types["items"],
        "reminder_days": joined((str(each) for each in types["reminder_days"]), page),
    }


def asked_list(page: Page) -> Listing:
    """What the address of the list asks for."""
    return listing_of(
        page.request,
        path=_ENDING,
        filters={"status": _STATUSES, "within": _WITHIN, "type": page.t.names["licence_type"], "region": None},
    )


@router.get("/work/licences")
async def get_ending(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Licences of the region that end soon or have ended, and (filtered) those that wait to be verified."""
    return await _show_ending(page, services, visitor)


@router.get("/work/licences.{kind}")
async def get_ending_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "official", "operator")
    form = "csv" if kind == "csv" else "xlsx"
    return await download(services.catalog, visitor, "/v1/licences/export", asked_list(page).export_params(format=form))


@router.post("/work/licences/{licence_id}/{verb}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, licence_id: UUID, verb: str
) -> Response:
    """Verify or refuse a filed licence."""
    ensure_kind(visitor, "official", "operator")
    if verb not in {"verify", "refuse"}:
        raise Invalid("There is no such decision.", code="verb-unknown", field="verb")
    tag = f'"{form.get("revision", "")}"'
    reason = str(form.get("reason", "")).strip()
    try:
        await services.catalog.answer(
            "POST",
            f"/v1/licences/{licence_id}/{verb}",
            visitor=visitor,
            json={"reason": reason} if verb == "refuse" else None,
            headers={"If-Match": tag},
        )
    except (Conflict, Stale, Invalid) as refusal:
        told = page.t.admission.reason_missing if refusal.code == "validation" else page.told(refusal)
        return await _show_ending(page, services, visitor, error=told, status=refusal.status)
    return page.go(_ENDING, status="FILED", within="365", done="verified" if verb == "verify" else "refused")


async def _show_ending(
    page: Page, services: Services, visitor: Visitor, *, error: str = "", status: int = 200
) -> Response:
    ensure_kind(visitor, "official", "operator")
    listing = asked_list(page)
    found = await services.catalog.get("/v1/licences", visitor=visitor, params=listing.params())
    context = ending_context(page, listing, found)
    return page.render("ending_licences.html", status=status, **context, notice=_notice(page), error=error)


def ending_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the list of ending licences is drawn from."""
    t, names = page.t.admission, page.t.names
    labels = (t.supplier, t.county, t.type, t.number, t.until, t.state, t.decision)
    return {
        "listing": listing,
        "rows": [_ending_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "heads": [listing.head(label) for label in labels],
        "filters": [
            Filter("status", t.state, [Choice(each, names["licence_status"][each]) for each in _STATUSES], t.ending),
            Filter("within", t.within, [Choice(each, t.in_days(days=each)) for each in _WITHIN], t.in_days(days=60)),
            Filter("type", t.type, [Choice(key, name) for key, name in names["licence_type"].items()], t.every),
        ],
    }


def _ending_row(each: dict[str, Any], page: Page) -> dict[str, Any]:
    t = page.t.admission
    left, until = each["days_left"], each["valid_until"]
    return {
        **each,
        "type_name": page.t.names["licence_type"].get(each["type"], each["type"]),
        "until": page.day(until) if until else t.open_end,
        "left": "" if left is None else t.ended if left < 0 else t.days_left(left),
        "is_ended": left is not None and left < 0,
        "status_name": page.t.names["licence_status"].get(each["status"], each["status"]),
        "tone": LICENCE_TONES.get(each["status"], ""),
        "url": f"/work/admissions/{each['supplier_id']}",
        "scan": document_url(each["document_id"]),
    }


def _notice(page: Page) -> str:
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.admission, f"done_{done}")) if done in _DONE else ""
