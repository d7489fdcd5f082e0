"""The village view: who links households there, what they get month by month, and one household looked up."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.pages.linkages import view_of as linkage_view
from gateway.pages.linkages import years
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.place_field import place_code
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.village_entries import errors_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Refusal

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/villages"
_LOOKUP: Final = ("county_code", "township", "village", "number")
_PARTS: Final = 3


def asked_village(request: Request) -> Listing:
    """The village of the address as county/township/village, the year, and the statement's page."""
    return listing_of(request, path=PATH, filters={"place": None, "year": years()})


def place_of(asked: Listing) -> dict[str, str]:
    """The village as parameters; empty if none is chosen."""
    parts = asked.values.place.split("/")
    if len(parts) != _PARTS or not all(parts):
        return {}
    return dict(zip(("county", "township", "village"), parts, strict=True))


def statement_view(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A row of the statement."""
    return {
        **item,
        "month": item["period_on"][:7],
        "whom": item["household_key"][:8] if item["household_key"] else page.t.profit.collective,
        "amount": f"{item['amount_fen'] / 100:,.2f}",
        "paid": f"{item['paid_fen'] / 100:,.2f}",
    }


def village_rows(summary: dict[str, Any], asked: Listing) -> list[dict[str, Any]]:
    """The villages with their counts and the address that opens each."""
    rows = []
    for each in summary["items"]:
        place = f"{each['county_code']}/{each['township']}/{each['village']}"
        rows.append({**each, "url": asked.url(place=place), "is_chosen": asked.values.place == place})
    return rows


@router.get(PATH)
async def get_villages(page: PageDep, visitor: SignedIn, services: Services, request: Request) -> Response:
    """The villages of the region; the chosen one with its linkages and shares."""
    ensure_kind(visitor, "official", "operator")
    return await show(page, visitor, services, asked_village(request))


async def show(
    page: Page,
    visitor: Visitor,
    services: Services,
    asked: Listing,
    *,
    typed: Typed | None = None,
    found: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
) -> Response:
    """Read and draw the page."""
    year = int(asked.values.year or years()[0])
    summary = await services.catalog.get(
        "/v1/linkage-summary", visitor=visitor, params={"group": "village", "year": year}
    )
    place = place_of(asked)
    months = {"first_on": f"{year}-01-01", "last_on": f"{year}-12-01"}
    cursor = {"cursor": asked.cursor} if asked.cursor else {}
    statement = await services.catalog.get(
        "/v1/profit-statements", visitor=visitor, params={**place, **months, **cursor, "limit": 50}
    )
    linkages: list[dict[str, Any]] = []
    if place:
        answer = await services.catalog.get(
            "/v1/linkages",
            visitor=visitor,
            params={"county": place["county"], "q": place["village"], "year": year, "limit": 50},
        )
        linkages = [
            linkage_view(each, page)
            for each in answer["items"]
            if (each["township"], each["village"]) == (place["township"], place["village"])
        ]
    return page.render(
        "villages.html",
        status=status,
        **village_context(page, asked, summary, statement, linkages, typed=typed, found=found),
        errors=Typed(errors or {}),
        error=error,
    )


def village_context(
    page: Page,
    asked: Listing,
    summary: dict[str, Any],
    statement: dict[str, Any],
    linkages: list[dict[str, Any]],
    *,
    typed: Typed | None = None,
    found: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What the village view draws."""
    place = place_of(asked)
    return {
        "listing": asked,
        "year": summary["year"],
        "years": years(),
        "villages": village_rows(summary, asked),
        "place": place,
        "linkages": linkages,
        "rows": [statement_view(each, page) for each in statement["items"]],
        "next_url": asked.next_url(statement.get("next_cursor")),
        "typed": typed or Typed({"county_code": place.get("county", ""), **place}),
        "found": None if found is None else [statement_view(each, page) for each in found["items"]],
        "found_key": "" if found is None else found["household_key"],
    }


@router.get(PATH + ".{form}")
async def get_file(visitor: SignedIn, services: Services, request: Request, form: str) -> Response:
    """The statement as a file."""
    asked = asked_village(request)
    year = int(asked.values.year or years()[0])
    params = {**place_of(asked), "first_on": f"{year}-01-01", "last_on": f"{year}-12-01", "format": form}
    return await download(services.catalog, visitor, "/v1/profit-statements/export", params)


@router.post(PATH + "/lookup")
async def post_lookup(
    page: PageDep, visitor: SignedIn, services: Services, request: Request, form: CheckedForm
) -> Response:
    """One household's shares, by its number, which is kept nowhere."""
    ensure_kind(visitor, "official", "operator")
    typed = typed_of(form, *_LOOKUP)
    asked = asked_village(request)
    try:
        county = await place_code(services, page, typed.county_code, field="county_code")
        body = typed | {"county_code": county}
        found = await services.catalog.post("/v1/household-lookups", visitor=visitor, json=body)
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_LOOKUP))
        return await show(
            page, visitor, services, asked, typed=typed, errors=errors, error=error, status=refusal.status
        )
    return await show(page, visitor, services, asked, typed=typed, found=found)
