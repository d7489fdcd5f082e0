"""The cart: what is in it by supplier, how many, and what stands in the way of ordering it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.guests import shopper
from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import money, price, price_or
from gateway.pages.guest_cart import cart_of, take_over
from gateway.pages.pricing_view import Discount, Reason, delivery_of, discounts_of, gifts_of, reasons_of, seen_text
from gateway.pages.shell import Page, PageDep
from gateway.pages.suppliers import supplier_book
from gateway.services import Services
from gateway.visitor import CheckedForm
from shared.errors import Conflict, Invalid, NotFound

router = APIRouter(default_response_class=Response)

MOST_PIECES = 9999


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the cart as it is printed."""

    sku_id: str
    product_id: str
    title: str
    specification: str
    picture: str
    quantity: int
    unit_price: str
    amount: Markup
    trouble: str
    can_count: bool
    can_add: bool
    fix_quantity: int | None
    ships_on: str
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class PartView:
    """One supplier's lines."""

    name: str
    lines: list[LineView]
    amount: Markup
    delivery: str


@dataclass(frozen=True, slots=True)
class CartView:
    """The cart as it is printed."""

    lines: list[LineView]
    parts: list[PartView]
    goods: Markup
    discounts: list[Discount]
    gifts: list[str]
    delivery: Markup | str
    payable: Markup
    payable_fen: int
    seen: str
    can_order: bool


def line_view(line: Mapping[str, Any], page: Page) -> LineView:
    """A line with its trouble in words and what would mend it."""
    texts, problem, left = page.t.cart, line.get("problem"), int(line["available"])
    trouble, fix_quantity = "", None
    if problem == "not-listed":
        trouble = texts.not_listed
    elif problem == "stock-short":
        trouble = texts.stock_short(n=left) if left else texts.sold_out
        fix_quantity = left or None
    elif problem == "not-served":
        trouble = page.t.pricing.not_served
    elif problem == "price-changed":
        trouble = texts.price_changed(old=money(line["seen_price_fen"]), new=money(line["unit_price_fen"]))
    return LineView(
        sku_id=line["sku_id"],
        product_id=line["product_id"],
        title=in_language(line, "product_title", page.language),
        specification=in_language(line, "specification", page.language),
        picture=picture_url(line.get("picture")),
        quantity=line["quantity"],
        unit_price=money(line["unit_price_fen"]),
        amount=price(line.get("payable_fen", line["amount_fen"]) if problem != "not-listed" else line["amount_fen"]),
        trouble=trouble,
        can_count=problem != "not-listed" and not (problem == "stock-short" and left == 0),
        can_add=line["quantity"] < left,
        fix_quantity=fix_quantity,
        ships_on=str(texts.ships_on(day=page.day(line["presale_ships_on"]))) if line.get("presale_ships_on") else "",
        reasons=reasons_of(line, page),
    )


def cart_view(cart: Mapping[str, Any], page: Page, suppliers: Mapping[str, str]) -> CartView:
    """The cart by supplier, in the order that orders gives; `suppliers` are names in the visitor's language."""
    lines = {line["sku_id"]: line_view(line, page) for line in cart["lines"]}
    is_known = bool(cart.get("is_delivery_known"))
    is_ready = all(line.get("problem") in {None, "price-changed"} for line in cart["lines"])
    parts = [
        PartView(
            suppliers.get(part["supplier_id"], part["supplier_name"]),
            [lines[sku_id] for sku_id in part["sku_ids"]],
            price(part["goods_fen"] - part.get("discount_fen", 0)),
            delivery_of(part, page, is_known=is_known),
        )
        for part in cart["parts"]
    ]
    return CartView(
        lines=list(lines.values()),
        parts=parts,
        goods=price(sum(part["goods_fen"] for part in cart["parts"])),
        discounts=discounts_of(cart, page),
        gifts=gifts_of(cart, page),
        delivery=price_or(sum(part["delivery_fen"] for part in cart["parts"]), page.t.cart.free)
        if is_known
        else str(page.t.pricing.by_address),
        payable=price(cart["payable_fen"]),
        payable_fen=cart["payable_fen"],
        seen=seen_text(cart),
        can_order=bool(lines) and is_ready,
    )


async def suppliers_of(services: Services, cart: Mapping[str, Any], page: Page) -> dict[str, str]:
    """The names of the cart's suppliers where the visitor reads another language than they are kept in."""
    return await supplier_book.names(services, [part["supplier_id"] for part in cart["parts"]], page.language)


def quantity_of(form: FormData, *, default: int = 1) -> int:
    """The typed number of pieces, between none and the most that a line takes."""
    text = str(form.get("quantity", default)).strip()
    if not text.isascii() or not text.lstrip("-").isdigit():
        raise Invalid("How many pieces? A whole number, please.", code="quantity-invalid", field="quantity")
    return max(0, min(int(text[:6]), MOST_PIECES))


