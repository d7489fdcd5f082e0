"""Household linkage: a supplier enters, the county's assistance office confirms."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, Verb
from gateway.pages.place_field import place_code, show_place
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.village_entries import (
    STATUS_TONES,
    errors_of,
    fen_of,
    households_of,
    post_tagged,
    trail_of,
    uploaded,
    yuan_text,
)
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import SHANGHAI, utc_now
from shared.errors import Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/linkages"
WAYS: Final = ("purchase", "employment", "land_lease", "dividend", "shareholding", "long_term_order")
STATUSES: Final = ("DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED", "ENDED")
_FIELDS: Final = (
    "supplier_id", "way", "county_code", "township", "village", "from_on", "until_on", "households", "note",
)  # fmt: skip
_INCOME: Final = ("year", "wage", "asset", "operating")
_ROWS: Final = 4
KINDS: Final = ("supplier", "official", "operator")


def ways(page: Page) -> list[Choice]:
    """The ways of linking, to choose from."""
    return [Choice(each, page.t.names["linked_way"][each]) for each in WAYS]


def status_choices(page: Page) -> list[Choice]:
    """The states, to filter by."""
    return [Choice(each, page.t.names["linkage_status"][each]) for each in STATUSES]


def years() -> list[str]:
    """This year and the four before."""
    this = utc_now().astimezone(SHANGHAI).year
    return [str(each) for each in range(this, this - 5, -1)]


def asked_list(request: Request) -> Listing:
    """What the list's address asks for."""
    return listing_of(request, path=PATH, filters={"status": STATUSES, "way": WAYS, "year": years()})


