"""A file's tables as rows of cells, one after the other. CSV and xlsx are never whole in memory; a sheet of xls or ods
is, so that those are kept short, and reading happens in a process of its own, which ends."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import python_calamine

from shared.spreadsheet.formats import FileFormat, TableRefused, ensure_inflates
from shared.spreadsheet.sheet import Remarks, Row
from shared.spreadsheet.workbook import Workbook

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_ENCODINGS = ("utf-8-sig", "gb18030")
SEPARATORS = (",", ";", "\t")
_FIELD_LIMIT = 100_000
MOST_ROWS_AT_ONCE = 65_536
"""Rows that a file may have which is read whole: as many as the old xls format holds."""


@dataclass(frozen=True)
class Table:
    """One sheet. `rows` gives each row with its number in the sheet; every call begins anew. `remarks` are complete
    when it came to its end. `encoding` and `separator` are a CSV file's."""

    name: str
    rows: Callable[[], Iterator[Row]]
    row_count: int
    first_column: int = 0
    remarks: Remarks = field(default_factory=Remarks)
    encoding: str = ""
    separator: str = ""


def open_tables(path: Path, file_format: FileFormat, *, max_inflated_bytes: int) -> list[Table]:
    """The visible sheets of a workbook, or a CSV file once for each way in which its lines could be parted.

    Refuses what formats and workbook refuse, `encoding-unknown`, `file-locked` and `too-many-rows-at-once`.
    """
    if file_format == "csv":
        return _text_tables(path)
    if file_format == "xlsx":
        book = Workbook(path, max_inflated_bytes=max_inflated_bytes)
        return [Table(each.name, each.rows, each.row_count, remarks=each.remarks) for each in book.sheets()]
    if file_format == "ods":
        ensure_inflates(path, max_inflated_bytes=max_inflated_bytes)
    return _whole_tables(path)


def _whole_tables(path: Path) -> list[Table]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        code = "file-locked" if isinstance(error, python_calamine.PasswordError) else "file-damaged"
        raise TableRefused(code) from error
    visible = [
        each.name
        for each in book.sheets_metadata
        if each.visible == python_calamine.SheetVisibleEnum.Visible
        and each.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    return [_sheet_table(book, name) for name in visible]


def _sheet_table(book: python_calamine.CalamineWorkbook, name: str) -> Table:
    try:
        sheet = book.get_sheet_by_name(name)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise TableRefused("file-damaged") from error
    if sheet.total_height > MOST_ROWS_AT_ONCE:
        raise TableRefused("too-many-rows-at-once", most=MOST_ROWS_AT_ONCE)
    covered = {
        (row, column)
        for (top, left), (bottom, right) in (sheet.merged_cell_ranges or [])[:1000]
        for row in range(top, min(bottom, top + 100) + 1)
        for column in range(left, min(right, left + 100) + 1)
        if (row, column) != (top, left)
    }

    def rows() -> Iterator[Row]:
        return ((number, list(row)) for number, row in enumerate(sheet.iter_rows(), start=1))

    return Table(name, rows, sheet.total_height, (sheet.start or (0, 0))[1], Remarks(covered))


def _text_tables(path: Path) -> list[Table]:
    encoding, line_count = _encoding(path)
    return [
        Table(path.name, _text_rows(path, encoding, separator), line_count, encoding=encoding, separator=separator)
        for separator in SEPARATORS
    ]


def _encoding(path: Path) -> tuple[str, int]:
    """The first encoding in which every byte makes sense, and about how many lines there are."""
    with path.open("rb") as file:
        start = file.read(2)
    for encoding in (_WIDE[start],) if start in _WIDE else _ENCODINGS:
        try:
            count = ends = 0
            with path.open(encoding=encoding, newline="") as text:
                while piece := text.read(_CHUNK):
                    count += piece.count("\n")
                    ends += piece.count("\r")
        except UnicodeError:
            continue
        return encoding, count or ends
    raise TableRefused("encoding-unknown")


def _text_rows(path: Path, encoding: str, separator: str) -> Callable[[], Iterator[Row]]:
    def rows() -> Iterator[Row]:
        csv.field_size_limit(_FIELD_LIMIT)
        with path.open(encoding=encoding, newline=_line_end(path, encoding)) as file:
            reader = csv.reader(_whole_lines(file, separator), delimiter=separator)
            number = 0
            try:
                for number, cells in enumerate(reader, start=1):
                    yield number, list(cells)
            except csv.Error as error:
                raise TableRefused("row-unreadable", row=number + 1) from error

    return rows


def _line_end(path: Path, encoding: str) -> str:
    """What parts the lines: a file of an old Macintosh has carriage returns only."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
    return "\r" if "\r" in sample and "\n" not in sample else "\n"


def _whole_lines(file: Iterator[str], separator: str) -> Iterator[str]:
    """Lines ended by one line feed. A stray carriage return ends a line only where it stands between whole rows; inside
    a row it is a blank, inside quotes it is what somebody typed."""
    width = -1
    is_quoted = False
    for text in file:
        was_quoted = is_quoted
        is_quoted ^= text.count('"') % 2 == 1
        line = text.rstrip("\r\n")
        if not was_quoted and not is_quoted:
            parts = [part for part in line.split("\r") if part] if "\r" in line and '"' not in line else [line]
            width = width if width >= 0 else parts[0].count(separator)
            if len(parts) > 1 and any(part.count(separator) != width for part in parts):
                parts = [" ".join(parts)]
            for part in parts:
                yield part + "\n"
        else:
            yield (line if not is_quoted else text.rstrip("\n")) + "\n"
