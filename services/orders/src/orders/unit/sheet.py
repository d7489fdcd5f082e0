"""A spreadsheet of units as rows, and what is wrong with them in words. Nothing here knows the database."""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from orders.unit import rules
from shared.errors import Invalid
from shared.spreadsheet import cells
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.tables import Table, open_tables

COLUMNS: Final = {
    "name": "单位名称",
    "uscc": "统一社会信用代码",
    "kind": "单位性质",
    "county_code": "区划代码",
    "parent_uscc": "主管单位代码",
    "has_union": "有无工会",
    "has_union_funds": "工会有无独立经费",
    "union_name": "工会名称",
    "union_uscc": "工会代码",
}
_NEEDED: Final = ("name", "uscc", "kind", "county_code")
KINDS: Final = {
    "机关": "ORGAN",
    "事业单位": "PUBLIC_INSTITUTION",
    "学校": "SCHOOL",
    "医院": "HOSPITAL",
    "国有企业": "STATE_ENTERPRISE",
    "国企": "STATE_ENTERPRISE",
    "金融机构": "BANK",
    "其他": "OTHER",
}
_HEAD_WITHIN: Final = 20
_LONGEST: Final = 200
_LONGEST_NAME: Final = 100
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a row: in which column, what it says there, and the sentence's code."""

    row: int
    name: str
    column: str
    value: str
    code: str
    facts: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """For people."""
        return sentence(self.code, {**self.facts, "value": self.value}, "zh")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that reads as a unit. The supervising unit is named by its code."""

    row: int
    facts: rules.UnitFacts
    parent_uscc: str


@cache
def limits() -> Mapping[str, Any]:
    """How large a file may be."""
    return tomllib.loads((_HERE / "limits.toml").read_text(encoding="utf-8"))


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads((_HERE / "sentences.toml").read_text(encoding="utf-8"))


def sentence(code: str, facts: Mapping[str, Any], language: str) -> str:
    """What is wrong, in words."""
    return _sentences()[code][language].format_map({"missing": "", "row": "", **limits(), **facts})


def read_units(content: bytes) -> list[Entry | Wrong]:
    """The rows of the first sheet whose head is ours. Work for a thread.

    422 with a sentence for a file that is none of ours: the codes of shared.spreadsheet, and `head-wrong`,
    `too-many-rows`, `no-rows`.
    """
    most = limits()["most_inflated_bytes"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "units"
        path.write_bytes(content)
        try:
            tables = open_tables(path, file_format(path, max_inflated_bytes=most), max_inflated_bytes=most)
            for table in tables:
                found = _head(table)
                if found is not None:
                    return _read(table, *found)
        except TableRefused as refused:
            raise _refusal(refused.code, **refused.facts) from refused
    raise _refusal("head-wrong", missing="、".join(COLUMNS[each] for each in _NEEDED))


def _refusal(code: str, **facts: Any) -> Invalid:
    return Invalid(sentence(code, facts, "en"), code=code, field="body", sentence=sentence(code, facts, "zh"))


def _head(table: Table) -> tuple[int, dict[str, int]] | None:
    names = {cells.folded(title): key for key, title in COLUMNS.items()}
    for number, row in table.rows():
        if number > _HEAD_WITHIN:
            return None
        places = {names[title]: place for place, cell in enumerate(row) if (title := _title(cell)) in names}
        if all(each in places for each in _NEEDED):
            return number, places
    return None


def _title(cell: cells.Cell) -> str:
    return cells.folded(cells.line(cell))


def _read(table: Table, head_row: int, places: Mapping[str, int]) -> list[Entry | Wrong]:
    found: list[Entry | Wrong] = []
    seen: dict[str, int] = {}
    for number, texts in _filled(table, head_row, places):
        if len(found) == limits()["most_rows"]:
            raise _refusal("too-many-rows")
        read = _entry(number, texts)
        if isinstance(read, Entry):
            first = seen.setdefault(read.facts.uscc, number)
            if first != number:
                read = Wrong(number, texts["name"], COLUMNS["uscc"], read.facts.uscc, "code-twice", {"first": first})
        found.append(read)
    if not found:
        raise _refusal("no-rows")
    return found


def _filled(table: Table, head_row: int, places: Mapping[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, row in table.rows():
        if number <= head_row:
            continue
        texts = {
            key: cells.line(row[places[key]])[:_LONGEST] if key in places and places[key] < len(row) else ""
            for key in COLUMNS
        }
        if any(texts.values()):
            yield number, texts


def _entry(number: int, texts: Mapping[str, str]) -> Entry | Wrong:
    def wrong(key: str, code: str) -> Wrong:
        return Wrong(number, texts["name"], COLUMNS[key], texts[key], code, {})

    if not 2 <= len(texts["name"]) <= _LONGEST_NAME:  # noqa: PLR2004 - as the form asks
        return wrong("name", "name-missing")
    if texts["kind"] not in KINDS:
        return wrong("kind", "kind-unknown")
    if not (len(texts["county_code"]) == 6 and texts["county_code"].isascii() and texts["county_code"].isdigit()):  # noqa: PLR2004
        return wrong("county_code", "county-wrong")
    flags = {}
    for key in ("has_union", "has_union_funds"):
        try:
            flags[key] = bool(texts[key]) and cells.yes_or_no(texts[key])
        except cells.CellWrong:
            return wrong(key, "yes-or-no")
    facts = rules.UnitFacts(
        kind=KINDS[texts["kind"]],
        name=texts["name"],
        uscc=texts["uscc"],
        county_code=texts["county_code"],
        union_name=texts["union_name"][:_LONGEST_NAME],
        union_uscc=texts["union_uscc"],
        **flags,
    )
    try:
        return Entry(number, rules.checked_facts(facts), rules.code_of(texts["parent_uscc"]))
    except Invalid as refusal:
        return wrong(refusal.field or "uscc", refusal.code)
