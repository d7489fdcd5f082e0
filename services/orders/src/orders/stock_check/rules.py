"""What may become of a finding of the daily check."""

from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "repair": (frozenset({"OPEN"}), "REPAIRED"),
    "pass": (frozenset({"OPEN"}), "GONE"),
}
"""`pass`: a later check finds that the SKU agrees again."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `finding-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="finding")
