"""Terms and deposits within their limits; a short harvest is shared exactly."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.presale import rules
from services.orders.tests.factories import NOW
from services.orders.tests.presale.selling_ahead import terms
from shared.clock import business_day
from shared.errors import Refusal


@pytest.mark.parametrize(
    ("given_terms", "code", "field"),
    [
        ({"price_fen": 99}, "presale-terms", "price_fen"),
        ({"closes_at": NOW - timedelta(hours=2)}, "presale-terms", "closes_at"),
        ({"harvest_until": business_day(NOW)}, "presale-terms", "harvest_until"),
        ({"harvest_from": business_day(NOW), "harvest_until": business_day(NOW)}, "presale-terms", "harvest_until"),
        ({"balance_days": 31}, "presale-terms", "balance_days"),
        ({"deposit_bp": 2001}, "deposit-too-large", "deposit_bp"),
        ({"deposit_bp": 5001, "if_unpaid": "RETURN"}, "deposit-too-large", "deposit_bp"),
    ],
)
def test_terms_out_of_their_limits_are_refused(given_terms: dict[str, Any], code: str, field: str):
    with pytest.raises(Refusal) as refused:
        rules.ensure_terms(terms(**given_terms))
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_largest_deposit_of_each_rule_stands():
    rules.ensure_terms(terms(deposit_bp=2000))
    rules.ensure_terms(terms(deposit_bp=5000, if_unpaid="RETURN"))


@given(st.integers(100, 10**9), st.integers(1, 99_999), st.integers(1, 5000))
def test_a_deposit_is_never_more_than_its_share_and_leaves_a_balance(price_fen: int, quantity: int, deposit_bp: int):
    amount_fen = price_fen * quantity
    deposit_fen = rules.deposit_fen(amount_fen, deposit_bp)
    assert 0 < deposit_fen < amount_fen
    assert deposit_fen == 1 or deposit_fen * 10_000 <= amount_fen * deposit_bp


BOOKINGS = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 100_000)), min_size=1, max_size=30)


@given(BOOKINGS, st.integers(0, 20_000), st.sampled_from(["PRO_RATA", "FIRST_COME"]))
def test_a_harvest_is_shared_exactly(told: list[tuple[int, int]], harvested: int, rule: rules.Shortfall):
    bookings = [(uuid4(), quantity, deposit_fen) for quantity, deposit_fen in told]
    shares = rules.shares(rule, harvested, bookings)
    assert [share.booking_id for share in shares] == [each[0] for each in bookings]
    assert sum(share.allocated_count for share in shares) == min(harvested, sum(quantity for quantity, _ in told))
    for share in shares:
        assert 0 <= share.allocated_count <= share.quantity
        assert share.kept_fen + share.returned_fen == share.deposit_fen
        assert 0 <= share.kept_fen <= share.deposit_fen
        if share.allocated_count == share.quantity:
            assert share.returned_fen == 0
        if share.allocated_count == 0:
            assert share.kept_fen == 0


def test_pro_rata_gives_the_largest_remainder_and_first_come_the_first():
    bookings = [(uuid4(), 3, 900), (uuid4(), 3, 900), (uuid4(), 4, 1200)]
    pro_rata = rules.shares("PRO_RATA", 5, bookings)
    assert [share.allocated_count for share in pro_rata] == [2, 1, 2]
    assert [share.returned_fen for share in pro_rata] == [300, 600, 600]
    first_come = rules.shares("FIRST_COME", 5, bookings)
    assert [share.allocated_count for share in first_come] == [3, 2, 0]


def test_who_gets_less_than_booked_may_leave_with_the_deposit():
    [short] = rules.shares("PRO_RATA", 2, [(uuid4(), 3, 900)])
    [full] = rules.shares("PRO_RATA", 3, [(uuid4(), 3, 900)])
    assert rules.returns_deposit("KEEP", short)
    assert not rules.returns_deposit("KEEP", full)
    assert rules.returns_deposit("RETURN", full)
