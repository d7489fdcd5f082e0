"""A person's orders: the list, one order, and cancelling it."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from gateway.pages.cards import in_language, picture_url
from gateway.pages.claim_view import money_line
from gateway.pages.figures import money, price
from gateway.pages.my_after_sales import asked_row
from gateway.pages.order_view import BADGES, order_view
from gateway.pages.regions import place_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.suppliers import supplier_book
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import BadRequest, Conflict, Invalid, NotFound, Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_STATUSES: Final = ("", "PENDING_PAYMENT", "PAID", "COMPLETED", "CANCELLED")
_SHOWN_PICTURES: Final = 4
_PAGE_SIZE: Final = 20


@dataclass(frozen=True, slots=True)
class Tab:
    """A link to the orders of one status."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in the list."""

    url: str
    number: str
    placed: str
    status: str
    badge: str
    pictures: list[str]
    titles: str
    pieces: str
    amount: Markup
    can_pay: bool
    can_track: bool


def status_of(order: dict[str, Any]) -> str:
    """What a buyer calls the state: a paid order is being prepared, on its way, or there."""
    if order["status"] != "PAID":
        return str(order["status"])
    states = {part["fulfilment"] for part in order["parts"]}
    if states <= {"DELIVERED"}:
        return "DELIVERED"
    if "AWAITING_GROUP" in states:
        return "AWAITING_GROUP"
    return "SHIPPED" if states & {"PARTLY_SHIPPED", "SHIPPED", "DELIVERED", "LOST"} else "PENDING_SHIPMENT"


def order_row(order: dict[str, Any], page: Page) -> OrderRow:
    """One order of the list."""
    lines = [line for part in order["parts"] for line in part["lines"]]
    status = status_of(order)
    return OrderRow(
        url=f"/orders/{order['order_id']}",
        number=order["order_number"],
        placed=page.time(order["placed_at"]),
        status=page.t.names["order_status"].get(status, status),
        badge=BADGES.get(status, ""),
        pictures=[picture_url(line.get("picture")) for line in lines[:_SHOWN_PICTURES]],
        titles=page.t.orders.separator.join(
            in_language(line, "product_title", page.language) for line in lines[:_SHOWN_PICTURES]
        ),
        pieces=page.t.orders.pieces(sum(line["quantity"] for line in lines)),
        amount=price(order["payable_fen"]),
        can_pay=status == "PENDING_PAYMENT",
        can_track=order["status"] in {"PAID", "COMPLETED"},
    )


@router.get("/orders")
async def get_orders(
    page: PageDep, services: Services, visitor: SignedIn, status: str = "", q: str = "", cursor: str = ""
) -> Response:
    """Orders, latest first, by status and by a word of theirs."""
    chosen = status if status in _STATUSES else ""
    wanted = "".join(each for each in q.strip() if each.isprintable())[:100]
    params = {"status": chosen or None, "q": wanted or None, "cursor": cursor or None, "limit": _PAGE_SIZE}
    kept = {key: value for key, value in (("status", chosen), ("q", wanted)) if value}
    try:
        found = await services.orders.get("/v1/orders", visitor=visitor, params=params)
    except BadRequest as refusal:
        if refusal.code == "cursor-invalid":
            return RedirectResponse("/orders", 303)
        raise
    urls = {each: f"/orders?{urlencode({'status': each})}" if each else "/orders" for each in _STATUSES}
    tabs = [Tab(page.t.names["order_tab"][each or "ALL"], url, each == chosen) for each, url in urls.items()]
    next_cursor = found.get("next_cursor")
    return page.render(
        "orders.html",
        orders=[order_row(order, page) for order in found["items"]],
        tabs=tabs,
        chosen_status=chosen,
        wanted=wanted,
        next_url=f"/orders?{urlencode({**kept, 'cursor': next_cursor})}" if next_cursor else "",
    )


@dataclass(frozen=True, slots=True)
class AfterSales:
    """What was asked for of an order after its delivery, and its refunds."""

    asked: list[dict[str, Any]]
    refunds: list[dict[str, Any]]


async def read_after_sales(services: Services, visitor: Visitor, order: dict[str, Any]) -> AfterSales:
    """Asked for only where there can be any: of what was sent, and of a paid order that was cancelled."""
    is_sent = any(part["shipped_at"] for part in order["parts"])
    if not is_sent and not (order["status"] == "CANCELLED" and order["paid_at"]):
        return AfterSales([], [])
    order_id = order["order_id"]
    refunds = await services.orders.get(f"/v1/orders/{order_id}/refunds", visitor=visitor)
    params = {"order_id": order_id, "limit": 100}
    asked = await services.orders.get("/v1/after-sales", visitor=visitor, params=params) if is_sent else {"items": []}
    return AfterSales(asked["items"], refunds["items"])


