"""An order as its page prints it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import money, price, price_or
from gateway.pages.invoice_titles import title_line
from gateway.pages.pricing_view import Discount, Reason, discounts_of, reasons_of
from gateway.pages.shell import Page

BADGES: Final = {
    "PENDING_PAYMENT": "badge-urgent",
    "PENDING_CONFIRM": "badge-urgent",
    "CONFIRMED": "badge-leaf",
    "AWAITING_GROUP": "badge-urgent",
    "PENDING_SHIPMENT": "badge-leaf",
    "PARTLY_SHIPPED": "badge-leaf",
    "SHIPPED": "badge-leaf",
    "DELIVERED": "badge-leaf",
    "LOST": "badge-clay",
    "COMPLETED": "badge-leaf",
    "CANCELLED": "",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the order's way: `is-done`, `is-now` or `is-ahead`."""

    name: str
    time: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as sold."""

    product_id: str
    title: str
    specification: str
    picture: str
    quantity: int
    unit_price: str
    amount: Markup
    claim_url: str
    review_url: str
    return_url: str
    exchange_url: str
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class OrderPart:
    """One supplier's part."""

    supplier_order_id: str
    name: str
    status: str
    badge: str
    lines: list[OrderLine]
    amount: Markup


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry of the history."""

    at: str
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """Everything that the page prints."""

    order_id: str
    number: str
    steps: list[Step]
    parts: list[OrderPart]
    history: list[HistoryLine]
    goods: Markup
    discounts: list[Discount]
    delivery: Markup | str
    payable: Markup
    sum_name: str
    deposit: Markup | str
    balance: Markup | str
    recipient: str
    phone: str
    place: str
    detail: str
    note: str
    pickup: str
    gift: dict[str, str]
    invoice: list[str]
    can_invoice: bool
    can_pay: bool
    can_track: bool
    can_cancel: bool
    cancel_note: str


def steps_of(order: dict[str, Any], page: Page) -> list[Step]:
    """The way of an order: placed, paid, shipped, delivered; or placed and cancelled."""
    names = page.t.names["step"]
    shipped = [part["shipped_at"] for part in order["parts"]]
    delivered = [part["delivered_at"] for part in order["parts"]]
    if order["status"] == "CANCELLED":
        reached = [("placed", order["placed_at"]), ("paid", order["paid_at"]), ("cancelled", order["cancelled_at"])]
        reached = [(name, at) for name, at in reached if at]
    else:
        reached = [
            ("placed", order["placed_at"]),
            ("paid", order["paid_at"]),
            ("shipped", max(shipped) if all(shipped) else None),
            ("delivered", max(delivered) if all(delivered) else None),
        ]
    steps, is_next = [], True
    for name, at in reached:
        state = "is-done" if at else "is-now" if is_next else "is-ahead"
        is_next = bool(at)
        steps.append(Step(names[name], page.short_time(at) if at else "", state))
    return steps


def line_url(order_id: str, part: dict[str, Any], line: dict[str, Any], what: str) -> str:
    """Where a line that arrived is claimed or reviewed; empty before."""
    return f"/orders/{order_id}/lines/{line['line_id']}/{what}" if part["fulfilment"] == "DELIVERED" else ""


def part_view(order_id: str, part: dict[str, Any], suppliers: Mapping[str, str], page: Page) -> OrderPart:
    """One supplier's part with its lines."""
    state = part["fulfilment"]
    return OrderPart(
        supplier_order_id=part["supplier_order_id"],
        name=suppliers.get(part["supplier_id"], part["supplier_name"]),
        status=page.t.names["order_status"].get(state, state),
        badge=BADGES.get(state, ""),
        lines=[
            OrderLine(
                product_id=line["product_id"],
                title=in_language(line, "product_title", page.language),
                specification=in_language(line, "specification", page.language),
                picture=picture_url(line.get("picture")),
                quantity=line["quantity"],
                unit_price=money(line["unit_price_fen"]),
                amount=price(line["payable_fen"]),
                claim_url=line_url(order_id, part, line, "claim"),
                review_url=line_url(order_id, part, line, "review"),
                return_url=line_url(order_id, part, line, "return"),
                exchange_url=line_url(order_id, part, line, "exchange"),
                reasons=reasons_of(line, page),
            )
            for line in part["lines"]
        ],
        amount=price(part["payable_fen"]),
    )


