"""A purchase as its page shows it: lines, sums, papers, steps, what may be done by whom."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.figures import money
from gateway.pages.parts import Head, Step, TrailEntry, Verb
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.visitor import Visitor
from shared.clock import business_day, utc_now
from shared.errors import Refusal

PATH: Final = "/work/purchases"
API: Final = "/v1/purchases"
STATUSES: Final = ("DRAFT", "SUBMITTED", "APPROVED", "ORDERED", "REFUSED", "WITHDRAWN", "VOIDED")
WAYS: Final = ("DIRECT", "QUOTATION", "AUCTION", "CALL_OFF", "CROP", "JOINT", "RESERVE", "ABSORPTION", "GIFT")
FUNDS: Final = ("CANTEEN", "UNION", "OTHER")
PAPERS: Final = ("MINUTES", "GROUP", "QUOTE", "CHAIR", "COMPETITION")
TONES: Final = {
    "DRAFT": "",
    "SUBMITTED": "urgent",
    "APPROVED": "leaf",
    "ORDERED": "key",
    "REFUSED": "clay",
    "WITHDRAWN": "",
    "VOIDED": "clay",
}
EDITED: Final = frozenset({"DRAFT", "SUBMITTED", "APPROVED", "WITHDRAWN", "VOIDED"})
VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "DRAFT": ("submit",),
    "WITHDRAWN": ("submit",),
    "VOIDED": ("submit",),
    "SUBMITTED": ("withdraw",),
    "APPROVED": ("order", "withdraw"),
    "ORDERED": (),
    "REFUSED": (),
}
_HANDLERS: Final = {
    "CANTEEN": frozenset({"admin", "buyer", "contractor"}),
    "UNION": frozenset({"admin", "buyer", "union"}),
    "OTHER": frozenset({"admin", "buyer"}),
}
_WAY: Final = ("DRAFT", "SUBMITTED", "APPROVED", "ORDERED")


def may_handle(visitor: Visitor, fund: str) -> bool:
    """Whether the visitor writes purchases of the fund; the service decides again."""
    return visitor.kind == "institution" and not visitor.roles.isdisjoint(_HANDLERS[fund])


def may_buy(visitor: Visitor) -> bool:
    """Whether the visitor may put goods into a purchase at all."""
    return any(may_handle(visitor, fund) for fund in FUNDS)


def usual_fund(visitor: Visitor) -> str:
    """The fund that a new purchase begins with."""
    return next((fund for fund in FUNDS if may_handle(visitor, fund)), "CANTEEN")


def funds_of(visitor: Visitor) -> list[str]:
    """The funds that the visitor handles."""
    return [fund for fund in FUNDS if may_handle(visitor, fund)]


def line_heads(page: Page) -> list[Head]:
    """The columns of a basket."""
    t = page.t.buying
    return [
        Head(t.product),
        Head(t.supplier),
        Head(t.unit_price, is_number=True),
        Head(t.quantity, is_number=True),
        Head(t.amount, is_number=True),
    ]


def line_rows(item: Mapping[str, Any], page: Page) -> list[dict[str, Any]]:
    """Its lines in the visitor's language, with their sums."""
    is_english = page.language == "en"
    return [
        each
        | {
            "name": (each["product_title_en"] if is_english else "") or each["product_title"],
            "pack": (each["specification_en"] if is_english else "") or each["specification"],
            "price": money(each["unit_price_fen"]),
            "amount": money(each["unit_price_fen"] * each["quantity"]),
        }
        for each in item["lines"]
    ]


def steps_of(item: Mapping[str, Any], page: Page) -> list[Step]:
    """Where it stands: written, asked for, approved, ordered; or where it ended."""
    names, status = page.t.names["purchase_status"], str(item["status"])
    if status in {"REFUSED", "WITHDRAWN", "VOIDED"}:
        return [Step(names["DRAFT"], "done"), Step(names["SUBMITTED"], "done"), Step(names[status], "refused")]
    at = _WAY.index(status)
    times = {"DRAFT": item["created_at"], "SUBMITTED": item["submitted_at"], "ORDERED": item["ordered_at"]}
    return [
        Step(
            names[each],
            "done" if number < at or status == "ORDERED" else "current" if number == at else "todo",
            page.short_time(times[each]) if number <= at and times.get(each) else "",
        )
        for number, each in enumerate(_WAY)
    ]


