"""Directories in numbered issues: numbers, what an entry keeps, and how two issues differ."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from catalog.authority import OfficialRole
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "publish": (frozenset({"DRAFT"}), "PUBLISHED"),
    "withdraw": (frozenset({"PUBLISHED"}), "WITHDRAWN"),
}
EDITORS: dict[str, tuple[OfficialRole, ...]] = {
    "county": ("decider", "assistance", "agriculture"),
    "province": ("province",),
}
"""Whose work a directory of the level is."""

Content = Mapping[str, Any]
"""What an entry keeps of its product: title, title_en, category, supplier_name, county, county_code, grade, season
months, packs with net weight (g) and price (fen), certificates with number and last day, and until when it is
recognised."""

_NUMBER = re.compile(r"(\d{6})-(\d{4})-(\d{2,4})")


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `directory-status`."""
    return _status_after(MOVES, verb, status, noun="directory")


def number_of(region_code: str, year: int, sequence: int) -> str:
    """The issue's number, such as 420325-2026-02."""
    return f"{region_code}-{year}-{sequence:02d}"


def read_number(text: str) -> tuple[str, int, int] | None:
    """Region, year and sequence of an issue's number, or None if it is none."""
    found = _NUMBER.fullmatch(text)
    return (found[1], int(found[2]), int(found[3])) if found else None


def ensure_level(level: str) -> str:
    """422 `region-without-directory` for a city: counties and provinces have directories."""
    if level not in EDITORS:
        raise Invalid("Counties and provinces have directories.", code="region-without-directory", field="region_code")
    return level


def ensure_publishable(listed: Sequence[UUID], recognised: set[UUID]) -> None:
    """409 `directory-empty` without a product, `entry-not-recognised` for products that may not be listed any more."""
    if not listed:
        raise Conflict("There is no product in this issue.", code="directory-empty")
    if lost := [str(each) for each in listed if each not in recognised]:
        raise Conflict(
            "Some products are not recognised any more. Collect again, then publish.",
            code="entry-not-recognised",
            product_ids=lost,
        )


def changed_fields(before: Content, after: Content) -> list[str]:
    """The names of what reads differently, in order."""
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
