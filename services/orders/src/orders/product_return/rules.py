"""Goods that go back: which, until when, and where each verb leads."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from orders.line_refund.rules import Answer, SoldLine
from shared.errors import Conflict, Invalid
from shared.moves import status_after as moved

REQUESTED, APPROVED, REFUSED, SENT_BACK = "REQUESTED", "APPROVED", "REFUSED", "SENT_BACK"
RECEIVED, ACCEPTED, REJECTED, REFUNDED, WITHDRAWN = "RECEIVED", "ACCEPTED", "REJECTED", "REFUNDED", "WITHDRAWN"

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({REQUESTED}), APPROVED),
    "refuse": (frozenset({REQUESTED}), REFUSED),
    "withdraw": (frozenset({REQUESTED, APPROVED}), WITHDRAWN),
    "send": (frozenset({APPROVED}), SENT_BACK),
    "receive": (frozenset({SENT_BACK}), RECEIVED),
    "accept": (frozenset({RECEIVED}), ACCEPTED),
    "reject": (frozenset({RECEIVED}), REJECTED),
    "agree": (frozenset({REQUESTED}), APPROVED),
    "expire": (frozenset({APPROVED}), WITHDRAWN),
    "pass": (frozenset({SENT_BACK, RECEIVED}), ACCEPTED),
    "settle": (frozenset({ACCEPTED}), REFUNDED),
}
"""`receive` and `accept` are goods back and inspected. `agree`, `expire`, `pass` and `settle` are the clock's."""

ANSWERS: dict[str, Answer] = {
    "approve": "granted",
    "agree": "granted",
    "refuse": "refused",
    "reject": "rejected",
}
"""What the buyer is told of a verb; what is paid back tells for itself."""

WHO: dict[str, frozenset[str]] = {
    "approve": frozenset({"supplier", "operator"}),
    "refuse": frozenset({"supplier", "operator"}),
    "withdraw": frozenset({"buyer"}),
    "send": frozenset({"buyer"}),
    "receive": frozenset({"supplier", "operator"}),
    "accept": frozenset({"supplier", "operator"}),
    "reject": frozenset({"operator"}),
}
"""The side whose verb it is. What came back is rejected by the platform only, on the supplier's word and proof."""

BY_CLOCK = {REQUESTED: "agree", APPROVED: "expire", SENT_BACK: "pass", RECEIVED: "pass"}
NEEDS_REASON = frozenset({"refuse", "reject"})
ENDED = frozenset({REFUSED, REJECTED, WITHDRAWN})
"""The pieces are free again."""
CAME_BACK = frozenset({RECEIVED, ACCEPTED, REFUNDED})
"""The goods are with their supplier; what was rejected goes to its buyer again."""
CAUSES = ("no_reason", "faulty", "wrong")


@cache
def figures() -> dict[str, Any]:
    """The figures of return_rules.toml."""
    return tomllib.loads(files("orders.product_return").joinpath("return_rules.toml").read_text(encoding="utf-8"))


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `return-status`."""
    return moved(MOVES, verb, status, noun="return")


def return_until(line: SoldLine, cause: str) -> datetime | None:
    """The last instant for asking; None before the delivery."""
    if not line.is_delivered or line.delivered_at is None:
        return None
    days = figures()["no_reason" if cause == "no_reason" else "faulty"]["days"]
    return line.delivered_at + timedelta(days=days)


def ensure_returnable(line: SoldLine, cause: str, now: datetime) -> None:
    """409 `not-delivered`, `return-window-over`, `fresh-goods-stay`, `nothing-was-paid`."""
    until = return_until(line, cause)
    if until is None:
        raise Conflict("A return can be asked for once the goods have arrived.", code="not-delivered")
    if now >= until:
        raise Conflict("The time for a return is over.", code="return-window-over", window_ended_at=until.isoformat())
    rule = figures()["no_reason"]
    is_fresh = line.category in rule["excluded_categories"] or line.temperature_class in rule["excluded_classes"]
    if cause == "no_reason" and is_fresh:
        raise Conflict("Fresh goods are not taken back without a reason: open a claim.", code="fresh-goods-stay")
    if line.payable_fen == 0:
        raise Conflict("Nothing was paid for this line.", code="nothing-was-paid")


def delivery_goes_back(cause: str) -> bool:
    """Whether the pieces' share of the delivery goes back too."""
    return cause in figures()["delivery"]["causes"]


def due_after(status: str, now: datetime) -> datetime | None:
    """Until when somebody must act on a return that came into this status now."""
    deadline = figures()["deadline"]
    spans = {
        REQUESTED: timedelta(hours=deadline["answer_hours"]),
        APPROVED: timedelta(days=deadline["send_days"]),
        SENT_BACK: timedelta(days=deadline["receive_days"]),
        RECEIVED: timedelta(days=deadline["inspect_days"]),
    }
    return now + spans[status] if status in spans else None


def ensure_said(verb: str, *, reason: str, waybill_number: str) -> None:
    """422 `reason-missing`, `waybill-missing`: what each verb cannot do without."""
    if verb in NEEDS_REASON and not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    if verb == "send" and not waybill_number:
        raise Invalid("Give the waybill number.", code="waybill-missing", field="waybill_number")


def verbs_for(status: str, side: str) -> list[str]:
    """What this side may do now."""
    return [verb for verb, (before, _) in MOVES.items() if status in before and side in WHO.get(verb, ())]