def facts_of(item: Mapping[str, Any], page: Page) -> list[tuple[str, str]]:
    """Fund, way, address, note."""
    t, names, address = page.t.buying, page.t.names, item["address"]
    place = "" if address is None else f"{address['recipient']} {address['phone']} · {address['detail']}"
    return [
        (t.fund, names["buying_fund"][item["fund"]]),
        (t.way, names["buying_way"][item["way"]]),
        (t.detail, place),
        (t.note, item["note"]),
    ]


def verbs_of(item: Mapping[str, Any], visitor: Visitor, page: Page) -> list[dict[str, Any]]:
    """What the visitor may do with it now, each with what it means."""
    if not may_handle(visitor, item["fund"]):
        return []
    t = page.t.buying
    texts = {"submit": submit_text(item, page), "withdraw": t.withdraw_text, "order": t.order_text}
    tones = {"submit": "main", "order": "main", "withdraw": "danger"}
    return [{"verb": Verb(verb, getattr(t, verb), tones[verb]), "text": texts[verb]} for verb in VERBS[item["status"]]]


def submit_text(item: Mapping[str, Any], page: Page) -> str:
    """What submitting sets apart, and what is left of the budget."""
    t, fund = page.t.buying, page.t.names["buying_fund"][item["fund"]]
    year = business_day(utc_now()).year
    if item["budget_left_fen"] is None:
        return str(t.submit_no_budget(fund=fund, year=year))
    left, total = money(item["budget_left_fen"]), money(item["total_fen"])
    return str(t.submit_text(fund=fund, year=year, sum=total, left=left))


def union_view(item: Mapping[str, Any], page: Page) -> dict[str, str] | None:
    """What the union's rule asks for at this sum."""
    tier = item["union_tier"]
    if tier is None:
        return None
    t = page.t.buying
    method = tier["method"] if page.language == "zh" else tier["method_en"]
    missing = papers_text(tier["missing"], page)
    return {
        "method": t.papers_text(method=method),
        "source": t.papers_source(source=tier["source"]),
        "missing": t.papers_missing(list=missing) if missing else "",
        "done": "" if missing else t.papers_done,
    }


def papers_text(counts: Mapping[str, int], page: Page) -> str:
    """Kinds of papers with their numbers, in a sentence."""
    names, t = page.t.names["purchase_paper"], page.t.buying
    told = [str(t.paper_piece(name=names[kind], count=count)) for kind, count in counts.items()]
    return ("、" if page.language == "zh" else ", ").join(told)


def trail_of(entries: list[dict[str, Any]], page: Page, *, verbs: str, statuses: str) -> list[TrailEntry]:
    """Who did what, the latest first."""
    names = page.t.names
    return [
        TrailEntry(
            page.time(each["done_at"]),
            names["buying_actor"].get(each["actor"], each["actor"]),
            names[verbs].get(each["verb"], each["verb"]),
            before=names[statuses].get(each["from_status"] or "", ""),
            after=names[statuses].get(each["to_status"], ""),
            reason=each["reason"],
        )
        for each in reversed(entries)
    ]


def told_details(refusal: Refusal | None, page: Page) -> list[str]:
    """What a refusal names besides its sentence: other prices, shortages, missing papers."""
    if refusal is None:
        return []
    t = page.t.buying
    told = []
    for each in refusal.extra.get("differences", []):
        if each["kind"] == "delivery":
            told.append(str(t.difference_delivery(before=money(each["seen_fen"]), after=money(each["fen"]))))
        else:
            before, after = money(each["seen_price_fen"] or 0), money(each["unit_price_fen"])
            told.append(str(t.difference_price(name=each["product_title"], before=before, after=after)))
    told += [
        str(t.shortage(name=each.get("product_title", ""), wanted=each["wanted"], available=each["available"]))
        for each in refusal.extra.get("shortages", [])
    ]
    if missing := refusal.extra.get("missing"):
        told.append(str(t.papers_missing(list=papers_text(missing, page))))
    return told


def typed_from(item: Mapping[str, Any]) -> Typed:
    """The edit form as the purchase is."""
    address = item["address"] or {}
    return Typed(
        {
            "fund": item["fund"],
            "title": item["title"],
            "note": item["note"],
            "revision": str(item["revision"]),
            "recipient": address.get("recipient", ""),
            "phone": address.get("phone", ""),
            "county_code": address.get("county_code", ""),
            "detail": address.get("detail", ""),
        }
    )
