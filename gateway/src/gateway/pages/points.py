"""The visitor's love-card points: what there is, what of it expires when, and every entry."""

from datetime import date, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import day_text, instant_of, money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import SignedIn, Visitor

router = APIRouter(default_response_class=Response)

_PATH: Final = "/account/points"
_KINDS: Final = ("earned", "spent", "given-back", "expired", "clawed-back", "owed", "settled")
_TONES: Final = {"earned": "leaf", "given-back": "leaf", "expired": "clay", "clawed-back": "clay", "owed": "clay"}
_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)


def points_listing(page: Page) -> Listing:
    """What the address asks for; a day that is none is left out."""
    listing = listing_of(page.request, path=_PATH, filters={"kind": _KINDS, "from_day": None, "to_day": None})
    for name in ("from_day", "to_day"):
        if not _is_day(listing.values[name]):
            listing.values[name] = ""
    return listing


def _is_day(text: str) -> bool:
    try:
        return _FIRST <= date.fromisoformat(text) <= _LAST
    except ValueError:
        return False


@router.get(_PATH)
async def get_points(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The balance, what expires when, how points are earned, and the statement."""
    listing = points_listing(page)
    points = await services.orders.get("/v1/points", visitor=visitor)
    found = await services.orders.get("/v1/points/entries", visitor=visitor, params=_narrowed(listing.params()))
    return draw_points(page, listing, points, found)


def draw_points(page: Page, listing: Listing, points: dict[str, Any], found: dict[str, Any]) -> Response:
    """The page as it was found."""
    t, rate = page.t.points, points["rate"]
    return page.render(
        "points.html",
        listing=listing,
        balance=f"{points['balance_points']:,}",
        worth=t.worth(sum=money(points["balance_points"] * points["worth_fen"])) if points["balance_points"] else "",
        soon=t.soon(n=f"{points['soon_points']:,}", days=points["soon_days"]) if points["soon_points"] else "",
        owed=t.owed(n=f"{points['owed_points']:,}") if points["owed_points"] else "",
        how=t.how_text(
            rate=rate["points_per_yuan"], points=100 // rate["worth_fen"], cap=rate["cap_bp"] // 100, days=rate["days"]
        ),
        endings=[(_last_day(each["last_at"], page), f"{each['points']:,}") for each in points["endings"]],
        ending_heads=[listing.head(t.last_day), listing.head(t.count, is_number=True)],
        heads=[
            listing.head(t.at),
            listing.head(t.kind),
            listing.head(t.count, is_number=True),
            listing.head(t.order),
            listing.head(t.expires),
        ],
        rows=[_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        filters=[
            Filter("kind", t.kind, [Choice(each, page.t.names["point_kind"][each]) for each in _KINDS], t.every_kind)
        ],
    )


def _row(entry: dict[str, Any], page: Page) -> dict[str, Any]:
    return {
        "at": page.time(entry["recorded_at"]),
        "kind": page.t.names["point_kind"][entry["kind"]],
        "tone": _TONES.get(entry["kind"], ""),
        "points": f"{entry['points']:+,}",
        "order_id": entry["order_id"],
        "order_number": entry["order_number"],
        "expires": _last_day(entry["expires_at"], page, timedelta(microseconds=1)) if entry["expires_at"] else "",
    }


def _last_day(at: str, page: Page, before: timedelta = timedelta()) -> str:
    """The last day, in Shanghai, on which points can be spent: that of the instant, or of the one before it."""
    return day_text((instant_of(at) - before).date(), page.language)


@router.get(f"{_PATH}.csv")
async def get_points_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The statement as a file."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{_PATH}.xlsx")
async def get_points_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The statement as a sheet."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    params = _narrowed(points_listing(page).export_params(format=form))
    return await download(services.orders, visitor, "/v1/points/entries/export", params)


def _narrowed(params: dict[str, str | int]) -> dict[str, str | int]:
    return {name: value for name, value in params.items() if name != "q"}