def view_of(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A linkage as the list and its page print it."""
    names = page.t.names
    return {
        **item,
        "way_name": names["linked_way"].get(item["way"], item["way"]),
        "status_name": names["linkage_status"].get(item["status"], item["status"]),
        "tone": STATUS_TONES.get(item["status"], ""),
        "place": f"{item['township']} {item['village']}",
        "period": period_text(item, page),
        "income": f"{item['income_fen'] / 100:,.2f}",
    }


def period_text(item: dict[str, Any], page: Page) -> str:
    """From when until when it holds."""
    last = page.day(item["until_on"]) if item["until_on"] else page.t.linkage.open_end
    return f"{page.day(item['from_on'])} – {last}"


def heads_of(page: Page) -> list[Head]:
    """The heads of the list."""
    texts = page.t.linkage
    return [
        Head(texts.place),
        Head(texts.supplier),
        Head(texts.way),
        Head(texts.period),
        Head(texts.households, is_number=True, unit=texts.unit_households),
        Head(texts.persons, is_number=True, unit=texts.unit_persons),
        Head(texts.income, is_number=True, unit=texts.unit_yuan),
        Head(texts.status),
    ]


@router.get(PATH)
async def get_linkages(page: PageDep, visitor: SignedIn, services: Services, request: Request) -> Response:
    """The list with its sums for a year."""
    ensure_kind(visitor, *KINDS)
    asked = asked_list(request)
    found = await services.catalog.get("/v1/linkages", visitor=visitor, params=asked.params())
    year = asked.values.year or years()[0]
    summary = await services.catalog.get(
        "/v1/linkage-summary", visitor=visitor, params={"group": "all", "year": int(year)}
    )
    return page.render("linkages.html", **list_context(page, visitor, asked, found, summary))


def list_context(
    page: Page, visitor: Visitor, asked: Listing, found: dict[str, Any], summary: dict[str, Any]
) -> dict[str, Any]:
    """What the list's page draws."""
    texts = page.t.linkage
    nobody = {"household_count": 0, "person_count": 0, "is_estimated": False}
    return {
        "listing": asked,
        "rows": [view_of(each, page) for each in found["items"]],
        "heads": heads_of(page),
        "next_url": asked.next_url(found.get("next_cursor")),
        "filters": [
            Filter("status", texts.status, status_choices(page), texts.any_status),
            Filter("way", texts.way, ways(page), texts.any_way),
            Filter("year", texts.year, [Choice(each, each) for each in years()], texts.any_year),
        ],
        "may_enter": visitor.kind in {"supplier", "operator"} or "township" in visitor.roles,
        "whole": summary["items"][0] if summary["items"] else nobody,
        "incomes": [
            {**each, "total": f"{(each['wage_fen'] + each['asset_fen'] + each['operating_fen']) / 100:,.2f}"}
            | {name: f"{each[f'{name}_fen'] / 100:,.2f}" for name in ("wage", "asset", "operating")}
            for each in summary["incomes"]
        ],
        "year": summary["year"],
    }


@router.get(PATH + ".{form}")
async def get_file(visitor: SignedIn, services: Services, request: Request, form: str) -> Response:
    """The list as a file."""
    params = asked_list(request).export_params(format=form)
    return await download(services.catalog, visitor, "/v1/linkages/export", params)


@router.get(PATH + "/new")
async def get_new(page: PageDep, visitor: SignedIn, services: Services) -> Response:
    """An empty form; a supplier's county and this year are there already."""
    ensure_kind(visitor, *KINDS)
    county = ""
    if visitor.kind == "supplier" and visitor.organisation_id is not None:
        own = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
        county = own["county_code"]
    typed = Typed(county_code=county, from_on=f"{years()[0]}-01-01", year_0=years()[0])
    await show_place(services, page, typed, "county_code")
    return show_form(page, visitor, typed)


def show_form(
    page: Page,
    visitor: Visitor,
    typed: Typed,
    *,
    item: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
    key: str = "",
) -> Response:
    """The form, empty or as typed."""
    return page.render(
        "linkage_form.html",
        status=status,
        typed=typed,
        item=item,
        errors=Typed(errors or {}),
        error=error,
        ways=ways(page),
        rows=range(_ROWS),
        is_supplier=visitor.kind == "supplier",
        key=key or str(new_id()),
    )


@router.post(PATH + "/new")
async def post_new(page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm) -> Response:
    """Enter it as a draft; a refusal brings the form back as it was."""
    ensure_kind(visitor, *KINDS)
    typed = typed_form(form)
    key = str(form.get("key", "")) or str(new_id())
    try:
        body = await body_of(page, services, visitor, form, typed)
        made = await services.catalog.post("/v1/linkages", visitor=visitor, json=body, idempotency_key=key)
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        return show_form(page, visitor, typed, errors=errors, error=error, status=refusal.status, key=key)
    return page.go(f"{PATH}/{made['linkage_id']}", done="saved")


def typed_form(form: FormData) -> Typed:
    """What was typed, the long list of households too."""
    typed = typed_of(form, *_FIELDS, "etag", *(f"{name}_{row}" for name in _INCOME for row in range(_ROWS)))
    typed["households"] = str(form.get("households", ""))
    return typed


async def body_of(page: Page, services: Services, visitor: Visitor, form: FormData, typed: Typed) -> dict[str, Any]:
    """The form as catalog takes it; an agreement that was chosen is stored first."""
    incomes = [
        {
            "year": int(typed[f"year_{row}"]),
            **{f"{name}_fen": fen_of(typed[f"{name}_{row}"], f"{name}_{row}") for name in _INCOME[1:]},
        }
        for row in range(_ROWS)
        if typed[f"year_{row}"].isdecimal() and any(typed[f"{name}_{row}"] for name in _INCOME[1:])
    ]
    county = await place_code(services, page, typed.county_code, field="county_code")
    document = await uploaded(services, visitor, form, "agreement", county_code=county)
    return {
        "supplier_id": typed.supplier_id or None,
        "way": typed.way,
        "county_code": county,
        "township": typed.township,
        "village": typed.village,
        "from_on": typed.from_on,
        "until_on": typed.until_on or None,
        "households": households_of(str(form.get("households", "")), second="person_count"),
        "incomes": incomes,
        "agreement_document_id": document or str(form.get("kept_document", "")) or None,
        "note": typed.note,
    }


def typed_of_item(item: dict[str, Any]) -> Typed:
    """A linkage as its form shows it; numbers of households are nowhere kept, so none are shown."""
    typed = Typed({name: str(item.get(name) or "") for name in _FIELDS if name != "households"})
    for row, income in enumerate(item["incomes"][:_ROWS]):
        typed[f"year_{row}"] = str(income["year"])
        for name in _INCOME[1:]:
            typed[f"{name}_{row}"] = yuan_text(income[f"{name}_fen"])
    return typed


@router.get(PATH + "/{linkage_id}")
async def get_linkage(page: PageDep, visitor: SignedIn, services: Services, linkage_id: UUID) -> Response:
    """One linkage, with what may be done with it."""
    ensure_kind(visitor, *KINDS)
    item = await services.catalog.get(f"/v1/linkages/{linkage_id}", visitor=visitor)
    return show_linkage(page, visitor, item)


def verbs_of(item: dict[str, Any], page: Page, visitor: Visitor) -> list[Verb]:
    """What this visitor may do with it now."""
    texts = page.t.linkage
    is_office = visitor.kind == "operator" or (visitor.kind == "official" and "assistance" in visitor.roles)
    is_entering = visitor.kind in {"supplier", "operator"} or "township" in visitor.roles
    verbs: list[Verb] = []
    if item["status"] in {"DRAFT", "RETURNED"} and is_entering:
        verbs.append(Verb("submit", texts.submit, "main"))
    if item["status"] == "SUBMITTED" and is_office:
        verbs += [Verb("confirm", texts.confirm, "main"), Verb("return", texts.send_back, "danger")]
    if item["status"] == "CONFIRMED" and (is_office or visitor.kind == "supplier"):
        verbs.append(Verb("end", texts.end, "danger"))
    return verbs


def show_linkage(
    page: Page, visitor: Visitor, item: dict[str, Any], *, error: str = "", reason: str = "", status: int = 200
) -> Response:
    """One linkage's page."""
    texts = page.t.linkage
    done = page.request.query_params.get("done", "")
    return page.render(
        "linkage.html",
        status=status,
        item=view_of(item, page),
        incomes=[
            {"year": each["year"]}
            | {name: f"{each[f'{name}_fen'] / 100:,.2f}" for name in ("wage", "asset", "operating")}
            for each in item["incomes"]
        ],
        trail=trail_of(item["trail"], page, "linkage_status"),
        verbs=verbs_of(item, page, visitor),
        may_edit=item["status"] in {"DRAFT", "RETURNED"} and bool(verbs_of(item, page, visitor)),
        notice={"saved": texts.saved, "moved": texts.moved}.get(done, ""),
        decision_error=error,
        reason=reason,
    )


@router.get(PATH + "/{linkage_id}/edit")
async def get_edit(page: PageDep, visitor: SignedIn, services: Services, linkage_id: UUID) -> Response:
    """The form with what is there."""
    item = await services.catalog.get(f"/v1/linkages/{linkage_id}", visitor=visitor)
    typed = typed_of_item(item)
    await show_place(services, page, typed, "county_code")
    return show_form(page, visitor, typed, item=item)


@router.post(PATH + "/{linkage_id}/edit")
async def post_edit(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, linkage_id: UUID
) -> Response:
    """Replace it; a refusal brings the form back as it was."""
    typed = typed_form(form)
    try:
        body = await body_of(page, services, visitor, form, typed)
        await services.catalog.put(f"/v1/linkages/{linkage_id}", visitor=visitor, json=body, if_match=f'"{typed.etag}"')
    except Refusal as refusal:
        item = await services.catalog.get(f"/v1/linkages/{linkage_id}", visitor=visitor)
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        return show_form(page, visitor, typed, item=item, errors=errors, error=error, status=refusal.status)
    return page.go(f"{PATH}/{linkage_id}", done="saved")


@router.post(PATH + "/{linkage_id}/decision")
async def post_decision(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, linkage_id: UUID
) -> Response:
    """Submit, confirm, send back or end it; a refusal brings the page back with what was typed."""
    verb, reason, etag = (str(form.get(name, "")).strip() for name in ("verb", "reason", "etag"))
    path = f"/v1/linkages/{linkage_id}/{verb if verb in {'submit', 'confirm', 'return', 'end'} else 'submit'}"
    try:
        await post_tagged(
            services, visitor, path, etag=etag, json={"reason": reason} if verb in {"return", "end"} else None
        )
    except Refusal as refusal:
        item = await services.catalog.get(f"/v1/linkages/{linkage_id}", visitor=visitor)
        error = page.t.linkage.reason_needed if refusal.field == "reason" else page.told(refusal)
        return show_linkage(page, visitor, item, error=error, reason=reason, status=refusal.status)
    return page.go(f"{PATH}/{linkage_id}", done="moved")
