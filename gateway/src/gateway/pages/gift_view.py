"""What pages of holiday gifts show: rows, steps, packages, papers, and the verbs of a campaign's state."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.figures import money
from gateway.pages.parts import Step, TrailEntry, Verb
from gateway.pages.shell import Page

STATUSES: Final = (
    "DRAFT",
    "SUBMITTED",
    "PLAN_APPROVED",
    "QUOTING",
    "SUPPLIER_CHOSEN",
    "PUBLICITY",
    "ROSTER_LOCKED",
    "CLAIMING",
    "CLAIM_CLOSED",
    "FULFILLING",
    "ACCEPTED",
    "INVOICED",
    "PAID",
    "ARCHIVED",
    "CANCELLED",
)
TONES: Final = {
    **dict.fromkeys(STATUSES, "key"),
    "DRAFT": "",
    "SUBMITTED": "urgent",
    "CLAIMING": "urgent",
    "PAID": "leaf",
    "ARCHIVED": "leaf",
    "CANCELLED": "clay",
}
NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "DRAFT": ("submit", "cancel"),
    "SUBMITTED": ("withdraw", "cancel"),
    "PLAN_APPROVED": ("request-quotes", "choose", "cancel"),
    "QUOTING": ("choose", "cancel"),
    "SUPPLIER_CHOSEN": ("publish", "cancel"),
    "PUBLICITY": ("lock-roster", "cancel"),
    "ROSTER_LOCKED": ("cancel",),
    "CLAIMING": ("cancel",),
    "PAID": ("archive",),
}
PAPERS: Final = (
    "MINUTES",
    "GROUP",
    "QUOTE",
    "CHAIR",
    "COMPETITION",
    "CONTRACT",
    "SIGN_OFF",
    "ACCEPTANCE",
    "INVOICE",
    "PAYMENT",
    "OTHER",
)
_PACKAGES_OPEN: Final = frozenset({"DRAFT", "PLAN_APPROVED", "QUOTING"})
_ROSTER_SHOWN: Final = frozenset(STATUSES) - {"DRAFT", "SUBMITTED"}
_PUBLIC: Final = frozenset(STATUSES[STATUSES.index("PUBLICITY") : STATUSES.index("CANCELLED")])
_PAPERS_OPEN: Final = frozenset({"DRAFT", "SUBMITTED", "PLAN_APPROVED", "QUOTING"})


def row_of(item: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """A campaign in the list."""
    names = page.t.names
    return {
        **item,
        "holiday_text": holidays_text(item, page),
        "per_head": f"{item['per_head_fen'] / 100:,.2f}",
        "planned": f"{item['planned_count']:,}",
        "status_text": names["gift_status"][item["status"]],
        "tone": TONES[item["status"]],
        "public": f"{page.day(item['publicity_from_on'])} – {page.day(item['publicity_until_on'])}",
    }


def holidays_text(item: Mapping[str, Any], page: Page) -> str:
    """The holidays by their names."""
    names, mark = page.t.names["gift_holiday"], "、" if page.language == "zh" else ", "
    return mark.join(names.get(code, code) for code in item["holiday_codes"])


def steps_of(item: Mapping[str, Any], page: Page) -> list[Step]:
    """The way of this campaign, and where it stands."""
    names = page.t.names["gift_status"]
    if item["status"] == "CANCELLED":
        return [Step(names["CANCELLED"], "refused")]
    at = item["steps"].index(item["status"]) if item["status"] in item["steps"] else len(item["steps"])
    return [
        Step(names[each], "done" if number < at else "current" if number == at else "todo")
        for number, each in enumerate(item["steps"])
    ]


def _verbs(item: Mapping[str, Any], page: Page) -> list[Verb]:
    needs_quotes = "QUOTING" in item["steps"]
    left_out = {"choose" if needs_quotes else "request-quotes"} if item["status"] == "PLAN_APPROVED" else set()
    found = [verb for verb in NEXT.get(item["status"], ()) if verb not in left_out]
    names = page.t.names["gift_verb"]
    tones = {"cancel": "danger", "withdraw": ""}
    return [Verb(verb, names[verb], tones.get(verb, "main")) for verb in found]


def _package(package: Mapping[str, Any], item: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        **package,
        "price": money(package["price_fen"]),
        "assisted": f"{package['assisted_bp'] / 100:.2f} %",
        "is_default": package["package_id"] == item["default_package_id"],
        "goods": [
            {
                **line,
                "title": line["product_title_en"]
                if page.language == "en" and line["product_title_en"]
                else line["product_title"],
                "price": money(line["unit_price_fen"]),
            }
            for line in package["lines"]
        ],
    }


def _facts(item: Mapping[str, Any], page: Page) -> list[tuple[str, str]]:
    t, names = page.t.gifts, page.t.names
    claims = ""
    if item["claim_from_at"]:
        claims = f"{page.time(item['claim_from_at'])} – {page.time(item['claim_until_at'])}"
    address = item["lot_address"]
    return [
        (t.unit, item["unit_name"]),
        (t.holidays, f"{holidays_text(item, page)} · {item['year']}"),
        (t.per_head, money(item["per_head_fen"])),
        (t.planned, f"{item['planned_count']:,} {t.people}"),
        (t.budget, money(item["budget_fen"])),
        (t.mode, names["gift_mode"][item["mode"]]),
        (t.unclaimed, names["gift_unclaimed"][item["unclaimed_rule"]]),
        (t.cutoff, page.day(item["roster_cutoff_on"])),
        (t.publicity, f"{page.day(item['publicity_from_on'])} – {page.day(item['publicity_until_on'])}"),
        (t.claims, claims),
        (t.lot_address, f"{address['recipient']} {address['phone']} {address['detail']}" if address else ""),
        (t.tier, item["tier"]["method_en"] if page.language == "en" else item["tier"]["method"]),
        (t.tier_source, f"{item['tier']['source']} ({item['tier']['confidence']})"),
        (t.choice_reason, item["choice_reason"]),
    ]


def campaign_context(
    item: Mapping[str, Any], trail: list[dict[str, Any]], page: Page, *, is_union: bool
) -> dict[str, Any]:
    """What gift_one.html draws."""
    t, names = page.t.gifts, page.t.names
    status = item["status"]
    missing = [
        t.missing_paper(kind=names["gift_paper"][kind], count=count) for kind, count in item["tier"]["missing"].items()
    ]
    return {
        "item": item,
        "state": names["gift_status"][status],
        "steps": steps_of(item, page),
        "facts": _facts(item, page),
        "verbs": _verbs(item, page) if is_union else [],
        "warnings": [t.warnings[each] for each in item["warnings"]],
        "missing": missing if status in _PAPERS_OPEN else [],
        "packages": [_package(each, item, page) for each in item["packages"]],
        "chosen": sum(each["chosen_count"] for each in item["packages"]),
        "papers": [
            {
                **each,
                "kind_text": names["gift_paper"][each["kind"]],
                "amount": money(each["amount_fen"]) if each["amount_fen"] else "",
                "at": page.time(each["uploaded_at"]),
            }
            for each in item["documents"]
        ],
        "paper_kinds": [(each, names["gift_paper"][each]) for each in PAPERS],
        "is_union": is_union,
        "can_plan": is_union and status == "DRAFT",
        "can_pack": is_union and status in _PACKAGES_OPEN,
        "can_attach": is_union and status not in {"ARCHIVED", "CANCELLED"},
        "can_detach": is_union and status in _PAPERS_OPEN,
        "shows_roster": is_union and status in _ROSTER_SHOWN,
        "is_public": is_union and status in _PUBLIC,
        "shows_claims": status
        in {"CLAIMING", "CLAIM_CLOSED", "FULFILLING", "ACCEPTED", "INVOICED", "PAID", "ARCHIVED"},
        "trail": [
            TrailEntry(
                page.time(each["done_at"]),
                names["gift_actor"].get(each["actor"], each["actor"]),
                names["gift_verb"].get(each["verb"], each["verb"]),
                after=names["gift_status"].get(each["to_status"], "")
                if each["from_status"] != each["to_status"]
                else "",
                reason=each["reason"],
            )
            for each in reversed(trail)
        ],
    }
