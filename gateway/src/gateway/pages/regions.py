"""Province, city and county for an address, as catalog lists them. They change a few times a year."""

import time
from dataclasses import dataclass
from typing import Any

from gateway.pages.places import place_name, province_name
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import Language

_FRESH_SECONDS = 3600.0
_MOST_PARENTS = 4000


@dataclass(frozen=True, slots=True)
class RegionOption:
    """A division to choose."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class RegionChoice:
    """The three lists. A city without counties, or a county right under its province, ends the choice early."""

    provinces: list[RegionOption]
    cities: list[RegionOption]
    counties: list[RegionOption]
    is_complete: bool


class RegionBook:
    """Divisions by their parent, kept for an hour."""

    def __init__(self) -> None:
        self._children: dict[str, tuple[float, list[dict[str, Any]]]] = {}

    async def children(self, services: Services, parent: str) -> list[dict[str, Any]]:
        """The divisions below `parent`; the provinces for an empty one."""
        kept = self._children.get(parent)
        if kept is not None and time.monotonic() - kept[0] < _FRESH_SECONDS:
            return kept[1]
        params: dict[str, str | int | None] = {"limit": 1000, "parent": parent or None}
        found = (await services.catalog.get("/v1/regions", visitor=None, params=params))["items"]
        if len(self._children) >= _MOST_PARENTS:
            self._children.clear()
        self._children[parent] = (time.monotonic(), found)
        return list(found)


book = RegionBook()


def _options(items: list[dict[str, Any]], language: Language) -> list[RegionOption]:
    return [
        RegionOption(
            item["code"],
            province_name(item["code"], item["name"], language)
            if item["level"] == "province"
            else place_name(item["name"], language),
        )
        for item in items
    ]


async def provinces_of(services: Services, language: Language) -> list[RegionOption]:
    """All provinces to choose from."""
    return _options(await book.children(services, ""), language)


async def region_choice(services: Services, typed: Typed, language: Language) -> tuple[RegionChoice, str]:
    """The lists that fit what is chosen so far, and the county's code once it is known (else empty).

    A choice that does not belong to the one above it (the province was changed) is dropped from `typed`.
    """
    provinces = await book.children(services, "")
    if typed.province not in {each["code"] for each in provinces}:
        typed["province"] = ""
    cities = await book.children(services, typed.province) if typed.province else []
    city = next((each for each in cities if each["code"] == typed.city), None)
    if city is None:
        typed["city"] = ""
    counties = await book.children(services, typed.city) if city is not None and city["level"] != "county" else []
    if typed.county not in {each["code"] for each in counties}:
        typed["county"] = ""
    is_complete = city is not None and not counties
    code = typed.county or (typed.city if is_complete else "")
    choice = RegionChoice(
        _options(provinces, language), _options(cities, language), _options(counties, language), is_complete
    )
    return choice, code


async def place_of(services: Services, code: str, language: Language) -> str:
    """A county's full name from its code."""
    found = await services.catalog.get(f"/v1/regions/{code}", visitor=None)
    if language == "zh":
        names = [found["province"], found.get("city"), found["name"] if found["level"] == "county" else None]
        return " ".join(name for name in names if name)
    parts = [
        place_name(found["name"], "en") if found["level"] == "county" else "",
        place_name(found.get("city"), "en"),
        province_name(found["province_code"], found["province"], "en"),
    ]
    return ", ".join(part for part in parts if part)
