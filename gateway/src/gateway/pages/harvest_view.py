"""The harvest made ready to draw: the provinces as tiles, seasons as twelve cells, weights as people say them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

from gateway.pages.cards import season_months
from gateway.pages.drawings import product_picture, product_text
from gateway.pages.figures import month_text
from gateway.pages.places import place_name, province_name
from gateway.pages.shell import Page
from gateway.visitor import Language
from shared.money import yuan

MONTHS: Final = tuple(range(1, 13))
SHADES: Final = 4
_GRAMS_PER_KG: Final = 1000
_GRAMS_PER_TONNE: Final = 1_000_000
_TEN_THOUSAND: Final = 10_000
_THUMBNAILS: Final = 5
_BAR_HEIGHT: Final = 72
_CODE: Final = re.compile(r"[0-9]{6}")

PLACES: Final = {
    "23": (8, 1),
    "15": (5, 2),
    "11": (6, 2),
    "22": (8, 2),
    "65": (1, 3),
    "62": (3, 3),
    "64": (4, 3),
    "14": (5, 3),
    "13": (6, 3),
    "12": (7, 3),
    "21": (8, 3),
    "63": (2, 4),
    "61": (4, 4),
    "41": (5, 4),
    "37": (6, 4),
    "54": (1, 5),
    "51": (3, 5),
    "50": (4, 5),
    "42": (5, 5),
    "34": (6, 5),
    "32": (7, 5),
    "53": (2, 6),
    "52": (3, 6),
    "43": (4, 6),
    "36": (5, 6),
    "33": (6, 6),
    "31": (7, 6),
    "45": (3, 7),
    "44": (4, 7),
    "35": (5, 7),
    "71": (7, 7),
    "46": (3, 8),
    "82": (4, 8),
    "81": (5, 8),
}
"""Where each province's tile stands: column and row. A picture of who is whose neighbour, not of sizes."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A province. `shade` is 0 (nothing in season, or nothing entered) to 4; without a `url` it has no entries."""

    name: str
    column: int
    row: int
    shade: int
    url: str
    in_season: int
    label: str


@dataclass(frozen=True, slots=True)
class Thing:
    """A product's drawing and name."""

    name: str
    picture: str


@dataclass(frozen=True, slots=True)
class County:
    """A county in the list of a province or city."""

    name: str
    url: str
    shop_url: str
    designation: str
    is_key: bool
    things: list[Thing]
    unsold: str
    output: str
    share: int
    persons: str


@dataclass(frozen=True, slots=True)
class CountyGroup:
    """The counties of a city."""

    name: str
    counties: list[County]


@dataclass(frozen=True, slots=True)
class MonthChoice:
    """A month to choose, with the height of its bars."""

    month: int
    label: str
    url: str
    is_chosen: bool
    is_now: bool
    output: str
    unsold: str
    output_height: int
    unsold_height: int
    output_top: int
    unsold_top: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A category in a month."""

    month: int
    shade: int
    url: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A category's year."""

    name: str
    url: str
    is_chosen: bool
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Crop:
    """A product of a county in the chosen month."""

    name: str
    picture: str
    place: str
    place_url: str
    shop_url: str
    unsold: str
    output: str
    share: int
    price: str
    season: tuple[bool, ...]
    season_label: str


def weight_text(grams: int, language: Language) -> str:
    """A weight at the size a person would say: kilograms, tonnes, ten thousand tonnes."""
    if grams < _GRAMS_PER_TONNE:
        unit = " 公斤" if language == "zh" else " kg"
        return f"{grams / _GRAMS_PER_KG:,.0f}{unit}"
    tonnes = grams / _GRAMS_PER_TONNE
    if language == "zh":
        return f"{tonnes / _TEN_THOUSAND:,.1f} 万吨" if tonnes >= _TEN_THOUSAND else f"{_short(tonnes)} 吨"
    return f"{tonnes / 1000:,.1f} kt" if tonnes >= _TEN_THOUSAND else f"{_short(tonnes)} t"


def _short(tonnes: float) -> str:
    return f"{tonnes:,.0f}" if tonnes >= 100 else f"{tonnes:,.1f}".removesuffix(".0")  # noqa: PLR2004


