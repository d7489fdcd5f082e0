"""Prices by quantity and buyer group: which counts, which may stand beside which, what must be explained."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.price.rules import (
    BUYER_GROUPS,
    PricePeriod,
    ensure_jump_explained,
    ensure_no_tier_is_dearer,
    price_at,
    price_for,
    tiers_at,
    with_price,
    without_tier,
)
from shared.errors import Conflict, Invalid

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number):
    return START + timedelta(days=number)


def tier(price_fen, *, group="retail", quantity=1, begins=0, ends=None):
    until = None if ends is None else day(ends)
    return PricePeriod(day(begins), until, price_fen, buyer_group=group, min_quantity=quantity)


BOOK = [
    tier(1000),
    tier(950, quantity=10),
    tier(900, quantity=100),
    tier(980, group="member"),
    tier(930, group="institution", quantity=20),
]


@pytest.mark.parametrize(
    ("group", "quantity", "price_fen"),
    [
        ("retail", 1, 1000),
        ("retail", 9, 1000),
        ("retail", 10, 950),
        ("retail", 1000, 900),
        ("member", 1, 980),
        ("member", 10, 950),
        ("institution", 1, 1000),
        ("institution", 19, 950),
        ("institution", 20, 930),
        ("institution", 100, 900),
    ],
)
def test_a_buyer_pays_the_lowest_price_that_is_open_to_it(group, quantity, price_fen):
    assert price_for(BOOK, day(1), buyer_group=group, quantity=quantity).price_fen == price_fen


def test_the_base_price_is_everybodys_from_the_first_piece_on():
    assert price_at(BOOK, day(1)).price_fen == 1000
    assert [(each.buyer_group, each.min_quantity) for each in tiers_at(BOOK, day(1))] == [
        ("retail", 10),
        ("retail", 100),
        ("member", 1),
        ("institution", 20),
    ]
    assert price_for(BOOK, day(-1), buyer_group="retail", quantity=1) is None


def test_a_new_price_of_one_tier_leaves_the_others_alone():
    book = with_price(BOOK, tier(940, quantity=10, begins=5, ends=7))
    assert price_at(book, day(6)) == BOOK[0]
    prices = [price_for(book, day(at), buyer_group="retail", quantity=10).price_fen for at in (4, 5, 6, 7)]
    assert prices == [950, 940, 940, 950]


@pytest.mark.parametrize(
    ("new", "quantity"),
    [
        (tier(960, quantity=100), 100),
        (tier(940, begins=3, ends=4), 10),
        (tier(1001, quantity=5), 5),
        (tier(931, group="institution", quantity=30), 30),
    ],
)
def test_more_pieces_never_cost_more_each_now_or_later(new, quantity):
    with pytest.raises(Conflict) as refused:
        ensure_no_tier_is_dearer(with_price(BOOK, new), day(0))
    assert (refused.value.code, refused.value.extra["min_quantity"]) == ("price-tier-dearer", quantity)


def test_what_was_dearer_in_the_past_is_history():
    ensure_no_tier_is_dearer(
        [tier(1000), tier(1200, quantity=10, begins=1, ends=2), tier(900, quantity=10, begins=2)], day(3)
    )


def test_a_tier_ends_now_and_what_was_planned_for_it_is_forgotten():
    planned = with_price(BOOK, tier(920, quantity=10, begins=9))
    ended = without_tier(planned, buyer_group="retail", min_quantity=10, now=day(5))
    assert [each for each in ended if each.min_quantity == 10] == [tier(950, quantity=10, ends=5)]
    assert price_for(ended, day(9), buyer_group="retail", quantity=10).price_fen == 1000
    with pytest.raises(Conflict) as unknown:
        without_tier(ended, buyer_group="retail", min_quantity=10, now=day(6))
    assert unknown.value.code == "price-tier-unknown"
    with pytest.raises(Invalid) as base:
        without_tier(BOOK, buyer_group="retail", min_quantity=1, now=day(5))
    assert base.value.code == "price-base-stays"


@pytest.mark.parametrize(("price_fen", "asks"), [(1300, False), (1301, True), (700, False), (699, True)])
def test_a_jump_asks_why_and_a_step_does_not(price_fen, asks):
    new = tier(price_fen, begins=2)
    if not asks:
        ensure_jump_explained(BOOK, new, jump_bp=3000, reason="")
        return
    with pytest.raises(Invalid) as refused:
        ensure_jump_explained(BOOK, new, jump_bp=3000, reason="")
    assert (refused.value.code, refused.value.field) == ("price-jump-reason-missing", "reason")
    ensure_jump_explained(BOOK, new, jump_bp=3000, reason="霜冻减产")


def test_the_first_price_of_a_tier_is_no_jump():
    ensure_jump_explained(BOOK, tier(10, quantity=500), jump_bp=3000, reason="")


TIERS = st.builds(
    lambda group, quantity, price_fen, begins, length: tier(
        price_fen, group=group, quantity=quantity, begins=begins, ends=None if length is None else begins + length
    ),
    st.sampled_from(BUYER_GROUPS),
    st.sampled_from([1, 10, 100]),
    st.integers(1, 2000),
    st.integers(0, 20),
    st.one_of(st.none(), st.integers(1, 10)),
)


@given(st.lists(TIERS, max_size=8))
def test_whatever_is_put_in_no_two_prices_of_a_tier_overlap_and_none_is_dearer(asked):
    book = [tier(1000)]
    for new in asked:
        try:
            changed = with_price(book, new)
            ensure_no_tier_is_dearer(changed, day(0))
        except Conflict:
            continue
        book = changed
    for at in range(32):
        holding = [each for each in book if each.holds_at(day(at))]
        assert len({each.tier for each in holding}) == len(holding)
        for group in BUYER_GROUPS:
            prices = [
                found.price_fen
                for quantity in (1, 9, 10, 99, 100, 5000)
                if (found := price_for(book, day(at), buyer_group=group, quantity=quantity))
            ]
            assert prices == sorted(prices, reverse=True)
