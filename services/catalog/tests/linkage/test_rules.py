"""Households without their numbers, and what is told of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.linkage import data, rules
from catalog.linkage.rules import Village, VillageCount
from shared.errors import Conflict, Invalid

VILLAGE = Village("430726", "白云镇", "白云村")
COUNTS = st.builds(
    VillageCount,
    exact_households=st.integers(0, 500),
    exact_persons=st.integers(0, 2000),
    estimated_households=st.integers(0, 500),
    estimated_persons=st.integers(0, 2000),
)


def test_the_same_household_has_the_same_key_however_its_number_is_written():
    keys = {rules.household_key(b"secret", VILLAGE, number) for number in ("A-012", "a012", " Ａ０１２ ", "A.012")}
    assert len(keys) == 1


def test_another_household_village_or_secret_gives_another_key():
    other = Village("430726", "白云镇", "红土村")
    keys = {
        rules.household_key(b"secret", VILLAGE, "12"),
        rules.household_key(b"secret", VILLAGE, "13"),
        rules.household_key(b"secret", other, "12"),
        rules.household_key(b"another", VILLAGE, "12"),
    }
    assert len(keys) == 4


def test_the_number_cannot_be_read_from_the_key():
    assert "430726001" not in rules.household_key(b"secret", VILLAGE, "430726001")


@pytest.mark.parametrize("number", ["", " ", "—", "..."])
def test_a_number_of_nothing_is_refused(number):
    with pytest.raises(Invalid) as refused:
        rules.household_key(b"secret", VILLAGE, number)
    assert (refused.value.code, refused.value.field) == ("household-number-empty", "households")


def test_a_village_is_the_same_by_its_committees_name():
    assert rules.normalised_name(" 白云村 村民委员会") == rules.normalised_name("白云村村民委员会") != "村"
    assert rules.normalised_name("白云村委会") == rules.normalised_name("白云村")


@given(st.text("白云红土村民委员会 ", max_size=12))
def test_a_normalised_name_stays_as_it_is(name):
    once = rules.normalised_name(name)
    assert rules.normalised_name(once) == once


@pytest.mark.parametrize("verb", rules.MOVES)
@pytest.mark.parametrize("status", rules.STATUSES)
def test_only_the_tables_moves_lead_on(verb, status):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        rules.status_after(verb, status)
    assert (refused.value.code, refused.value.extra["status_now"]) == ("linkage-status", status)


def test_an_estimate_is_rounded_down():
    found = rules.estimated(1_599_999, fen_per_household_year=800_000, persons_per_hundred=262, source="s")
    assert (found.household_count, found.person_count) == (1, 2)


def test_an_estimate_may_mean_the_households_that_are_known():
    assert rules.counted([VillageCount(10, 30, 8, 21), VillageCount(3, 9, 5, 13)]) == rules.LinkageSummary(
        15, 43, is_estimated=True
    )
    assert rules.counted([VillageCount(10, 30, 10, 21)]) == rules.LinkageSummary(10, 30, is_estimated=False)


@given(st.lists(COUNTS, max_size=8), st.randoms())
def test_the_order_of_villages_changes_no_count(villages, random):
    shuffled = list(villages)
    random.shuffle(shuffled)
    assert rules.counted(shuffled) == rules.counted(villages)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 30)), st.integers(2, 10))
def test_no_small_count_is_told_and_none_can_be_had_by_subtraction(counts, threshold):
    told = rules.told_to_public(counts, threshold=threshold)
    assert set(told) == set(counts)
    assert all(value is None or value == counts[name] for name, value in told.items())
    assert all(value is None or value == 0 or value >= threshold for value in told.values())
    hidden = [counts[name] for name, value in told.items() if value is None]
    if hidden and any(value for value in told.values()):
        assert len(hidden) > 1
        assert sum(hidden) >= threshold


def test_figures_carry_their_source():
    figure = data.income_per_household("430726", 2026)
    assert figure is not None
    assert (figure.value, figure.confidence) == (800_000, "low")
    assert figure.source
    assert data.income_per_household("430726", 1999) is None
    assert data.small_count() == 5