def piece_count(cart: Mapping[str, Any]) -> int:
    """Pieces in the cart, the number at its sign."""
    return sum(int(line["quantity"]) for line in cart["lines"])


async def show(page: Page, services: Services, told: Mapping[str, str]) -> Response:
    """Read the cart and draw it, with what `told` says of the step before: `done` or `problem`, and how to undo it."""
    texts, done = page.t.cart, told.get("done", "")
    notices = {"added": texts.added, "removed": texts.removed, "restored": texts.restored}
    errors = {
        "full": texts.full,
        "gone": texts.not_listed,
        "number": texts.number_wrong,
        "left-out": texts.left_out,
    }
    can_undo = done == "removed" and told.get("sku_id") and told.get("quantity")
    cart = await cart_of(page, services)
    page.cart_count = piece_count(cart)
    response = page.render(
        "cart.html",
        view=cart_view(cart, page, await suppliers_of(services, cart, page)),
        notice=notices.get(done, ""),
        error=errors.get(told.get("problem", ""), ""),
        undo={"sku_id": told["sku_id"], "quantity": told["quantity"]} if can_undo else None,
    )
    page.remember_cart_count(response, page.cart_count)
    return response


@router.get("/cart")
async def get_cart(page: PageDep, services: Services) -> Response:
    """The cart, of a person or of a guest. `done` says what just happened, `sku_id` and `quantity` allow to undo it."""
    told = dict(page.request.query_params)
    if page.visitor.is_signed_in and await take_over(page, services, page.visitor):
        told["problem"] = "left-out"
    return await show(page, services, told)


@router.post("/cart/lines")
async def post_line(page: PageDep, services: Services, form: CheckedForm) -> Response:
    """Put pieces of a SKU into the cart, on top of what is there. Nobody needs an account for that."""
    sku_id, quantity = _sku_of(form), max(1, quantity_of(form))
    is_undo = "undo" in form
    cart = await cart_of(page, services)
    there = _quantity_in(cart, sku_id) or 0
    wanted = quantity if is_undo else min(there + quantity, MOST_PIECES)
    query = await _put(page, services, sku_id, wanted)
    return await _after(page, services, query or {"done": "restored" if is_undo else "added"})


@router.post("/cart/lines/{sku_id}")
async def post_quantity(page: PageDep, services: Services, form: CheckedForm, sku_id: UUID) -> Response:
    """Set how many pieces the cart holds, or step by one; none removes the line."""
    try:
        quantity = quantity_of(form)
    except Invalid:
        return await _after(page, services, {"problem": "number"})
    step = str(form.get("step", ""))
    wanted = quantity + (1 if step == "1" else -1 if step == "-1" else 0)
    if wanted <= 0:
        return await _remove(page, services, sku_id)
    return await _after(page, services, await _put(page, services, sku_id, min(wanted, MOST_PIECES)))


@router.post("/cart/lines/{sku_id}/remove")
async def post_removal(page: PageDep, services: Services, form: CheckedForm, sku_id: UUID) -> Response:
    """Take a line out; the next page offers to undo it."""
    del form
    return await _remove(page, services, sku_id)


async def _put(page: Page, services: Services, sku_id: UUID, quantity: int) -> dict[str, str]:
    visitor = shopper(page.request, page.visitor, opens=True)
    try:
        await services.orders.put(f"/v1/cart/lines/{sku_id}", visitor=visitor, json={"quantity": quantity})
    except Conflict as refusal:
        return {"problem": "full" if refusal.code == "cart-full" else "gone"}
    except NotFound:
        return {"problem": "gone"}
    return {}


async def _remove(page: Page, services: Services, sku_id: UUID) -> Response:
    there = _quantity_in(await cart_of(page, services), sku_id)
    if there is None:
        return await _after(page, services, {})
    visitor = shopper(page.request, page.visitor)
    await services.orders.delete(f"/v1/cart/lines/{sku_id}", visitor=visitor)
    return await _after(page, services, {"done": "removed", "sku_id": str(sku_id), "quantity": str(there)})


def _quantity_in(cart: Mapping[str, Any], sku_id: UUID) -> int | None:
    return next((line["quantity"] for line in cart["lines"] if line["sku_id"] == str(sku_id)), None)


async def _after(page: Page, services: Services, query: dict[str, str]) -> Response:
    """The cart after a change: drawn at once for htmx, by a redirect otherwise, so that reloading repeats nothing."""
    if not page.is_htmx:
        return page.go("/cart", **query)
    return await show(page, services, query)


def _sku_of(form: FormData) -> UUID:
    try:
        return UUID(str(form.get("sku_id", "")))
    except ValueError as error:
        raise Invalid("Choose a pack first.", code="sku-unknown", field="sku_id") from error
