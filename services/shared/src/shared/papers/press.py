"""Papers as files: a PDF set by Typst in a process of its own, or a workbook with a sheet a paper."""

import asyncio
import io
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import orjson
import xlsxwriter

from shared.errors import Unavailable
from shared.log import logger
from shared.papers.paper import Bound, Cell, Paper, as_bound, as_set, told

PDF: Final = "application/pdf"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SECONDS: Final = 60.0
_at_once = asyncio.Semaphore(2)
log = logger(__name__)


async def pdf_of(papers: Sequence[Paper], *, fonts_path: Path) -> bytes:
    """The papers one after the other, A4, letters embedded. At most two are set at a time.

    503 `papers-unavailable` where the letters are missing or the setting fails or takes over a minute: nothing is
    written anywhere, asking again is safe.
    """
    return await _made("shared.papers.setting", fonts_path, orjson.dumps([as_set(paper) for paper in papers]))


async def bound_pdf_of(bound: Bound, *, fonts_path: Path) -> bytes:
    """Papers and files bound into one PDF behind a page of contents, with bookmarks. What cannot be bound is told in
    the contents. 503 `papers-unavailable` as for papers."""
    return await _made("shared.papers.binding", fonts_path, orjson.dumps(as_bound(bound)))


async def _made(module: str, fonts_path: Path, text: bytes) -> bytes:
    if not (fonts_path / "400Regular").is_dir():
        log.error("the letters of papers are not there", fonts_path=str(fonts_path))
        raise _unavailable()
    async with _at_once:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            str(fonts_path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            pdf, said = await asyncio.wait_for(process.communicate(text), _SECONDS)
        except TimeoutError as error:
            raise _unavailable() from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        log.error("a paper could not be set", said=said.decode(errors="replace")[-2000:])
        raise _unavailable()
    return pdf


def _unavailable() -> Unavailable:
    return Unavailable("The paper cannot be made just now. Try again in a minute.", code="papers-unavailable")


async def xlsx_of(papers: Sequence[Paper]) -> bytes:
    """The papers as a workbook, a sheet each: amounts and counts are numbers, nothing runs as a formula."""
    return await asyncio.to_thread(_write, papers)


def _write(papers: Sequence[Paper]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        large = book.add_format({"bold": True, "font_size": 14})
        money = book.add_format({"num_format": "#,##0.00"})
        for number, paper in enumerate(papers, 1):
            sheet = book.add_worksheet(f"{number} {_sheet_name(paper.title)}"[:31])
            sheet.set_column(0, 15, 18)
            sheet.write_string(0, 0, paper.title, large)
            row = 1
            facts = [("编号", paper.number), *paper.facts] if paper.number else list(paper.facts)
            for label, said in facts:
                sheet.write_string(row, 0, label, bold)
                sheet.write_string(row, 1, said)
                row += 1
            for table in paper.tables:
                row += 1
                if table.caption:
                    sheet.write_string(row, 0, table.caption, bold)
                    row += 1
                for column, head in enumerate(table.columns):
                    sheet.write_string(row, column, head.label, bold)
                row += 1
                for cells in [*table.rows, *([table.total] if table.total is not None else [])]:
                    for column, cell in enumerate(cells):
                        _write_cell(sheet, row, column, cell, money)
                    row += 1
            for said in [*paper.clauses, *paper.notes]:
                row += 1
                sheet.write_string(row, 0, said)
    return file.getvalue()


def _write_cell(
    sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: Cell, money: xlsxwriter.format.Format
) -> None:
    if cell is None:
        return
    if isinstance(cell, Decimal):
        sheet.write_number(row, column, float(cell), money)
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, told(cell))


def _sheet_name(title: str) -> str:
    """A sheet's name may not hold these letters."""
    return "".join(letter for letter in title if letter not in "[]:*?/\\'")
