"""T57: Chinese opens in Excel, a formula is text, a negative number is a number."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.export import rules


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_would_run_is_text(text):
    (row,) = csv.reader(io.StringIO(rules.csv_lines([[text]]).decode(), newline=""))
    assert row == ["'" + text]


def test_numbers_stay_numbers_also_negative_ones():
    assert rules.csv_lines([[-5, 0, 12, None, "苹果"]]) == "-5,0,12,,苹果\r\n".encode()


def test_quotes_commas_and_line_breaks_are_quoted():
    assert rules.csv_lines([['say "好"', "a,b", "a\nb"]]) == '"say ""好""","a,b","a\nb"\r\n'.encode()


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=2, max_size=3)))
def test_what_is_written_is_read_back(rows):
    read = list(csv.reader(io.StringIO(rules.csv_lines(rows).decode(), newline="")))
    assert [[cell.removeprefix("'") if cell[:2][1:] in "=+-@\t\r" else cell for cell in row] for row in read] == [
        [cell.removeprefix("'") if cell[:2][1:] in "=+-@\t\r" else cell for cell in row] for row in rows
    ]
    assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
