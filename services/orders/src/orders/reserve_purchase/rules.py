"""Reserve purchases (政府收储): states, grades with their prices, and whose goods come first.

Source: 国办发〔2018〕129号, 优先收储贫困地区符合条件的农产品…通过签订订单和在贫困地区设立收购点等方式.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Status = Literal["DRAFT", "APPROVING", "PUBLISHED", "ENDED", "ABANDONED"]
MOVES: Final[Moves] = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "submit": (frozenset({"DRAFT"}), "APPROVING"),
    "approve": (frozenset({"APPROVING"}), "PUBLISHED"),
    "refuse": (frozenset({"APPROVING"}), "DRAFT"),
    "withdraw": (frozenset({"APPROVING"}), "DRAFT"),
    "abandon": (frozenset({"DRAFT"}), "ABANDONED"),
    "end": (frozenset({"PUBLISHED"}), "ENDED"),
}
_BASIS: Final = 10_000
_KILOGRAM: Final = 1000


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of the goods: what it takes, and the price of a kilogram."""

    name: str
    criteria: str
    price_fen_per_kg: int


@dataclass(frozen=True, slots=True)
class FirstTerms:
    """For how many days after publication only goods of the counties that come first are booked, and what share of
    the wanted weight is kept for them."""

    days_ahead: int
    share_bp: int


@dataclass(frozen=True, slots=True)
class Room:
    """What of a reserve purchase is spoken for."""

    wanted_g: int
    kept_g: int
    taken_g: int
    taken_other_g: int

    def free_g(self, *, is_first: bool) -> int:
        """What may still be booked; the kept share only by those who come first."""
        free_g = self.wanted_g - self.taken_g
        return free_g if is_first else max(min(free_g, self.wanted_g - self.kept_g - self.taken_other_g), 0)


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `reserve-purchase-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="reserve-purchase")


def ensure_filing(
    *, first_on: date, last_on: date, today: date, wanted_g: int, budget_fen: int, grades: Sequence[Grade]
) -> None:
    """422 `days-invalid`, `grade-twice`, `reserve-budget-small` with what the whole weight costs at its dearest."""
    if last_on < first_on or last_on < today:
        raise Invalid("The days end before they begin, or are over.", code="days-invalid", field="last_on")
    if len({each.name for each in grades}) < len(grades):
        raise Invalid("Name each grade once.", code="grade-twice", field="grades")
    most_fen = -(-wanted_g * max(each.price_fen_per_kg for each in grades) // _KILOGRAM)
    if budget_fen < most_fen:
        raise Invalid(
            "The budget does not pay all of it at the price of the best grade.",
            code="reserve-budget-small",
            field="budget_fen",
            needed_fen=most_fen,
        )


def kept_g(wanted_g: int, terms: FirstTerms) -> int:
    """What is kept for those who come first, rounded up."""
    return -(-wanted_g * terms.share_bp // _BASIS)


def opens_to_all_on(published_on: date, terms: FirstTerms) -> date:
    """From which day on everybody may book."""
    return published_on + timedelta(days=terms.days_ahead)


def comes_first(origin_county_code: str, county_codes: Collection[str]) -> bool:
    """Whether goods are grown in a county that the filing names."""
    return origin_county_code in county_codes


def piece_fen(price_fen_per_kg: int, piece_g: int) -> int:
    """What a pack costs, cut to the fen: the whole stays within the budget. 422 `pack-too-small` for nothing."""
    fen = price_fen_per_kg * piece_g // _KILOGRAM
    if fen == 0:
        raise Invalid("A pack of this is worth nothing.", code="pack-too-small", field="sku_id")
    return fen


def ensure_bookable(
    *,
    status: str,
    first_on: date,
    last_on: date,
    opens_to_all_on: date | None,
    room: Room,
    more_g: int,
    is_first: bool,
    day: date,
    today: date,
) -> None:
    """Whether so much may be booked for that day. 409 `reserve-purchase-status`, `day-outside`, `not-open-to-all`,
    `reserve-full` with what is free."""
    if status != "PUBLISHED" or opens_to_all_on is None:
        raise Conflict("This reserve purchase takes no bookings.", code="reserve-purchase-status", status_now=status)
    if not first_on <= day <= last_on:
        raise Conflict("Nothing is taken in on that day.", code="day-outside", field="day")
    if not is_first and today < opens_to_all_on:
        raise Conflict(
            "Goods of the counties that come first are booked first.",
            code="not-open-to-all",
            field="sku_id",
            opens_on=opens_to_all_on.isoformat(),
        )
    free_g = room.free_g(is_first=is_first)
    if more_g > free_g:
        raise Conflict("So much is not wanted any more.", code="reserve-full", field="quantity", free_g=free_g)


def first_terms(county_code: str, on: date) -> FirstTerms:
    """Whose goods come first, and how, where the institution is, that year."""
    found = _terms("first", county_code, on)
    return FirstTerms(found["days_ahead"], found["share_bp"])


def notice_days(county_code: str, on: date) -> int:
    """How many days ahead a booking is made, changed or cancelled."""
    days: int = _terms("booking", county_code, on)["notice_days"]
    return days


def short_bp(county_code: str, on: date) -> int:
    """By how much the scale may show less than the packs' weight."""
    share: int = _terms("scale", county_code, on)["short_bp"]
    return share


def _terms(kind: str, county_code: str, on: date) -> Mapping[str, Any]:
    fitting = [
        each for each in _all_terms()[kind] if county_code.startswith(each["region"]) and each["from_year"] <= on.year
    ]
    found: Mapping[str, Any] = max(fitting, key=lambda each: (len(each["region"]), each["from_year"]))
    return found


@cache
def _all_terms() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files("orders.reserve_purchase").joinpath("reserve_rules.toml").read_text("utf-8"))
