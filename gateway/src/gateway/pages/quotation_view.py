"""Quotations, bids and comparison sheets as pages show them."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.account import Choice
from gateway.pages.bidding_view import span
from gateway.pages.figures import money
from gateway.pages.list_pages import Badge, Cell
from gateway.pages.parts import Head
from gateway.pages.shell import Page

_PATH: Final = "/work/quotations"
STATUSES: Final = ("DRAFT", "OPEN", "OPENED", "AWARDED", "CANCELLED")
_TONES: Final = {"OPEN": "leaf", "OPENED": "urgent", "AWARDED": "key", "CANCELLED": "clay"}
_BID_TONES: Final = {"SEALED": "leaf", "WON": "key", "PARTLY_WON": "key", "LOST": "clay", "WITHDRAWN": ""}
VERBS: Final = {"DRAFT": ("publish", "cancel"), "OPEN": ("open", "cancel"), "OPENED": ("cancel",)}


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


def quotation_facts(
    found: Mapping[str, Any], page: Page, places: Mapping[str, str], people: Mapping[str, str] | None = None
) -> list[tuple[str, Any]]:
    """What was asked, and what came of it: by whom and when it was opened and awarded, for those who are told."""
    t = page.t.bidding
    pairs: list[tuple[str, Any]] = [
        (t.status, page.t.names["quotation_status"][found["status"]]),
        (t.unit, found["unit_name"]),
        (t.closes, page.time(found["closes_at"])),
        (t.delivery, span(found, page)),
        (t.place, f"{places.get(found['county_code'], found['county_code'])} {found['detail']}"),
    ]
    if "fund" in found:
        pairs += [
            (t.fund, page.t.names["bidding_fund"][found["fund"]]),
            (t.recipient, f"{found['recipient']} {found['phone']}"),
        ]
    pairs.append((t.note, found["note"]))
    for label, instant, person_id in (
        (t.opened, found["opened_at"], found.get("opened_by")),
        (t.awarded_at, found.get("awarded_at"), found.get("awarded_by")),
    ):
        if instant:
            pairs.append((label, f"{page.time(instant)} {(people or {}).get(person_id or '', '')}".strip()))
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


def codes_of_offers(sheet: Mapping[str, Any]) -> set[str]:
    """The divisions from which the offered goods come."""
    return {each["origin_county_code"] for each in sheet["offers"]} - {""}


def sheet_table(sheet: Mapping[str, Any], page: Page, places: Mapping[str, str]) -> dict[str, Any]:
    """The comparison: a column for each bid, a row for each line, the totals below."""
    t = page.t.bidding
    offers = {(each["line_id"], each["bid_id"]): each for each in sheet["offers"]}
    heads = [Head(t.line)] + [Head(each["supplier_name"], is_number=True) for each in sheet["bids"]]
    lines = [
        {
            "name": f"{line['line_number']}. {line['description']}",
            "wanted": f"{line['quantity']} {line['unit']}",
            "named": line["goods"] if line["goods"] != line["description"] else "",
            "cells": [_cell(offers.get((line["line_id"], bid["bid_id"])), page, places) for bid in sheet["bids"]],
        }
        for line in sheet["lines"]
    ]
    totals = [
        {
            "amount": money(bid["total_fen"]),
            "above": percent_above(bid["above_bp"]),
            "is_cheapest": bid["is_cheapest"],
            "is_whole": bid["is_whole"],
            "promised": page.day(bid["promised_on"]),
            "is_in_time": bid["is_in_time"],
            "warranty": t.days(count=bid["warranty_days"]) if bid["warranty_days"] is not None else "",
            "submitted": page.time(bid["submitted_at"]),
            "files": [
                file_row(each, page, f"{_PATH}/{sheet['quotation_id']}/bids/{bid['bid_id']}/files/{each['file_id']}")
                for each in bid["files"]
            ],
            "note": bid["note"],
            "status": page.t.names["quotation_bid_status"][bid["status"]],
            "tone": _BID_TONES.get(bid["status"], ""),
        }
        for bid in sheet["bids"]
    ]
    return {"heads": heads, "lines": lines, "totals": totals}


def file_row(file: Mapping[str, Any], page: Page, url: str) -> dict[str, Any]:
    """An attachment as a link, with what it is and how large."""
    size = f"{max(1, round(file['size_bytes'] / 1024)):,} KB"
    return {**file, "url": url, "kind_name": page.t.names["bid_file"][file["kind"]], "size": size}


def _cell(offer: Mapping[str, Any] | None, page: Page, places: Mapping[str, str]) -> dict[str, Any] | None:
    if offer is None:
        return None
    each = page.t.bidding.pieces_at(count=offer["piece_count"], price=money(offer["unit_price_fen"]))
    return {
        "amount": money(offer["amount_fen"]),
        "goods": f"{offer['product_title']} {offer['specification']}",
        "each": each,
        "origin": places.get(offer["origin_county_code"], offer["origin_county_code"]),
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
