"""Budget units: the list that a visitor sees, entering and importing by the finance office, binding by their people."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.group_buy_view import places_of
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.place_field import place_code, show_place
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, TooLarge, TooMany
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/units"
KINDS: Final = ("ORGAN", "PUBLIC_INSTITUTION", "SCHOOL", "HOSPITAL", "STATE_ENTERPRISE", "BANK", "OTHER")
MODES: Final = ("OWN", "OUTSOURCED", "SHARED_REP", "SHARED_MEMBER", "NONE")
STATUSES: Final = ("ACTIVE", "MERGED", "CLOSED")
TONES: Final = {"ACTIVE": "leaf", "MERGED": "clay", "CLOSED": ""}
READERS: Final = ("institution", "official", "operator")
REFUSED: Final = (Conflict, Invalid, Stale, Forbidden, NotFound)
TEXTS: Final = ("kind", "name", "uscc", "union_name", "union_uscc")
FIELDS: Final = (*TEXTS, "county_code", "has_union", "has_union_funds", "parent", "reason", "revision")
_UPLOAD_SECONDS: Final = 60.0


def _listing(page: Page) -> Listing:
    return listing_of(
        page.request,
        path=PATH,
        filters={"status": STATUSES, "kind": KINDS, "is_activated": ("true", "false"), "parent_id": None},
    )


def is_office(visitor: Visitor) -> bool:
    """Whether the visitor enters and changes units: a finance office, or the platform for it."""
    return visitor.kind == "operator" or (visitor.kind == "official" and visitor.has_role("finance_office"))


@router.get(PATH)
async def get_units(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The units that the visitor sees; who acts for none yet is asked to bind or register it."""
    ensure_kind(visitor, *READERS)
    listing, t, names = _listing(page), page.t.units, page.t.names
    try:
        found = await services.orders.get("/v1/units", visitor=visitor, params=listing.params())
    except Forbidden as refusal:
        if refusal.code != "unit-needed" or visitor.kind != "institution":
            raise
        return _joining(page, visitor)
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    return page.render(
        "units.html",
        listing=listing,
        rows=[unit_row(each, page, places) for each in found["items"]],
        next_cursor=found["next_cursor"],
        total=t.totals(total=found["total"], activated=found["activated"]),
        heads=[
            listing.head(t.name),
            listing.head(t.kind),
            listing.head(t.place),
            listing.head(t.parent),
            listing.head(t.mode_now),
            listing.head(t.account),
            listing.head(t.state),
        ],
        filters=[
            Filter("kind", t.kind, choices(names["unit_kind"], KINDS), t.every_kind),
            Filter("status", t.state, choices(names["unit_status"], STATUSES), t.every_state),
            Filter("is_activated", t.account, [Choice("true", t.activated), Choice("false", t.entered)], t.both),
        ],
        is_office=is_office(visitor),
        notice={"saved": t.saved}.get(page.request.query_params.get("done", ""), ""),
    )


@router.get(f"{PATH}.csv")
async def get_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    ensure_kind(visitor, *READERS)
    return await download(services.orders, visitor, "/v1/units/export", _listing(page).export_params(format="csv"))


