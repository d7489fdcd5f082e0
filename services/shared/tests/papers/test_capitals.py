"""Amounts in capitals."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.papers.capitals import in_capitals

_DIGITS = {letter: number for number, letter in enumerate("零壹贰叁肆伍陆柒捌玖")}
_PLACES = {"拾": 10, "佰": 100, "仟": 1000}


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (1005, "壹拾元零伍分"),
        (1010, "壹拾元壹角整"),
        (123450, "壹仟贰佰叁拾肆元伍角整"),
        (640_904, "陆仟肆佰零玖元零肆分"),
        (1_000_500, "壹万零伍元整"),
        (10_700_053, "壹拾万柒仟元伍角叁分"),
        (100_000_000_000_000, "壹万亿元整"),
        (10_050_030_000, "壹亿零伍拾万零叁佰元整"),
    ],
)
def test_amounts_are_said_as_banks_write_them(fen: int, said: str):
    assert in_capitals(fen) == said


def read_back(said: str) -> int:
    """The amount that the capitals say, read by somebody who knows nothing of how they were made."""
    yuan, _, rest = said.rpartition("元")
    whole = group = digit = 0
    for letter in yuan:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter in _PLACES:
            group, digit = group + digit * _PLACES[letter], 0
        elif letter == "万":
            whole, group, digit = whole + (group + digit) * 10_000, 0, 0
        else:
            whole, group, digit = (whole + group + digit) * 100_000_000, 0, 0
    jiao, fen = re.search("(.)角", rest), re.search("(.)分", rest)
    small = (_DIGITS[jiao[1]] * 10 if jiao else 0) + (_DIGITS[fen[1]] if fen else 0)
    return (whole + group + digit) * 100 + small


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_who_reads_them_back_finds_the_amount(fen: int):
    said = in_capitals(fen)
    assert read_back(said) == fen
    assert "零零" not in said


@pytest.mark.parametrize("fen", [-1, 10**18])
def test_what_no_paper_says_is_refused(fen: int):
    with pytest.raises(ValueError, match="capitals"):
        in_capitals(fen)
