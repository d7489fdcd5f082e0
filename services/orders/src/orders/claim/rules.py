"""Claims for fresh food without return: when one may be opened, what is granted at once, who bears it, what follows."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from orders.line_refund.rules import Answer, SoldLine
from shared.errors import Conflict, Invalid
from shared.moves import status_after as moved

SUPPLIER_REVIEW, APPROVED, REFUSED, APPEALED = "SUPPLIER_REVIEW", "APPROVED", "REFUSED", "APPEALED"
REJECTED, REFUNDED, WITHDRAWN = "REJECTED", "REFUNDED", "WITHDRAWN"
STATUSES = (SUPPLIER_REVIEW, APPROVED, REFUSED, APPEALED, REJECTED, REFUNDED, WITHDRAWN)

MOVES: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({SUPPLIER_REVIEW}), APPROVED),
    "refuse": (frozenset({SUPPLIER_REVIEW}), REFUSED),
    "lapse": (frozenset({SUPPLIER_REVIEW}), APPROVED),
    "appeal": (frozenset({REFUSED}), APPEALED),
    "close": (frozenset({REFUSED}), REJECTED),
    "uphold": (frozenset({APPEALED}), APPROVED),
    "reject": (frozenset({APPEALED}), REJECTED),
    "withdraw": (frozenset({SUPPLIER_REVIEW, REFUSED, APPEALED}), WITHDRAWN),
    "settle": (frozenset({APPROVED}), REFUNDED),
}
"""A claim begins in SUPPLIER_REVIEW, or in APPROVED where a rule grants it at once. `lapse`, `close` and `settle` are
the clock's: the supplier was silent, nobody appealed, the money arrived."""

WHO: dict[str, frozenset[str]] = {
    "approve": frozenset({"supplier", "operator"}),
    "refuse": frozenset({"supplier"}),
    "appeal": frozenset({"buyer"}),
    "withdraw": frozenset({"buyer"}),
    "uphold": frozenset({"operator"}),
    "reject": frozenset({"operator"}),
}
"""The side whose verb it is."""

ANSWERS: dict[str, Answer] = {"refuse": "refused", "reject": "rejected"}
"""What the buyer is told of a verb; a grant tells for itself."""
NEEDS_REASON = frozenset({"refuse", "appeal", "reject"})
ENDED = frozenset({REJECTED, WITHDRAWN})
"""The pieces are free again."""

PROBLEMS = ("rotten", "damaged", "frozen", "short", "wrong", "other")
Basis = Literal["pieces", "weight"]
Approval = Literal["excursion", "limit"]


@dataclass(frozen=True, slots=True)
class ToldExcursion:
    """What logistics said of a parcel of the part."""

    kind: str
    severity: str
    temperature_class: str
    is_open: bool