def history_of(order: dict[str, Any], suppliers: Mapping[str, str], page: Page) -> list[HistoryLine]:
    """What happened, the latest first, naming the supplier where it concerns one part only."""
    names = {
        part["supplier_order_id"]: suppliers.get(part["supplier_id"], part["supplier_name"]) for part in order["parts"]
    }
    lines = []
    for change in reversed(order["history"]):
        text = page.t.names["change"].get(change["change"], change["change"])
        supplier = names.get(change.get("supplier_order_id") or "")
        reason = change.get("reason") or ""
        reason = page.t.names["cancel_reason"].get(reason, reason)
        details = [each for each in (supplier, reason) if each]
        at = change["changed_at"]
        lines.append(HistoryLine(at, page.time(at), " · ".join([text, *details])))
    return lines


def cancel_note(order: dict[str, Any], page: Page) -> str:
    """What cancelling means for the money: all of it goes back, or of an unpaid balance the deposit as was agreed."""
    if order["status"] == "PAID":
        return str(page.t.order.cancel_paid)
    if order.get("deposit_fen"):
        return str(page.t.presales.cancel_returns if order["returns_deposit"] else page.t.presales.cancel_keeps)
    return str(page.t.order.cancel_unpaid)


def is_of_formed_group(order: dict[str, Any]) -> bool:
    """Whether the order is paid and its group is told to be formed: a buyer cannot leave it any more."""
    fulfilments = {part["fulfilment"] for part in order["parts"]}
    return order["mode"] == "GROUP_BUY" and order["status"] == "PAID" and "AWAITING_GROUP" not in fulfilments


def _gift_of(order: dict[str, Any], page: Page) -> dict[str, str]:
    """A word to the recipient of a donation, their thanks, and the way to the receipt; empty for any other order."""
    gift = order.get("donation")
    if not gift:
        return {}
    has_arrived = order["status"] == "COMPLETED"
    return {
        "message": gift["message"],
        "thanks": gift["thanks"],
        "thanked": page.day(gift["thanked_at"]) if gift["thanked_at"] else "",
        "receipt_url": f"/account/donations/{order['order_id']}/receipt" if has_arrived else "",
    }


def order_view(order: dict[str, Any], place: str, suppliers: Mapping[str, str], page: Page) -> OrderView:
    """The order as orders tells it; `place` is the county of the address in words, `suppliers` names in English."""
    address, status = order["address"], order["status"]
    has_left = any(part["fulfilment"] in {"PARTLY_SHIPPED", "SHIPPED", "DELIVERED", "LOST"} for part in order["parts"])
    return OrderView(
        order_id=order["order_id"],
        number=order["order_number"],
        steps=steps_of(order, page),
        parts=[part_view(order["order_id"], part, suppliers, page) for part in order["parts"]],
        history=history_of(order, suppliers, page),
        goods=price(order["goods_fen"]),
        discounts=discounts_of(order, page),
        delivery=price_or(order["delivery_fen"], page.t.cart.free),
        payable=price(order["payable_fen"]),
        sum_name=page.t.order.paid_sum if order.get("paid_at") else page.t.cart.sum,
        deposit=price_or(order.get("deposit_fen", 0), ""),
        balance=price(order["payable_fen"] - order.get("deposit_fen", 0)),
        recipient=address["recipient"],
        phone=address["phone"],
        place=place,
        detail=address["detail"],
        note=order.get("note") or "",
        pickup=address.get("pickup_point_name") or "",
        gift=_gift_of(order, page),
        invoice=[title_line(order["invoice"], page), order["invoice"]["email"]] if order.get("invoice") else [],
        can_invoice=status != "CANCELLED" and not has_left,
        can_pay=status == "PENDING_PAYMENT",
        can_track=status in {"PAID", "COMPLETED"},
        can_cancel=status in {"PENDING_PAYMENT", "PAID"} and not has_left and not is_of_formed_group(order),
        cancel_note=cancel_note(order, page),
    )
