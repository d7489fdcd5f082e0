"""Workbooks of the xlsx format as rows of cells, read piece by piece: memory does not grow with the file."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from shared.spreadsheet.formats import TableRefused
from shared.spreadsheet.parts import Parts, damage_refused
from shared.spreadsheet.sheet import Convert, Remarks, Row, SheetReader
from shared.spreadsheet.strings import SharedStrings, text_of

_BOOK, _LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_LAST_ROW = re.compile(r"[A-Z]{1,3}([0-9]{1,7})")
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhs]|am/pm", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
_ELAPSED_FORMAT = 46
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet's days have no zone
_LEAP_DAY_THAT_NEVER_WAS = 60
"""Day 60 of the old calendar is 29 February 1900; the days before it count from one day later."""


@dataclass(frozen=True)
class Sheet:
    """A visible sheet. `row_count` is what the file says of itself, 0 if it does not. Every call of `rows` begins
    anew; rows that the file leaves out are left out."""

    name: str
    row_count: int
    remarks: Remarks
    rows: Callable[[], Iterator[Row]]


class Workbook:
    """An xlsx file. Refuses `file-damaged`, `file-inflates-too-large`, and `file-binary` for the binary kind."""

    def __init__(self, path: Path, *, max_inflated_bytes: int) -> None:
        self._parts = Parts(path, max_inflated_bytes=max_inflated_bytes)
        self._names = self._parts.names()
        if _BOOK not in self._names:
            raise TableRefused("file-binary" if "xl/workbook.bin" in self._names else "file-damaged")
        self._texts: SharedStrings | None = None
        self._is_1904 = False
        self._converts: list[Convert | None] | None = None

    def sheets(self) -> list[Sheet]:
        """Those that people see, in the order of the tabs."""
        targets = {
            link.get("Id", ""): _target(link.get("Target", ""))
            for _, link in self._parts.elements(_LINKS, ends=frozenset({"Relationship"}))
            if link.get("Type", "").endswith("/worksheet")
        }
        found = []
        for name, element in self._parts.elements(_BOOK, ends=frozenset({"sheet", "workbookPr"})):
            if name == "workbookPr":
                self._is_1904 = element.get("date1904", "0") in ("1", "true")
                continue
            link = next((value for key, value in element.items() if key.endswith("}id")), "")
            if element.get("state", "visible") == "visible" and targets.get(link) in self._names:
                found.append(self._sheet(element.get("name", ""), targets[link]))
        return found

    def _sheet(self, name: str, part: str) -> Sheet:
        remarks = Remarks()

        def rows() -> Iterator[Row]:
            remarks.covered.clear()
            remarks.formula_errors = 0
            return self._rows(part, remarks)

        return Sheet(name, self._row_count(part), remarks, rows)

    def _row_count(self, part: str) -> int:
        for name, element in self._parts.elements(part, ends=frozenset({"dimension", "row"})):
            last = _LAST_ROW.fullmatch(element.get("ref", "").rpartition(":")[2])
            return int(last[1]) if name == "dimension" and last else 0
        return 0

    def _rows(self, part: str, remarks: Remarks) -> Iterator[Row]:
        with damage_refused():
            reader = SheetReader(self._text, self._converts_of(), remarks)
            for piece in self._parts.pieces(part):
                yield from reader.rows_of(piece)

    def _text(self, number: int) -> str:
        if self._texts is None:
            name = next((each for each in self._names if each.lower() == "xl/sharedstrings.xml"), None)
            items = self._parts.elements(name, ends=frozenset({"si"})) if name else iter(())
            self._texts = SharedStrings(text_of(item) for _, item in items)
        return self._texts.get(number)

    def _converts_of(self) -> list[Convert | None]:
        """By the number of a cell's style: how its number becomes a day or a time, None where it is a number."""
        if self._converts is None:
            self._converts = []
            codes: dict[int, str] = {}
            if "xl/styles.xml" in self._names:
                for name, element in self._parts.elements("xl/styles.xml", ends=frozenset({"numFmt", "cellXfs"})):
                    if name == "numFmt":
                        codes[int(element.get("numFmtId", 0))] = element.get("formatCode", "")
                    else:
                        self._converts = [self._convert(int(each.get("numFmtId", 0)), codes) for each in element]
        return self._converts

    def _convert(self, format_id: int, codes: dict[int, str]) -> Convert | None:
        code = _LITERALS.sub("", codes.get(format_id, "")).partition(";")[0]
        if format_id == _ELAPSED_FORMAT or _ELAPSED.search(code):
            return lambda value: timedelta(days=value)
        if format_id in _DATE_FORMATS or _DATE_LETTERS.search(code):
            is_1904 = self._is_1904
            return lambda value: _moment(value, is_1904=is_1904)
        return None


def _moment(value: float, *, is_1904: bool) -> Any:
    """A day, a time of a day, or both."""
    if 0 <= value < 1:
        return (_EPOCH + timedelta(seconds=round(value * 86_400))).time()
    epoch = _EPOCH_1904 if is_1904 else _EPOCH
    if not is_1904 and value < _LEAP_DAY_THAT_NEVER_WAS:
        epoch += timedelta(days=1)
    moment = epoch + timedelta(seconds=round(value * 86_400))
    return moment.date() if moment.time() == time() else moment


def _target(link: str) -> str:
    """The part that a link of the workbook names."""
    return link.removeprefix("/") if link.startswith("/") else f"xl/{link.removeprefix('./')}"