def price_range(from_fen: int, to_fen: int, language: Language) -> str:
    """A range of prices for 500 g."""
    unit = "元/斤" if language == "zh" else "per 500 g"
    sign = "" if language == "zh" else "¥"
    low, high = yuan(from_fen), yuan(to_fen)
    return f"{sign}{low} {unit}" if low == high else f"{sign}{low}–{high} {unit}"


def season_cells(from_month: int, to_month: int) -> tuple[bool, ...]:
    """For each month, whether it is one of the season's."""
    months = season_months(from_month, to_month)
    return tuple(month in months for month in MONTHS)


def months_label(from_month: int, to_month: int, language: Language) -> str:
    """5月–11月."""
    first, last = month_text(from_month, language), month_text(to_month, language)
    return first if from_month == to_month else f"{first}–{last}"


def shade_of(value: int, largest: int) -> int:
    """1 to 4 by the square root of the share, so that small ones are told apart; 0 for nothing."""
    if value <= 0 or largest <= 0:
        return 0
    return min(SHADES, 1 + int((value / largest) ** 0.5 * (SHADES - 0.001)))


def share_of(part: int, whole: int) -> int:
    """Percent, rounded; at least 1 for what is more than nothing."""
    return max(1, min(100, round(100 * part / whole))) if part > 0 and whole > 0 else 0


def code_of(request: Request, name: str) -> str:
    """A division code of the address; empty if it is none."""
    text = request.query_params.get(name, "")
    return text if _CODE.fullmatch(text) else ""


def spot_place(spot: Mapping[str, Any], language: Language) -> str:
    """Province and county of a spot."""
    province = province_name(str(spot["province_code"]), str(spot["province"]), language)
    county = place_name(str(spot["county"]), language)
    return f"{province} · {county}" if language == "zh" else f"{county}, {province}"


def spot_drawing(page: Page) -> dict[str, Any]:
    """What the cards of spots need besides the spot."""
    return {
        "place": lambda spot: spot_place(spot, page.language),
        "season_cells": season_cells,
        "months_label": lambda first, last: months_label(first, last, page.language),
    }


def address(path: str, **query: object) -> str:
    """An address with those of the query that are set."""
    pairs = [(name, str(value)) for name, value in query.items() if value]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def tiles(rows: Iterable[Mapping[str, Any]], month: int, page: Page) -> list[Tile]:
    """All provinces at their places; shaded by how many entries are in season."""
    found = {str(row["code"])[:2]: row for row in rows}
    largest = max((int(row["in_season_count"]) for row in found.values()), default=0)
    made = []
    for code, (column, row_number) in PLACES.items():
        row = found.get(code)
        name = page.t.names["province"][code]
        count = int(row["in_season_count"]) if row else 0
        made.append(
            Tile(
                name=name,
                column=column,
                row=row_number,
                shade=shade_of(count, largest),
                url=address("/origins", region=f"{code}0000", month=month) if row else "",
                in_season=count,
                label=page.t.origins.tile_label(
                    name=name,
                    count=f"{count:,}",
                    counties=row["county_count"] if row else 0,
                    unsold=weight_text(int(row["unsold_g"]), page.language) if row else "0",
                ),
            )
        )
    return sorted(made, key=lambda tile: (tile.row, tile.column))


def things_of(names: Sequence[str], language: Language, limit: int = _THUMBNAILS) -> list[Thing]:
    """Drawings of the first products, no drawing twice."""
    seen: dict[str, Thing] = {}
    for name in names:
        seen.setdefault(product_picture(name), Thing(product_text(name, language), product_picture(name)))
    return list(seen.values())[:limit]


def county_groups(
    rows: Iterable[Mapping[str, Any]], city_names: Mapping[str, str], month: int, page: Page
) -> list[CountyGroup]:
    """Counties by city, in order of code."""
    groups: dict[str, list[County]] = {}
    for row in rows:
        code = str(row["code"])
        groups.setdefault(city_names.get(f"{code[:4]}00", ""), []).append(county_of(row, month, page))
    return [CountyGroup(place_name(name, page.language), counties) for name, counties in groups.items()]


