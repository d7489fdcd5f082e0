"""When a route is open, and how spots and routes are shown and taken back."""

from collections.abc import Collection, Sequence

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

KINDS = ("folk", "heritage", "red", "craft", "scenery", "farm")
"""Folk customs (民俗), heritage (非遗), red tourism (红色), crafts (技艺), scenery (风光), farm stays (农家)."""

MOVES: Moves = {
    "publish": (frozenset({"DRAFT", "WITHDRAWN"}), "PUBLISHED"),
    "withdraw": (frozenset({"PUBLISHED"}), "WITHDRAWN"),
}


def status_after(verb: str, status: str, *, noun: str) -> str:
    """Where the verb leads; 409 `spot-status` or `route-status` with `status_now`."""
    return _status_after(MOVES, verb, status, noun=noun)


def open_months(from_month: int, to_month: int) -> frozenset[int]:
    """The months of an open season, which may run over the new year."""
    length = (to_month - from_month) % 12 + 1
    return frozenset((from_month - 1 + step) % 12 + 1 for step in range(length))


def route_months(seasons: Sequence[tuple[int, int]]) -> list[int]:
    """The months in which all spots of a route are open, in order; none for a route without spots."""
    if not seasons:
        return []
    return sorted(frozenset.intersection(*(open_months(*season) for season in seasons)))


def ensure_open_together(months: Collection[int]) -> None:
    """409 `route-never-open`: there is no month in which all its spots are open."""
    if not months:
        raise Conflict("There is no month in which all spots of this route are open.", code="route-never-open")


def ensure_stops(spot_ids: Sequence[object]) -> None:
    """422 `route-too-short` below two spots, `spot-repeated` for one twice."""
    if len(spot_ids) < 2:  # noqa: PLR2004 - a route joins at least two
        raise Invalid("A route joins at least two spots.", code="route-too-short", field="spot_ids")
    if len(set(spot_ids)) != len(spot_ids):
        raise Invalid("A spot is on a route once.", code="spot-repeated", field="spot_ids")
