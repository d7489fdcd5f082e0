"""Finding the row of heads in a table, and which column each head names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from catalog.importer.column import Column, KindColumns
from shared.spreadsheet import cells
from shared.spreadsheet.cells import Cell
from shared.spreadsheet.formats import TableRefused
from shared.spreadsheet.tables import Table

_LOOKED_AT = 15
_MOST_COLUMNS = 200
_IN_BRACKETS = re.compile(r"[(\[【〔]([^)\]】〕]*)[)\]】〕]")
_NOISE = re.compile(r"[\s*:_/、,.·\-\"'“”]+")
WRONG_HEAD = "问题 What is wrong"
"""The head of the column that we add to a file of bad rows; it is no column of any kind."""

Fact = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a column of the kind is in the file: its place in a row from 0, and the head and unit that stand there."""

    column: Column
    index: int
    head: str
    unit: str


@dataclass(frozen=True)
class Heads:
    """What the row of heads says. `texts` are all of its heads; `warnings` are codes with facts."""

    row: int
    texts: tuple[str, ...]
    places: tuple[Place, ...]
    warnings: tuple[Fact, ...] = field(default_factory=tuple)


def plain_head(text: str) -> tuple[str, str]:
    """A head as it is compared, and the unit in its brackets: 年产量（吨）* is 年产量 and 吨."""
    folded = cells.folded(text)
    unit = next((found.strip() for found in _IN_BRACKETS.findall(folded)), "")
    return _NOISE.sub("", _IN_BRACKETS.sub("", folded)), unit


def known_heads(kind: KindColumns) -> dict[str, Column]:
    """Every word under which a column is known."""
    return {
        plain_head(word)[0]: column
        for column in reversed(kind.columns)
        for word in (*column.synonyms, *column.names, column.en, column.zh)
    }


def find_heads(tables: Iterable[Table], kind: KindColumns) -> tuple[Table, Heads]:
    """The table and row that name the most columns of the kind, among the first rows of each.

    Refuses `heads-not-found`, `head-twice`, `columns-missing` (with what is missing) and `file-empty`.
    """
    known = known_heads(kind)
    best: tuple[int, Table, int, list[Cell]] | None = None
    for table in tables:
        for number, row in islice(table.rows(), _LOOKED_AT):
            score = len({column.name for cell in row[:_MOST_COLUMNS] if (column := _column(cell, known))})
            if score and (best is None or score > best[0]):
                best = score, table, number, row
    if best is None:
        wanted = [column for column in kind.columns if column.is_required]
        raise TableRefused("heads-not-found", heads_zh=_joined(wanted, "zh"), heads_en=_joined(wanted, "en"))
    _, table, number, row = best
    return table, _heads(table, number, row[:_MOST_COLUMNS], known, kind)


def _heads(table: Table, number: int, row: list[Cell], known: dict[str, Column], kind: KindColumns) -> Heads:
    places: dict[str, Place] = {}
    warnings: list[Fact] = []
    if number > 1:
        warnings.append({"code": "heads-below", "row": number})
    for index, cell in enumerate(row):
        text = cells.line(cell)
        if text == WRONG_HEAD:
            continue
        column = _column(cell, known)
        if not text:
            continue
        if column is None:
            where = column_letter(index + table.first_column)
            warnings.append({"code": "column-unknown", "head": text, "column": where})
        elif column.name in places:
            raise TableRefused("head-twice", head=text, other=places[column.name].head)
        else:
            places[column.name] = Place(column, index, text, plain_head(text)[1])
    missing = [column for column in kind.columns if column.is_required and column.name not in places]
    if missing:
        raise TableRefused("columns-missing", heads_zh=_joined(missing, "zh"), heads_en=_joined(missing, "en"))
    return Heads(number, tuple(cells.line(cell) for cell in row), tuple(places.values()), tuple(warnings))


def column_letter(index: int) -> str:
    """A, B, … Z, AA: how a spreadsheet calls the column at this place from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _column(cell: Cell, known: dict[str, Column]) -> Column | None:
    return known.get(plain_head(cells.line(cell))[0]) if isinstance(cell, str) and cell else None


def _joined(columns: Iterable[Column], language: str) -> str:
    return "、".join(each.zh for each in columns) if language == "zh" else ", ".join(each.en for each in columns)
