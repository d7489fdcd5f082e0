"""Donations (以购代捐) for everybody and for who gave: recipients, one's own donations with thanks, and the receipt."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.listing import listing_of
from gateway.pages.order_view import BADGES
from gateway.pages.parts import Filter, Head
from gateway.pages.regions import provinces_of
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import SignedIn

router = APIRouter(default_response_class=Response)

PATH: Final = "/donate"
OWN: Final = "/account/donations"


def taker_view(taker: Mapping[str, Any], page: Page, places: Mapping[str, str]) -> dict[str, Any]:
    """A recipient in the visitor's language."""
    t = page.t.donations
    thanked_at = taker["latest_thanks_at"]
    return {
        "recipient_id": taker["recipient_id"],
        "name": in_language(taker, "name", page.language),
        "kind": page.t.names["donation_kind"][taker["kind"]],
        "place": places[taker["county_code"]],
        "purpose": in_language(taker, "purpose", page.language),
        "got": t.got(gifts=taker["gift_count"], pieces=taker["piece_count"]) if taker["gift_count"] else t.got_nothing,
        "thanks": taker["latest_thanks"],
        "thanked": page.day(thanked_at) if thanked_at else "",
    }


@router.get(PATH)
async def get_recipients(page: PageDep, services: Services) -> Response:
    """Whom one may buy for, with what they got so far; no address of any."""
    provinces = [Choice(each.value[:2], each.label) for each in await provinces_of(services, page.language)]
    listing = listing_of(page.request, path=PATH, filters={"county": {each.value for each in provinces}})
    found = await services.orders.get("/v1/donation-recipients", visitor=None, params=listing.params())
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    t = page.t.donations
    return page.render(
        "donate.html",
        listing=listing,
        filters=[Filter("county", t.place, provinces, t.everywhere)],
        rows=[taker_view(each, page, places) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
    )


@router.get(OWN)
async def get_own(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What the visitor gave, with thanks and receipts."""
    listing = listing_of(page.request, path=OWN)
    found = await services.orders.get("/v1/donations", visitor=visitor, params=listing.params())
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    statuses = page.t.names["order_status"]
    rows = [
        each
        | {
            "place": places[each["county_code"]],
            "status": statuses[each["order_status"]],
            "badge": BADGES.get(each["order_status"], ""),
            "placed": page.day(each["placed_at"]),
            "thanked": page.day(each["thanked_at"]) if each["thanked_at"] else "",
            "has_receipt": each["order_status"] == "COMPLETED",
        }
        for each in found["items"]
    ]
    return page.render("donations.html", listing=listing, rows=rows, next_cursor=found.get("next_cursor"))


@router.get(f"{OWN}/{{order_id}}/receipt")
async def get_receipt(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """The receipt to print. It says that it is none for taxes."""
    found = await services.orders.get(f"/v1/orders/{order_id}/donation-receipt", visitor=visitor)
    places = await places_of(services, [found["county_code"]], page)
    t = page.t.donations
    return page.render(
        "donation_receipt.html",
        order_id=order_id,
        heads=[Head(t.goods), Head(t.supplier), Head(t.pieces, is_number=True)],
        lines=[
            {
                "title": in_language(each, "product_title", page.language),
                "specification": in_language(each, "specification", page.language),
                "supplier": each["supplier_name"],
                "quantity": each["quantity"],
            }
            for each in found["lines"]
        ],
        facts=[
            (t.receipt_number, found["receipt_number"]),
            (t.recipient, f"{found['recipient_name']} · {places[found['county_code']]}"),
            (t.delivered_on, page.day(found["delivered_at"])),
            (t.order_number, found["order_number"]),
            (t.paid, money(found["payable_fen"])),
            *([(t.refunded, money(found["refunded_fen"]))] if found["refunded_fen"] else []),
        ],
    )
