"""When a workshop is open."""

from shared.errors import Conflict
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "close": (frozenset({"OPEN"}), "CLOSED"),
    "reopen": (frozenset({"CLOSED"}), "OPEN"),
}


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `workshop-status` with `status_now`."""
    return _status_after(MOVES, verb, status, noun="workshop")


def ensure_open(status: str) -> None:
    """409 `workshop-status` for a workshop that is closed: nobody can be offered work there."""
    if status != "OPEN":
        raise Conflict("This workshop is closed.", code="workshop-status", status_now=status)


def ensure_without_jobs(open_job_count: int) -> None:
    """409 `workshop-has-jobs` while a job of the workshop still takes people."""
    if open_job_count:
        raise Conflict(
            "Jobs of this workshop still take people: close them first.",
            code="workshop-has-jobs",
            open_job_count=open_job_count,
        )
