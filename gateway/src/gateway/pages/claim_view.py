"""A claim as its pages print it, for its buyer, its supplier and operators."""

from collections.abc import Collection
from typing import Any, Final

from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import money, weight
from gateway.pages.listing import Listing
from gateway.pages.parts import TrailEntry, Verb
from gateway.pages.shell import Page
from shared.errors import Invalid

TONES: Final = {
    "SUPPLIER_REVIEW": "urgent",
    "APPROVED": "leaf",
    "REFUSED": "clay",
    "APPEALED": "urgent",
    "REJECTED": "clay",
    "REFUNDED": "leaf",
    "WITHDRAWN": "",
}
_VERB_TONES: Final = {
    "approve": "main",
    "uphold": "main",
    "accept": "main",
    "send": "main",
    "refuse": "danger",
    "reject": "danger",
}


def claim_row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A claim in a list."""
    names = page.t.names
    granted = item["granted_fen"]
    extent = page.t.after_sales.pieces(n=item["piece_count"])
    if item["weight_g"] is not None:
        extent = weight(item["weight_g"], page.language)
    return item | {
        "title": in_language(item, "product_title", page.language),
        "thumb": picture_url(item["picture"]),
        "problem_name": names["claim_problem"].get(item["problem"], item["problem"]),
        "status_name": names["claim_status"].get(item["status"], item["status"]),
        "tone": TONES.get(item["status"], ""),
        "extent": extent,
        "wanted": money(item["wanted_fen"]),
        "granted": "" if granted is None else money(granted),
        "amount": money(item["wanted_fen"] if granted is None else granted),
        "opened": page.time(item["opened_at"]),
        "due": page.time(item["due_at"]) if item["due_at"] else "",
    }


def claim_facts(item: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """What is known of it."""
    t, row = page.t.after_sales, claim_row(item, page)
    facts = [
        (t.order_number, item["order_number"]),
        (t.problem, row["problem_name"]),
        (t.extent, row["extent"]),
        (t.wanted, row["wanted"]),
        (t.granted, row["granted"]),
        (t.delivered, page.time(item["delivered_at"])),
        (t.opened, row["opened"]),
        (t.due, row["due"]),
        (t.description, item["description"]),
    ]
    if item["approved_by_rule"]:
        facts.append((t.by_rule, page.t.names["claim_rule"][item["approved_by_rule"]]))
    if item["granted_fen"] is not None:
        facts += [(t.supplier_share, money(item["supplier_fen"])), (t.carrier_share, money(item["carrier_fen"]))]
    return facts


def money_line(refund: dict[str, Any] | None, page: Page) -> str:
    """Where the money is, in a sentence."""
    if refund is None:
        return ""
    told = page.t.names["refund_state"].get(refund["status"], refund["status"])
    at = refund["succeeded_at"] or refund["requested_at"]
    return f"{told} · {page.time(at)}"


def trail_rows(entries: list[dict[str, Any]], page: Page, statuses: str, verbs: str) -> list[TrailEntry]:
    """What was done, the latest first."""
    names = page.t.names
    rules = names["claim_rule"]
    return [
        TrailEntry(
            at=page.time(each["done_at"]),
            who=names["after_sales_side"].get(each["actor"], each["actor"]),
            what=names[verbs].get(each["verb"], each["verb"]),
            before=names[statuses].get(each["from_status"] or "", ""),
            after=names[statuses].get(each["to_status"], each["to_status"]),
            reason=rules.get(each["reason"], each["reason"]) if each["actor"] == "rule" else each["reason"],
        )
        for each in reversed(entries)
    ]


def excursion_rows(found: list[dict[str, Any]], page: Page) -> list[dict[str, str]]:
    """The parcel's temperature record, as logistics told it."""
    names = page.t.names
    return [
        {
            "kind": names["excursion_kind_told"][each["kind"]],
            "severity": names["excursion_severity_told"][each["severity"]],
            "started": page.time(each["started_at"]),
            "ended": page.time(each["ended_at"]) if each["ended_at"] else page.t.after_sales.still_open,
            "extreme": "" if each["extreme_c"] is None else f"{each['extreme_c']:.1f} °C",
        }
        for each in found
    ]


def verbs_of(item: dict[str, Any], page: Page, names: str = "claim_action") -> list[Verb]:
    """Buttons for what may be done now."""
    return [Verb(each, page.t.names[names][each], _VERB_TONES.get(each, "")) for each in item["verbs"]]


def due_sort(listing: Listing) -> str:
    """The order of a desk's list as orders knows it."""
    return "due" if listing.sort.removeprefix("-") == "due" else "-opened"


def ensure_verb(verb: str, verbs: Collection[str]) -> None:
    """422 `verb-unknown` for a button that no page has."""
    if verb not in verbs:
        raise Invalid("There is no such step.", code="verb-unknown", field="verb")
