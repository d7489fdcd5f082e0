"""Facts about origin: officials record them with their source."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.eligibility_view import value_text
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.place_field import place_code
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.village_entries import errors_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import SHANGHAI, utc_now
from shared.errors import Invalid, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/origin-facts"
_FIELDS: Final = (
    "name", "value", "product_id", "supplier_id", "county_code", "township", "village", "from_on", "source",
)  # fmt: skip
_NUMBERS: Final = frozenset({"village_registered_poor", "employed_registered_poor"})
_NAMES: Final = (
    "village_registered_poor", "is_assisted_village", "is_relocation_site", "village", "made_by_registered_household",
    "main_material_from_assisted_areas", "employed_registered_poor", "is_leading_enterprise",
)  # fmt: skip


def asked_list(request: Request) -> Listing:
    """What the list's address asks for."""
    return listing_of(request, path=PATH)


def fact_view(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A fact as the list prints it."""
    last = page.day(item["until_on"]) if item["until_on"] else page.t.linkage.open_end
    return {
        **item,
        "fact": page.t.names["origin_fact"].get(item["name"], item["name"]),
        "told": value_text(item["value"], page),
        "subject": item["subject_key"].replace("/", " ")
        if item["subject_kind"] == "village"
        else item["subject_key"][:8],
        "kind": page.t.names["origin_subject"].get(item["subject_kind"], item["subject_kind"]),
        "period": f"{page.day(item['from_on'])} – {last}",
    }


@router.get(PATH)
async def get_facts(page: PageDep, visitor: SignedIn, services: Services, request: Request) -> Response:
    """The facts of the region, and the form."""
    ensure_kind(visitor, "official", "operator")
    today = utc_now().astimezone(SHANGHAI).date().isoformat()
    return await show(page, visitor, services, asked_list(request), Typed(from_on=today))


@router.get(f"{PATH}.{{kind}}")
async def get_file(visitor: SignedIn, services: Services, request: Request, kind: str) -> Response:
    """The list as csv or xlsx."""
    ensure_kind(visitor, "official", "operator")
    params = asked_list(request).export_params(format="csv" if kind == "csv" else "xlsx")
    return await download(services.catalog, visitor, "/v1/origin-facts/export", params)


async def show(
    page: Page,
    visitor: Visitor,
    services: Services,
    asked: Listing,
    typed: Typed,
    *,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
    key: str = "",
) -> Response:
    """Read and draw the page."""
    found = await services.catalog.get("/v1/origin-facts", visitor=visitor, params=asked.params())
    return page.render(
        "origin_facts.html",
        status=status,
        **facts_context(page, asked, found),
        typed=typed,
        errors=Typed(errors or {}),
        error=error,
        key=key or str(new_id()),
    )


def facts_context(page: Page, asked: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the page of facts draws, but for the form."""
    return {
        "listing": asked,
        "rows": [fact_view(each, page) for each in found["items"]],
        "next_url": asked.next_url(found.get("next_cursor")),
        "names": [Choice(each, page.t.names["origin_fact"][each]) for each in _NAMES],
        "notice": page.t.eligibility.fact_saved if page.request.query_params.get("done") == "saved" else "",
    }


@router.post(PATH)
async def post_fact(
    page: PageDep, visitor: SignedIn, services: Services, request: Request, form: CheckedForm
) -> Response:
    """Record a fact; a refusal brings the form back as it was."""
    ensure_kind(visitor, "official", "operator")
    typed = typed_of(form, *_FIELDS)
    key = str(form.get("key", "")) or str(new_id())
    try:
        body: dict[str, Any] = {name: value or None for name, value in typed.items()}
        if typed.county_code:
            body["county_code"] = await place_code(services, page, typed.county_code, field="county_code")
        body |= {"value": value_of(typed), "township": typed.township, "village": typed.village}
        await services.catalog.post("/v1/origin-facts", visitor=visitor, json=body, idempotency_key=key)
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        return await show(
            page,
            visitor,
            services,
            asked_list(request),
            typed,
            errors=errors,
            error=error,
            status=refusal.status,
            key=key,
        )
    return page.go(PATH, done="saved")


def value_of(typed: Typed) -> bool | int | None:
    """The value as its fact takes it; 422 `fact-value-invalid`."""
    if typed.name == "village":
        return None
    if typed.name in _NUMBERS:
        if not (typed.value.isascii() and typed.value.isdigit()):
            raise Invalid("This takes a whole number.", code="fact-value-invalid", field="value")
        return int(typed.value)
    if typed.value not in {"yes", "no"}:
        raise Invalid("This takes yes or no.", code="fact-value-invalid", field="value")
    return typed.value == "yes"
