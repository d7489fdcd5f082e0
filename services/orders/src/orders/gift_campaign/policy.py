"""Caps, holidays and forbidden goods as data: what holds in a county in a year, from gift_rules.toml."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orders.love_purchase.rules import region_prefix

NATION = "CN"


@dataclass(frozen=True, slots=True)
class Caps:
    """What a member may have in a year, for all holidays together and, where a region says so, for each."""

    yearly_fen: int
    yearly_source: str
    holiday_fen: Mapping[str, int]
    holiday_source: str
    single_warn_above_fen: int

    def of_holidays(self, codes: Sequence[str]) -> int | None:
        """What these holidays may have together; None where the region does not say."""
        if not self.holiday_fen:
            return None
        return sum(self.holiday_fen.get(code, self.holiday_fen["OTHER"]) for code in codes)


@cache
def policy() -> Mapping[str, Any]:
    """The whole file."""
    return tomllib.loads((Path(__file__).parent / "gift_rules.toml").read_text(encoding="utf-8"))


def _is_in(county_code: str, region: str) -> bool:
    return region == NATION or county_code.startswith(region_prefix(region))


def _holding(table: str, key: str, county_code: str, year: int) -> Mapping[str, Any]:
    """The entry of the narrowest region, and of its entries the latest that holds in the year; a year before all of
    them is told by the first, which is better than nothing."""
    known = [each for each in policy()[table] if key in each and _is_in(county_code, each["region"])]
    narrowest = max(len(region_prefix(each["region"])) if each["region"] != NATION else 0 for each in known)
    own = [
        each for each in known if (len(region_prefix(each["region"])) if each["region"] != NATION else 0) == narrowest
    ]
    begun = [each for each in own if each["from_year"] <= year]
    found: Mapping[str, Any] = max(begun or own[:1], key=lambda each: int(each["from_year"]))
    return found


def caps_of(county_code: str, year: int) -> Caps:
    """What holds for a unit of the county."""
    yearly = _holding("caps", "yearly_fen", county_code, year)
    by_holiday = [
        each
        for each in policy()["caps"]
        if "holiday_fen" in each and _is_in(county_code, each["region"]) and each["from_year"] <= year
    ]
    latest = max(by_holiday, key=lambda each: int(each["from_year"]), default=None)
    return Caps(
        yearly_fen=yearly["yearly_fen"],
        yearly_source=yearly["source"],
        holiday_fen=latest["holiday_fen"] if latest else {},
        holiday_source=latest["source"] if latest else "",
        single_warn_above_fen=policy()["single_issue"]["warn_above_fen"],
    )


def assisted_minimum_bp(county_code: str, year: int) -> int:
    """Which share of a package comes from assisted counties at least."""
    return int(_holding("assisted", "minimum_bp", county_code, year)["minimum_bp"])


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday that a union may give something for."""

    code: str
    zh: str
    en: str


def holidays_of(county_code: str) -> list[Holiday]:
    """The statutory ones, and those of the county's region."""
    return [
        Holiday(each["code"], each["zh"], each["en"])
        for each in policy()["holidays"]
        if "regions" not in each or any(_is_in(county_code, region) for region in each["regions"])
    ]


def forbidden_as(category: str, *names: str) -> str:
    """Under which heading the goods may not be given; empty if they may."""
    for each in policy()["forbidden"]:
        if category in each["categories"] or any(word in name for word in each["words"] for name in names):
            return str(each["code"])
    return ""


def is_assisted(designations: Sequence[str]) -> bool:
    """Whether the goods count as bought from an assisted county."""
    return not set(policy()["assisted_goods"]["designations"]).isdisjoint(designations)
