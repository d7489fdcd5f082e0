"""What a supply entry may say, how it moves from the village to the county, and what of a harvest is left to sell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "submit": (frozenset({"DRAFT", "RETURNED"}), "SUBMITTED"),
    "confirm": (frozenset({"SUBMITTED"}), "CONFIRMED"),
    "return": (frozenset({"SUBMITTED", "CONFIRMED"}), "RETURNED"),
    "reopen": (frozenset({"CONFIRMED"}), "DRAFT"),
}
"""Verb: the states it may start from, and where it leads."""

EDITABLE = frozenset({"DRAFT", "RETURNED"})

GRAMS_PER_UNIT = {"吨": 1_000_000, "公斤": 1_000, "千克": 1_000, "斤": 500, "两": 50, "担": 50_000, "克": 1}
"""Weights as villages say them (1 斤 = 500 g)."""

_LARGEST_G = 10**15  # a thousand million tonnes: more than the world harvests of anything
_LARGEST_SCALE = 10**10
_LARGEST_PRICE_FEN = 10**8
_PLACES_OF_SCALE = 2


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """An entry as it is typed or imported. Grams for weights, fen for 500 g for prices, months 1 to 12 (a season may
    run over the new year). `sold_g` None leaves what is known."""

    county_code: str
    township: str
    village: str
    enterprise: str
    product_name: str
    category: str
    year: int
    scale_value: Decimal
    scale_unit: str
    yearly_output_g: int
    season_from_month: int
    season_to_month: int
    price_from_fen: int
    price_to_fen: int
    operator_supplier_id: UUID | None = None
    operator_name: str = ""
    contact: str = ""
    is_contact_public: bool = False
    expected_persons_count: int = 0
    sold_g: int | None = None

    @property
    def key(self) -> tuple[str, str, str, str, str, int]:
        """The natural key: what an entry is about."""
        return (self.county_code, self.township, self.village, self.enterprise, self.product_name, self.year)


FACT_NAMES = tuple(each.name for each in fields(SupplyFacts))


def grams_of(amount: Decimal | int | str, unit: str) -> int:
    """A weight in grams from 吨, 公斤, 斤 and so on, to the gram; 422 `weight-invalid`, `weight-unit-unknown`."""
    if unit not in GRAMS_PER_UNIT:
        raise Invalid(
            f"There is no unit of weight {unit!r}: use one of {'、'.join(GRAMS_PER_UNIT)}.",
            code="weight-unit-unknown",
            field="unit",
            known=list(GRAMS_PER_UNIT),
        )
    try:
        value = Decimal(str(amount).strip().replace(",", ""))
    except InvalidOperation as error:
        raise Invalid(f"{amount!r} is not a number.", code="weight-invalid", field="amount") from error
    if not value.is_finite() or value < 0 or value * GRAMS_PER_UNIT[unit] > _LARGEST_G:
        raise Invalid("A weight is a number from 0 up that can be true.", code="weight-invalid", field="amount")
    return int((value * GRAMS_PER_UNIT[unit]).to_integral_value())


def plain(text: str) -> str:
    """A name without blanks around it or doubled inside, so that the same village is written the same."""
    return " ".join(text.split())


def checked(given: Mapping[str, Any], *, categories: Collection[str], units: Collection[str]) -> SupplyFacts:
    """The facts with plain names, if they can be true. Refuses as `ensure_possible`."""
    values: dict[str, Any] = {
        name: plain(value) if isinstance(value, str) else value for name, value in given.items() if name in FACT_NAMES
    }
    facts = SupplyFacts(**values)
    ensure_possible({name: getattr(facts, name) for name in FACT_NAMES}, categories=categories, units=units)
    return facts


def ensure_possible(facts: Mapping[str, Any], *, categories: Collection[str], units: Collection[str]) -> None:
    """Whether facts under their names in SupplyFacts, with plain names, can be true. An import asks it of each row.

    422 `holder-missing`, `category-unknown`, `scale-unit-unknown`, `scale-invalid`, `output-invalid`,
    `price-range-reversed`, `month-invalid`, `year-invalid`, `count-negative`, `entry-name-missing`, with the field.
    """
    if not facts["product_name"]:
        raise Invalid("Say which product it is.", code="entry-name-missing", field="product_name")
    if not facts["township"]:
        raise Invalid("Say in which township it is.", code="entry-name-missing", field="township")
    if not (facts["village"] or facts["enterprise"]):
        raise Invalid("An entry is of a village or of an enterprise: name one.", code="holder-missing", field="village")
    if facts["category"] not in categories:
        raise Invalid(f"There is no category {facts['category']!r}.", code="category-unknown", field="category")
    if facts["scale_unit"] not in units:
        raise Invalid(
            f"There is no unit of scale {facts['scale_unit']!r}.", code="scale-unit-unknown", field="scale_unit"
        )
    _ensure_figures(facts)


def _ensure_figures(facts: Mapping[str, Any]) -> None:
    scale = facts["scale_value"]
    if not 0 < scale < _LARGEST_SCALE or scale != round(scale, _PLACES_OF_SCALE):
        raise Invalid(
            "The scale is a number above 0 with at most two decimals.", code="scale-invalid", field="scale_value"
        )
    if not 0 < facts["yearly_output_g"] <= _LARGEST_G:
        raise Invalid("The yearly output is above 0.", code="output-invalid", field="yearly_output_g")
    for name in ("season_from_month", "season_to_month"):
        if not 1 <= facts[name] <= 12:  # noqa: PLR2004 - months
            raise Invalid("A month is 1 to 12.", code="month-invalid", field=name)
    if not 0 < facts["price_from_fen"] <= facts["price_to_fen"] <= _LARGEST_PRICE_FEN:
        raise Invalid(
            "The price range goes from a price above 0 to the same or a higher one.",
            code="price-range-reversed",
            field="price_to_fen",
        )
    if not 2000 <= facts["year"] <= 2100:  # noqa: PLR2004 - our time
        raise Invalid("The year is a year of our time.", code="year-invalid", field="year")
    for name in ("expected_persons_count", "sold_g"):
        if not 0 <= (facts[name] or 0) <= _LARGEST_G:
            raise Invalid("This cannot be below 0.", code="count-negative", field=name)


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `supply-status` with `status_now` where it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="supply", called="an entry")


def ensure_editable(status: str) -> None:
    """409 `supply-status` unless the entry is a draft or was returned."""
    if status not in EDITABLE:
        raise Conflict(
            "What was submitted or confirmed is not edited: have it returned, or reopen it first.",
            code="supply-status",
            status_now=status,
        )


def season_months(from_month: int, to_month: int) -> list[int]:
    """The months of a season in their order; November to February runs over the new year."""
    length = (to_month - from_month) % 12 + 1
    return [(from_month - 1 + step) % 12 + 1 for step in range(length)]


def output_by_month(output_g: int, from_month: int, to_month: int) -> dict[int, int]:
    """A year's output spread evenly over its season, to the gram: the months sum to the year."""
    months = season_months(from_month, to_month)
    edges = [output_g * step // len(months) for step in range(len(months) + 1)]
    return {month: edges[step + 1] - edges[step] for step, month in enumerate(months)}


def unsold_by_month(output_g: int, sold_g: int, from_month: int, to_month: int) -> dict[int, int]:
    """What of each month's output is not sold yet: sales take the earliest month of the season first.

    The months sum to what is left of the year, which is nothing where more was sold than expected.
    """
    months = season_months(from_month, to_month)
    edges = [output_g * step // len(months) for step in range(len(months) + 1)]
    return {month: max(0, edges[step + 1] - max(edges[step], sold_g)) for step, month in enumerate(months)}


def effective(yearly_output_g: int, sold_g: int, remaining_g: int | None) -> tuple[int, int]:
    """Output and sold amount in grams that count. A village's count of what remains goes before what was reckoned: all
    else is sold, and a harvest larger than expected is as large as what is still there."""
    if remaining_g is None:
        return yearly_output_g, sold_g
    output_g = max(yearly_output_g, remaining_g)
    return output_g, output_g - remaining_g
