"""Imports: who may import what, and the way of a file from its upload into the tables."""

from datetime import timedelta

from shared.errors import Conflict
from shared.moves import Moves
from shared.moves import status_after as _status_after

STATUSES = ("UPLOADED", "CHECKING", "CHECKED", "APPLYING", "APPLIED", "REFUSED", "FAILED", "CANCELLED")
WORKING = frozenset({"UPLOADED", "CHECKING", "APPLYING"})
"""A worker is at it, or must come to it."""
OPEN = WORKING | {"CHECKED"}
MODES = ("abort", "skip")

MOVES: Moves = {
    "check": (frozenset({"UPLOADED", "CHECKING"}), "CHECKING"),
    "finish-check": (frozenset({"CHECKING"}), "CHECKED"),
    "refuse": (frozenset({"CHECKING"}), "REFUSED"),
    "apply": (frozenset({"CHECKED"}), "APPLYING"),
    "finish": (frozenset({"APPLYING"}), "APPLIED"),
    "fail": (frozenset({"CHECKING", "APPLYING"}), "FAILED"),
    "cancel": (frozenset(OPEN), "CANCELLED"),
}
"""Each verb: the states that it leads on from, and where to. People apply and cancel; the rest is the worker's."""

HOLD = timedelta(seconds=30)
"""How long a worker has the batch for itself after each step; when it ends, another goes on from the checkpoint."""
MOST_ATTEMPTS = 5
"""How often work is begun without any row getting done before the import is given up."""
STEP_ROWS = 5_000
"""Rows of a transaction at most: long ones would hold the event feed back."""

KINDS_OF_SUPPLIERS = frozenset({"products", "linkages"})
ROLES_OF_OFFICIALS = frozenset({"township", "agriculture", "assistance"})
"""Those who enter into the registers of their region."""


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `import-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="import", called="an import")


def ensure_applicable(*, mode: str, bad_count: int, good_count: int) -> None:
    """409 `import-has-bad-rows` for mode abort while a row is bad, `import-without-rows` if none is good."""
    if mode == "abort" and bad_count:
        raise Conflict(
            "Some rows are bad. Correct them and upload the file again, or apply the good rows only (mode skip).",
            code="import-has-bad-rows",
            bad_count=bad_count,
        )
    if not good_count:
        raise Conflict("No row of the file can be applied.", code="import-without-rows")
