"""When a job takes people."""

from datetime import date

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "close": (frozenset({"OPEN", "FILLED"}), "CLOSED"),
    "reopen": (frozenset({"CLOSED"}), "OPEN"),
}


def status_after(verb: str, status: str, *, is_full: bool) -> str:
    """Where the verb leads; 409 `job-status` with `status_now`. A full job reopens as `FILLED`."""
    after = _status_after(MOVES, verb, status, noun="job")
    return "FILLED" if after == "OPEN" and is_full else after


def ensure_takes(status: str, *, until_on: date, today: date) -> None:
    """409 `job-not-open` for a job that is closed, full or past its day."""
    if status != "OPEN" or until_on < today:
        raise Conflict("This job takes nobody any more.", code="job-not-open", status_now=status)


def filled_after(change: int, *, filled_count: int, place_count: int, status: str) -> tuple[int, str]:
    """Filled places and state after one came (1) or left (-1); 409 `job-full`."""
    filled = filled_count + change
    if filled > place_count:
        raise Conflict("All places of this job are taken.", code="job-full")
    if status == "CLOSED":
        return filled, status
    return filled, "FILLED" if filled == place_count else "OPEN"


def ensure_wages(from_fen: int, to_fen: int) -> None:
    """422 `wage-range-reversed`."""
    if to_fen < from_fen:
        raise Invalid("The wage goes from the lower to the higher.", code="wage-range-reversed", field="wage_to_fen")
