"""How far units are with their reserved share: a level of the tree with its sums, and the month's bulletin."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import large_yuan, money
from gateway.pages.group_buy_view import places_of
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.reserved_shares import PATH as SHARES
from gateway.pages.reserved_shares import percent, this_year, year_choices
from gateway.pages.shell import Page, PageDep
from gateway.pages.units import READERS, units_first
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import SignedIn
from shared.errors import Forbidden, NotFound

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/reserved-share-progress"
_API: Final = "/v1/reserved-share-progress"


def _listing(page: Page) -> Listing:
    return listing_of(
        page.request,
        path=PATH,
        filters={
            "year": {each.value for each in year_choices()},
            "is_flat": ("true",),
            "is_lagging": ("true",),
            "unit_id": None,
        },
    )


def _params(listing: Listing) -> dict[str, str | int]:
    _ensure_unit(listing)
    return listing.params() | {"year": listing.values.year or this_year()}


def _ensure_unit(listing: Listing) -> None:
    try:
        UUID(listing.values.unit_id or str(UUID(int=0)))
    except ValueError as error:
        raise NotFound("There is no such unit.", code="unit-unknown") from error


@router.get(PATH)
async def get_progress(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """A level of the tree, laggards first; a unit with others below it leads on to them."""
    ensure_kind(visitor, *READERS)
    listing, t = _listing(page), page.t.reserved_shares
    try:
        found = await services.orders.get(_API, visitor=visitor, params=_params(listing))
    except Forbidden as refusal:
        return units_first(page, visitor, refusal)
    time_bp = found["time_progress_bp"]
    kept = {"year": listing.values.year} if listing.values.year else {}
    return page.render(
        "share_progress.html",
        listing=listing,
        year=found["year"],
        time=t.time_progress(share=percent(time_bp)),
        place=[each | {"url": listing.url(unit_id=each["unit_id"], q="")} for each in found["place"]],
        top_url=listing.url(unit_id="", q=""),
        whole=_row(found["whole"], page, listing) if found["whole"] else None,
        rows=[_row(each, page, listing) for each in found["items"]],
        next_cursor=found["next_cursor"],
        heads=[
            Head(t.unit),
            Head(t.units, is_number=True),
            Head(t.reserved, is_number=True),
            Head(t.ordered, is_number=True),
            Head(t.completed, is_number=True),
            Head(t.progress, is_number=True),
            Head(t.state),
        ],
        filters=[
            Filter("year", t.year, year_choices(), t.this_year),
            Filter("is_flat", t.view, [Choice("true", t.flat)], t.tree),
            Filter("is_lagging", t.state, [Choice("true", t.only_lagging)], t.every_unit),
        ],
        bulletin_url=f"{PATH}/bulletin" + (f"?year={kept['year']}" if kept else ""),
    )


@router.get(f"{PATH}.csv")
async def get_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a sheet."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: SignedIn, form: str) -> Response:
    ensure_kind(visitor, *READERS)
    listing = _listing(page)
    _ensure_unit(listing)
    params = listing.export_params(format=form) | {"year": listing.values.year or this_year()}
    return await download(services.orders, visitor, f"{_API}/export", params)


@router.get(f"{PATH}/bulletin")
async def get_bulletin(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The figures of a bulletin: entered and activated units, reserved and completed, counties, and who lags."""
    ensure_kind(visitor, *READERS)
    listing, t = _bulletin_listing(page), page.t.reserved_shares
    year = listing.values.year or this_year()
    found = await services.orders.get(f"{_API}/bulletin", visitor=visitor, params={"year": year})
    places = await places_of(services, (each["county_code"] for each in found["counties"]), page)
    return page.render(
        "share_bulletin.html",
        listing=listing,
        year=year,
        as_of=t.as_of(day=page.day(found["as_of"]), share=percent(found["time_progress_bp"])),
        facts=[
            (t.unit_count, found["unit_count"]),
            (t.activated_count, found["activated_count"]),
            (t.locked_count, found["locked_count"]),
            (t.lagging_count, found["lagging_count"]),
            (t.reserved, large_yuan(found["reserved_fen"], page.language)),
            (t.ordered, large_yuan(found["ordered_fen"], page.language)),
            (t.completed, large_yuan(found["completed_fen"], page.language)),
            (t.progress, percent(found["progress_bp"])),
        ],
        counties=[
            each
            | {
                "place": places.get(each["county_code"], each["county_code"]),
                "reserved": money(each["reserved_fen"]),
                "completed": money(each["completed_fen"]),
                "progress": percent(each["progress_bp"]),
            }
            for each in found["counties"]
        ],
        ranking=[_row(each, page, listing) for each in found["ranking"]],
        county_heads=[
            Head(t.place),
            Head(t.unit_count, is_number=True),
            Head(t.activated_count, is_number=True),
            Head(t.reserved, is_number=True),
            Head(t.completed, is_number=True),
            Head(t.progress, is_number=True),
        ],
        ranking_heads=[
            Head(t.unit),
            Head(t.reserved, is_number=True),
            Head(t.completed, is_number=True),
            Head(t.progress, is_number=True),
        ],
        filters=[Filter("year", t.year, year_choices(), t.this_year)],
        progress_url=PATH,
    )


@router.get(f"{PATH}/bulletin.xlsx")
async def get_bulletin_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The bulletin by county as a sheet."""
    ensure_kind(visitor, *READERS)
    params = {"year": _bulletin_listing(page).values.year or this_year(), "format": "xlsx"}
    return await download(services.orders, visitor, f"{_API}/bulletin/export", params)


def _bulletin_listing(page: Page) -> Listing:
    return listing_of(page.request, path=f"{PATH}/bulletin", filters={"year": {each.value for each in year_choices()}})


def _row(item: dict[str, Any], page: Page, listing: Listing) -> dict[str, Any]:
    t = page.t.reserved_shares
    has_more = item["is_whole"] and item["has_below"]
    query = f"?year={listing.values.year}&unit_id=" if listing.values.year else "?unit_id="
    return item | {
        "url": f"{PATH}{query}{item['unit_id']}" if has_more else f"{SHARES}?unit_id={item['unit_id']}",
        "has_more": has_more,
        "mode_text": page.t.names["canteen_mode"][item["canteen_mode"]] if item["canteen_mode"] else "",
        "reserved": money(item["reserved_fen"]),
        "ordered": money(item["ordered_fen"]),
        "completed": money(item["completed_fen"]),
        "progress": percent(item["progress_bp"]),
        "state": t.lagging if item["is_lagging"] else t.nothing_reserved if not item["reserved_fen"] else t.on_time,
        "tone": "clay" if item["is_lagging"] else "" if not item["reserved_fen"] else "leaf",
        "parts": [
            (t.by_canteen, money(item["completed_canteen_fen"])),
            (t.by_union, money(item["completed_union_fen"])),
            (t.by_other, money(item["completed_other_fen"])),
            (t.by_staff, money(item["staff_fen"])),
        ],
    }
