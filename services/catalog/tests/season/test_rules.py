"""Seasons over the new year, presales before the harvest, and when either turns."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.season.rules import (
    ON_SALE,
    OUT_OF_SEASON,
    PRESALE,
    PRESALE_CLOSED,
    SOLD,
    PresaleWindow,
    SeasonWindow,
    ensure_presales,
    ensure_windows,
    presale_at,
    sale_state,
    turns_after,
    windows_mask,
)
from shared.clock import SHANGHAI, business_day
from shared.errors import Invalid

MONTHS = st.integers(1, 12)
WINDOWS = st.builds(SeasonWindow, st.sampled_from(["", "420325", "513431"]), MONTHS, MONTHS, st.booleans())
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def local(year, month, day, hour=0):
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


WINTER = SeasonWindow("420325", 11, 2, is_binding=True)
NAVEL = PresaleWindow(local(2026, 9, 1), local(2026, 10, 1), date(2026, 11, 5))


def test_a_binding_season_runs_over_the_new_year_to_the_last_minute_in_shanghai():
    states = [
        sale_state(instant, [WINTER], [])
        for instant in (
            local(2026, 11, 1) - timedelta(microseconds=1),
            local(2026, 11, 1),
            local(2027, 1, 1),
            local(2027, 3, 1) - timedelta(microseconds=1),
            local(2027, 3, 1),
        )
    ]
    assert states == [OUT_OF_SEASON, ON_SALE, ON_SALE, ON_SALE, OUT_OF_SEASON]


def test_several_regions_keep_it_on_sale_between_them():
    summer = SeasonWindow("513431", 6, 8)
    assert sale_state(local(2026, 7, 1), [WINTER, summer], []) == ON_SALE
    assert sale_state(local(2026, 9, 1), [WINTER, summer], []) == OUT_OF_SEASON


def test_a_season_that_binds_nobody_only_tells():
    assert sale_state(local(2026, 7, 1), [SeasonWindow("", 11, 2)], []) == ON_SALE
    assert turns_after(local(2026, 7, 1), [SeasonWindow("", 11, 2)], []) == []


def test_a_presale_sells_out_of_season_and_not_between_closing_and_sending():
    states = [
        sale_state(instant, [WINTER], [NAVEL])
        for instant in (
            local(2026, 8, 31, 23),
            local(2026, 9, 1),
            local(2026, 9, 30, 23),
            local(2026, 10, 1),
            local(2026, 11, 4, 23),
            local(2026, 11, 5),
        )
    ]
    assert states == [OUT_OF_SEASON, PRESALE, PRESALE, PRESALE_CLOSED, PRESALE_CLOSED, ON_SALE]
    assert turns_after(local(2026, 8, 1), [], [NAVEL]) == [NAVEL.opens_at, NAVEL.closes_at, local(2026, 11, 5)]


def test_the_presale_that_is_told_of_is_the_one_at_hand():
    later = PresaleWindow(local(2027, 9, 1), local(2027, 10, 1), date(2027, 11, 5))
    assert presale_at(local(2026, 8, 1), [NAVEL, later]) == NAVEL
    assert presale_at(local(2026, 11, 4, 23), [NAVEL, later]) == NAVEL
    assert presale_at(local(2026, 11, 5), [NAVEL, later]) == later
    assert presale_at(local(2027, 12, 1), [NAVEL, later]) is None


@given(windows=st.lists(WINDOWS, max_size=4), instant=INSTANTS)
def test_between_two_turns_what_is_sold_does_not_change(windows, instant):
    turns = turns_after(instant, windows, [NAVEL])
    state = sale_state(instant, windows, [NAVEL])
    end = turns[0] if turns else instant + timedelta(days=400)
    for share in range(1, 8):
        between = instant + (end - instant) * share / 8
        assert sale_state(between, windows, [NAVEL]) == state
    assert all(turn > instant for turn in turns)


@given(windows=st.lists(WINDOWS, min_size=1, max_size=4), instant=INSTANTS)
def test_a_season_without_presale_is_sold_exactly_in_its_months(windows, instant):
    is_in = bool(windows_mask(windows) >> (business_day(instant).month - 1) & 1)
    is_bound = any(window.is_binding for window in windows)
    assert (sale_state(instant, windows, []) in SOLD) is (is_in or not is_bound)


def test_two_seasons_of_one_region_share_no_month():
    ensure_windows([WINTER, SeasonWindow("513431", 1, 3), SeasonWindow("420325", 3, 5)])
    with pytest.raises(Invalid) as refused:
        ensure_windows([WINTER, SeasonWindow("420325", 2, 4)])
    assert (refused.value.code, refused.value.field) == ("season-repeated", "seasons.1.from_month")


@pytest.mark.parametrize(
    ("presales", "code"),
    [
        ([PresaleWindow(local(2026, 9, 1), local(2026, 9, 1), date(2026, 11, 5))], "presale-empty"),
        ([PresaleWindow(local(2026, 9, 1), local(2026, 10, 1), date(2026, 8, 31))], "presale-ships-too-early"),
        ([NAVEL, PresaleWindow(local(2026, 9, 30), local(2026, 10, 9), date(2026, 11, 5))], "presale-overlap"),
    ],
)
def test_a_presale_that_cannot_be_is_refused(presales, code):
    with pytest.raises(Invalid) as refused:
        ensure_presales(presales)
    assert refused.value.code == code


def test_presales_may_touch():
    ensure_presales([NAVEL, PresaleWindow(NAVEL.closes_at, local(2026, 10, 20), date(2026, 11, 5))])
