"""Placing the order: where it goes, what it costs, and what to do if that has changed since."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.pages.cards import in_language
from gateway.pages.cart import cart_view, piece_count, suppliers_of
from gateway.pages.checkout_choices import FIELDS as CHOICES
from gateway.pages.checkout_choices import (
    invoice_wanted,
    keep_title,
    missing_title,
    move_hold,
    offered_to,
    title_errors,
    where_to,
)
from gateway.pages.figures import money
from gateway.pages.guest_cart import take_over
from gateway.pages.pricing_view import coupon_choices, difference_texts, points_choice
from gateway.pages.regions import region_choice
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Invalid, NotFound, Refusal
from shared.ids import new_id
from shared.log import logger

router = APIRouter(default_response_class=Response)

_FIELDS = ("recipient", "phone", "province", "city", "county", "detail", "note", "keep_address", "points", *CHOICES)
_MOST_LINES = 100
_MOST_COUPONS = 10
_ALL_POINTS = 10**12

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the order was not placed, line by line."""

    heading: str
    lines: list[str]
    back_to_cart: bool


async def show(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    typed: Typed,
    key: str,
    status: int = 200,
    errors: dict[str, str] | None = None,
    trouble: Trouble | None = None,
    coupon_ids: Sequence[str] = (),
) -> Response:
    """The form as typed beside the cart as it is now, with carriage to the county, the coupons chosen so far, and all
    points that may pay if they are to."""
    (regions, county_code), book, coupons = await asyncio.gather(
        region_choice(services, typed, page.language),
        services.orders.get("/v1/addresses", visitor=visitor),
        services.orders.get("/v1/coupons", visitor=visitor, params={"usable": True}),
    )
    offered = await offered_to(page, services, visitor, typed, county_code)
    county_code = offered.gift_county or county_code
    params = {
        "county_code": county_code or None,
        "coupon_id": list(coupon_ids),
        "use_points": _ALL_POINTS if typed.points else 0,
    }
    cart = await services.orders.get("/v1/cart", visitor=visitor, params=params)
    if not cart["lines"]:
        return page.go("/cart")
    page.cart_count = piece_count(cart)
    return page.render(
        "checkout.html",
        status=status,
        view=cart_view(cart, page, await suppliers_of(services, cart, page)),
        typed=typed,
        errors=Typed(errors or {}),
        regions=regions,
        book=book["items"],
        coupons=coupon_choices(coupons["items"], coupon_ids, page),
        points=points_choice(cart, page),
        county_code=county_code,
        offered=offered,
        trouble=trouble,
        key=key,
    )


