"""The after-sales desk: a supplier's claims and an operator's, by deadline, with what may be decided."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.claim_view import claim_row, due_sort, ensure_verb
from gateway.pages.claims import STATUSES, detail_context
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/after-sales"
_VERBS: Final = {"approve", "refuse", "uphold", "reject"}


def desk_listing(page: Page) -> Listing:
    """What the address of the desk asks for; whose turn ends soonest comes first."""
    filters = {"status": STATUSES, "is_overdue": ("true",)}
    return listing_of(page.request, path=PATH, filters=filters, sorts={"opened", "due"}, default_sort="due")


@router.get("/work/after-sales")
async def get_desk(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Claims of a supplier's goods, or all."""
    ensure_kind(visitor, "supplier", "operator")
    listing = desk_listing(page)
    found = await services.orders.get("/v1/claims", visitor=visitor, params=listing.params(sort=due_sort(listing)))
    return page.render("after_sales.html", **desk_context(page, listing, found))


def desk_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the desk shows."""
    t, names = page.t.after_sales, page.t.names
    return {
        "listing": listing,
        "rows": [claim_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "heads": [
            listing.head(t.order_number),
            listing.head(t.product),
            listing.head(t.problem),
            listing.head(t.extent, is_number=True),
            listing.head(t.amount, is_number=True),
            listing.head(t.state),
            listing.head(t.opened, "opened"),
            listing.head(t.due, "due"),
        ],
        "filters": [
            Filter("status", t.state, [Choice(each, names["claim_status"][each]) for each in STATUSES], t.every),
            Filter("is_overdue", t.due, [Choice("true", t.overdue)], t.every),
        ],
    }


@router.get("/work/after-sales.{kind}")
async def get_desk_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "supplier", "operator")
    listing = desk_listing(page)
    params = listing.export_params(format="csv" if kind == "csv" else "xlsx", sort=due_sort(listing))
    return await download(services.orders, visitor, "/v1/claims/export", params)


@router.get("/work/after-sales/{claim_id}")
async def get_claim(page: PageDep, services: Services, visitor: SignedIn, claim_id: UUID) -> Response:
    """One claim with its photos and the parcel's temperatures, and what one may do now."""
    ensure_kind(visitor, "supplier", "operator")
    return await _detail(page, services, visitor, claim_id)


@router.post("/work/after-sales/{claim_id}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, claim_id: UUID
) -> Response:
    """Approve or refuse it, or decide the appeal, as it was when the page was read."""
    ensure_kind(visitor, "supplier", "operator")
    verb = str(form.get("verb", ""))
    try:
        ensure_verb(verb, _VERBS)
        await services.orders.answer(
            "POST",
            f"/v1/claims/{claim_id}/{verb}",
            visitor=visitor,
            json={"reason": str(form.get("reason", "")).strip()[:1000]},
            headers={"If-Match": f'"{form.get("revision", "")}"'},
        )
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        reason = str(form.get("reason", "")).strip()
        return await _detail(page, services, visitor, claim_id, refusal=refusal, reason=reason)
    return page.go(f"{PATH}/{claim_id}", done="decided")


async def _detail(
    page: Page,
    services: Services,
    visitor: Visitor,
    claim_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    item = await services.orders.get(f"/v1/claims/{claim_id}", visitor=visitor)
    done = page.request.query_params.get("done", "")
    return page.render(
        "after_sales_claim.html",
        status=refusal.status if refusal else 200,
        **detail_context(page, item),
        reason=reason,
        notice=page.t.names["after_sales_done"].get(done, ""),
        error=page.told(refusal) if refusal else "",
    )
