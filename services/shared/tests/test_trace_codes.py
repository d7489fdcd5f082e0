"""Trace codes: no single wrong character and no two neighbours swapped go unnoticed."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.trace_codes import ALPHABET, LENGTH, check_character, is_trace_code, normalised, trace_code

CODES = st.builds(
    trace_code,
    division=st.sampled_from(["420325", "610629", "513431", "110105", "000000"]),
    subject=st.integers(1, 999_999),
    harvested_on=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    serial=st.integers(1, 9_999),
)


def test_a_code_reads_as_its_parts():
    code = trace_code(division="420325", subject=17, harvested_on=date(2026, 11, 20), serial=3)
    assert code[:22] == "4203250000172611200003"
    assert (len(code), is_trace_code(code)) == (LENGTH, True)


def test_the_check_character_is_worked_out_by_hand():
    digits = "12" + "0" * 20
    weighted = 1 * 1 + 2 * 3
    assert check_character(digits) == ALPHABET[31 - weighted]


@settings(max_examples=300, deadline=None)
@given(code=CODES, place=st.integers(0, LENGTH - 1), other=st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_noticed(code, place, other):
    wrong = code[:place] + other + code[place + 1 :]
    assert is_trace_code(wrong) is (other == code[place])


@settings(max_examples=300, deadline=None)
@given(code=CODES, place=st.integers(0, LENGTH - 2))
def test_two_neighbours_swapped_are_noticed(code, place):
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_trace_code(swapped) is (swapped == code)


def test_every_error_of_one_code_is_noticed():
    code = trace_code(division="420325", subject=1, harvested_on=date(2026, 11, 20), serial=1)
    wrong = [code[:at] + other + code[at + 1 :] for at in range(LENGTH) for other in ALPHABET if other != code[at]]
    assert [each for each in wrong if is_trace_code(each)] == []


def test_blanks_hyphens_and_small_letters_are_mended():
    code = trace_code(division="420325", subject=1, harvested_on=date(2026, 11, 20), serial=1)
    assert normalised(f" {code[:6]}-{code[6:12]} {code[12:].lower()} ") == code


def test_what_is_no_code_is_none():
    for text in ("", "0" * 22, "0" * 24, "４" * 23, "4203250000172611200003!", "I" * 23):
        assert not is_trace_code(text)
