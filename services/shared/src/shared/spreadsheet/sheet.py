"""A worksheet of an xlsx file as rows of cells, from the pieces of its part as they are unpacked.

The parser calls back for every cell, so that this is the inner loop of an import: plain attributes, few calls.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from xml.parsers import expat

from shared.spreadsheet.cells import Cell
from shared.spreadsheet.formats import TableRefused

_MOST_COLUMNS, _MOST_ROWS = 16_384, 1_048_576
_MOST_MERGED, _MERGED_SIDE = 1000, 100
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DIGITS = "0123456789"

Row = tuple[int, list[Cell]]
Convert = Callable[[float], Cell]
Attributes = dict[str, str]


@dataclass
class Remarks:
    """What is known of a sheet once its rows were read: cells (row, column from 0) that a merged one hides, and how
    many formulas ended in an error, whose cells are empty."""

    covered: set[tuple[int, int]] = field(default_factory=set)
    formula_errors: int = 0


class SheetReader:
    """Takes a sheet piece by piece. `text` gives the shared text of a number; `converts`, by a cell's style, how its
    number becomes a day or a time, None where it stays a number. Raises ValueError and ExpatError for damage."""

    def __init__(self, text: Callable[[int], str], converts: list[Convert | None], remarks: Remarks) -> None:
        self._text = text
        self._converts = converts
        self._remarks = remarks
        self._columns: dict[str, int] = {}
        self._rows: list[Row] = []
        self._number = 0
        self._row: list[Cell] = []
        self._cell: Attributes = {}
        self._texts: list[str] = []
        self._is_value = self._is_aid = False
        self._c = self._v = self._t = self._r = ""
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._finish
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = _refuse_doctype

    def rows_of(self, piece: bytes) -> Iterator[Row]:
        """The rows that end in this piece; b"" is the end of the sheet."""
        self._parser.Parse(piece, not piece)
        rows, self._rows = self._rows, []
        return iter(rows)

    def _begin(self, tag: str, attributes: Attributes) -> None:
        if tag == self._c:
            self._cell = attributes
            self._texts = []
        elif tag in (self._v, self._t):
            self._is_value = not self._is_aid
        elif tag == self._r:
            self._number = int(attributes.get("r", self._number + 1))
            if not 0 < self._number <= _MOST_ROWS:
                raise TableRefused("file-damaged")
            self._row = []
        else:
            self._begin_other(tag, attributes)

    def _begin_other(self, tag: str, attributes: Attributes) -> None:
        plain = tag.rpartition(":")[2]
        if plain == "worksheet":
            prefix = tag.removesuffix(plain)
            self._c, self._v, self._t, self._r = (prefix + name for name in ("c", "v", "t", "row"))
        elif plain == "rPh":
            self._is_aid = True
        elif plain == "mergeCell" and len(self._remarks.covered) < _MOST_MERGED * _MERGED_SIDE:
            self._remarks.covered.update(_covered(attributes.get("ref", "")))

    def _characters(self, text: str) -> None:
        if self._is_value:
            self._texts.append(text)

    def _finish(self, tag: str) -> None:
        if tag in (self._v, self._t):
            self._is_value = False
        elif tag == self._c:
            self._put()
        elif tag == self._r:
            self._rows.append((self._number, self._row))
        elif tag.endswith("rPh"):
            self._is_aid = False

    def _put(self) -> None:
        row = self._row
        reference = self._cell.get("r")
        if reference is not None:
            letters = reference.rstrip(_DIGITS)
            place = self._columns.get(letters)
            if place is None:
                place = self._columns[letters] = _column(letters)
            if place != len(row):
                if place < len(row):
                    raise TableRefused("file-damaged")
                row.extend([None] * (place - len(row)))
        elif len(row) >= _MOST_COLUMNS:
            raise TableRefused("file-damaged")
        texts = self._texts
        row.append(self._value(texts[0] if len(texts) == 1 else "".join(texts)) if texts else None)

    def _value(self, text: str) -> Cell:
        kind = self._cell.get("t", "n")
        if kind == "s":
            return self._text(int(text))
        if kind == "n":
            style = self._cell.get("s")
            return float(text) if style is None else self._number_of(float(text), int(style))
        if kind == "b":
            return text.strip() == "1"
        if kind == "e":
            self._remarks.formula_errors += 1
            return None
        return datetime.fromisoformat(text).replace(tzinfo=None) if kind == "d" else text

    def _number_of(self, value: float, style: int) -> Cell:
        convert = self._converts[style] if 0 <= style < len(self._converts) else None
        if convert is None:
            return value
        try:
            return convert(value)
        except (OverflowError, ValueError):  # a number that is no day of any calendar stays a number
            return value


def _refuse_doctype(*_: object) -> None:
    raise TableRefused("file-damaged")


def _column(letters: str) -> int:
    """AB is 27."""
    place = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise TableRefused("file-damaged")
        place = place * 26 + ord(letter) - ord("A") + 1
    if not 0 < place <= _MOST_COLUMNS:
        raise TableRefused("file-damaged")
    return place - 1


def _covered(area: str) -> Iterator[tuple[int, int]]:
    first, _, last = area.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if start is None or end is None:
        return
    top, left = int(start[2]) - 1, _column(start[1])
    for row in range(top, min(int(end[2]) - 1, top + _MERGED_SIDE) + 1):
        for column in range(left, min(_column(end[1]), left + _MERGED_SIDE) + 1):
            if (row, column) != (top, left):
                yield row, column