def county_of(row: Mapping[str, Any], month: int, page: Page) -> County:
    """A county's line."""
    designations = row["designations"]
    is_key = "key-160" in designations
    short = page.t.names["designation_short"]
    code = str(row["code"])
    return County(
        name=place_name(str(row["name"]), page.language),
        url=address("/origins", region=code, month=month),
        shop_url=address("/products", county=code),
        designation=short["key-160" if is_key else "assisted-832"] if designations else "",
        is_key=is_key,
        things=things_of(row["in_season"], page.language),
        unsold=weight_text(int(row["unsold_g"]), page.language),
        output=weight_text(int(row["output_g"]), page.language),
        share=share_of(int(row["unsold_g"]), int(row["output_g"])),
        persons=f"{int(row['persons_count']):,}",
    )


def month_choices(
    months: Iterable[Mapping[str, Any]], *, path: str, chosen: int, now: int, page: Page, **kept: object
) -> list[MonthChoice]:
    """Twelve months with bars of what is harvested and what of it is unsold."""
    found = {int(row["month"]): row for row in months}
    largest = max((int(row["output_g"]) for row in found.values()), default=0)
    made = []
    for month in MONTHS:
        output, unsold = (int(found[month][key]) if month in found else 0 for key in ("output_g", "unsold_g"))
        output_height = round(_BAR_HEIGHT * output / largest) if largest else 0
        unsold_height = round(_BAR_HEIGHT * unsold / largest) if largest else 0
        made.append(
            MonthChoice(
                month=month,
                label=month_text(month, page.language),
                url=address(path, month=month, **kept),
                is_chosen=month == chosen,
                is_now=month == now,
                output=weight_text(output, page.language),
                unsold=weight_text(unsold, page.language),
                output_height=output_height,
                unsold_height=unsold_height,
                output_top=_BAR_HEIGHT - output_height,
                unsold_top=_BAR_HEIGHT - unsold_height,
            )
        )
    return made


def calendar(
    rows: Iterable[Mapping[str, Any]], *, chosen_category: str, chosen_month: int, page: Page, **kept: object
) -> list[CalendarRow]:
    """A row a category, shaded by the category's own largest month."""
    by_category: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        by_category.setdefault(str(row["category"]), {})[int(row["month"])] = row
    names = page.t.names["category"]
    made = []
    for category in [each for each in names if each in by_category]:
        year = by_category[category]
        largest = max(int(row["output_g"]) for row in year.values())
        cells = []
        for month in MONTHS:
            output, unsold = (int(year[month][key]) if month in year else 0 for key in ("output_g", "unsold_g"))
            label = page.t.season.cell_label(
                category=names[category],
                month=month_text(month, page.language),
                output=weight_text(output, page.language),
                unsold=weight_text(unsold, page.language),
            )
            is_chosen = month == chosen_month and category == chosen_category
            url = address("/in-season", month=month, category=category, **kept) if output else ""
            cells.append(Cell(month, shade_of(output, largest), url, label, is_chosen))
        url = address("/in-season", month=chosen_month, category=category, **kept)
        made.append(CalendarRow(names[category], url, category == chosen_category, cells))
    return made


def crop_of(row: Mapping[str, Any], month: int, language: Language) -> Crop:
    """What a county harvests of a product in the month."""
    province = province_name(str(row["province_code"]), str(row["province"]), language)
    county = place_name(str(row["county"]), language)
    name = str(row["product_name"])
    first, last = int(row["season_from_month"]), int(row["season_to_month"])
    return Crop(
        name=product_text(name, language),
        picture=product_picture(name),
        place=f"{province} · {county}" if language == "zh" else f"{county}, {province}",
        place_url=address("/origins", region=row["county_code"], month=month),
        shop_url=address("/products", county=row["county_code"], q=name if language == "zh" else ""),
        unsold=weight_text(int(row["unsold_g"]), language),
        output=weight_text(int(row["output_g"]), language),
        share=share_of(int(row["unsold_g"]), int(row["output_g"])),
        price=price_range(int(row["price_from_fen"]), int(row["price_to_fen"]), language),
        season=season_cells(first, last),
        season_label=months_label(first, last, language),
    )


def varied(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first of each product, then the second of each, and so on: what is grown everywhere hides nothing else."""
    seen: Counter[str] = Counter()
    placed = []
    for place, row in enumerate(rows):
        name = str(row["product_name"])
        placed.append((seen[name], place, row))
        seen[name] += 1
    return [row for _, _, row in sorted(placed, key=lambda each: each[:2])]
