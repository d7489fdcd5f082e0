"""Demonstration counties, bases and enterprises: application, review, naming, yearly review, removal."""

from dataclasses import dataclass
from datetime import date

from catalog.authority import OfficialRole
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "review": (frozenset({"APPLIED"}), "REVIEW"),
    "name": (frozenset({"REVIEW"}), "NAMED"),
    "reject": (frozenset({"REVIEW"}), "REJECTED"),
    "resubmit": (frozenset({"REJECTED"}), "APPLIED"),
    "confirm": (frozenset({"NAMED"}), "NAMED"),
    "remove": (frozenset({"NAMED"}), "REMOVED"),
}
REVIEWERS: tuple[OfficialRole, ...] = ("province",)
APPLICANTS: tuple[OfficialRole, ...] = ("assistance", "agriculture", "decider")
"""Offices of a county that apply for it; bases and enterprises apply by their supplier."""


@dataclass(frozen=True)
class Policy:
    """Until the end of which month the yearly review has to be done."""

    review_until_month: int
    source: str
    confidence: str


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `demonstration-status`."""
    return _status_after(MOVES, verb, status, noun="demonstration")


def ensure_subject(kind: str, *, has_supplier: bool) -> None:
    """422 `supplier-missing` for a base or enterprise without a supplier, `supplier-not-expected` for a county."""
    if kind == "county" and has_supplier:
        raise Invalid("A county has no supplier.", code="supplier-not-expected", field="supplier_id")
    if kind != "county" and not has_supplier:
        raise Invalid("Say which supplier it is.", code="supplier-missing", field="supplier_id")


def ensure_year_to_review(year: int, reviewed_for: int | None, today: date) -> None:
    """409 `year-reviewed` for a year that was reviewed; 422 `year-invalid` for one that has not come."""
    if year > today.year:
        raise Invalid("This year has not come yet.", code="year-invalid", field="year")
    if reviewed_for is not None and year <= reviewed_for:
        raise Conflict("This year was reviewed.", code="year-reviewed", reviewed_for_year=reviewed_for)


def is_review_due(reviewed_for: int | None, policy: Policy, today: date) -> bool:
    """Whether the review of this year is late."""
    return (reviewed_for or 0) < today.year and today.month > policy.review_until_month