def refund_rows(found: list[dict[str, Any]], page: Page) -> list[dict[str, str]]:
    """Refunds with what they are for and where the money is."""
    return [
        {
            "amount": money(each["amount_fen"]),
            "subject": in_language(each, "product_title", page.language)
            if each["product_title"]
            else page.t.after_sales.whole_order,
            "told": money_line(each, page),
        }
        for each in found
    ]


def loss_rows(losses: list[dict[str, Any]], page: Page) -> list[str]:
    """What was lost of the order, and what its buyer got instead."""
    t, rows = page.t.losses, []
    for each in losses:
        told = [str(t.lost_line(waybills=page.t.orders.separator.join(each["waybill_numbers"])))]
        if each["refunded_count"]:
            told.append(str(t.refunded_line(count=each["refunded_count"], money=money(each["refunded_fen"]))))
        if each["replaced_count"]:
            told.append(str(t.replaced_line(count=each["replaced_count"])))
        rows.append(" · ".join(told))
    return rows


def awaited_rows(awaited: list[dict[str, Any]], page: Page) -> dict[str, dict[str, Any]]:
    """By part under way: until when it should come, whether its buyer may say that it has not, and has."""
    t, today, rows = page.t.losses, business_day(utc_now()).isoformat(), {}
    for each in awaited:
        report = each["report"]
        rows[each["supplier_order_id"]] = {
            "promised": str(t.promised(day=page.day(each["promised_until"]))) if each["promised_until"] else "",
            "may_report": not report and today >= each["reportable_from"],
            "reported": str(t.reported(at=page.time(report["reported_at"]))) if report else "",
        }
    return rows


async def show(
    page: Page, services: Services, visitor: Visitor, order_id: UUID, *, error: str = "", status: int = 200
) -> Response:
    """Read an order and draw it."""
    order = await services.orders.get(f"/v1/orders/{order_id}", visitor=visitor)
    try:
        place = await place_of(services, order["address"]["county_code"], page.language)
    except Refusal:
        place = order["address"]["county_code"]
    after = await read_after_sales(services, visitor, order)
    suppliers = await supplier_book.names(services, [part["supplier_id"] for part in order["parts"]], page.language)
    has_left = any(part["shipped_at"] for part in order["parts"])
    arrivals = await services.orders.get(f"/v1/orders/{order_id}/arrivals", visitor=visitor) if has_left else {}
    done = page.request.query_params.get("done", "")
    told = page.t.names["after_sales_done"]
    notices = told | {"paid": page.t.order.paid, "cancelled": page.t.order.cancelled, "too-late": page.t.order.too_late}
    notices |= {"invoice": page.t.invoices.order_saved, "missing": page.t.losses.missing_done}
    return page.render(
        "order.html",
        status=status,
        view=order_view(order, place, suppliers, page),
        asked=[asked_row(each, page) for each in after.asked],
        refunds=refund_rows(after.refunds, page),
        losses=loss_rows(arrivals.get("losses", []), page),
        awaited=awaited_rows(arrivals.get("awaited", []), page),
        notice=notices.get(done, ""),
        error=error,
        key=str(new_id()),
    )


@router.get("/orders/{order_id}")
async def get_order(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """One order: parts, history, address, what may be done with it. It prints as a document. A booking that is no order
    yet has a page of its own: providers lead back here from its deposit."""
    try:
        return await show(page, services, visitor, order_id)
    except NotFound as refusal:
        try:
            await services.orders.get(f"/v1/presale-bookings/{order_id}", visitor=visitor)
        except NotFound:
            raise refusal from None
    return RedirectResponse(f"/account/presales/{order_id}", 303)


@router.post("/orders/{order_id}/cancel")
async def post_cancel(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Cancel an order that has not left; what was paid goes back in full."""
    reason = str(form.get("reason", "")).strip()[:200] or page.t.order.reasons[-1]
    try:
        key = str(UUID(str(form.get("key", ""))))
    except ValueError:
        key = str(new_id())
    try:
        await services.orders.post(
            f"/v1/orders/{order_id}/cancel", visitor=visitor, json={"reason": reason}, idempotency_key=key
        )
    except (Conflict, Invalid) as refusal:
        return await show(page, services, visitor, order_id, error=page.told(refusal), status=refusal.status)
    return page.go(f"/orders/{order_id}", done="cancelled")
