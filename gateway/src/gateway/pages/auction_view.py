"""Auctions and their bids as pages show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gateway.pages.bidding_view import span
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell
from gateway.pages.parts import Head
from gateway.pages.shell import Page
from shared.clock import SHANGHAI

STATUSES: Final = ("DRAFT", "PUBLISHED", "ENDED", "FAILED", "AWARDED", "CANCELLED")
_TONES: Final = {"RUNNING": "leaf", "OVER": "urgent", "ENDED": "urgent", "AWARDED": "key", "FAILED": "clay"}
VERBS: Final = {"DRAFT": ("publish", "cancel"), "PUBLISHED": ("cancel",), "ENDED": ("award", "cancel")}


def clock(value: str) -> str:
    """An instant to the second: an auction is decided by seconds."""
    return datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def list_row(found: Mapping[str, Any], page: Page, *, sells: bool) -> dict[str, Any]:
    """An auction in a list, with what concerns a supplier or its organiser."""
    t = page.t.bidding
    badges = [Badge(page.t.names["auction_phase"][found["phase"]], _TONES.get(found["phase"], ""))]
    if sells:
        badges += [Badge(t.entered, "leaf")] if found["entry_number"] else []
        badges += [Badge(t.you_lead, "key")] if found["is_leading"] else []
    elif found["is_late"]:
        badges.append(Badge(t.late, "clay"))
    return {
        **found,
        "state": Cell(badges=badges),
        "start": money(found["start_fen"]),
        "lowest": money(found["lowest_fen"]) if found["lowest_fen"] is not None else "",
        "ends": page.time(found["ends_at"]),
    }


def auction_facts(found: Mapping[str, Any], page: Page, places: Mapping[str, str]) -> list[tuple[str, Any]]:
    """The lot's terms, and what came of it."""
    t = page.t.bidding
    pairs: list[tuple[str, Any]] = [
        (t.status, page.t.names["auction_status"][found["status"]]),
        (t.unit, found["unit_name"]),
        (t.start_price, money(found["start_fen"])),
        (t.step, money(found["step_fen"])),
        (t.starts, clock(found["starts_at"])),
        (t.ends, clock(found["ends_at"])),
        (t.extension, f"{found['extension_minutes']} {t.minutes} × {found['most_extensions']}"),
        (t.fund, page.t.names["bidding_fund"][found["fund"]]),
        (t.delivery, span(found, page)),
        (t.place, f"{places.get(found['county_code'], found['county_code'])} {found['detail']}"),
    ]
    for label, value in (
        (t.recipient, f"{found['recipient']} {found['phone']}".strip()),
        (t.note, found["note"]),
        (t.award_reason, found["award_reason"]),
        (t.cancel_reason, found["cancel_reason"]),
    ):
        if value:
            pairs.append((label, value))
    return pairs


def leading_columns(page: Page) -> list[Head]:
    """Heads of what the lowest bid brings."""
    t = page.t.bidding
    return [
        Head(t.line),
        Head(t.goods),
        Head(t.pieces, is_number=True),
        Head(t.price_each, is_number=True),
        Head(t.total, is_number=True),
    ]


def leading_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the lowest bid brings, line by line, at the price that the purchase will have."""
    lines = {each["line_id"]: each for each in found["lines"]}
    return [
        {
            "line": "{line_number}. {description}".format_map(lines[each["line_id"]]),
            "goods": f"{each['product_title']} {each['specification']}",
            "pieces": each["piece_count"],
            "price": money(each["agreed_price_fen"]) if each["agreed_price_fen"] is not None else "—",
            "sum": money(each["agreed_price_fen"] * each["piece_count"])
            if each["agreed_price_fen"] is not None
            else "—",
        }
        for each in sorted(found["leading_offers"], key=lambda each: lines[each["line_id"]]["line_number"])
    ]


def bid_row(bid: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """One bid: a number until the end, then a name."""
    number = f"#{bid['entry_number']}"
    return {
        **bid,
        "bidder": f"{number} {bid['supplier_name']}" if bid["supplier_name"] else number,
        "amount": money(bid["amount_fen"]),
        "at": clock(bid["placed_at"]),
        "own": page.t.bidding.own_price if bid["is_own"] else "",
    }


def live_of(live: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """How it stands."""
    t = page.t.bidding
    facts: list[tuple[str, Any]] = [
        (t.now_is, clock(live["seen_at"])),
        (t.ends, clock(live["ends_at"])),
        (t.lowest, money(live["lowest_fen"]) if live["lowest_fen"] is not None else ""),
        (t.next_at_most, money(live["most_fen"])),
        (t.bid_count, live["bid_count"]),
        (t.bidders, live["entry_count"]),
    ]
    if live["entry_number"] is not None:
        facts += [
            (t.own_number, f"#{live['entry_number']}"),
            (t.own_price, money(live["own_fen"]) if live["own_fen"] is not None else ""),
            (t.own_rank, live["own_rank"] or ""),
        ]
    return {
        "phase": live["phase"],
        "phase_name": page.t.names["auction_phase"][live["phase"]],
        "tone": _TONES.get(live["phase"], ""),
        "is_on": live["phase"] in {"COMING", "RUNNING", "OVER"},
        "is_leading": bool(live["is_leading"]),
        "extended": t.extended_times(count=live["extension_count"]) if live["extension_count"] else "",
        "facts": facts,
        "bids": [bid_row(each, page) for each in live["bids"]],
    }
