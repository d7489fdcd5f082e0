"""All that a buyer asked for after a delivery: claims, returns and exchanges in one list."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from gateway.pages import claim_view, exchanges, returns
from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import SignedIn

router = APIRouter(default_response_class=Response)

PATH: Final = "/account/after-sales"
KINDS: Final = ("claim", "return", "exchange")
_TONES: Final = {"claim": claim_view.TONES, "return": returns.TONES, "exchange": exchanges.TONES}
_CAUSES: Final = {"claim": "claim_problem", "return": "return_cause", "exchange": "exchange_problem"}


def listing_here(page: Page) -> Listing:
    """What the address asks for."""
    return listing_of(page.request, path=PATH, filters={"kind": KINDS, "is_open": ("true",)})


def asked_row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """One of them as pages print it."""
    kind, names = item["kind"], page.t.names
    fen = item["granted_fen"] or item["wanted_fen"]
    return {
        "url": f"/{kind}s/{item['subject_id']}",
        "kind": names["after_sales_kind"][kind],
        "title": in_language(item, "product_title", page.language),
        "thumb": picture_url(item["picture"]),
        "cause": names[_CAUSES[kind]].get(item["cause"], item["cause"]),
        "status": names[f"{kind}_status"].get(item["status"], item["status"]),
        "tone": _TONES[kind].get(item["status"], "leaf"),
        "extent": page.t.after_sales.pieces(n=item["piece_count"]),
        "amount": money(fen) if fen else "",
        "opened": page.time(item["opened_at"]),
        "due": page.time(item["due_at"]) if item["due_at"] else "",
    }


def list_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the list shows."""
    t = page.t.after_sales
    return {
        "listing": listing,
        "rows": [asked_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "filters": [
            Filter("kind", t.kind, [Choice(each, page.t.names["after_sales_kind"][each]) for each in KINDS], t.every),
            Filter("is_open", t.state, [Choice("true", t.still_going)], t.every),
        ],
    }


@router.get("/account/after-sales")
async def get_mine(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The visitor's own, latest first."""
    listing = listing_here(page)
    found = await services.orders.get("/v1/after-sales", visitor=visitor, params=listing.params())
    return page.render("my_after_sales.html", **list_context(page, listing, found))


@router.get("/account/after-sales.{kind}")
async def get_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    params = listing_here(page).export_params(format="csv" if kind == "csv" else "xlsx")
    return await download(services.orders, visitor, "/v1/after-sales/export", params)


@router.get("/claims")
async def get_claims() -> Response:
    """Where the list of claims alone was before."""
    return RedirectResponse(f"{PATH}?kind=claim", 303)
