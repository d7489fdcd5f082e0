"""Tables for spreadsheets: CSV as a stream of bytes, xlsx as a file, both in the memory of a few thousand rows.

CSV is RFC 4180 in UTF-8 with a BOM, so that Excel reads Chinese; no cell, in either form, runs as a formula.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import xlsxwriter
from fastapi import Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from shared.clock import SHANGHAI

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NEEDS_QUOTES = (",", '"', "\r", "\n")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST_SHEET_ROWS = 1_048_576

SheetFormat = Annotated[Literal["csv", "xlsx"], Query(alias="format", description="csv (UTF-8 with BOM) or xlsx.")]
Row = Sequence[Any]


def cell(value: Any) -> str:
    """One value. A text that a spreadsheet would run gets an apostrophe before it; numbers stay as they are."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    safe = f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    if any(each in safe for each in _NEEDS_QUOTES):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as lines, each ended by CR LF."""
    return "".join(",".join([cell(value) for value in row]) + "\r\n" for row in rows).encode()


async def sheet_response(
    kind: Literal["csv", "xlsx"], *, name: str, head: Sequence[str], batches: AsyncIterator[Sequence[Row]]
) -> Response:
    """A table to download as `name`.csv or `name`.xlsx; `batches` are read while it is written.

    Values are texts, whole numbers, floats, dates, instants (told in Shanghai's time), booleans or None. Refuses
    nothing itself: more rows than a sheet holds (1,048,575) go on in a further sheet.
    """
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{kind}')}"}
    if kind == "csv":
        return StreamingResponse(_csv(head, batches), media_type="text/csv; charset=utf-8", headers=headers)
    path = await _write_xlsx(head, batches)
    return FileResponse(path, media_type=_XLSX, headers=headers, background=BackgroundTask(path.unlink))


async def _csv(head: Sequence[str], batches: AsyncIterator[Sequence[Row]]) -> AsyncIterator[bytes]:
    yield BYTE_ORDER_MARK + csv_lines([head])
    async for rows in batches:
        yield csv_lines([_told(value) for value in row] for row in rows)


async def _write_xlsx(head: Sequence[str], batches: AsyncIterator[Sequence[Row]]) -> Path:
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    try:
        book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False})
        writer = _SheetWriter(book, head)
        async for rows in batches:
            await asyncio.to_thread(writer.write, rows)
        await asyncio.to_thread(book.close)
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    return path


class _SheetWriter:
    """Writes rows one after the other, below a head that stays in view."""

    def __init__(self, book: xlsxwriter.Workbook, head: Sequence[str]) -> None:
        self._book = book
        self._head = head
        self._bold = book.add_format({"bold": True, "bottom": 1})
        self._open_sheet()

    def _open_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, max(0, len(self._head) - 1), 18)
        for column, title in enumerate(self._head):
            self._sheet.write_string(0, column, title, self._bold)
        self._next = 1

    def write(self, rows: Sequence[Row]) -> None:
        """Add the rows; a full sheet is followed by another."""
        for row in rows:
            if self._next == _MOST_SHEET_ROWS:
                self._open_sheet()
            for column, value in enumerate(_told(each) for each in row):
                if value is None:
                    continue
                if isinstance(value, int | float) and not isinstance(value, bool):
                    self._sheet.write_number(self._next, column, value)
                else:
                    self._sheet.write_string(self._next, column, str(value))
            self._next += 1


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "是" if value else "否"
    return value if value is None or isinstance(value, int | float) else str(value)
