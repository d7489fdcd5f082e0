"""Buying a coming harvest: what is on presale, booking it, paying the deposit, and one's own bookings."""

from typing import Any, Final
from uuid import UUID, uuid5

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from gateway.pages.account import Choice
from gateway.pages.figures import instant_of, price
from gateway.pages.listing import listing_of
from gateway.pages.parts import Filter
from gateway.pages.payment import code_picture, wanted_way, ways_of
from gateway.pages.presale_view import BOOKING_STATUSES, PUBLIC_STATUSES, booking_row, offer_row
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, Refusal
from shared.ids import new_id
from shared.log import logger

router = APIRouter(default_response_class=Response)
log = logger(__name__)

_PAYMENT_KEYS: Final = UUID("0b63b4f0-7d0e-5a35-8f0e-7f2b7f1f6d52")
_FIELDS: Final = ("quantity", "address_id", "note")


async def open_presales_of(services: Services, product_id: UUID, page: Page) -> list[dict[str, Any]]:
    """What of a product can be booked now; nothing where orders does not answer."""
    try:
        params: dict[str, str | int] = {"product_id": str(product_id), "status": "BOOKING", "limit": 5}
        found = await services.orders.get("/v1/presales", visitor=None, params=params)
    except Refusal as refusal:
        log.warning("no presales", code=refusal.code)
        return []
    return [offer_row(each, page) for each in found["items"]]


@router.get("/presales")
async def get_presales(page: PageDep, services: Services) -> Response:
    """For everybody: what of coming harvests can be booked, and what became of earlier ones."""
    listing = listing_of(page.request, path="/presales", filters={"status": PUBLIC_STATUSES})
    found = await services.orders.get("/v1/presales", visitor=page.visitor, params=listing.params(limit=20))
    names = page.t.names["presale_status"]
    return page.render(
        "presales.html",
        listing=listing,
        rows=[offer_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        filters=[
            Filter(
                "status",
                page.t.presales.status,
                [Choice(each, names[each]) for each in PUBLIC_STATUSES],
                empty=page.t.presales.every,
            )
        ],
    )


@router.get("/presales/{offer_id}")
async def get_presale(page: PageDep, services: Services, offer_id: UUID) -> Response:
    """One presale with its terms and, while it is open, the form to book."""
    return await _show_offer(page, services, offer_id, Typed(quantity="1"), key=str(new_id()))


@router.post("/presales/{offer_id}/book")
async def post_book(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, offer_id: UUID
) -> Response:
    """Book, and on to the deposit. What is refused comes back as it was typed."""
    typed, key = typed_of(form, *_FIELDS), str(form.get("key") or new_id())
    text = typed.quantity
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:6]) <= 99_999:  # noqa: PLR2004
        errors = {"quantity": page.t.presales.quantity_wrong}
        return await _show_offer(page, services, offer_id, typed, key=key, status=422, errors=errors)
    book = (await services.orders.get("/v1/addresses", visitor=visitor))["items"]
    saved = next((each for each in book if each["address_id"] == typed.address_id), None)
    if saved is None:
        errors = {"address_id": page.t.presales.address_missing}
        return await _show_offer(page, services, offer_id, typed, key=key, status=422, errors=errors)
    body = {
        "quantity": int(text[:6]),
        "address": {name: saved[name] for name in ("recipient", "phone", "county_code", "detail")},
        "note": typed.note[:500],
    }
    try:
        path = f"/v1/presales/{offer_id}/bookings"
        made = await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except (Conflict, Invalid) as refusal:
        return await _show_offer(
            page, services, offer_id, typed, key=str(new_id()), status=refusal.status, error=page.told(refusal)
        )
    return page.go(f"/account/presales/{made['booking_id']}/pay")


