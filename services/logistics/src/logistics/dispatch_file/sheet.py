"""A spreadsheet as the filled rows of a dispatch file, and what is wrong with it in words."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from logistics.dispatch_file.rules import COLUMNS, FileRow
from shared.errors import Invalid
from shared.spreadsheet import cells
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.tables import Table, open_tables

_HEAD_WITHIN = 20
_LONGEST_CELL = 200
_FILLED = ("carrier", "waybill_number")
_HERE = Path(__file__).parent


@cache
def limits() -> Mapping[str, Any]:
    """How large a file may be."""
    return tomllib.loads((_HERE / "limits.toml").read_text(encoding="utf-8"))


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads((_HERE / "sentences.toml").read_text(encoding="utf-8"))


def sentence(code: str, facts: Mapping[str, Any], language: str) -> str:
    """What is wrong, in words; the code itself for one that has no sentence."""
    found = _sentences().get(code)
    return code if found is None else found[language].format_map(_Facts(facts))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def read_rows(path: Path) -> list[FileRow]:
    """The filled rows of the first sheet whose head is ours. Work for a thread: nothing here waits.

    422 with a sentence for a file that is none of ours: `file-empty`, `file-no-spreadsheet`, `file-damaged`,
    `file-binary`, `file-locked`, `file-inflates-too-large`, `encoding-unknown`, `row-unreadable`, `head-wrong`,
    `too-many-rows-at-once`, `too-many-rows`, `no-rows`.
    """
    try:
        most = limits()["most_inflated_bytes"]
        tables = open_tables(path, file_format(path, max_inflated_bytes=most), max_inflated_bytes=most)
        missing: set[str] | None = None
        for table in tables:
            found = _heads(table)
            if found is None:
                continue
            row_number, places = found
            lacking = {each.zh for each in COLUMNS if each.is_needed and each.key not in places}
            if not lacking:
                return _filled(table, row_number, places)
            missing = lacking if missing is None or len(lacking) < len(missing) else missing
    except TableRefused as refused:
        raise refusal(refused.code, **refused.facts) from refused
    wanted = [each.zh for each in COLUMNS if each.is_needed and (missing is None or each.zh in missing)]
    raise refusal("head-wrong", missing="、".join(wanted))


def refusal(code: str, **facts: Any) -> Invalid:
    """422 with the sentence of the code in both languages."""
    return Invalid(sentence(code, facts, "en"), code=code, field="body", sentence=sentence(code, facts, "zh"), **facts)


def _heads(table: Table) -> tuple[int, dict[str, int]] | None:
    """The row that names our columns, and where each of them stands."""
    names = {cells.folded(name): each.key for each in COLUMNS for name in (each.zh, each.en)}
    for number, row in _first_rows(table):
        places: dict[str, int] = {}
        for place, cell in enumerate(row):
            key = names.get(cells.folded(cells.line(cell)))
            if key is not None:
                places.setdefault(key, place)
        if len(places) > 1:
            return number, places
    return None


def _first_rows(table: Table) -> Iterator[tuple[int, list[cells.Cell]]]:
    for number, row in table.rows():
        if number > _HEAD_WITHIN:
            return
        yield number, row


def _filled(table: Table, head_row: int, places: Mapping[str, int]) -> list[FileRow]:
    most_rows, most_scanned = limits()["most_rows"], limits()["most_scanned_rows"]
    found: list[FileRow] = []
    for number, row in table.rows():
        if number <= head_row:
            continue
        if number - head_row > most_scanned or len(found) > most_rows:
            raise refusal("too-many-rows", most_rows=most_rows, most_scanned_rows=most_scanned)
        texts = {
            each.key: cells.line(row[places[each.key]])[:_LONGEST_CELL]
            if each.key in places and places[each.key] < len(row)
            else ""
            for each in COLUMNS
        }
        if any(texts[key] for key in _FILLED):
            found.append(FileRow(number, texts))
    if len(found) > most_rows:
        raise refusal("too-many-rows", most_rows=most_rows, most_scanned_rows=most_scanned)
    if not found:
        raise refusal("no-rows")
    return found
