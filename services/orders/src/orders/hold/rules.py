"""Holds with a purpose and an end: how long they may last, and what may become of them."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from shared.errors import Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "extend": (frozenset({"OPEN"}), "OPEN"),
    "release": (frozenset({"OPEN"}), "RELEASED"),
    "expire": (frozenset({"OPEN"}), "EXPIRED"),
    "use": (frozenset({"OPEN"}), "USED"),
}


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `hold-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="hold")


@cache
def longest(purpose: str) -> timedelta:
    """How long a hold of this purpose may last from now on."""
    limits = tomllib.loads((Path(__file__).parent / "limits.toml").read_text(encoding="utf-8"))
    return timedelta(minutes=limits[purpose]["minutes"])


def ensure_end(purpose: str, expires_at: datetime, now: datetime) -> None:
    """422 `hold-end-wrong` for an end that is past, or farther off than the purpose allows."""
    if not now < expires_at <= now + longest(purpose):
        raise Invalid(
            "The end lies in the future, and not farther off than such a hold may last.",
            code="hold-end-wrong",
            field="expires_at",
            latest=(now + longest(purpose)).isoformat(),
        )
