"""Points by themselves: what they pay, what money brings, what comes back."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.point import rules
from shared.errors import Conflict

PAYABLES = st.lists(st.integers(0, 50_000), min_size=1, max_size=8)


@given(wanted=st.integers(0, 10**6), balance=st.integers(0, 10**6), payables=PAYABLES)
def test_points_pay_less_than_the_goods_and_no_line_more_than_it_costs(wanted, balance, payables):
    paid = rules.pay_with_points(wanted, balance=balance, payables_fen=payables)
    assert paid.points == min(wanted, paid.usable)
    assert paid.usable <= balance
    assert paid.fen * 2 <= sum(payables)
    assert all(0 <= share <= fen for share, fen in zip(paid.shares, payables, strict=True))


def test_a_share_goes_to_each_line_by_what_it_costs():
    paid = rules.pay_with_points(100, balance=500, payables_fen=[999, 1, 0, 500])
    assert (paid.usable, paid.shares) == (500, (67, 0, 0, 33))


def test_more_than_can_be_spent_is_refused_and_says_how_many():
    with pytest.raises(Conflict) as refused:
        rules.spend_exactly(600, balance=900, kind="consumer", payables_fen=[1000])
    assert (refused.value.code, refused.value.extra["usable_points"]) == ("points-changed", 500)
    with pytest.raises(Conflict) as refused:
        rules.spend_exactly(1, balance=900, kind="institution", payables_fen=[1000])
    assert refused.value.extra["usable_points"] == 0


def test_a_yuan_brings_a_point_shared_by_what_the_lines_kept():
    first, second, third = uuid4(), uuid4(), uuid4()
    lines = rules.earnings({first: 250, second: 0, third: 149})
    assert [(line.line_id, line.earned, line.basis_fen) for line in lines] == [(first, 2, 250), (third, 1, 149)]
    assert rules.earnings({first: 99}) == []


@given(
    steps=st.lists(st.integers(1, 4000), min_size=1, max_size=6), spent=st.integers(0, 5000), earned=st.integers(0, 90)
)
def test_a_line_refunded_in_any_steps_gives_back_and_loses_all_in_the_end(steps, spent, earned):
    payable, refunded, returned, clawed = sum(steps), 0, 0, 0
    for step in steps:
        refunded += step
        line = rules.LineState(spent, returned, earned, payable, clawed, payable, refunded, 9, 1)
        give, claw = rules.refunded_points(line)
        returned, clawed = returned + give, clawed + claw
        assert returned <= spent
        assert clawed <= earned
    assert (returned, clawed) == (spent, earned)


def test_what_was_refunded_before_the_completion_earned_nothing_and_loses_nothing():
    line = rules.LineState(100, 0, 6, 600, 0, 1000, 400, 10, 4)
    assert rules.refunded_points(line) == (40, 0)
    later = rules.LineState(100, 40, 6, 600, 0, 1000, 700, 10, 7)
    assert rules.refunded_points(later) == (30, 3)


def test_points_last_to_the_end_of_a_day_in_shanghai():
    assert rules.expiry(datetime(2026, 11, 22, 17, 30, tzinfo=UTC)) == datetime(2027, 11, 23, 16, 0, tzinfo=UTC)
