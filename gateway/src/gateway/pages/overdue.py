"""Everything late of units' orders, for whoever it concerns."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import SignedIn

router = APIRouter(default_response_class=Response)
PATH: Final = "/work/overdue"
KINDS: Final = ("CONFIRM", "SHIP", "ACCEPT", "INVOICE", "INVOICE_CHECK", "PAYMENT", "REVIEW", "APPROVAL")
SIDES: Final = ("supplier", "unit")
DAYS: Final = ("7", "15", "30", "60")
_KINDS: Final = ("institution", "supplier", "official", "operator")


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"kind": KINDS, "side": SIDES, "least_days": DAYS})


@router.get(PATH)
async def get_overdue(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What is late, the longest first."""
    ensure_kind(visitor, *_KINDS)
    listing, t, names = _listing(page), page.t.overdue, page.t.names
    found = await services.orders.get("/v1/overdue", visitor=visitor, params=listing.params())
    return page.render(
        "overdue.html",
        listing=listing,
        rows=[
            {
                **each,
                "what": names["overdue_kind"][each["kind"]],
                "turn": names["overdue_side"][each["side"]],
                "amount": money(each["amount_fen"]),
                "due": page.day(each["due_on"]),
                "late": t.days(days=each["days_late"]),
                "url": _url(each["kind"], each["subject_id"]),
            }
            for each in found["items"]
        ],
        next_cursor=found.get("next_cursor"),
        heads=[
            listing.head(t.number),
            listing.head(t.kind),
            listing.head(t.unit),
            listing.head(t.supplier),
            listing.head(t.amount, is_number=True),
            listing.head(t.due_on),
            listing.head(t.days_late, is_number=True),
        ],
        filters=[
            Filter("kind", t.kind, [Choice(each, names["overdue_kind"][each]) for each in KINDS], t.every_kind),
            Filter("side", t.side, [Choice(each, names["overdue_side"][each]) for each in SIDES], t.every_side),
            Filter("least_days", t.least_days, [Choice(each, t.days(days=each)) for each in DAYS], t.any_days),
        ],
    )


@router.get(f"{PATH}.{{form}}")
async def get_overdue_file(page: PageDep, services: Services, visitor: SignedIn, form: str) -> Response:
    """The same list as a file."""
    ensure_kind(visitor, *_KINDS)
    params = _listing(page).export_params(form="csv" if form == "csv" else "xlsx")
    return await download(services.orders, visitor, "/v1/overdue/export", params)


def _url(kind: str, subject_id: str) -> str:
    if kind == "APPROVAL":
        return f"/work/approvals/{subject_id}"
    page = "unit-orders" if kind in {"CONFIRM", "SHIP", "ACCEPT"} else "settlements"
    return f"/work/{page}/{subject_id}"
