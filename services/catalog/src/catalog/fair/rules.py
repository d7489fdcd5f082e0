"""When a fair may be announced and deals noted."""

from datetime import date

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "announce": (frozenset({"DRAFT"}), "ANNOUNCED"),
    "cancel": (frozenset({"DRAFT", "ANNOUNCED"}), "CANCELLED"),
}


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `fair-status` with `status_now`."""
    return _status_after(MOVES, verb, status, noun="fair")


def ensure_days(from_on: date, until_on: date) -> None:
    """422 `days-reversed`."""
    if until_on < from_on:
        raise Invalid("A fair ends on its first day or later.", code="days-reversed", field="until_on")


def ensure_deal_fits(status: str, *, from_on: date, agreed_on: date, today: date) -> None:
    """409 `fair-status` unless the fair is announced; 422 `deal-too-early` before it begins, `deal-in-future`."""
    if status != "ANNOUNCED":
        raise Conflict("Deals belong to a fair that is announced.", code="fair-status", status_now=status)
    if agreed_on < from_on:
        raise Invalid("The fair had not begun on that day.", code="deal-too-early", field="agreed_on")
    if agreed_on > today:
        raise Invalid("This day is still to come.", code="deal-in-future", field="agreed_on")
