"""Goods that are sent again instead of money: which, until when, and where each verb leads."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from orders.line_refund.rules import Answer, SoldLine
from shared.errors import Conflict, Invalid
from shared.moves import status_after as moved

REQUESTED, APPROVED, REFUSED, SENT_BACK = "REQUESTED", "APPROVED", "REFUSED", "SENT_BACK"
SHIPPED, DELIVERED, CANCELLED = "SHIPPED", "DELIVERED", "CANCELLED"

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({REQUESTED}), APPROVED),
    "refuse": (frozenset({REQUESTED}), REFUSED),
    "refund": (frozenset({REQUESTED}), CANCELLED),
    "withdraw": (frozenset({REQUESTED, APPROVED}), CANCELLED),
    "send": (frozenset({APPROVED}), SENT_BACK),
    "expire": (frozenset({APPROVED}), CANCELLED),
    "ship": (frozenset({APPROVED, SENT_BACK, SHIPPED}), SHIPPED),
    "give_up": (frozenset({APPROVED, SENT_BACK, SHIPPED}), CANCELLED),
    "deliver": (frozenset({SHIPPED}), DELIVERED),
}
"""`refund` pays back what cannot be sent again. `ship`, `give_up` and `deliver` are logistics', `expire` is the
clock's. From APPROVED, `withdraw`, `send` and `expire` are for goods that have to come back, `ship` and `give_up` for
the rest. From SHIPPED, `give_up` is for what was lost on its way."""

WHO: dict[str, frozenset[str]] = {
    "approve": frozenset({"supplier", "operator"}),
    "refuse": frozenset({"supplier", "operator"}),
    "refund": frozenset({"supplier", "operator"}),
    "withdraw": frozenset({"buyer"}),
    "send": frozenset({"buyer"}),
}
"""The side whose verb it is; the platform's turn comes when the supplier's time is over."""

REISSUE = "reissue"
"""The problem of what the service desk sends again, which no buyer names."""
ANSWERS: dict[str, Answer] = {"approve": "granted", "refuse": "refused"}
"""What the buyer is told of a verb; what is paid back tells for itself."""
NEEDS_REASON = frozenset({"refuse"})
ENDED = frozenset({REFUSED, DELIVERED, CANCELLED})
_AWAITING_GOODS = frozenset({"withdraw", "send", "expire"})
_DECISIONS = frozenset({"approve", "refuse", "refund"})


@dataclass(frozen=True, slots=True)
class Said:
    """What goes with a verb: why; whether the goods must come back, where to, by whom they were sent."""

    reason: str = ""
    goods_back: bool = False
    send_to: str = ""
    carrier_name: str = ""
    waybill_number: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What left of a replacement: in which shipment, under which waybills, and of which lots what was named."""

    shipment_id: UUID
    reference: str
    quantities: Mapping[UUID, int]
    lots: Mapping[tuple[UUID, str], int]


@cache
def figures() -> dict[str, Any]:
    """The figures of exchange_rules.toml."""
    return tomllib.loads(files("orders.exchange").joinpath("exchange_rules.toml").read_text(encoding="utf-8"))


def is_legal(verb: str, status: str, *, goods_back: bool) -> bool:
    """Whether the verb leads on from here."""
    return status in MOVES[verb][0] and (status != APPROVED or goods_back == (verb in _AWAITING_GOODS))


def status_after(verb: str, status: str, *, goods_back: bool) -> str:
    """Where the verb leads; 409 `exchange-status`."""
    after = moved(MOVES, verb, status, noun="exchange")
    if not is_legal(verb, status, goods_back=goods_back):
        raise Conflict("It is not the time for this.", code="exchange-status", status_now=status)
    return after


def exchange_until(line: SoldLine) -> datetime | None:
    """The last instant for asking; None before the delivery."""
    if not line.is_delivered or line.delivered_at is None:
        return None
    for window in figures()["window"]:
        classes, categories = window["temperature_classes"], window["categories"]
        if line.temperature_class in classes or line.category in categories or not (classes or categories):
            return line.delivered_at + timedelta(hours=window["hours"])
    return line.delivered_at


def ensure_exchangeable(line: SoldLine, now: datetime) -> None:
    """409 `not-delivered`, `exchange-window-over`."""
    until = exchange_until(line)
    if until is None:
        raise Conflict("An exchange can be asked for once the goods have arrived.", code="not-delivered")
    if now >= until:
        raise Conflict(
            "The time for an exchange is over.", code="exchange-window-over", window_ended_at=until.isoformat()
        )


def ensure_reissuable(line: SoldLine) -> None:
    """409 `not-delivered`: what has not arrived may still arrive. The buyer's window binds no agent."""
    if not line.is_delivered:
        raise Conflict("Its part has not been delivered: it may still arrive.", code="not-delivered")


def delivery_goes_back() -> bool:
    """Whether the pieces' share of the delivery goes back with their money."""
    return bool(figures()["delivery"]["goes_back"])


def due_after(status: str, now: datetime, *, goods_back: bool) -> datetime | None:
    """Until when somebody must act on an exchange that came into this status now."""
    deadline = figures()["deadline"]
    if status == REQUESTED:
        return now + timedelta(hours=deadline["answer_hours"])
    if status == APPROVED and goods_back:
        return now + timedelta(days=deadline["send_back_days"])
    if status in {APPROVED, SENT_BACK}:
        return now + timedelta(days=deadline["ship_days"])
    return None


def ensure_turn(verb: str, side: str, due_at: datetime | None, now: datetime) -> None:
    """409 `exchange-too-early` for the platform while the supplier has its time, `exchange-too-late` for a supplier who
    refuses after it."""
    if due_at is None or verb not in _DECISIONS:
        return
    if side == "operator" and now < due_at:
        raise Conflict("The supplier still has time to answer.", code="exchange-too-early", due_at=due_at.isoformat())
    if side == "supplier" and verb == "refuse" and now >= due_at:
        raise Conflict("The time for this is over.", code="exchange-too-late", due_at=due_at.isoformat())


def came_back(status: str, *, goods_back: bool) -> bool:
    """Whether the first goods are back with their supplier, or on their way there."""
    return goods_back and status in {SENT_BACK, SHIPPED, DELIVERED}


def ensure_said(verb: str, *, reason: str, goods_back: bool, send_to: str, waybill_number: str) -> None:
    """422 `reason-missing`, `send-to-missing`, `waybill-missing`: what each verb cannot do without."""
    if verb in NEEDS_REASON and not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")
    if verb == "approve" and goods_back and not send_to:
        raise Invalid("Say where the goods are to be sent.", code="send-to-missing", field="send_to")
    if verb == "send" and not waybill_number:
        raise Invalid("Give the waybill number.", code="waybill-missing", field="waybill_number")


def verbs_for(status: str, side: str, due_at: datetime | None, now: datetime, *, goods_back: bool) -> list[str]:
    """What this side may do now."""
    found = []
    for verb, sides in WHO.items():
        if side not in sides or not is_legal(verb, status, goods_back=goods_back):
            continue
        try:
            ensure_turn(verb, side, due_at, now)
        except Conflict:
            continue
        found.append(verb)
    return found
