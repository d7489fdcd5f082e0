"""An order on account, from the supplier's word to the day on which it counts: which step leads where, and by when."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal
from uuid import UUID

from shared.clock import business_day, day_range
from shared.errors import Conflict
from shared.moves import Moves
from shared.moves import status_after as _status_after
from shared.workdays import working_days_after

Way = Literal["DIRECT", "QUOTATION", "AUCTION", "CALL_OFF", "CROP", "JOINT", "RESERVE", "ABSORPTION", "GIFT"]
Stage = Literal[
    "PENDING_CONFIRM",
    "CONFIRMED",
    "SHIPPED",
    "DELIVERED",
    "ACCEPTED",
    "INVOICE_CHECKED",
    "SETTLED",
    "COMPLETED",
    "CANCELLED",
    "REFUSED",
]
Verb = Literal[
    "confirm",
    "refuse",
    "lapse",
    "cancel",
    "ship",
    "deliver",
    "accept",
    "refuse_goods",
    "check_invoice",
    "settle",
    "unsettle",
    "complete",
    "void",
    "fall_away",
]
MODE_OF_WAY: Final[dict[Way, str]] = {
    "DIRECT": "INSTITUTIONAL",
    "QUOTATION": "INSTITUTIONAL",
    "AUCTION": "INSTITUTIONAL",
    "CALL_OFF": "TARGETED_LONG_TERM",
    "CROP": "ORDER_FARMING",
    "JOINT": "JOINT",
    "RESERVE": "RESERVE",
    "ABSORPTION": "EMERGENCY_ABSORB",
    "GIFT": "UNION_GIFT",
}
MOVES: Moves = {
    "confirm": (frozenset({"PENDING_CONFIRM"}), "CONFIRMED"),
    "refuse": (frozenset({"PENDING_CONFIRM"}), "REFUSED"),
    "lapse": (frozenset({"PENDING_CONFIRM"}), "CANCELLED"),
    "cancel": (frozenset({"PENDING_CONFIRM", "CONFIRMED"}), "CANCELLED"),
    "ship": (frozenset({"CONFIRMED"}), "SHIPPED"),
    "deliver": (frozenset({"SHIPPED"}), "DELIVERED"),
    "accept": (frozenset({"DELIVERED"}), "ACCEPTED"),
    "refuse_goods": (frozenset({"DELIVERED"}), "REFUSED"),
    "check_invoice": (frozenset({"ACCEPTED"}), "INVOICE_CHECKED"),
    "settle": (frozenset({"INVOICE_CHECKED"}), "SETTLED"),
    "unsettle": (frozenset({"SETTLED"}), "INVOICE_CHECKED"),
    "complete": (frozenset({"SETTLED"}), "COMPLETED"),
    "void": (frozenset({"DELIVERED", "ACCEPTED", "INVOICE_CHECKED"}), "CANCELLED"),
    "fall_away": (frozenset({"CONFIRMED"}), "CANCELLED"),
}
"""A unit's order. `void` is an operator's judgement of a dispute: nothing of what was delivered is owed. It falls away
when its supplier finds that nothing of it can be sent. It is unsettled when the money that settled it was another's."""
FACTS: Final = frozenset({"ship", "deliver", "fall_away"})
"""What happens on the road, and does not wait for a dispute."""
STEPS: Final[tuple[Stage, ...]] = (
    "PENDING_CONFIRM",
    "CONFIRMED",
    "SHIPPED",
    "DELIVERED",
    "ACCEPTED",
    "INVOICE_CHECKED",
    "SETTLED",
    "COMPLETED",
)
INSTANT_OF_STAGE: Final[dict[str, str]] = {
    "CONFIRMED": "confirmed_at",
    "SHIPPED": "shipped_at",
    "DELIVERED": "delivered_at",
    "ACCEPTED": "accepted_at",
    "INVOICE_CHECKED": "invoice_checked_at",
    "SETTLED": "settled_at",
    "COMPLETED": "completed_at",
    "CANCELLED": "ended_at",
    "REFUSED": "ended_at",
}
_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"  # no I, L, O, U to misread; 31, a prime, for the check character
_CODE_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class ConfirmTerms:
    """When a supplier that says nothing is reminded, and when its order lapses."""

    remind_working_days: int
    lapse_days: int


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """In how many days after its goods check an order is to be paid; what may be agreed at most."""

    due_days: int
    most_days: int


