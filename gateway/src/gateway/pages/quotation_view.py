"""Quotations, bids and comparison sheets as pages show them."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell
from gateway.pages.parts import Head, TrailEntry, Verb
from gateway.pages.shell import Page

STATUSES: Final = ("DRAFT", "OPEN", "OPENED", "AWARDED", "CANCELLED")
_TONES: Final = {"OPEN": "leaf", "OPENED": "urgent", "AWARDED": "key", "CANCELLED": "clay"}
_BID_TONES: Final = {"SEALED": "leaf", "WON": "key", "PARTLY_WON": "key", "LOST": "clay", "WITHDRAWN": ""}
_VERBS: Final = {"DRAFT": ("publish", "cancel"), "OPEN": ("open", "cancel"), "OPENED": ("cancel",)}


def list_row(found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """A quotation in a list."""
    bid_status = found.get("bid_status") or ""
    return {
        **found,
        "state": Cell(badges=_badges(found, page)),
        "closes": page.time(found["closes_at"]),
        "delivery": span(found, page),
        "bids_known": page.t.bidding.sealed if found["bid_count"] is None else found["bid_count"],
        "awarded": money(found["awarded_fen"]) if found["awarded_fen"] is not None else "",
        "bid": Cell(
            badges=[
                Badge(
                    page.t.names["quotation_bid_status"][bid_status] if bid_status else page.t.bidding.no_bid,
                    _BID_TONES.get(bid_status, ""),
                )
            ]
        ),
    }


def _badges(found: Mapping[str, Any], page: Page) -> list[Badge]:
    """Its status, and what waits for somebody."""
    t = page.t.bidding
    badges = [Badge(page.t.names["quotation_status"][found["status"]], _TONES.get(found["status"], ""))]
    if found.get("is_late"):
        badges.append(Badge(t.late, "clay"))
    if found.get("open_question_count") and found["status"] == "OPEN":
        badges.append(Badge(t.questions_open(count=found["open_question_count"]), "urgent"))
    return badges


def span(found: Mapping[str, Any], page: Page) -> str:
    """From when until when the goods come."""
    return f"{page.time(found['deliver_from'])} – {page.time(found['deliver_until'])}"


def quotation_facts(found: Mapping[str, Any], page: Page) -> list[tuple[str, Any]]:
    """What was asked, and what came of it."""
    t = page.t.bidding
    pairs: list[tuple[str, Any]] = [
        (t.status, page.t.names["quotation_status"][found["status"]]),
        (t.unit, found["unit_name"]),
        (t.closes, page.time(found["closes_at"])),
        (t.delivery, span(found, page)),
        (t.place, f"{found['county_code']} {found['detail']}"),
    ]
    if "fund" in found:
        pairs += [
            (t.fund, page.t.names["bidding_fund"][found["fund"]]),
            (t.recipient, f"{found['recipient']} {found['phone']}"),
        ]
    pairs.append((t.note, found["note"]))
    for label, value in (
        (t.extended, t.once if found["extension_count"] else ""),
        (t.few_bids, found.get("few_bids_reason")),
        (t.award_reason, found.get("award_reason")),
        (t.cancel_reason, found["cancel_reason"]),
    ):
        if value:
            pairs.append((label, value))
    return pairs


def percent_above(above_bp: int | None) -> str:
    """345 is "+3.45 %"; nothing for the cheapest."""
    return f"+{above_bp / 100:.2f} %" if above_bp else ""


def sheet_table(sheet: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """The comparison: a column for each bid, a row for each line, the totals below."""
    t = page.t.bidding
    offers = {(each["line_id"], each["bid_id"]): each for each in sheet["offers"]}
    heads = [Head(t.line)] + [Head(each["supplier_name"], is_number=True) for each in sheet["bids"]]
    lines = [
        {
            "name": f"{line['line_number']}. {line['description']}",
            "wanted": f"{line['quantity']} {line['unit']}",
            "cells": [_cell(offers.get((line["line_id"], bid["bid_id"])), page) for bid in sheet["bids"]],
        }
        for line in sheet["lines"]
    ]
    totals = [
        {
            "amount": money(bid["total_fen"]),
            "above": percent_above(bid["above_bp"]),
            "is_cheapest": bid["is_cheapest"],
            "is_whole": bid["is_whole"],
            "promised": bid["promised_on"],
            "is_in_time": bid["is_in_time"],
            "note": bid["note"],
            "status": page.t.names["quotation_bid_status"][bid["status"]],
            "tone": _BID_TONES.get(bid["status"], ""),
        }
        for bid in sheet["bids"]
    ]
    return {"heads": heads, "lines": lines, "totals": totals}


def _cell(offer: Mapping[str, Any] | None, page: Page) -> dict[str, Any] | None:
    if offer is None:
        return None
    each = page.t.bidding.pieces_at(count=offer["piece_count"], price=money(offer["unit_price_fen"]))
    return {
        "amount": money(offer["amount_fen"]),
        "goods": f"{offer['product_title']} {offer['specification']}",
        "each": each,
        "above": percent_above(offer["above_bp"]),
        "is_cheapest": offer["is_cheapest"],
        "is_awarded": offer["is_awarded"],
        "is_origin_other": offer["is_origin_other"],
    }


def award_choices(sheet: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """To whom each line may go, the cheapest chosen; and who could have all."""
    t, names = page.t.bidding, {each["bid_id"]: each["supplier_name"] for each in sheet["bids"]}
    lines = []
    for line in sheet["lines"]:
        offers = sorted((each for each in sheet["offers"] if each["line_id"] == line["line_id"]), key=_amount)
        choices = [Choice(each["bid_id"], f"{names[each['bid_id']]} {money(each['amount_fen'])}") for each in offers]
        lines.append(
            {
                "name": f"line_{line['line_id']}",
                "label": f"{line['line_number']}. {line['description']}",
                "choices": choices,
                "chosen": offers[0]["bid_id"] if offers else "",
            }
        )
    whole = [
        Choice(each["bid_id"], t.all_to(name=each["supplier_name"], amount=money(each["total_fen"])))
        for each in sheet["bids"]
        if each["is_whole"]
    ]
    return {"lines": lines, "whole": whole}


def _amount(offer: Mapping[str, Any]) -> int:
    return int(offer["amount_fen"])


def verbs_of(found: Mapping[str, Any], page: Page) -> list[Verb]:
    """What its status allows. Whether the deadline is over, orders decides."""
    names = page.t.names["quotation_verb"]
    return [
        Verb(each, names[each], "danger" if each == "cancel" else "main") for each in _VERBS.get(found["status"], ())
    ]


def trail_of(trail: Mapping[str, Any], page: Page) -> list[TrailEntry]:
    """Who did what."""
    names = page.t.names
    return [
        TrailEntry(
            page.time(each["done_at"]),
            names["trail_actor"].get(each["actor"], each["actor"]),
            names["quotation_verb"].get(each["verb"], each["verb"]),
            reason=each["reason"],
        )
        for each in trail["items"]
    ]
