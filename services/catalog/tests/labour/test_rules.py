"""Telling people apart without knowing them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.labour import rules
from shared.errors import Conflict, Invalid

SECRET = b"a secret of sixteen bytes and more"


def a_number(born="19790412", sequence="123", area="990101"):
    """An identity number of nobody: its area code does not exist."""
    first = area + born + sequence
    return first + rules.check_character(first)


def test_the_check_character_is_that_of_the_standard():
    """The standard's own example (GB 11643-1999)."""
    assert rules.check_character("11010519491231002") == "X"


@given(st.dates(date(1930, 1, 1), date(2005, 12, 31)), st.integers(0, 999))
def test_one_digit_wrong_is_found(born, sequence):
    number = a_number(born.strftime("%Y%m%d"), f"{sequence:03d}")
    assert rules.plain_number(f" {number.lower()} ") == number
    wrong = number[:5] + str((int(number[5]) + 1) % 10) + number[6:]
    with pytest.raises(Invalid) as refused:
        rules.plain_number(wrong)
    assert refused.value.code == "identity-number-invalid"
    assert wrong not in refused.value.message


@pytest.mark.parametrize("text", ["", "123", "99010119790230123X", "990101197904121234567", "990101２979041212X"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(Invalid):
        rules.plain_number(text)


def test_a_key_needs_the_secret_and_says_nothing():
    number = a_number()
    key = rules.worker_key(SECRET, number)
    assert len(key) == 32
    assert key == rules.worker_key(SECRET, number)
    assert key != rules.worker_key(b"another secret of sixteen bytes", number)
    assert key != rules.worker_key(SECRET, a_number(sequence="124"))
    assert number.encode() not in key


@pytest.mark.parametrize(("born", "band"), [("19790412", 1975), ("19800101", 1980), ("19841231", 1980)])
def test_a_birth_year_is_kept_as_a_band_of_five(born, band):
    assert rules.birth_band(a_number(born), today=date(2026, 11, 22)) == band


def test_children_are_not_registered():
    today = date(2026, 11, 22)
    assert rules.birth_band(a_number("20101122"), today=today) == 2010
    with pytest.raises(Invalid) as refused:
        rules.birth_band(a_number("20101123"), today=today)
    assert refused.value.code == "too-young"


@given(st.integers(0, 50))
def test_a_small_count_is_not_told(count):
    assert rules.public_count(count, smallest=5) == (count if count >= 5 else None)


@pytest.mark.parametrize("status", ["SEEKING", "MATCHED", "EMPLOYED", "WITHDRAWN"])
@pytest.mark.parametrize("verb", list(rules.MOVES))
def test_a_verb_leads_on_only_from_its_states(verb, status):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
    else:
        with pytest.raises(Conflict) as refused:
            rules.status_after(verb, status)
        assert (refused.value.code, refused.value.extra["status_now"]) == ("worker-status", status)


def test_skills_are_those_of_our_list_once_each():
    assert rules.ensure_skills(["b", "a", "b"], ["a", "b"], field="skills") == ["a", "b"]
    with pytest.raises(Invalid) as refused:
        rules.ensure_skills(["c"], ["a"], field="skills")
    assert (refused.value.code, refused.value.field) == ("skill-unknown", "skills")
