"""Presales and bookings as pages show them."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import day_text, money, price
from gateway.pages.shell import Page

OFFER_STATUSES: Final = ("DRAFT", "BOOKING", "CLOSED", "ALLOCATED", "COMPLETED", "CANCELLED")
PUBLIC_STATUSES: Final = ("BOOKING", "CLOSED", "ALLOCATED", "COMPLETED")
BOOKING_STATUSES: Final = ("PENDING_DEPOSIT", "BOOKED", "BALANCE_DUE", "PAID", "LAPSED", "REFUNDED", "CANCELLED")
_TONES: Final = {
    "BOOKING": "leaf",
    "CLOSED": "",
    "ALLOCATED": "urgent",
    "PENDING_DEPOSIT": "urgent",
    "BOOKED": "leaf",
    "BALANCE_DUE": "urgent",
    "PAID": "leaf",
    "LAPSED": "clay",
}


def percent(basis_points: int) -> str:
    """1050 is "10.5"."""
    return f"{basis_points / 100:g}"


def offer_row(offer: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """An offer in words: what it costs now and later, when it may be booked, what happens if."""
    t = page.t.presales
    return {
        **offer,
        "url": f"/presales/{offer['offer_id']}",
        "work_url": f"/work/presales/{offer['offer_id']}",
        "title": in_language(offer, "product_title", page.language),
        "pack": in_language(offer, "specification", page.language),
        "thumb": picture_url(offer["picture"]),
        "status_name": page.t.names["presale_status"][offer["status"]],
        "tone": _TONES.get(offer["status"], ""),
        "price": price(offer["price_fen"]),
        "deposit": t.deposit_share(share=percent(offer["deposit_bp"]), each=money(_deposit_fen(offer))),
        "closes": page.time(offer["closes_at"]),
        "opens": page.time(offer["opens_at"]),
        "harvest": t.days(
            first=day_text(offer["harvest_from"], page.language), last=day_text(offer["harvest_until"], page.language)
        ),
        "left_count": offer["planned_count"] - offer["booked_count"],
        "unpaid_rule": page.t.names["presale_unpaid"][offer["if_unpaid"]],
        "shortfall_rule": page.t.names["presale_shortfall"][offer["shortfall_rule"]],
        "balance_due": page.time(offer["balance_due_at"]) if offer["balance_due_at"] else "",
    }


def _deposit_fen(offer: Mapping[str, Any]) -> int:
    return max(1, int(offer["price_fen"]) * int(offer["deposit_bp"]) // 10_000)


def booking_row(booking: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """A booking in words, with the next step where there is one."""
    t, status = page.t.presales, booking["status"]
    url = f"/account/presales/{booking['booking_id']}"
    return {
        **booking,
        "url": url,
        "title": in_language(booking, "product_title", page.language),
        "pack": in_language(booking, "specification", page.language),
        "thumb": picture_url(booking["picture"]),
        "status_name": page.t.names["booking_status"][status],
        "tone": _TONES.get(status, ""),
        "amount": money(booking["amount_fen"]),
        "deposit": money(booking["deposit_fen"]),
        "returned": money(booking["returned_fen"]) if booking["returned_fen"] else "",
        "balance": money(booking["balance_fen"]) if booking["balance_fen"] else "",
        "booked": page.time(booking["booked_at"]),
        "deposit_due": page.time(booking["deposit_due_at"]),
        "balance_due": page.time(booking["balance_due_at"]) if booking["balance_due_at"] else "",
        "harvest": t.days(
            first=day_text(booking["harvest_from"], page.language),
            last=day_text(booking["harvest_until"], page.language),
        ),
        "pieces": t.of_booked(got=booking["allocated_count"], booked=booking["quantity"])
        if booking["allocated_count"]
        else t.pieces(n=booking["quantity"]),
        "pay_url": {"PENDING_DEPOSIT": f"{url}/pay", "BALANCE_DUE": f"/orders/{booking['booking_id']}/pay"}.get(status),
        "order_url": f"/orders/{booking['booking_id']}" if booking["balance_due_at"] else "",
        "can_cancel": status == "PENDING_DEPOSIT" or (status == "BOOKED" and booking["offer_status"] == "BOOKING"),
        "unpaid_rule": t.deposit_returns if booking["returns_deposit"] else t.deposit_stays,
        "end_reason_name": page.t.names["booking_end"].get(booking["end_reason"], booking["end_reason"]),
    }
