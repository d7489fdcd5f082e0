"""How much a unit reserves (预留份额), what a filing must hold to, who moves it on, and how far a unit is."""

import tomllib
from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args
from uuid import UUID

from shared.errors import Conflict, Forbidden, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Status = Literal["DRAFT", "SUBMITTED", "LEAD_REVIEW", "RETURNED", "LEAD_APPROVED", "FINANCE_CONFIRMED", "LOCKED"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
Verb = Literal["edit", "submit", "withdraw", "review", "approve", "return", "confirm", "lock"]
MOVES: Moves = {
    "edit": (frozenset({"DRAFT", "RETURNED"}), "DRAFT"),
    "submit": (frozenset({"DRAFT", "RETURNED"}), "SUBMITTED"),
    "withdraw": (frozenset({"SUBMITTED"}), "DRAFT"),
    "review": (frozenset({"SUBMITTED"}), "LEAD_REVIEW"),
    "approve": (frozenset({"LEAD_REVIEW"}), "LEAD_APPROVED"),
    "return": (frozenset({"LEAD_REVIEW", "LEAD_APPROVED", "FINANCE_CONFIRMED"}), "RETURNED"),
    "confirm": (frozenset({"LEAD_APPROVED"}), "FINANCE_CONFIRMED"),
    "lock": (frozenset({"FINANCE_CONFIRMED"}), "LOCKED"),
}
OPEN: Final = frozenset({"DRAFT", "RETURNED"})
"""Where the unit itself has to act."""
Side = Literal["unit", "lead", "finance"]
WITHOUT_TOTAL: Final = frozenset({"SHARED_MEMBER", "NONE"})
"""Modes of which the unit itself files no canteen total."""
_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of policy with where it comes from. `is_carried_on`: of an earlier year, and no newer one is known."""

    value: int
    region: str
    source: str
    confidence: str
    is_carried_on: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a county in a year; None where nobody says anything."""

    canteen_min: Figure | None = None
    encouraged: Figure | None = None
    union_min: Figure | None = None
    union_per_head_min: Figure | None = None
    no_canteen_union_min: Figure | None = None
    not_below_last_year: Figure | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """What a unit files for a year. Its canteen's mode and whether its union has funds are known of the unit."""

    canteen_mode: str
    has_union_funds: bool
    canteen_total_fen: int
    ratio_bp: int
    union_total_fen: int
    union_member_count: int
    union_reserved_fen: int
    contact: str
    phone: str

    @property
    def canteen_reserved_fen(self) -> int:
        """Rounded up: one fen short is short."""
        return share_fen(self.canteen_total_fen, self.ratio_bp)


_FIGURES: Final = {
    "canteen_min_bp": "canteen_min",
    "encouraged_bp": "encouraged",
    "union_min_bp": "union_min",
    "union_per_head_min_fen": "union_per_head_min",
    "no_canteen_union_min_bp": "no_canteen_union_min",
    "is_not_below_last_year": "not_below_last_year",
}


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "reserve_rules.toml").read_text(encoding="utf-8"))


