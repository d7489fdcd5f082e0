"""Joint purchases: which step leads where, the ladder of prices, and which step a total reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from orders.pool.rules import ensure_deadline, figures
from shared.errors import Conflict, Invalid, NotFound
from shared.moves import Moves
from shared.moves import status_after as _status_after

Scope = Literal["TREE", "REGION", "NAMED"]
"""Who is invited: the organising unit's tree, the units of a region, units by name."""
MOVES: Moves = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "offer": (frozenset({"DRAFT"}), "OFFERED"),
    "decline": (frozenset({"OFFERED"}), "DRAFT"),
    "agree": (frozenset({"OFFERED"}), "OPEN"),
    "close": (frozenset({"OPEN"}), "CLOSED"),
    "finish": (frozenset({"CLOSED"}), "ORDERED"),
    "fail": (frozenset({"OFFERED", "OPEN", "CLOSED"}), "FAILED"),
    "cancel": (frozenset({"DRAFT", "OFFERED", "OPEN"}), "CANCELLED"),
}
SHARE_MOVES: Moves = {
    "join": (frozenset({"JOINED", "LEFT"}), "JOINED"),
    "leave": (frozenset({"JOINED"}), "LEFT"),
}
"""A share begins JOINED; joining again is another quantity."""
TOO_FEW: Final = "too-few"
NOT_AGREED: Final = "not-agreed"
NOBODY_ORDERED: Final = "nobody-ordered"


@dataclass(frozen=True, slots=True)
class Step:
    """From so many pieces on, a piece costs so much."""

    floor_count: int
    price_fen: int


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `joint-purchase-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="joint-purchase")


def share_status_after(verb: str, status: str) -> str:
    """Where the verb leads a unit's share; 409 `joint-share-status`."""
    return _status_after(SHARE_MOVES, verb, status, noun="joint-share", called="a share")


def ensure_ladder(steps: Sequence[Step], most_count: int) -> None:
    """422 `ladder-wrong`: floors strictly rise, prices strictly fall, and the last floor can be reached. The first
    floor is what it takes at all."""
    pairs = list(pairwise(steps))
    is_right = (
        0 < len(steps) <= figures().most_steps
        and all(a.floor_count < b.floor_count and a.price_fen > b.price_fen for a, b in pairs)
        and steps[0].floor_count > 0
        and steps[-1].price_fen > 0
    )
    if not is_right:
        raise Invalid(
            f"Up to {figures().most_steps} steps: more pieces each, and cheaper each.",
            code="ladder-wrong",
            field="steps",
            most_steps=figures().most_steps,
        )
    if most_count < steps[-1].floor_count:
        raise Invalid("The last step cannot be reached.", code="ladder-unreachable", field="most_count")


def ensure_not_dearer(steps: Sequence[Step], list_price_fen: int) -> None:
    """422 `price-above-listed`: nobody pays more together than alone."""
    if steps[0].price_fen > list_price_fen:
        raise Invalid(
            "Together it costs no more than alone.",
            code="price-above-listed",
            field="steps",
            list_price_fen=list_price_fen,
        )


def ensure_times(closes_at: datetime, deliver_from: datetime, deliver_until: datetime) -> None:
    """422 `delivery-before-deadline` unless the goods come after the deadline, and from before until."""
    if not closes_at <= deliver_from < deliver_until:
        raise Invalid(
            "The goods come after the deadline, within a span of time.",
            code="delivery-before-deadline",
            field="deliver_from",
        )


def ensure_open_long_enough(closes_at: datetime, now: datetime) -> None:
    """422 `deadline-too-near`, `deadline-too-far`."""
    ensure_deadline(closes_at, now, least=figures().least_open, most=figures().most_open)


def ensure_region(scope: Scope, region_code: str | None, *, invited_count: int) -> None:
    """422 `region-missing`, `invited-missing`: a region for REGION and nothing else, names for NAMED and nothing
    else."""
    if (scope == "REGION") != (region_code is not None):
        raise Invalid("Say which region, for a region only.", code="region-missing", field="region_code")
    if (scope == "NAMED") != (invited_count > 0):
        raise Invalid("Name units, where they are invited by name.", code="invited-missing", field="unit_codes")


def region_codes(county_code: str) -> list[str]:
    """The divisions that a county lies in: its province, its prefecture, itself."""
    return [f"{county_code[:2]}0000", f"{county_code[:4]}00", county_code]


def step_of(steps: Sequence[Step], total_count: int) -> Step | None:
    """The step that a total reaches; None below the first floor."""
    reached = [each for each in steps if each.floor_count <= total_count]
    return reached[-1] if reached else None


def next_step(steps: Sequence[Step], total_count: int) -> Step | None:
    """The cheaper step to come; None on the last."""
    return next((each for each in steps if each.floor_count > total_count), None)


def ensure_taking(status: str, closes_at: datetime, now: datetime) -> None:
    """409 `joint-purchase-status` unless it is open, `joint-purchase-closed` from the deadline on."""
    if status != "OPEN":
        raise Conflict("It takes no shares.", code="joint-purchase-status", status_now=status, status_needed=["OPEN"])
    if now >= closes_at:
        raise Conflict("The deadline is over.", code="joint-purchase-closed", closed_at=closes_at.isoformat())


def ensure_room(quantity: int, *, taken_count: int, most_count: int) -> None:
    """409 `joint-purchase-full` with what is left; `taken_count` without the unit's own."""
    if taken_count + quantity > most_count:
        raise Conflict(
            "Fewer pieces are left of this joint purchase.",
            code="joint-purchase-full",
            field="quantity",
            left=most_count - taken_count,
        )


def verb_after_ordering(*, share_count: int, order_count: int, is_over: bool) -> str | None:
    """What becomes of a closed one: nothing while units may still order."""
    if order_count and order_count == share_count:
        return "finish"
    if not is_over:
        return None
    return "finish" if order_count else "fail"


def joint_purchase_unknown() -> NotFound:
    """The refusal of one that does not exist, or not for this caller."""
    return NotFound("There is no such joint purchase.", code="joint-purchase-unknown", field="joint_purchase_id")