async def _show_offer(
    page: Page,
    services: Services,
    offer_id: UUID,
    typed: Typed,
    *,
    key: str,
    status: int = 200,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    offer = await services.orders.get(f"/v1/presales/{offer_id}", visitor=page.visitor)
    row = offer_row(offer, page)
    can_book = offer["status"] == "BOOKING" and row["left_count"] > 0
    book = []
    if can_book and page.visitor.is_signed_in:
        book = (await services.orders.get("/v1/addresses", visitor=page.visitor))["items"]
        if not typed.address_id and book:
            typed["address_id"] = book[0]["address_id"]
    return page.render(
        "presale.html",
        status=status,
        row=row,
        place=await place_of(services, offer["origin_county_code"], page.language),
        can_book=can_book,
        addresses=[Choice(each["address_id"], f"{each['recipient']} · {each['detail']}") for each in book],
        typed=typed,
        errors=Typed(errors or {}),
        error=error,
        key=key,
    )


@router.get("/account/presales")
async def get_bookings(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The visitor's bookings, the latest first."""
    listing = listing_of(page.request, path="/account/presales", filters={"status": BOOKING_STATUSES})
    found = await services.orders.get("/v1/presale-bookings", visitor=visitor, params=listing.params(limit=20))
    names = page.t.names["booking_status"]
    return page.render(
        "bookings.html",
        listing=listing,
        rows=[booking_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        filters=[
            Filter(
                "status",
                page.t.presales.status,
                [Choice(each, names[each]) for each in BOOKING_STATUSES],
                empty=page.t.presales.every,
            )
        ],
    )


@router.get("/account/presales/{booking_id}")
async def get_booking(page: PageDep, services: Services, visitor: SignedIn, booking_id: UUID) -> Response:
    """One booking: what was paid, what is due, what became of it."""
    return await _show_booking(page, services, visitor, booking_id)


@router.post("/account/presales/{booking_id}/cancel")
async def post_cancel(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, booking_id: UUID
) -> Response:
    """Give it up while the presale is open."""
    path, key = f"/v1/presale-bookings/{booking_id}/cancel", str(form.get("key") or new_id())
    try:
        await services.orders.post(path, visitor=visitor, json={}, idempotency_key=key)
    except (Conflict, Invalid) as refusal:
        told = page.told(refusal)
        return await _show_booking(page, services, visitor, booking_id, status=refusal.status, error=told)
    return page.go(f"/account/presales/{booking_id}", done="cancelled")


async def _show_booking(
    page: Page, services: Services, visitor: Visitor, booking_id: UUID, *, status: int = 200, error: str = ""
) -> Response:
    found = await services.orders.get(f"/v1/presale-bookings/{booking_id}", visitor=visitor)
    t, address = page.t.presales, found["address"]
    place = await place_of(services, address["county_code"], page.language)
    notices = {"cancelled": t.cancelled, "paid": t.deposit_paid, "too-late": t.too_late}
    return page.render(
        "booking.html",
        status=status,
        row=booking_row(found, page),
        place=place,
        error=error,
        notice=notices.get(page.request.query_params.get("done", ""), ""),
        key=str(new_id()),
    )


@router.get("/account/presales/{booking_id}/pay")
async def get_deposit(page: PageDep, services: Services, visitor: SignedIn, booking_id: UUID) -> Response:
    """Open the deposit's payment, or show the open one."""
    booking = await services.orders.get(f"/v1/presale-bookings/{booking_id}", visitor=visitor)
    back = f"/account/presales/{booking_id}"
    if booking["status"] != "PENDING_DEPOSIT":
        return RedirectResponse(back, 303)
    ways = ways_of((await services.orders.get("/v1/payment-providers", visitor=visitor))["items"])
    asked = page.request.query_params
    way = wanted_way(ways, asked.get("provider", ""), asked.get("method", ""))
    key = uuid5(_PAYMENT_KEYS, str(booking_id)) if len(ways) == 1 else new_id()
    try:
        payment = await services.orders.post(
            f"/v1/presale-bookings/{booking_id}/deposit-payments",
            visitor=visitor,
            json={"provider": way.provider, "method": way.method},
            idempotency_key=str(key),
        )
    except Conflict as refusal:
        if refusal.code in {"booking-not-payable", "order-not-payable"}:
            return page.go(back, done="too-late")
        raise
    due_at = booking["deposit_due_at"]
    return page.render(
        "pay.html",
        number=booking["booking_number"],
        back=back,
        amount=price(payment["amount_fen"]),
        code=code_picture(payment["code_url"], page.t.pay.code) if way.method == "code" else "",
        ways=ways if len(ways) > 1 else [],
        way=way,
        pay_url=payment.get("pay_url"),
        due_at=due_at,
        due_text=f"{instant_of(due_at):%H:%M}",
    )


@router.get("/account/presales/{booking_id}/pay/state")
async def get_deposit_state(page: PageDep, services: Services, visitor: SignedIn, booking_id: UUID) -> Response:
    """Whether the money has come: nothing new, or the way to the booking."""
    booking = await services.orders.get(f"/v1/presale-bookings/{booking_id}", visitor=visitor)
    back = f"/account/presales/{booking_id}"
    if booking["status"] == "PENDING_DEPOSIT":
        return page.render("pay_state.html", back=back)
    return page.go(back, done="paid" if booking["deposit_paid_at"] else "too-late")
