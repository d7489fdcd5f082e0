"""What a statement's line says, what a provider should charge, and what may become of a difference."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from shared.errors import Conflict, Invalid

EntryKind = Literal["PAYMENT", "REFUND"]
EntryStatus = Literal["SUCCEEDED", "PROCESSING", "CLOSED"]
DifferenceKind = Literal["MISSING_HERE", "MISSING_THERE", "AMOUNT", "STATUS", "FEE"]
DifferenceState = Literal["OPEN", "EXPLAINED", "SETTLED"]
AGREES_NOW: Final = "agrees-now"

# Who looks into it explains it (a late refund, a fee of another contract) or settles it (money moved, a line booked).
MOVES: dict[str, tuple[frozenset[str], DifferenceState]] = {
    "explain": (frozenset({"OPEN"}), "EXPLAINED"),
    "settle": (frozenset({"OPEN", "EXPLAINED"}), "SETTLED"),
    "reopen": (frozenset({"EXPLAINED", "SETTLED"}), "OPEN"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement. `fee_fen` is what the provider keeps; of a refund what it gives back, so negative."""

    line_number: int
    kind: EntryKind
    number: str
    provider_number: str
    status: EntryStatus
    amount_fen: int
    fee_fen: int
    happened_at: datetime


@dataclass(slots=True)
class Sums:
    """What a file's lines come to."""

    counts: dict[str, int] = field(default_factory=lambda: {"PAYMENT": 0, "REFUND": 0})
    amounts_fen: dict[str, int] = field(default_factory=lambda: {"PAYMENT": 0, "REFUND": 0})
    fee_fen: int = 0

    def add(self, entry: Entry) -> None:
        """Count one more line."""
        self.counts[entry.kind] += 1
        self.amounts_fen[entry.kind] += entry.amount_fen
        self.fee_fen += entry.fee_fen


@dataclass(frozen=True, slots=True)
class FeeRate:
    """What a provider charges from a day on; rounding may differ by `tolerance_fen`."""

    provider: str
    rate_bp: int
    tolerance_fen: int
    valid_from: date
    source: str
    confidence: str


def status_after(verb: str, state: str) -> DifferenceState:
    """The state that the verb leads to; 409 `difference-status` (extra `status_now`) from any other."""
    before, after = MOVES[verb]
    if state not in before:
        raise Conflict(
            f"This difference cannot be moved so: it is {state}.", code="difference-status", status_now=state
        )
    return after


def ensure_day_is_over(day: date, today: date) -> None:
    """A statement is of a day that is over."""
    if day >= today:
        raise Invalid("A day's statement comes when the day is over.", code="day-not-over", field="day")


@cache
def fee_rates() -> tuple[FeeRate, ...]:
    """All known rates (fees.toml), the latest first."""
    told = tomllib.loads((files(__package__) / "fees.toml").read_text(encoding="utf-8"))
    rates = (FeeRate(**each) for each in told["rate"])
    return tuple(sorted(rates, key=lambda each: each.valid_from, reverse=True))


def fee_rate(provider: str, day: date) -> FeeRate | None:
    """What the provider should charge on that day; None if we do not know it, and then no fee is judged."""
    return next((each for each in fee_rates() if each.provider == provider and each.valid_from <= day), None)
