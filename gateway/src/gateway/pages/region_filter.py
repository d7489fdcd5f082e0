"""The select by which somebody who oversees a province, a city or the country narrows a list to a part of it."""

from typing import Any

from gateway.pages.account import Choice
from gateway.pages.places import place_name, province_name
from gateway.pages.regions import book
from gateway.services import Services
from gateway.visitor import Language, Visitor


async def region_choices(services: Services, visitor: Visitor, chosen: str, language: Language) -> list[Choice]:
    """The divisions right below the visitor's regions (the provinces for who has none), and below the chosen one and
    those above it what lies further down, set in. Empty for an official of a single county: nothing to choose."""
    found: list[Choice] = []
    for top in visitor.regions or ("",):
        found += await _below(services, top, chosen, language, depth=0)
    return found


async def _below(services: Services, parent: str, chosen: str, language: Language, *, depth: int) -> list[Choice]:
    found: list[Choice] = []
    for each in await book.children(services, parent):
        found.append(Choice(each["code"], "\u3000" * depth + _name(each, language)))
        if chosen and each["level"] != "county" and _holds(each["code"], chosen):
            found += await _below(services, each["code"], chosen, language, depth=depth + 1)
    return found


def _holds(region: str, code: str) -> bool:
    """Whether the division holds the other, or is it: 420000 holds 420325."""
    return code.startswith(region.removesuffix("00").removesuffix("00"))


def _name(region: dict[str, Any], language: Language) -> str:
    if region["level"] == "province":
        return province_name(region["code"], region["name"], language)
    return place_name(region["name"], language)