@dataclass(frozen=True, slots=True)
class HandlingTerms:
    """In how many days a confirmed order is sent, and one that arrived is checked."""

    ship_days: int
    check_days: int


def stage_after(verb: Verb, stage: str, *, is_disputed: bool = False) -> str:
    """Where the verb leads; 409 `unit-order-status`, and 409 `order-disputed` while a dispute pauses it."""
    after = _status_after(MOVES, verb, stage, noun="unit-order", called="a unit's order")
    if is_disputed and verb not in FACTS:
        raise Conflict("The order waits until its dispute is resolved.", code="order-disputed", status_now=stage)
    return after


def confirm_terms(county_code: str, on: date) -> ConfirmTerms:
    """The terms of confirming where the unit is, that year."""
    found = _terms("confirm", county_code, on)
    return ConfirmTerms(found["remind_working_days"], found["lapse_days"])


def payment_terms(county_code: str, on: date) -> PaymentTerms:
    """The terms of payment where the unit is, that year."""
    found = _terms("payment", county_code, on)
    return PaymentTerms(found["due_days"], found["most_days"])


def handling_terms(county_code: str, on: date) -> HandlingTerms:
    """The terms of sending and checking where the unit is, that year."""
    found = _terms("handling", county_code, on)
    return HandlingTerms(found["ship_days"], found["check_days"])


def overdue_from(stage: str, since: datetime, terms: HandlingTerms) -> datetime:
    """From when on a step that began at `since` counts as late."""
    days = terms.ship_days if stage == "CONFIRMED" else terms.check_days
    return day_range(business_day(since) + timedelta(days=days))[1]


def remind_at(placed_at: datetime, terms: ConfirmTerms) -> datetime:
    """When the supplier is reminded: the morning after so many working days."""
    return day_range(working_days_after(business_day(placed_at), terms.remind_working_days))[1]


def lapses_at(placed_at: datetime, terms: ConfirmTerms) -> datetime:
    """When the order lapses: the end of the last day."""
    return day_range(business_day(placed_at) + timedelta(days=terms.lapse_days))[1]


def payment_due_on(accepted_at: datetime, terms: PaymentTerms) -> date:
    """The last day on which it is paid in time."""
    return business_day(accepted_at) + timedelta(days=terms.due_days)


def payment_code(order_id: UUID) -> str:
    """What a unit writes on its transfer so that the money finds the order (识别码), with a check character."""
    digest = int.from_bytes(hashlib.sha256(b"payment code" + order_id.bytes).digest()[:8])
    characters = "".join(_CODE_ALPHABET[digest // 31**place % 31] for place in range(_CODE_CHARACTERS))
    return f"ZN{characters}{_check_character(characters)}"


def is_payment_code(code: str) -> bool:
    """Whether a text is one, read without a slip."""
    return (
        len(code) == _CODE_CHARACTERS + 3
        and code.startswith("ZN")
        and all(each in _CODE_ALPHABET for each in code[2:])
        and code[-1] == _check_character(code[2:-1])
    )


def _check_character(characters: str) -> str:
    """Weighted by place: one wrong character, or two that changed places, are found out."""
    total = sum(place * _CODE_ALPHABET.index(each) for place, each in enumerate(characters, 1))
    return _CODE_ALPHABET[total % 31]


def _terms(kind: str, county_code: str, on: date) -> Mapping[str, Any]:
    fitting = [
        each for each in _all_terms()[kind] if county_code.startswith(each["region"]) and each["from_year"] <= on.year
    ]
    found: Mapping[str, Any] = max(fitting, key=lambda each: (len(each["region"]), each["from_year"]))
    return found


@cache
def _all_terms() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files("orders.unit_order").joinpath("terms.toml").read_text("utf-8"))
