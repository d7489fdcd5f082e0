"""A spreadsheet as the filled rows of a roster, and what is wrong with it in words."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orders.gift_member.rules import COLUMNS, FileRow, roster_data, sentence
from shared.errors import Invalid
from shared.spreadsheet import cells
from shared.spreadsheet.formats import TableRefused, file_format
from shared.spreadsheet.tables import Table, open_tables

_HEAD_WITHIN = 20
_LONGEST_CELL = 200
_FILLED = ("member_no", "name")


def read_rows(path: Path) -> list[FileRow]:
    """The filled rows of the first sheet whose head is ours. Work for a thread: nothing here waits.

    422 with a sentence for a file that is none of ours: `roster-file-empty`, `roster-file-no-spreadsheet`,
    `roster-file-damaged`, `roster-file-binary`, `roster-file-locked`, `roster-file-inflates-too-large`,
    `roster-encoding-unknown`, `roster-row-unreadable`, `roster-head-wrong`, `roster-too-many-rows-at-once`,
    `roster-too-many-rows`, `roster-no-rows`.
    """
    most = roster_data()["most_inflated_bytes"]
    missing: set[str] | None = None
    try:
        for table in open_tables(path, file_format(path, max_inflated_bytes=most), max_inflated_bytes=most):
            found = _heads(table)
            if found is None:
                continue
            row_number, places = found
            lacking = {each.zh for each in COLUMNS if each.is_needed and each.key not in places}
            if not lacking:
                return _filled(table, row_number, places)
            missing = lacking if missing is None or len(lacking) < len(missing) else missing
    except TableRefused as refused:
        raise _refusal(refused.code, **refused.facts) from refused
    wanted = [each.zh for each in COLUMNS if each.is_needed and (missing is None or each.zh in missing)]
    raise _refusal("head-wrong", missing="、".join(wanted))


def _refusal(code: str, **facts: Any) -> Invalid:
    told = {"sentence": sentence(code, facts, "zh"), **facts}
    return Invalid(sentence(code, facts, "en"), code=f"roster-{code}", field="body", **told)


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
    most = roster_data()["most_rows"]
    found: list[FileRow] = []
    for number, row in table.rows():
        if number <= head_row:
            continue
        texts = {
            key: cells.line(row[place])[:_LONGEST_CELL] if place < len(row) else "" for key, place in places.items()
        }
        if any(texts.get(key) for key in _FILLED):
            found.append(FileRow(number, texts))
        if len(found) > most:
            raise _refusal("too-many-rows", most_rows=most)
    if not found:
        raise _refusal("no-rows")
    return found
