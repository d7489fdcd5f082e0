"""Crop orders, milestones and harvests as pages show them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.pages.figures import money
from gateway.pages.parts import Step, Verb
from gateway.pages.shell import Page
from gateway.visitor import Visitor

PATH: Final = "/work/crop-orders"
HARVESTS: Final = "/work/crop-harvests"
STATUSES: Final = (
    "DRAFT",
    "SUBMITTED",
    "OFFERED",
    "AGREED",
    "DEPOSIT_PAID",
    "GROWING",
    "HARVESTED",
    "DELIVERING",
    "COMPLETED",
    "REFUSED",
    "CANCELLED",
    "FAILED",
)
PLAIN: Final = frozenset({"submit", "agree", "take", "confirm-deposit"})
"""Steps that ask for no reason."""
_WAY: Final = ("SUBMITTED", "OFFERED", "AGREED", "DEPOSIT_PAID", "GROWING", "HARVESTED", "DELIVERING", "COMPLETED")
_OVER: Final = frozenset({"REFUSED", "CANCELLED", "FAILED"})
_TONES: Final = {
    "OFFERED": "key",
    "AGREED": "key",
    "SUBMITTED": "key",
    "DEPOSIT_PAID": "leaf",
    "GROWING": "leaf",
    "HARVESTED": "urgent",
    "DELIVERING": "leaf",
    "COMPLETED": "leaf",
    "REFUSED": "clay",
    "CANCELLED": "clay",
    "FAILED": "clay",
}
_DANGER: Final = frozenset({"cancel", "decline", "fail", "deny-deposit"})


def row_of(found: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """A crop order in a list."""
    names, t = page.t.names, page.t.crops
    return {
        "url": f"{PATH}/{found['crop_order_id']}",
        "number": found["crop_order_number"],
        "title": found["title"],
        "goods": f"{found['product_title']} {found['specification']}",
        "supplier": found["supplier_name"],
        "status": names["crop_status"][found["status"]],
        "tone": _TONES.get(found["status"], ""),
        "quantity": f"{found['quantity']:,}",
        "total": money(found["total_fen"]),
        "allocated": "—" if found["allocated_count"] is None else f"{found['allocated_count']:,}",
        "harvest": f"{page.day(found['harvest_from_on'])} – {page.day(found['harvest_until_on'])}",
        "owed_back": t.owed_back_sum(sum=money(open_fen)) if (open_fen := open_refund(found)) else "",
        "credited": money(found["credited_fen"]),
    }


def open_refund(found: Mapping[str, Any]) -> int:
    """What of the deposit is still owed back."""
    return int(found["owed_back_fen"]) - int(found["refunded_fen"])


def facts_of(found: Mapping[str, Any], page: Page) -> list[tuple[str, Any]]:
    """What both sides agreed on."""
    t, names = page.t.crops, page.t.names
    return [
        (t.number, found["crop_order_number"]),
        (t.unit, found["unit_name"]),
        (t.supplier, found["supplier_name"]),
        (t.goods, f"{found['product_title']} {found['specification']}"),
        (t.ordered, t.of_price(count=f"{found['quantity']:,}", price=money(found["unit_price_fen"]))),
        (t.total, money(found["total_fen"])),
        (t.fund, names["contract_fund"][found["fund"]]),
        (t.budget_year, found["budget_year"]),
        (t.season, t.season_of(year=found["season_year"], season=names["crop_season"][found["season"]])),
        (t.sowing_on, page.day(found["sowing_on"])),
        (t.harvest, f"{page.day(found['harvest_from_on'])} – {page.day(found['harvest_until_on'])}"),
        (t.least, f"{found['least_share_bp'] / 100:g} %" if found["least_share_bp"] else t.no_least),
        (t.deliver_to, f"{found['recipient']} {found['phone']} {found['address_detail']}"),
    ]


def money_of(found: Mapping[str, Any], page: Page) -> list[tuple[str, Any]]:
    """What became of the deposit."""
    t = page.t.crops
    rows = [
        (t.deposit, f"{money(found['deposit_fen'])} ({found['deposit_bp'] / 100:g} %)"),
        (t.code, found["payment_code"]),
        (t.deposit_due, page.day(found["deposit_due_on"]) if found["deposit_due_on"] else ""),
        (t.deposit_told, _day_and(found["deposit_told_on"], found["deposit_voucher"], page)),
        (t.deposit_paid, page.time(found["deposit_paid_at"]) if found["deposit_paid_at"] else ""),
    ]
    if found["allocated_count"] is not None:
        due_fen = found["allocated_count"] * found["unit_price_fen"]
        rows += [
            (t.allocated, t.of_ordered(count=f"{found['allocated_count']:,}", ordered=f"{found['quantity']:,}")),
            (t.share_costs, money(due_fen)),
        ]
    if found["credited_fen"]:
        rows.append((t.credited, money(found["credited_fen"])))
    if found["owed_back_fen"]:
        rows.append((t.owed_back, money(found["owed_back_fen"])))
    if found["refunded_fen"]:
        told = _day_and(found["refunded_on"], found["refund_voucher"], page)
        rows.append((t.refunded, f"{money(found['refunded_fen'])} · {told}"))
    return rows


def steps_of(found: Mapping[str, Any], page: Page) -> list[Step]:
    """Where it stands on its way."""
    names, status = page.t.names["crop_status"], found["status"]
    if status in _OVER or status == "DRAFT":
        return []
    place = _WAY.index(status)
    return [
        Step(names[each], "done" if number < place else "current" if number == place else "todo")
        for number, each in enumerate(_WAY)
    ]


def verbs_of(found: Mapping[str, Any], visitor: Visitor, page: Page) -> list[Verb]:
    """What this visitor may do with it now, beside paying and reporting."""
    status, is_told = found["status"], found["deposit_told_on"] is not None
    verbs: tuple[str, ...] = ()
    if visitor.kind == "supplier":
        verbs = {
            "OFFERED": ("agree", "decline"),
            "AGREED": ("confirm-deposit", "deny-deposit") if is_told else ("fail",),
            "DEPOSIT_PAID": ("fail",),
            "GROWING": ("fail",),
        }.get(status, ())
    elif visitor.kind == "institution" and handles(visitor):
        verbs = {
            "DRAFT": ("submit", "cancel"),
            "SUBMITTED": ("withdraw",),
            "OFFERED": ("withdraw",),
            "AGREED": () if is_told else ("cancel",),
            "HARVESTED": ("take", "cancel"),
        }.get(status, ())
    names = page.t.names["crop_verb"]
    return [Verb(each, names[each], "danger" if each in _DANGER else "main") for each in verbs]


def handles(visitor: Visitor) -> bool:
    """Whether the visitor is one of those who buy for the unit."""
    return any(visitor.has_role(role) for role in ("buyer", "union", "contractor"))


def milestones_of(found: Mapping[str, Any], page: Page) -> list[dict[str, Any]]:
    """Its milestones with what was reported."""
    t, names = page.t.crops, page.t.names["crop_milestone"]
    return [
        {
            "number": each["number"],
            "name": names[each["kind"]],
            "due": page.day(each["due_on"]),
            "reached": page.day(each["reached_on"]) if each["reached_on"] else "",
            "note": each["note"],
            "is_open": each["reached_on"] is None,
            "state": t.reached if each["reached_on"] else t.late if each["is_late"] else t.awaited,
            "tone": "leaf" if each["reached_on"] else "clay" if each["is_late"] else "",
        }
        for each in found["milestones"]
    ]


def told_trail(trail: Sequence[Mapping[str, Any]], page: Page) -> list[dict[str, Any]]:
    """Its trail with what stands for words in words."""
    names = page.t.names
    told = []
    for each in trail:
        first, _, rest = str(each["reason"]).partition(" ")
        kind = names["crop_milestone"].get(first, "") if each["verb"] in {"report", "miss"} else ""
        reason = f"{kind} {rest}" if kind else names["crop_reason"].get(each["reason"], each["reason"])
        told.append({**each, "reason": reason})
    return told


def shares_of(found: Sequence[Mapping[str, Any]], page: Page) -> list[dict[str, Any]]:
    """What each order would get, before it is written."""
    t = page.t.crops
    return [
        {
            "number": each["crop_order_number"],
            "unit": each["unit_name"],
            "quantity": f"{each['quantity']:,}",
            "allocated": f"{each['allocated_count']:,}",
            "amount": money(each["amount_fen"]),
            "credited": money(each["credited_fen"]),
            "returned": money(each["returned_fen"]),
            "note": t.waits_for_word if each["is_below_least"] and each["allocated_count"] else "",
        }
        for each in found
    ]


def _day_and(day: str | None, voucher: str, page: Page) -> str:
    return f"{page.day(day)} {voucher}".strip() if day else ""
