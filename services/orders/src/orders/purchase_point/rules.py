"""When a purchase point takes goods, and how much."""

from collections.abc import Collection
from datetime import date, time
from typing import Final, Literal

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Status = Literal["OPEN", "PAUSED", "CLOSED"]
MOVES: Final[Moves] = {
    "edit": (frozenset({"PAUSED"}), "PAUSED"),
    "pause": (frozenset({"OPEN"}), "PAUSED"),
    "reopen": (frozenset({"PAUSED"}), "OPEN"),
    "close": (frozenset({"OPEN", "PAUSED"}), "CLOSED"),
}
"""A point is changed while it is paused: nobody books a day whose hours or capacity are just changing."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `purchase-point-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="purchase-point")


def ensure_hours(opens_at: time, closes_at: time) -> None:
    """422 `hours-invalid` for a day that ends before it begins."""
    if closes_at <= opens_at:
        raise Invalid("A day ends after it begins.", code="hours-invalid", field="closes_at")


def ensure_takes(status: str, weekdays: Collection[int], day: date) -> None:
    """409 `point-not-open`, for a point that is paused or closed, or rests on that day of the week."""
    if status != "OPEN" or day.isoweekday() not in weekdays:
        raise Conflict("This point takes nothing on that day.", code="point-not-open", field="day")


def ensure_room(*, capacity_g: int, booked_g: int, more_g: int) -> None:
    """409 `point-full` with what is free, where more is brought than the day's capacity leaves."""
    if booked_g + more_g > capacity_g:
        raise Conflict(
            "The point cannot take so much on that day.",
            code="point-full",
            field="quantity",
            free_g=max(capacity_g - booked_g, 0),
        )