@router.get(f"{PATH}.xlsx")
async def get_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a sheet."""
    ensure_kind(visitor, *READERS)
    return await download(services.orders, visitor, "/v1/units/export", _listing(page).export_params(format="xlsx"))


def units_first(page: Page, visitor: Visitor, refusal: Forbidden) -> Response:
    """Who acts for no unit yet goes and binds or registers one; any other refusal stays one."""
    if refusal.code != "unit-needed" or visitor.kind != "institution":
        raise refusal
    return page.go(PATH)


def unit_row(unit: dict[str, Any], page: Page, places: dict[str, str]) -> dict[str, Any]:
    """A unit as the list prints it."""
    t, names = page.t.units, page.t.names
    return unit | {
        "url": f"{PATH}/{unit['unit_id']}",
        "kind_text": names["unit_kind"][unit["kind"]],
        "place": places.get(unit["county_code"], unit["county_code"]),
        "mode_text": names["canteen_mode"][unit["canteen_mode"]] if unit["canteen_mode"] else t.mode_unsaid,
        "status_text": names["unit_status"][unit["status"]],
        "tone": TONES[unit["status"]],
        "account_text": t.activated if unit["is_activated"] else t.entered,
    }


def choices(names: Any, values: tuple[str, ...]) -> list[Choice]:
    """Options of a select or of radios."""
    return [Choice(each, names[each]) for each in values]


def form_context(page: Page) -> dict[str, Any]:
    """What unit_fields.html needs beside what was typed."""
    return {"kinds": choices(page.t.names["unit_kind"], KINDS)}


def errors_of(refusal: Refusal | None, page: Page) -> tuple[Typed, str]:
    """Faults beside their fields, or above the form."""
    if refusal is None:
        return Typed(), ""
    told = {"parent" if name == "parent_id" else name: text for name, text in told_errors(refusal, page).items()}
    beside = {name: text for name, text in told.items() if name in FIELDS}
    return Typed(beside), "" if beside else page.told(refusal)


async def body_of(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    """The form as the service takes it. 422 for a place that nobody knows."""
    code = await place_code(services, page, typed.county_code, field="county_code")
    return {name: typed[name] for name in TEXTS} | {
        "county_code": code,
        "has_union": typed.has_union == "1",
        "has_union_funds": typed.has_union_funds == "1",
    }


async def find_unit(services: Services, visitor: Visitor, wanted: str, *, field: str) -> str | None:
    """The unit that is named by its name or code; None for an empty text. 422 `unit-not-found`, `unit-ambiguous`."""
    if not wanted:
        return None
    params = {"q": wanted[:60]}
    found = (
        (await services.orders.get("/v1/units/directory", visitor=visitor, params=params))["items"]
        if len(wanted) > 1
        else []
    )
    exact = [each for each in found if each["name"] == wanted]
    chosen = exact or found
    if len(chosen) != 1:
        code = "unit-ambiguous" if chosen else "unit-not-found"
        raise Invalid("Name one unit by its whole name or its code.", code=code, field=field)
    return str(chosen[0]["unit_id"])


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form, in the finance office's own county."""
    ensure_kind(visitor, "official", "operator")
    typed = Typed(county_code=visitor.regions[0] if visitor.regions else "")
    await show_place(services, page, typed, "county_code")
    return _form(page, "unit_new.html", typed)


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Enter a unit."""
    ensure_kind(visitor, "official", "operator")
    typed, key = typed_of(form, *FIELDS), str(form.get("key", "")) or str(new_id())
    try:
        body = await body_of(services, page, typed)
        body["parent_id"] = await find_unit(services, visitor, typed.parent, field="parent")
        made = await services.orders.post("/v1/units", visitor=visitor, json=body, idempotency_key=key)
    except REFUSED as refusal:
        return _form(page, "unit_new.html", typed, refusal)
    return page.go(f"{PATH}/{made['unit_id']}", done="saved")


@router.post(f"{PATH}/register")
async def post_register(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """An institution registers itself."""
    ensure_kind(visitor, "institution")
    typed, key = typed_of(form, *FIELDS), str(form.get("key", "")) or str(new_id())
    try:
        body = await body_of(services, page, typed)
        made = await services.orders.post("/v1/units/register", visitor=visitor, json=body, idempotency_key=key)
    except REFUSED as refusal:
        return _joining(page, visitor, typed, refusal)
    return page.go(f"{PATH}/{made['unit_id']}", done="saved")


@router.post(f"{PATH}/bind")
async def post_bind(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """An institution takes over the unit that was entered with its code."""
    ensure_kind(visitor, "institution")
    typed, key = typed_of(form, "uscc", "activation_code"), str(form.get("key", "")) or str(new_id())
    body = {"uscc": typed.uscc, "activation_code": typed.activation_code}
    try:
        made = await services.orders.post("/v1/units/bind", visitor=visitor, json=body, idempotency_key=key)
    except (*REFUSED, TooMany) as refusal:
        return _joining(page, visitor, binding=typed, refusal=refusal)
    return page.go(f"{PATH}/{made['unit_id']}", done="bound")


@router.get(f"{PATH}/import")
async def get_import(page: PageDep, visitor: SignedIn) -> Response:
    """A file of units to send."""
    ensure_kind(visitor, "official", "operator")
    return _import_page(page)


@router.get(f"{PATH}/template.xlsx")
async def get_template(services: Services, visitor: SignedIn) -> Response:
    """The file to fill in."""
    return await download(services.orders, visitor, "/v1/units/template", {"format": "xlsx"})


@router.post(f"{PATH}/import")
async def post_import(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Enter the good rows, and tell of the others."""
    ensure_kind(visitor, "official", "operator")
    try:
        told = await services.orders.answer(
            "POST",
            "/v1/units/import",
            visitor=visitor,
            data=await _content(form.get("file")),
            headers={"Content-Type": "application/octet-stream"},
            timeout=_UPLOAD_SECONDS,
        )
    except (BadRequest, Conflict, Invalid, Forbidden, TooLarge) as refusal:
        error = str(refusal.extra.get("sentence", "")) if page.language == "zh" else ""
        return _import_page(page, status=refusal.status, error=error or page.told(refusal))
    return _import_page(page, told=told.json)


async def _content(given: object) -> bytes:
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid("Choose a file.", code="file-missing", field="file")
    return await given.read()


def _import_page(page: Page, *, status: int = 200, told: Any = None, error: str = "") -> Response:
    t = page.t.units
    heads = [Head(each) for each in (t.row, t.name, t.column, t.value, t.why)]
    return page.render("unit_import.html", status=status, told=told, error=error, heads=heads)


def _form(page: Page, template: str, typed: Typed, refusal: Refusal | None = None) -> Response:
    errors, error = errors_of(refusal, page)
    status = refusal.status if refusal else 200
    return page.render(template, status=status, typed=typed, errors=errors, error=error, **form_context(page))


def _joining(
    page: Page,
    visitor: Visitor,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    *,
    binding: Typed | None = None,
) -> Response:
    errors, error = errors_of(None if binding else refusal, page)
    bind_error = page.told(refusal) if refusal is not None and binding else ""
    is_of_code = refusal is not None and (refusal.field == "activation_code" or isinstance(refusal, TooMany))
    return page.render(
        "unit_join.html",
        status=refusal.status if refusal else 200,
        typed=typed or Typed(name=visitor.organisation.name if visitor.organisation else ""),
        errors=errors,
        error=error,
        binding=binding or Typed(),
        bind_errors=Typed({"activation_code" if is_of_code else "uscc": bind_error}),
        can_join=visitor.has_role("admin"),
        **form_context(page),
    )