def share_fen(total_fen: int, share_bp: int) -> int:
    """A share of a sum, rounded up."""
    return -(-total_fen * share_bp // _WHOLE)


def _nearest(table: str, county_code: str, year: int, key: str) -> Mapping[str, Any] | None:
    """The entry of the nearest region that says something of `key`, of the latest year that has begun."""
    for region in (county_code, county_code[:4] + "00", county_code[:2] + "0000", "000000"):
        said = [
            each for each in _data()[table] if each["region"] == region and key in each and each["from_year"] <= year
        ]
        if said:
            found: Mapping[str, Any] = max(said, key=lambda each: int(each["from_year"]))
            return found
    return None


@cache
def rule_of(county_code: str, year: int) -> Rule:
    """What holds there in that year, each figure with its source."""
    found: dict[str, Figure] = {}
    for key, name in _FIGURES.items():
        entry = _nearest("rule", county_code, year, key)
        if entry is not None:
            found[name] = Figure(
                int(entry[key]), entry["region"], entry["source"], entry["confidence"], year > entry["until_year"]
            )
    return Rule(**found)


@cache
def deadline_of(county_code: str, year: int) -> date | None:
    """The last day of filing for the year; None for years before anybody said one."""
    entry = _nearest("deadline", county_code, year, "day")
    return None if entry is None else date(year, entry["month"], entry["day"])


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `reserved-share-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="reserved-share")


def side_of(verb: str, status: str) -> Side:
    """Whose verb it is: the unit's own, the lead unit's, or the finance office's. Who has it in hand may return it."""
    if verb in {"edit", "submit", "withdraw"}:
        return "unit"
    if verb in {"review", "approve"} or (verb == "return" and status == "LEAD_REVIEW"):
        return "lead"
    return "finance"


def ensure_another_person(person_id: UUID, submitted_by: UUID | None) -> None:
    """403 `own-request`: nobody decides on what they submitted."""
    if person_id == submitted_by:
        raise Forbidden("You submitted it: somebody else decides.", code="own-request")


def ensure_year(year: int, today: date) -> None:
    """422 `filing-year-wrong` for a year that is not this one, the one before or the next."""
    if abs(year - today.year) > 1:
        raise Invalid(
            "A share is filed for this year, the one before or the next.", code="filing-year-wrong", field="year"
        )


def ensure_holds(filing: Filing, rule: Rule, *, last_year: tuple[int, int] | None) -> None:
    """The first thing that keeps it from being submitted. `last_year` is what was locked then: of canteen and union.

    422 `filing-has-no-canteen`, `canteen-total-missing`, `ratio-too-low`, `below-last-year`, `union-has-no-funds`,
    `union-share-too-low`, `union-per-head-too-low`, `filing-contact-missing`, each with the figure and its source.
    """
    _ensure_canteen(filing, rule, last_year[0] if last_year else None)
    _ensure_union(filing, rule, last_year[1] if last_year else None)
    if not filing.contact or not filing.phone:
        raise Invalid("Say who can be asked, and the phone number.", code="filing-contact-missing", field="contact")


def ensure_zero(filing: Filing) -> None:
    """422 `filing-has-no-canteen` for a total without a canteen of which the unit files: zero filing (零填报)."""
    if filing.canteen_mode in WITHOUT_TOTAL and (filing.canteen_total_fen or filing.ratio_bp):
        raise Invalid(
            "Without a canteen of its own a unit files zero; a shared one is filed by its representative.",
            code="filing-has-no-canteen",
            field="canteen_total_fen",
        )


def _ensure_canteen(filing: Filing, rule: Rule, last_fen: int | None) -> None:
    ensure_zero(filing)
    if filing.canteen_mode in WITHOUT_TOTAL:
        return
    if not filing.canteen_total_fen:
        raise Invalid("Say what the canteen buys in the year.", code="canteen-total-missing", field="canteen_total_fen")
    if rule.canteen_min is not None and filing.ratio_bp < rule.canteen_min.value:
        raise _too_low("ratio-too-low", "ratio_bp", rule.canteen_min, needed_bp=rule.canteen_min.value)
    if rule.not_below_last_year is not None and last_fen is not None and filing.canteen_reserved_fen < last_fen:
        raise _too_low("below-last-year", "ratio_bp", rule.not_below_last_year, needed_fen=last_fen)


def _ensure_union(filing: Filing, rule: Rule, last_fen: int | None) -> None:
    if not filing.has_union_funds:  # 无独立工会经费: exempt, and nothing to reserve from
        if filing.union_total_fen or filing.union_reserved_fen or filing.union_member_count:
            raise Invalid(
                "A union without funds of its own files nothing.", code="union-has-no-funds", field="union_total_fen"
            )
        return
    least = rule.no_canteen_union_min if filing.canteen_mode == "NONE" and rule.no_canteen_union_min else rule.union_min
    if least is not None:
        needed_fen = share_fen(filing.union_total_fen, least.value)
        if filing.union_reserved_fen < needed_fen:
            raise _too_low("union-share-too-low", "union_reserved_fen", least, needed_fen=needed_fen)
    if rule.union_per_head_min is not None:
        needed_fen = filing.union_member_count * rule.union_per_head_min.value
        if filing.union_reserved_fen < needed_fen:
            raise _too_low(
                "union-per-head-too-low", "union_reserved_fen", rule.union_per_head_min, needed_fen=needed_fen
            )
    if rule.not_below_last_year is not None and last_fen is not None and filing.union_reserved_fen < last_fen:
        raise _too_low("below-last-year", "union_reserved_fen", rule.not_below_last_year, needed_fen=last_fen)


def _too_low(code: str, field: str, figure: Figure, **needed: int) -> Invalid:
    return Invalid(
        "It is less than the rule of the region asks for.",
        code=code,
        field=field,
        region=figure.region,
        source=figure.source,
        **needed,
    )


def ensure_correctable(status: str, *, is_in_force: bool) -> None:
    """409 `reserved-share-status` unless it is locked and no newer version replaced it."""
    if status != "LOCKED" or not is_in_force:
        raise Conflict("Only the locked filing in force is corrected.", code="reserved-share-status", status_now=status)


def time_progress_bp(year: int, today: date) -> int:
    """How much of the year is over, today with it."""
    if today.year != year:
        return _WHOLE if today.year > year else 0
    return today.timetuple().tm_yday * _WHOLE // (366 if isleap(year) else 365)


def progress_bp(completed_fen: int, reserved_fen: int) -> int | None:
    """What part of the reserved share is completed; None where nothing is reserved."""
    return completed_fen * _WHOLE // reserved_fen if reserved_fen else None


def lagging_bp() -> int:
    """By how much of a year one may be behind its time."""
    allowed: int = _data()["progress"]["lagging_bp"]
    return allowed


def is_lagging(completed_fen: int, reserved_fen: int, time_bp: int) -> bool:
    """Whether it is behind the year's time by more than the data allows."""
    return completed_fen * _WHOLE < reserved_fen * (time_bp - lagging_bp())
