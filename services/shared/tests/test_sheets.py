"""T57: Chinese opens in Excel, a formula is text, a negative number is a number."""

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from shared import sheets


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_would_run_is_text(text):
    (row,) = csv.reader(io.StringIO(sheets.csv_lines([[text]]).decode(), newline=""))
    assert row == ["'" + text]


def test_numbers_stay_numbers_also_negative_ones():
    assert sheets.csv_lines([[-5, 0, 12, None, "苹果"]]) == "-5,0,12,,苹果\r\n".encode()


def test_quotes_commas_and_line_breaks_are_quoted():
    assert sheets.csv_lines([['say "好"', "a,b", "a\nb"]]) == '"say ""好""","a,b","a\nb"\r\n'.encode()


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=3)))
def test_what_is_written_is_read_back(rows):
    read = list(csv.reader(io.StringIO(sheets.csv_lines(rows).decode(), newline="")))
    assert [[cell.removeprefix("'") if cell[:2][1:] in "=+-@\t\r" else cell for cell in row] for row in read] == [
        [cell.removeprefix("'") if cell[:2][1:] in "=+-@\t\r" else cell for cell in row] for row in rows
    ]
    assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def _batches():
    yield [
        ["红富士苹果", 4990, date(2026, 11, 22), True],
        ["=1+1", -5, datetime(2026, 11, 22, 16, 30, tzinfo=UTC), None],
    ]


HEAD = ["品名", "价(分)", "日期", "在售"]


async def test_a_table_comes_back_from_csv_as_it_was():
    response = await sheets.sheet_response("csv", name="目录", head=HEAD, batches=_batches())
    body = b"".join([part async for part in response.body_iterator]).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(body, newline=""))) == [
        HEAD,
        ["红富士苹果", "4990", "2026-11-22", "是"],
        ["'=1+1", "-5", "2026-11-23 00:30", ""],
    ]


async def test_a_table_comes_back_from_xlsx_and_no_cell_is_a_formula():
    response = await sheets.sheet_response("xlsx", name="目录", head=HEAD, batches=_batches())
    rows = CalamineWorkbook.from_path(response.path).get_sheet_by_index(0).to_python()
    await response.background()
    assert rows == [HEAD, ["红富士苹果", 4990.0, "2026-11-22", "是"], ["=1+1", -5.0, "2026-11-23 00:30", ""]]
    assert not Path(response.path).exists()  # noqa: ASYNC240 - a test may look
