"""Goodwill: money that the platform gives back although no claim stands. Above a limit a second person decides."""

import tomllib
from functools import cache
from pathlib import Path

from orders.line_refund.rules import SoldLine
from shared.errors import Conflict, Forbidden
from shared.moves import Moves, status_after

WAITING, GRANTED, REJECTED, WITHDRAWN = "WAITING", "GRANTED", "REJECTED", "WITHDRAWN"
MOVES: Moves = {
    "approve": (frozenset({WAITING}), GRANTED),
    "reject": (frozenset({WAITING}), REJECTED),
    "withdraw": (frozenset({WAITING}), WITHDRAWN),
}
DECIDER_ROLES = frozenset({"operator", "finance"})


@cache
def alone_fen() -> int:
    """What one agent may give back on an order alone, by limits.toml."""
    return int(tomllib.loads((Path(__file__).parent / "limits.toml").read_text(encoding="utf-8"))["alone_fen"])


def needs_second(wanted_fen: int, *, alone_before_fen: int) -> bool:
    """Whether a second person decides; what was granted alone on the order before counts, so that many small ones are
    no way round."""
    return alone_before_fen + wanted_fen > alone_fen()


def ensure_delivered(line: SoldLine) -> None:
    """409 `not-delivered`: what has not arrived is cancelled or given up, and its money goes back by that."""
    if not line.is_delivered:
        raise Conflict(
            "Its part has not been delivered: cancel the order, or let the supplier give up what it cannot send.",
            code="not-delivered",
        )


def ensure_may_decide(verb: str, *, is_own: bool, roles: frozenset[str]) -> None:
    """403 `own-goodwill` for who decides on what it asked for, `not-your-goodwill` for who withdraws another's,
    `role-missing` for who may not decide."""
    if verb == "withdraw":
        if not is_own:
            raise Forbidden("Only who asked for it withdraws it.", code="not-your-goodwill")
        return
    if is_own:
        raise Forbidden("Nobody decides on what they asked for. Ask a colleague.", code="own-goodwill")
    if roles.isdisjoint(DECIDER_ROLES):
        raise Forbidden("This needs the role operator or finance.", code="role-missing", roles=sorted(DECIDER_ROLES))


def moved(verb: str, status: str) -> str:
    """The status after the verb; 409 `goodwill-status`."""
    return status_after(MOVES, verb, status, noun="goodwill")