@cache
def figures() -> dict[str, Any]:
    """The figures of claim_rules.toml."""
    return tomllib.loads(files("orders.claim").joinpath("claim_rules.toml").read_text(encoding="utf-8"))


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `claim-status`."""
    return moved(MOVES, verb, status, noun="claim")


def window_of(line: SoldLine) -> timedelta:
    """How long after delivery a claim for the line may be opened."""
    for window in figures()["window"]:
        classes, categories = window["temperature_classes"], window["categories"]
        if line.temperature_class in classes or line.category in categories or not (classes or categories):
            return timedelta(hours=window["hours"])
    return timedelta()


def window_ends_at(line: SoldLine) -> datetime | None:
    """The last instant for a claim; None before the delivery."""
    return line.delivered_at + window_of(line) if line.is_delivered and line.delivered_at else None


def ensure_claimable(line: SoldLine, now: datetime) -> None:
    """409 `not-delivered`, `claim-window-over` (extra `window_ended_at`), `nothing-was-paid`."""
    ends_at = window_ends_at(line)
    if ends_at is None:
        raise Conflict("A claim can be opened once the goods have arrived.", code="not-delivered")
    if now >= ends_at:
        raise Conflict(
            "The time for a claim is over. Ask for a return, or write to us.",
            code="claim-window-over",
            window_ended_at=ends_at.isoformat(),
        )
    if line.payable_fen == 0:
        raise Conflict("Nothing was paid for this line.", code="nothing-was-paid")


def pieces_covered(line: SoldLine, *, basis: Basis, piece_count: int | None, weight_g: int | None) -> int:
    """How many whole pieces the claim is about: those named, or as many as hold so much weight.

    422 `piece-count-missing`, `weight-missing`, `weight-not-known` (the line has no weight), `weight-exceeds-line`.
    """
    if basis == "pieces":
        if piece_count is None:
            raise Invalid("Say how many pieces it is about.", code="piece-count-missing", field="piece_count")
        return piece_count
    if weight_g is None:
        raise Invalid("Say how many grams it is about.", code="weight-missing", field="weight_g")
    if line.net_weight_g <= 0:
        raise Invalid("This is not sold by weight: claim by pieces.", code="weight-not-known", field="basis")
    if weight_g > line.net_weight_g * line.quantity:
        raise Invalid(
            "That is more than was bought.",
            code="weight-exceeds-line",
            field="weight_g",
            most_g=line.net_weight_g * line.quantity,
        )
    return -(-weight_g // line.net_weight_g)


def is_proven(excursions: Iterable[ToldExcursion]) -> bool:
    """Whether what the parcel went through proves the claim. A gap in the data proves nothing."""
    rule = figures()["excursion"]
    return any(
        each.kind in rule["kinds"] and (each.is_open or each.severity in rule["ended_severities"])
        for each in excursions
    )


def approval_at_once(*, proven: bool, wanted_fen: int, lately_fen: int) -> Approval | None:
    """Why a claim is granted without asking the supplier, or None. `lately_fen` is what this person was granted by the
    limit within the days that count."""
    if proven:
        return "excursion"
    limit = figures()["auto_approval"]
    fits = wanted_fen <= limit["claim_fen"] and lately_fen + wanted_fen <= limit["person_fen"]
    return "limit" if fits else None


def limit_days() -> timedelta:
    """How far back grants by the limit count."""
    return timedelta(days=figures()["auto_approval"]["person_days"])


def carrier_bp(*, proven: bool) -> int:
    """The carrier's share of the refund, in basis points; the rest is the supplier's."""
    wanted = "excursion" if proven else "otherwise"
    return int(next(each["carrier_bp"] for each in figures()["fault"] if each["when"] == wanted))


def delivery_goes_back() -> bool:
    """Whether the pieces' share of the delivery goes back with them."""
    return bool(figures()["delivery"]["goes_back"])


def due_after(status: str, now: datetime) -> datetime | None:
    """Until when somebody must act on a claim that came into this status now."""
    deadline = figures()["deadline"]
    spans = {
        SUPPLIER_REVIEW: timedelta(hours=deadline["supplier_hours"]),
        REFUSED: timedelta(days=deadline["appeal_days"]),
        APPEALED: timedelta(days=deadline["operator_days"]),
    }
    return now + spans[status] if status in spans else None


def ensure_reason(verb: str, reason: str) -> None:
    """422 `reason-missing` for a refusal, an appeal or a rejection without one."""
    if verb in NEEDS_REASON and not reason:
        raise Invalid("Say why.", code="reason-missing", field="reason")


def ensure_in_time(verb: str, due_at: datetime | None, now: datetime) -> None:
    """409 `claim-too-late` for an appeal after its days, and for a supplier's word after the clock's."""
    if verb in {"appeal", "refuse"} and due_at is not None and now >= due_at:
        raise Conflict("The time for this is over.", code="claim-too-late", due_at=due_at.isoformat())


def verbs_for(status: str, side: str, due_at: datetime | None, now: datetime) -> list[str]:
    """What this side may do now."""
    return [
        verb
        for verb, (before, _) in MOVES.items()
        if status in before
        and side in WHO.get(verb, ())
        and not (verb in {"appeal", "refuse"} and due_at is not None and now >= due_at)
    ]
