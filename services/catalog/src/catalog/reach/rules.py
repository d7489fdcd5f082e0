"""What a lot reached, and who may see how much of it."""

from typing import Literal

from catalog.authority import oversees
from shared.auth import Caller

HOLDING_SEVERITIES = frozenset({"major", "critical"})
"""Excursions of these severities hold the lots of their shipment."""

View = Literal["counts", "own", "all"]


def view_of(caller: Caller, county_code: str) -> View:
    """How much the caller sees: operators every order with its buyer, a supplier its own orders without buyers, an
    official of the county counts only."""
    if caller.is_operator:
        return "all"
    return "counts" if oversees(caller, county_code) else "own"


def share_bp(part: int, whole: int) -> int | None:
    """The share in basis points, rounded down; None of nothing."""
    return part * 10_000 // whole if whole else None
