"""Group buys for buyers: the list, one group, joining it with an order, and one's own groups."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from gateway.pages.account import Choice
from gateway.pages.checkout import field_errors, missing_fields, typed_from
from gateway.pages.figures import money, price, price_or
from gateway.pages.group_buy_view import group_view, places_of
from gateway.pages.listing import Listing, listing_of
from gateway.pages.order_view import BADGES
from gateway.pages.parts import Filter
from gateway.pages.regions import provinces_of, region_choice
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/group-buys"
_FIELDS: Final = ("quantity", "recipient", "phone", "province", "city", "county", "detail", "note")
_MOST: Final = 99_999


async def public_listing(page: Page, services: Services, path: str) -> tuple[Listing, list[Filter]]:
    """What the address of a public list asks for, and its selects: category and province of origin."""
    t, categories = page.t.group_buys, page.t.names["category"]
    provinces = [Choice(each.value[:2], each.label) for each in await provinces_of(services, page.language)]
    filters = {"category": set(categories), "county": {each.value for each in provinces}, "state": {"ended"}}
    listing = listing_of(page.request, path=path, filters=filters)
    shown = [
        Filter("category", t.category, [Choice(code, name) for code, name in categories.items()], t.every_category),
        Filter("county", t.origin, provinces, t.every_origin),
    ]
    return listing, shown


@router.get(PATH)
async def get_group_buys(page: PageDep, services: Services) -> Response:
    """The groups that can be joined, the one that ends first at the top; or those that are over."""
    t = page.t.group_buys
    listing, filters = await public_listing(page, services, PATH)
    found = await services.orders.get("/v1/group-buys", visitor=None, params=listing.params())
    places = await places_of(services, (each["origin_county_code"] for each in found["items"]), page)
    return page.render(
        "group_buys.html",
        listing=listing,
        filters=[*filters, Filter("state", t.state, [Choice("ended", t.ended)], t.running)],
        groups=[group_view(each, page, places) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
    )


@router.get(f"{PATH}/{{group_buy_id}}")
async def get_group_buy(page: PageDep, services: Services, group_buy_id: UUID) -> Response:
    """One group: its price, how far it is, until when; this address is what one shares."""
    group = await services.orders.get(f"/v1/group-buys/{group_buy_id}", visitor=None)
    places = await places_of(services, [group["origin_county_code"]], page)
    shared = str(page.request.url.replace(query=""))
    return page.render("group_buy.html", group=group_view(group, page, places), share_url=shared)


@router.get(f"{PATH}/{{group_buy_id}}/join")
async def get_join(page: PageDep, services: Services, visitor: SignedIn, group_buy_id: UUID) -> Response:
    """The form with a new key: where it goes (`?address=` of the book, or `new`) and what it costs."""
    book = (await services.orders.get("/v1/addresses", visitor=visitor))["items"]
    query = page.request.query_params
    chosen = query.get("address") or (book[0]["address_id"] if book else "")
    saved = next((each for each in book if each["address_id"] == chosen), None)
    typed = Typed(recipient=visitor.display_name, phone=visitor.phone or "")
    if saved is not None:
        typed = await typed_from(services, saved)
    typed["quantity"] = query.get("quantity", "1")[:5]
    return await _form(page, services, visitor, group_buy_id, typed=typed, key=str(new_id()), book=book)


@router.post(f"{PATH}/{{group_buy_id}}/join")
async def post_join(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, group_buy_id: UUID
) -> Response:
    """Place the order and go on to paying it. What is refused comes back with everything typed."""
    typed, key = typed_of(form, *_FIELDS), str(form.get("key") or new_id())
    regions, county_code = await region_choice(services, typed, page.language)
    if form.get("do") in {"regions", "reprice"}:
        return await _form(page, services, visitor, group_buy_id, typed=typed, key=key)
    errors = missing_fields(typed, county_code, page, has_counties=bool(regions.counties))
    quantity = quantity_of(typed)
    if not quantity:
        errors["quantity"] = page.t.group_buys.wrong_quantity
    seen = str(form.get("seen_payable_fen", ""))
    if errors or not (seen.isascii() and seen.isdigit()):
        return await _form(page, services, visitor, group_buy_id, typed=typed, key=key, status=422, errors=errors)
    body = {
        "quantity": quantity,
        "address": {
            "recipient": typed.recipient,
            "phone": typed.phone,
            "county_code": county_code,
            "detail": typed.detail,
        },
        "note": typed.note[:500],
        "seen_payable_fen": int(seen[:15]),
    }
    try:
        path = f"/v1/group-buys/{group_buy_id}/orders"
        order = await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except Conflict as refusal:
        told, again = told_of(refusal, page), str(new_id())
        return await _form(page, services, visitor, group_buy_id, typed=typed, key=again, status=409, error=told)
    except Invalid as refusal:
        errors, again = field_errors(refusal, page), str(new_id())
        return await _form(page, services, visitor, group_buy_id, typed=typed, key=again, status=422, errors=errors)
    return RedirectResponse(f"/orders/{order['order_id']}/pay", 303)


def quantity_of(typed: Typed) -> int:
    """How many pieces are typed; 0 for what is no number of pieces."""
    text = typed.quantity
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= _MOST else 0  # noqa: PLR2004


def told_of(refusal: Refusal, page: Page) -> str:
    """A refusal with how many pieces there still are, or with the new sum."""
    t = page.t.group_buys
    if refusal.code == "price-changed":
        return str(t.sum_changed(sum=money(int(refusal.extra.get("payable_fen", 0)))))
    told = page.told(refusal)
    return f"{told} {t.still(n=refusal.extra['left'])}" if "left" in refusal.extra else told


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    group_buy_id: UUID,
    *,
    typed: Typed,
    key: str,
    status: int = 200,
    errors: dict[str, str] | None = None,
    error: str = "",
    book: list[dict[str, Any]] | None = None,
) -> Response:
    path = f"/v1/group-buys/{group_buy_id}"
    (regions, county_code), group = await asyncio.gather(
        region_choice(services, typed, page.language), services.orders.get(path, visitor=visitor)
    )
    if book is None:
        book = (await services.orders.get("/v1/addresses", visitor=visitor))["items"]
    quantity, quote = quantity_of(typed), None
    if county_code and quantity:
        try:
            params: dict[str, str | int] = {"quantity": quantity, "county_code": county_code}
            quote = await services.orders.get(f"{path}/quote", visitor=visitor, params=params)
        except Conflict as refusal:
            error = error or told_of(refusal, page)
    goods_fen = group["price_fen"] * (quantity or 1)
    places = await places_of(services, [group["origin_county_code"]], page)
    return page.render(
        "group_join.html",
        status=status,
        error=error,
        group=group_view(group, page, places),
        typed=typed,
        errors=Typed(errors or {}),
        regions=regions,
        book=book,
        key=key,
        quantity=quantity or 1,
        goods=price(goods_fen),
        delivery=price_or(quote["delivery_fen"], page.t.cart.free) if quote else page.t.pricing.by_address,
        payable=price(quote["payable_fen"] if quote else goods_fen),
        payable_fen=quote["payable_fen"] if quote else goods_fen,
    )


@router.get("/account/group-buys")
async def get_joined(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """One's orders in groups, the newest first."""
    listing = listing_of(page.request, path="/account/group-buys")
    params = {"cursor": listing.cursor or None, "limit": 20}
    found = await services.orders.get("/v1/group-buys/joined", visitor=visitor, params=params)
    places = await places_of(services, (each["group"]["origin_county_code"] for each in found["items"]), page)
    return page.render(
        "group_buys_joined.html",
        listing=listing,
        rows=[_joined_row(each, page, places) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
    )


def _joined_row(row: dict[str, Any], page: Page, places: dict[str, str]) -> dict[str, Any]:
    status = row["order_status"]
    if status == "PAID" and row["group"]["status"] == "OPEN":
        status = "AWAITING_GROUP"
    return group_view(row["group"], page, places) | {
        "order_url": f"/orders/{row['order_id']}",
        "number": row["order_number"],
        "quantity": row["quantity"],
        "amount": price(row["payable_fen"]),
        "order_status": page.t.names["order_status"].get(status, status),
        "badge": BADGES.get(status, ""),
        "can_pay": row["order_status"] == "PENDING_PAYMENT" and row["group"]["is_joinable"],
        "can_leave": row["order_status"] == "PAID" and row["group"]["status"] == "OPEN",
    }
