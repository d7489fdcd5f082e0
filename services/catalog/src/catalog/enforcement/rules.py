"""Enforcement cases: steps, measures, and when a case may be closed."""

from dataclasses import dataclass
from datetime import date

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "investigate": (frozenset({"OPENED"}), "INVESTIGATING"),
    "order": (frozenset({"INVESTIGATING", "MEASURES"}), "MEASURES"),
    "close": (frozenset({"INVESTIGATING", "MEASURES"}), "CLOSED"),
    "drop": (frozenset({"OPENED", "INVESTIGATING"}), "DROPPED"),
}
MEASURE_MOVES: Moves = {
    "meet": (frozenset({"ORDERED"}), "MET"),
    "lift": (frozenset({"ORDERED"}), "LIFTED"),
}
HOLDING = frozenset({"seize", "delist"})
"""Measures that keep a product off the shelf while they stand."""
EVENT_KINDS = {"violation": "penalty", "corrected": "penalty"}
"""The credit event that a result brings about."""


@dataclass(frozen=True)
class Policy:
    """A region's figures: how many days a case may take."""

    case_days: int
    source: str
    confidence: str


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `case-status`."""
    return _status_after(MOVES, verb, status, noun="case")


def measure_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `measure-status`."""
    return _status_after(MEASURE_MOVES, verb, status, noun="measure")


def ensure_measure(kind: str, fine_fen: int | None, deadline_on: date, today: date) -> None:
    """422 `fine-missing`, `fine-not-expected`, `deadline-past`."""
    if kind == "fine" and fine_fen is None:
        raise Invalid("Say how much the fine is.", code="fine-missing", field="fine_fen")
    if kind != "fine" and fine_fen is not None:
        raise Invalid("Only a fine has an amount.", code="fine-not-expected", field="fine_fen")
    if deadline_on < today:
        raise Invalid("The deadline is past.", code="deadline-past", field="deadline_on")


def ensure_may_close(result: str, standing: int, ordered: int) -> None:
    """409 `measure-standing` while a measure is neither met nor lifted; 422 `result-unfounded` for measures ordered
    where nothing is said to have been wrong."""
    if standing:
        raise Conflict(
            "Say of every measure that it was met, or lift it, before you close the case.",
            code="measure-standing",
            standing=standing,
        )
    if result == "no_violation" and ordered:
        raise Invalid(
            "Measures were met in this case: its result cannot be that nothing was wrong.",
            code="result-unfounded",
            field="result",
        )
