"""How households are told apart without being known, when a linkage may move on, and what the public may see of it."""

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

WAYS = ("purchase", "employment", "land_lease", "dividend", "shareholding", "long_term_order")
"""收购, 务工, 土地流转, 分红（资产收益）, 股份合作, 长期订单."""

STATUSES = ("DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED", "ENDED")
MOVES: Moves = {
    "submit": (frozenset({"DRAFT", "RETURNED"}), "SUBMITTED"),
    "confirm": (frozenset({"SUBMITTED"}), "CONFIRMED"),
    "return": (frozenset({"SUBMITTED"}), "RETURNED"),
    "end": (frozenset({"CONFIRMED"}), "ENDED"),
}
EDITABLE = frozenset({"DRAFT", "RETURNED"})
COUNTED = frozenset({"CONFIRMED", "ENDED"})
"""What the assistance office confirmed counts, on each day of its time."""

Name = TypeVar("Name")


@dataclass(frozen=True)
class Village:
    """Where households live: today's county code, and the township's and the village's names as `normalised_name`."""

    county_code: str
    township: str
    village: str


@dataclass(frozen=True)
class VillageCount:
    """What is known of one village in a period: households told apart by their keys, and the largest estimate."""

    exact_households: int
    exact_persons: int
    estimated_households: int = 0
    estimated_persons: int = 0


@dataclass(frozen=True)
class LinkageSummary:
    """Households and persons, each counted once; `is_estimated` if any village's count rests on a coefficient."""

    household_count: int
    person_count: int
    is_estimated: bool


@dataclass(frozen=True)
class Estimate:
    """A count made from an amount; `coefficient_fen` stands for one household and year."""

    household_count: int
    person_count: int
    coefficient_fen: int
    source: str


def normalised_name(name: str) -> str:
    """A township's or village's name as it is compared: full-width forms folded, no blanks, without 村民委员会."""
    text = "".join(unicodedata.normalize("NFKC", name).split())
    for ending in ("村民委员会", "村委会"):
        if text.endswith(ending) and len(text) > len(ending):
            return text.removesuffix(ending) + "村"
    return text


def normalised_number(number: str) -> str:
    """A household's number as it is compared: full-width forms folded, upper case, no blanks, hyphens or dots."""
    text = unicodedata.normalize("NFKC", number).upper()
    return "".join(each for each in text if each.isalnum())


def household_key(secret: bytes, village: Village, number: str) -> str:
    """What stands for a household: a keyed hash of its place and number (HMAC-SHA-256, 32 hex digits). Without the
    secret nobody can try numbers until one fits. 422 `household-number-empty` for a number without letter or digit."""
    plain = normalised_number(number)
    if not plain:
        raise Invalid("A household number needs letters or digits.", code="household-number-empty", field="households")
    told = f"{village.county_code}\n{village.township}\n{village.village}\n{plain}"
    return hmac.new(secret, told.encode(), hashlib.sha256).hexdigest()[:32]


def status_after(verb: str, status: str) -> str:
    """Where a verb leads; 409 `linkage-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="linkage")


def ensure_editable(status: str) -> None:
    """409 `linkage-status` unless it may be edited: what the office looks at or confirmed stays as it was seen."""
    if status not in EDITABLE:
        raise Conflict(f"A linkage that is {status} is not edited any more.", code="linkage-status", status_now=status)


def ensure_period(from_on: date, until_on: date | None) -> None:
    """422 `period-empty` for a period that ends before it began."""
    if until_on is not None and until_on <= from_on:
        raise Invalid("The period must end after it begins.", code="period-empty", field="until_on")


def ensure_countable(*, household_count: int, estimate: Estimate | None) -> None:
    """409 `linkage-without-households` for a linkage that neither names households nor estimates them."""
    if household_count == 0 and (estimate is None or estimate.household_count == 0):
        raise Conflict(
            "Enter the households' numbers, or the yearly income from which they are estimated.",
            code="linkage-without-households",
        )


def estimated(income_fen: int, *, fen_per_household_year: int, persons_per_hundred: int, source: str) -> Estimate:
    """How many households the income stands for, rounded down: an estimate never flatters."""
    households = income_fen // fen_per_household_year
    return Estimate(households, households * persons_per_hundred // 100, fen_per_household_year, source)


def counted(villages: Sequence[VillageCount]) -> LinkageSummary:
    """Villages together. Within a village an estimate may mean the very households that are told apart, so that the
    larger of the two counts, never their sum: whatever overlaps, nobody is counted twice."""
    households = persons = 0
    is_estimated = False
    for each in villages:
        if each.estimated_households > each.exact_households:
            households += each.estimated_households
            persons += max(each.estimated_persons, each.exact_persons)
            is_estimated = True
        else:
            households += each.exact_households
            persons += each.exact_persons
    return LinkageSummary(households, persons, is_estimated)


def told_to_public(counts: Mapping[Name, int], *, threshold: int) -> dict[Name, int | None]:
    """The counts with the small ones hidden (None). If what is hidden could be had by subtracting from the whole, the
    next smaller ones are hidden too. A zero tells of nobody and stays."""
    hidden = {name for name, count in counts.items() if 0 < count < threshold}
    shown = sorted((name for name, count in counts.items() if count >= threshold), key=lambda name: counts[name])
    while hidden and shown and (len(hidden) == 1 or sum(counts[name] for name in hidden) < threshold):
        hidden.add(shown.pop(0))
    return {name: None if name in hidden else count for name, count in counts.items()}