@router.get("/checkout")
async def get_checkout(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form with a new key: sending it twice places one order. It begins with the address that was chosen from the
    book (`?address=`, or `new` for none of them), else with the default one; `?donate=` chooses a recipient."""
    if await take_over(page, services, visitor):
        return page.go("/cart", problem="left-out")
    book = (await services.orders.get("/v1/addresses", visitor=visitor))["items"]
    chosen = page.request.query_params.get("address") or (book[0]["address_id"] if book else "")
    saved = next((each for each in book if each["address_id"] == chosen), None)
    typed = Typed(recipient=visitor.display_name, phone=visitor.phone or "", keep_address="yes")
    if saved is not None:
        typed = await typed_from(services, saved)
    typed["donation"] = page.request.query_params.get("donate", "")[:36]
    return await show(page, services, visitor, typed=typed, key=str(new_id()))


@router.post("/checkout/regions")
async def post_regions(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """The lists of divisions that fit the choice so far, alone."""
    del visitor
    typed = typed_of(form, *_FIELDS)
    regions, _ = await region_choice(services, typed, page.language)
    return page.render("regions.html", typed=typed, regions=regions, errors=Typed())


@router.post("/checkout")
async def post_checkout(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Place the order. What is refused comes back with everything typed, and says what changed."""
    typed, key = typed_of(form, *_FIELDS), _key_of(form)
    regions, county_code = await region_choice(services, typed, page.language)
    coupon_ids = coupons_of(form)
    if form.get("do") in {"regions", "reprice"}:
        return await show(page, services, visitor, typed=typed, key=key, coupon_ids=coupon_ids)
    if form.get("do") in {"keep", "let-go"}:
        return await _move_hold(page, services, visitor, typed, key, coupon_ids, do=str(form["do"]))
    errors = missing_title(typed, page)
    if not typed.donation:
        errors |= missing_fields(typed, county_code, page, has_counties=bool(regions.counties))
    if errors:
        return await show(
            page, services, visitor, typed=typed, key=key, status=422, errors=errors, coupon_ids=coupon_ids
        )
    goes = where_to(typed, county_code)
    invoice = await invoice_wanted(services, visitor, typed)
    body = {
        "lines": lines_of(form),
        **goes,
        "invoice": invoice,
        "note": typed.note,
        "seen_payable_fen": _seen_of(form),
        "seen": _seen_basket(form),
        "coupon_ids": coupon_ids,
        "use_points": _points_of(typed),
    }
    try:
        order = await services.orders.post("/v1/orders", visitor=visitor, json=body, idempotency_key=key)
    except (Conflict, NotFound) as refusal:
        trouble = await trouble_of(refusal, services, visitor, page)
        # What is agreed to next is another order, so it needs another key.
        return await show(
            page,
            services,
            visitor,
            typed=typed,
            key=str(new_id()),
            status=refusal.status,
            trouble=trouble,
            coupon_ids=coupon_ids,
        )
    except Invalid as refusal:
        found = title_errors(field_errors(refusal, page))
        return await show(
            page, services, visitor, typed=typed, key=str(new_id()), status=422, errors=found, coupon_ids=coupon_ids
        )
    if typed.keep_address == "yes" and "address" in goes:
        await _keep_address(services, visitor, goes["address"], key)
    await keep_title(services, visitor, typed, invoice, key)
    response = RedirectResponse(f"/orders/{order['order_id']}/pay", 303)
    page.remember_cart_count(response, 0)
    return response


async def _move_hold(
    page: Page, services: Services, visitor: Visitor, typed: Typed, key: str, coupon_ids: Sequence[str], *, do: str
) -> Response:
    """Keep the pieces or let them go; the form stays as typed."""
    trouble = None
    try:
        await move_hold(services, visitor, do, str(new_id()))
    except Conflict as refusal:
        trouble = await trouble_of(refusal, services, visitor, page)
    status = 200 if trouble is None else 409
    return await show(
        page, services, visitor, typed=typed, key=key, status=status, trouble=trouble, coupon_ids=coupon_ids
    )


async def _keep_address(services: Services, visitor: Visitor, address: Any, key: str) -> None:
    """Put it into the book. The order stands whether or not that succeeds, so a refusal here is not the buyer's."""
    try:
        await services.orders.post("/v1/addresses", visitor=visitor, json=address, idempotency_key=f"{key}-address")
    except Refusal as refusal:
        log.info("address not kept", code=refusal.code)


async def typed_from(services: Services, saved: dict[str, Any]) -> Typed:
    """A saved address as if it had been typed: its county with the divisions above it."""
    region = await services.catalog.get(f"/v1/regions/{saved['county_code']}", visitor=None)
    is_below_city = region["parent_code"] != region["province_code"]
    return Typed(
        recipient=saved["recipient"],
        phone=saved["phone"],
        detail=saved["detail"],
        province=region["province_code"],
        city=region["parent_code"] if is_below_city else region["code"],
        county=region["code"] if is_below_city else "",
    )


def missing_fields(typed: Typed, county_code: str, page: Page, *, has_counties: bool) -> dict[str, str]:
    """What must be filled in and is not."""
    errors = {
        name: page.t.checkout.fill_in
        for name in ("recipient", "phone", "detail")
        if not typed.get(name, "").strip() and not (name == "detail" and typed.point)
    }
    if not typed.province:
        errors["province"] = page.t.checkout.choose_one
    elif not typed.city:
        errors["city"] = page.t.checkout.choose_one
    elif not county_code and has_counties:
        errors["county_code"] = page.t.checkout.choose_one
    return errors


def field_errors(refusal: Invalid, page: Page) -> dict[str, str]:
    """A refused body's fields under the names of the form."""
    told = [str(each.get("field") or "") for each in refusal.extra.get("errors", []) if isinstance(each, dict)]
    fields = [name.rsplit(".", 1)[-1] for name in [*told, refusal.field or ""] if name]
    errors = dict.fromkeys(fields, page.t.checkout.mend_field)
    if "phone" in errors:
        errors["phone"] = page.t.checkout.phone_wrong
    if refusal.code.startswith(("taxpayer-id-", "pickup-point-")):
        errors |= dict.fromkeys(errors, page.told(refusal))
    return errors or {"detail": refusal.message}


async def trouble_of(refusal: Refusal, services: Services, visitor: Visitor, page: Page) -> Trouble:
    """A refused order in words: which prices changed, of what there is too little, what is gone."""
    texts = page.t.checkout
    titles = await _titles_of(services, visitor, page)
    if refusal.code == "price-changed":
        lines = difference_texts(refusal.extra.get("differences", []), titles, page)
        old, new = (int(refusal.extra.get(name, 0)) for name in ("seen_payable_fen", "payable_fen"))
        sums = texts.sum_line(old=money(old), new=money(new))
        return Trouble(texts.price_changed, [*lines, sums], back_to_cart=False)
    if refusal.code == "points-changed":
        left = page.t.points.usable(n=int(refusal.extra.get("usable_points", 0)))
        return Trouble(page.told(refusal), [left], back_to_cart=False)
    if refusal.code == "stock-short":
        lines = [
            texts.short_line(
                title=titles.get(line["sku_id"], ""),
                wanted=line["wanted"],
                left=line["available"],
            )
            for line in refusal.extra.get("shortages", [])
        ]
        return Trouble(texts.stock_short, lines, back_to_cart=True)
    if refusal.code == "sku-not-listed":
        lines = [titles.get(line["sku_id"], "") for line in refusal.extra.get("skus", [])]
        return Trouble(texts.not_listed, [line for line in lines if line], back_to_cart=True)
    if refusal.code in {"region-not-served", "pickup-point-not-cold"}:
        is_far = refusal.code == "region-not-served"
        lines = [titles.get(line["sku_id"]) or line["product_title"] for line in refusal.extra.get("skus", [])]
        return Trouble(page.t.pricing.not_served if is_far else page.told(refusal), lines, back_to_cart=is_far)
    stays_here = refusal.code.startswith(("pickup-point-", "recipient-", "cart-hold-"))
    return Trouble(page.told(refusal), [], back_to_cart=not stays_here)


async def _titles_of(services: Services, visitor: Visitor, page: Page) -> dict[str, str]:
    cart: dict[str, Any] = await services.orders.get("/v1/cart", visitor=visitor)
    return {
        line["sku_id"]: f"{in_language(line, 'product_title', page.language)} "
        f"{in_language(line, 'specification', page.language)}"
        for line in cart["lines"]
    }


def lines_of(form: FormData) -> list[dict[str, Any]]:
    """What the page showed, `sku_id:quantity` in hidden fields: a cart changed elsewhere is not bought unseen."""
    lines = []
    for text in form.getlist("line")[:_MOST_LINES]:
        sku_text, _, quantity = str(text).partition(":")
        try:
            lines.append({"sku_id": str(UUID(sku_text)), "quantity": int(quantity)})
        except ValueError as error:
            raise Invalid("This form was altered. Go back to the cart.", code="lines-invalid", field="line") from error
    return lines


def coupons_of(form: FormData) -> list[str]:
    """The coupons that are chosen; what is no id is none."""
    chosen = []
    for text in form.getlist("coupon")[:_MOST_COUPONS]:
        try:
            chosen.append(str(UUID(str(text))))
        except ValueError:
            continue
    return chosen


def _seen_basket(form: FormData) -> dict[str, Any] | None:
    """What the page showed, as the cart told it; an altered one is left out, for the sum decides."""
    try:
        seen = orjson.loads(str(form.get("seen", "")))
    except orjson.JSONDecodeError:
        return None
    return seen if isinstance(seen, dict) and seen else None


def _key_of(form: FormData) -> str:
    try:
        return str(UUID(str(form.get("key", ""))))
    except ValueError:
        return str(new_id())


def _points_of(typed: Typed) -> int:
    """As many as the page offered; what is no number is none."""
    text = typed.points
    return min(int(text[:15]), _ALL_POINTS) if text.isascii() and text.isdigit() else 0


def _seen_of(form: FormData) -> int:
    text = str(form.get("seen_payable_fen", ""))
    if not text.isascii() or not text.isdigit():
        raise Invalid("This form was altered. Go back to the cart.", code="sum-invalid", field="seen_payable_fen")
    return int(text[:15])
