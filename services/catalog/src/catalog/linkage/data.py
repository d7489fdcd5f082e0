"""The figures that linkage rests on, read from the file beside this one."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Coefficient:
    """A figure of a region (digits that its division codes begin with) from a year on, and what it rests on."""

    region: str
    from_year: int
    value: int
    source: str
    confidence: str


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((files("catalog.linkage") / "estimates.toml").read_text(encoding="utf-8"))


def _found(table: str, field: str, county_code: str, year: int) -> Coefficient | None:
    fitting = [
        Coefficient(row["region"], row["from_year"], row[field], row["source"], row["confidence"])
        for row in _read()[table]
        if county_code.startswith(row["region"]) and row["from_year"] <= year
    ]
    return max(fitting, key=lambda each: (len(each.region), each.from_year), default=None)


def income_per_household(county_code: str, year: int) -> Coefficient | None:
    """Fen that stand for one household and year in that county; None before the first figure."""
    return _found("income_per_household", "fen_per_household_year", county_code, year)


def persons_per_household(county_code: str, year: int) -> Coefficient | None:
    """Persons that stand for a hundred households in that county; None before the first figure."""
    return _found("persons_per_household", "persons_per_hundred_households", county_code, year)


def small_count() -> int:
    """Fewer households than this are not told to the public."""
    return int(_read()["small_count"]["households"])
