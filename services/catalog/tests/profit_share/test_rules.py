"""Shares, portions and what refunds take back: to the fen."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.profit_contract.rules import Beneficiary, Terms
from catalog.profit_share import rules
from shared.errors import Conflict, Invalid

FEN = st.integers(0, 10**9)
WEIGHTS = st.lists(st.integers(1, 1000), min_size=1, max_size=12)


def test_a_share_of_the_payable_amount_is_rounded_down():
    assert rules.share_fen(10_001, Terms("line_payable", 500)) == 500


def test_net_proceeds_are_what_the_deduction_leaves():
    assert rules.base_fen(10_000, Terms("net_proceeds", 1000, 6000)) == 4000
    assert rules.share_fen(10_000, Terms("net_proceeds", 1000, 6000)) == 400


@given(FEN, WEIGHTS)
def test_portions_sum_to_the_share_and_follow_the_weights(share, weights):
    found = rules.portions(share, [Beneficiary(str(place), weight) for place, weight in enumerate(weights)])
    assert sum(part for _, part in found) == share
    for (_, part), weight in zip(found, weights, strict=True):
        assert abs(part * sum(weights) - share * weight) < sum(weights)


@given(FEN, WEIGHTS, st.integers(1, 10**9), st.lists(st.integers(1, 10**9), max_size=6))
def test_refunds_take_back_exactly_and_in_the_end_all(share, weights, payable, refunds):
    original = rules.portions(share, [Beneficiary(str(place), weight) for place, weight in enumerate(weights)])
    left = dict(original)
    refunded = before = 0
    for amount in [*refunds, payable]:
        refunded = min(payable, refunded + amount)
        after = rules.reversed_fen(share, payable_fen=payable, refunded_fen=refunded)
        assert before <= after <= share
        back = rules.reversal_portions(original, before_fen=before, after_fen=after)
        assert sum(part for _, part in back) == before - after
        for key, part in back:
            left[key] += part
        before = after
    assert set(left.values()) == {0}


def test_a_month_is_paid_when_it_is_over():
    rules.ensure_month_over(date(2026, 10, 1), date(2026, 11, 1))
    for period, code in ((date(2026, 11, 1), "period-not-over"), (date(2026, 10, 2), "period-not-a-month")):
        with pytest.raises(Invalid) as refused:
            rules.ensure_month_over(period, date(2026, 11, 30))
        assert (refused.value.code, refused.value.field) == (code, "period_on")


def test_what_refunds_outweigh_is_not_paid():
    with pytest.raises(Conflict) as refused:
        rules.ensure_due(-5)
    assert (refused.value.code, refused.value.extra["amount_fen"]) == ("payout-nothing-due", -5)
