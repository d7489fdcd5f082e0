"""Crop orders by their rules: deposits, seasons, milestones, shares of a harvest."""

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.crop_order import rules
from orders.crop_order.rules import Stage, Wanted
from shared.errors import Conflict, Invalid


def wanted(quantity: int, *, price_fen: int = 1000, deposit_bp: int = 2000, least_bp: int = 5000) -> Wanted:
    deposit = rules.deposit_fen(quantity * price_fen, deposit_bp)
    return Wanted(uuid4(), quantity, price_fen, deposit, least_bp)


def test_a_short_harvest_is_shared_pro_rata_with_the_largest_remainders_first():
    # 100 pieces for 70 + 40 + 30 = 140: exactly 50, 28 4/7, 21 3/7; the piece left over goes to 4/7.
    shares = rules.shares_of(100, [wanted(70), wanted(40), wanted(30)])
    assert [each.allocated_count for each in shares] == [50, 29, 21]
    assert [each.is_below_least for each in shares] == [False, False, False]


def test_a_large_harvest_forces_nothing_on_anybody():
    assert [each.allocated_count for each in rules.shares_of(500, [wanted(70), wanted(40)])] == [70, 40]


def test_the_deposit_pays_for_the_share_first_and_only_the_rest_is_owed_back():
    # 100 pieces at 10 yuan, a fifth ahead: 200 yuan. 30 pieces cost 300 and take all of it; 12 cost 120: 80 go back.
    [most] = rules.shares_of(30, [wanted(100)])
    [less] = rules.shares_of(12, [wanted(100)])
    assert (most.amount_fen, most.credited_fen, most.returned_fen) == (30_000, 20_000, 0)
    assert (less.amount_fen, less.credited_fen, less.returned_fen) == (12_000, 12_000, 8_000)


@given(st.integers(0, 3000), st.lists(st.integers(1, 500), min_size=1, max_size=12))
def test_shares_are_all_of_a_short_harvest_and_nobodys_is_more_than_they_ordered(harvested: int, counts: list[int]):
    orders = [wanted(each) for each in counts]
    shares = rules.shares_of(harvested, orders)
    assert sum(each.allocated_count for each in shares) == min(harvested, sum(counts))
    assert all(0 <= each.allocated_count <= each.quantity for each in shares)
    assert all(each.credited_fen + each.returned_fen == each.deposit_fen for each in shares)
    assert all(each.credited_fen <= each.amount_fen for each in shares)
    exact = [harvested * each / sum(counts) for each in counts]
    if harvested < sum(counts):
        assert all(abs(each.allocated_count - part) < 1 for each, part in zip(shares, exact, strict=True))


@pytest.mark.parametrize(("count", "is_below"), [(49, True), (50, False), (100, False)])
def test_below_the_agreed_least_means_below(count: int, is_below: bool):
    assert rules.is_below_least(count, 100, 5000) is is_below


def test_a_share_that_is_large_enough_is_taken():
    rules.ensure_may_refuse(49, 100, 5000)
    with pytest.raises(Conflict) as refused:
        rules.ensure_may_refuse(50, 100, 5000)
    assert refused.value.code == "share-enough"


def test_a_deposit_is_rounded_down_and_never_nothing():
    assert (rules.deposit_fen(99_999, 2000), rules.deposit_fen(3, 100)) == (19_999, 1)


@pytest.mark.parametrize(("deposit_bp", "code"), [(2001, "deposit-too-large"), (99, "deposit-too-small")])
def test_a_deposit_has_limits(deposit_bp: int, code: str):
    rules.ensure_deposit(2000)
    rules.ensure_deposit(100)
    with pytest.raises(Invalid) as refused:
        rules.ensure_deposit(deposit_bp)
    assert (refused.value.code, refused.value.field) == (code, "deposit_bp")


@pytest.mark.parametrize(
    "days",
    [("2027-03-01", "2027-02-01", "2027-09-30"), ("2027-03-01", "2027-09-30", "2027-09-01"),
     ("2026-03-01", "2026-09-01", "2026-09-30"), ("2027-03-01", "2027-09-01", "2035-09-30")],
)  # fmt: skip
def test_a_season_is_sown_first_harvested_then_and_still_to_come(days: tuple[str, str, str]):
    rules.ensure_season(date(2026, 3, 1), date(2026, 9, 1), date(2026, 10, 1), on=date(2026, 9, 30))
    with pytest.raises(Invalid) as refused:
        rules.ensure_season(*(date.fromisoformat(each) for each in days), on=date(2026, 9, 30))
    assert refused.value.code == "season-invalid"


@pytest.mark.parametrize(
    "stages",
    [[], [Stage("SOWING", date(2027, 2, 28))], [Stage("HARVEST", date(2027, 10, 1))],
     [Stage("SOWING", date(2027, 3, 1)), Stage("SOWING", date(2027, 3, 1))],
     [Stage("TENDING", date(2027, 4, day)) for day in range(1, 14)]],
)  # fmt: skip
def test_milestones_lie_in_the_season_and_are_told_apart(stages: list[Stage]):
    with pytest.raises(Invalid) as refused:
        rules.ensure_milestones(stages, sowing_on=date(2027, 3, 1), harvest_until_on=date(2027, 9, 30))
    assert refused.value.code == "milestones-invalid"


def test_a_milestone_is_late_from_the_day_after_on():
    due = date(2027, 3, 1)
    assert not rules.is_late(due, None, on=due)
    assert rules.is_late(due, None, on=date(2027, 3, 2))
    assert not rules.is_late(due, date(2027, 3, 5), on=date(2027, 3, 6))


def test_every_move_leads_from_a_state_that_another_move_reaches():
    reached = {after for _, after in rules.MOVES.values()} | {"DRAFT"}
    assert {before for befores, _ in rules.MOVES.values() for before in befores} <= reached
    assert not {"COMPLETED", "REFUSED", "FAILED"} & {each for befores, _ in rules.MOVES.values() for each in befores}


def test_an_illegal_move_names_where_it_stands():
    with pytest.raises(Conflict) as refused:
        rules.status_after("agree", "DRAFT")
    assert (refused.value.code, refused.value.extra["status_now"]) == ("crop-order-status", "DRAFT")


def test_equal_orders_share_what_is_left_over_in_their_order():
    first, second, third = wanted(10), wanted(10), wanted(10)
    assert [each.allocated_count for each in rules.shares_of(20, [first, second, third])] == [7, 7, 6]
