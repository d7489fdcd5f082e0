"""An appointment to sell to the reserve (售粮预约), from its booking to the agreed ticket of the scale (过磅单)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Status = Literal["BOOKED", "CANCELLED", "TURNED_AWAY", "NO_SHOW", "WEIGHED", "TAKEN_IN", "DECLINED"]
Cause = Literal["", "MOISTURE", "IMPURITY", "MOULD", "PESTS", "ORIGIN", "OTHER"]
MOVES: Final[Moves] = {
    "change": (frozenset({"BOOKED"}), "BOOKED"),
    "cancel": (frozenset({"BOOKED"}), "CANCELLED"),
    "turn-away": (frozenset({"BOOKED"}), "TURNED_AWAY"),
    "miss": (frozenset({"BOOKED"}), "NO_SHOW"),
    "weigh": (frozenset({"BOOKED"}), "WEIGHED"),
    "take-in": (frozenset({"WEIGHED"}), "TAKEN_IN"),
    "decline": (frozenset({"WEIGHED"}), "DECLINED"),
}
"""A supplier books, changes and cancels; the point turns away or weighs, once; the clock marks who did not come. Who
sells then agrees with the ticket, and the goods are the institution's, or declines and takes them home."""
_BASIS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Weighing:
    """What was found at the scale: the load with and without its vehicle, and its packs."""

    gross_g: int
    tare_g: int
    accepted_count: int
    refused_count: int
    cause: Cause
    grade_number: int


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `appointment-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="appointment", called="an appointment")


def ensure_in_time(day: date, *, today: date, notice_days: int) -> None:
    """409 `too-late-to-book` with the first day that still can be: it is booked, changed and cancelled ahead."""
    first = today + timedelta(days=notice_days)
    if day < first:
        raise Conflict("It is too late for that day.", code="too-late-to-book", field="day", first_on=first.isoformat())


def ensure_weighable(day: date, *, today: date) -> None:
    """409 `not-the-day`: goods are weighed on the day that was booked."""
    if day != today:
        raise Conflict("Goods are weighed on the day that was booked.", code="not-the-day", day=day.isoformat())


def ensure_not_own(filed_by: UUID, person_id: UUID) -> None:
    """403 `own-filing`: nobody takes in what they asked for."""
    if filed_by == person_id:
        raise Forbidden("Who filed the reserve purchase does not weigh its goods.", code="own-filing")


def ensure_weighed(found: Weighing, *, quantity: int, piece_g: int, short_bp: int) -> None:
    """422 `load-invalid` (the vehicle is heavier than its load), `more-than-booked`, `refusal-cause` (refused without
    saying why, or the other way round), `weight-short` (the packs weigh less than they say) with the least that is
    right."""
    told = found.accepted_count + found.refused_count
    if found.gross_g <= found.tare_g:
        raise Invalid("The load weighs more than its vehicle alone.", code="load-invalid", field="gross_g")
    if told > quantity:
        raise Invalid("No more is taken in than was booked.", code="more-than-booked", field="accepted_count")
    if (found.refused_count > 0) != (found.cause != ""):
        raise Invalid("Say why packs are refused.", code="refusal-cause", field="cause")
    least_g = -(-told * piece_g * (_BASIS - short_bp) // _BASIS)
    if found.gross_g - found.tare_g < least_g:
        raise Invalid("The packs weigh less than they say.", code="weight-short", field="gross_g", least_g=least_g)


def ticket_number(day: date, number: int) -> str:
    """The ticket's number."""
    return f"GB{day:%Y%m%d}{number:06d}"
