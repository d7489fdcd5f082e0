"""Prices, one at a time, and unit prices."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.price.rules import (
    PricePeriod,
    ensure_has_price,
    ensure_period,
    price_at,
    price_per_500g_fen,
    with_price,
)
from shared.errors import Conflict, Invalid

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number):
    return START + timedelta(days=number)


@pytest.mark.parametrize(
    ("price_fen", "net_weight_g", "unit_fen"),
    [(4990, 5000, 499), (1680, 250, 3360), (1000, 300, 1667), (1, 1000, 1), (1, 1001, 0), (2980, 500, 2980)],
)
def test_the_price_of_a_jin_is_rounded_to_the_fen(price_fen, net_weight_g, unit_fen):
    assert price_per_500g_fen(price_fen, net_weight_g) == unit_fen


def test_a_price_holds_from_its_first_instant_to_just_before_its_last():
    period = PricePeriod(day(1), day(2), 100)
    assert not period.holds_at(day(1) - timedelta(microseconds=1))
    assert period.holds_at(day(1))
    assert period.holds_at(day(2) - timedelta(microseconds=1))
    assert not period.holds_at(day(2))


def test_a_new_price_ends_the_one_that_runs():
    assert with_price([PricePeriod(day(0), None, 100)], PricePeriod(day(5), None, 90)) == [
        PricePeriod(day(0), day(5), 100),
        PricePeriod(day(5), None, 90),
    ]


def test_after_a_promotion_the_old_price_goes_on():
    assert with_price([PricePeriod(day(0), None, 100)], PricePeriod(day(5), day(8), 80)) == [
        PricePeriod(day(0), day(5), 100),
        PricePeriod(day(5), day(8), 80),
        PricePeriod(day(8), None, 100),
    ]


def test_a_price_that_begins_at_the_same_instant_is_replaced():
    assert with_price([PricePeriod(day(5), None, 100)], PricePeriod(day(5), None, 90)) == [
        PricePeriod(day(5), None, 90)
    ]


def test_a_planned_price_in_between_is_not_overrun():
    periods = [PricePeriod(day(0), day(10), 100), PricePeriod(day(10), None, 120)]
    with pytest.raises(Conflict) as refused:
        with_price(periods, PricePeriod(day(5), day(11), 90))
    assert refused.value.code == "price-overlap"
    assert refused.value.extra["planned"] == {"valid_from": day(10).isoformat(), "price_fen": 120}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20) | st.none(), st.integers(1, 999)), max_size=8))
def test_prices_never_overlap_and_the_last_one_set_holds_where_it_was_set(given_prices):
    periods = []
    for begins, length, price_fen in given_prices:
        new = PricePeriod(day(begins), None if length is None else day(begins + length), price_fen)
        try:
            periods = with_price(periods, new)
        except Conflict:
            continue
        assert price_at(periods, new.valid_from) == new
        for earlier, later in pairwise(periods):
            assert earlier.valid_until is not None
            assert earlier.valid_until <= later.valid_from


def test_a_price_is_not_set_for_the_past_nor_for_no_time():
    with pytest.raises(Invalid) as refused:
        ensure_period(PricePeriod(day(0), None, 1), day(1))
    assert refused.value.code == "price-in-the-past"
    with pytest.raises(Invalid) as refused:
        ensure_period(PricePeriod(day(1), day(1), 1), day(1))
    assert refused.value.code == "price-period-empty"


def test_what_has_no_price_now_is_not_listed():
    with pytest.raises(Conflict) as refused:
        ensure_has_price([PricePeriod(day(2), None, 1)], day(1))
    assert refused.value.code == "price-missing"
