"""The ladder of prices and what becomes of a joint purchase."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.joint_purchase import rules
from orders.joint_purchase.rules import Step
from orders.pool.rules import figures
from shared.errors import Conflict, Invalid

STEPS = (Step(100, 3500), Step(200, 3200), Step(400, 2900))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("total", "price_fen"), [(0, None), (99, None), (100, 3500), (199, 3500), (200, 3200), (400, 2900), (9000, 2900)]
)
def test_the_total_picks_the_step_that_it_reaches(total: int, price_fen: int | None):
    reached = rules.step_of(STEPS, total)
    assert (reached.price_fen if reached else None) == price_fen


@pytest.mark.parametrize(("total", "floor"), [(0, 100), (100, 200), (399, 400), (400, None)])
def test_the_next_step_is_the_first_that_is_not_reached(total: int, floor: int | None):
    coming = rules.next_step(STEPS, total)
    assert (coming.floor_count if coming else None) == floor


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(100, 3500), Step(100, 3200)),
        (Step(100, 3500), Step(90, 3200)),
        (Step(100, 3500), Step(200, 3500)),
        (Step(100, 3500), Step(200, 3600)),
        tuple(Step(each + 1, 1000 - each) for each in range(9)),
    ],
)
def test_a_ladder_that_does_not_fall_is_refused(steps: tuple[Step, ...]):
    with pytest.raises(Invalid) as refusal:
        rules.ensure_ladder(steps, 10_000)
    assert refusal.value.code == "ladder-wrong"


def test_the_last_step_can_be_reached():
    rules.ensure_ladder(STEPS, 400)
    with pytest.raises(Invalid) as refusal:
        rules.ensure_ladder(STEPS, 399)
    assert refusal.value.code == "ladder-unreachable"


def test_nobody_pays_more_together_than_alone():
    rules.ensure_not_dearer(STEPS, 3500)
    with pytest.raises(Invalid) as refusal:
        rules.ensure_not_dearer(STEPS, 3499)
    assert refusal.value.code == "price-above-listed"


@given(
    st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), min_size=1, max_size=figures().most_steps),
    st.lists(st.integers(0, 3000), min_size=2, max_size=2),
)
def test_more_pieces_never_cost_more_a_piece(pairs: list[tuple[int, int]], totals: list[int]):
    floors = sorted({floor for floor, _ in pairs})
    prices = sorted({price for _, price in pairs}, reverse=True)
    steps = [Step(*each) for each in zip(floors, prices, strict=False)]
    rules.ensure_ladder(steps, floors[-1])
    fewer, more = (rules.step_of(steps, each) for each in sorted(totals))
    assert fewer is None or (more is not None and more.price_fen <= fewer.price_fen)


@pytest.mark.parametrize(
    ("closes_in", "code"),
    [
        (timedelta(minutes=59), "deadline-too-near"),
        (timedelta(days=40, seconds=1), "deadline-too-far"),
        (timedelta(hours=1), ""),
        (timedelta(days=40), ""),
    ],
)
def test_units_have_some_time_but_not_for_ever(closes_in: timedelta, code: str):
    if not code:
        rules.ensure_open_long_enough(NOW + closes_in, NOW)
        return
    with pytest.raises(Invalid) as refusal:
        rules.ensure_open_long_enough(NOW + closes_in, NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("scope", "region_code", "count", "code"),
    [
        ("REGION", None, 0, "region-missing"),
        ("TREE", "420000", 0, "region-missing"),
        ("NAMED", None, 0, "invited-missing"),
        ("TREE", None, 2, "invited-missing"),
    ],
)
def test_who_is_invited_is_said_in_one_way(scope: rules.Scope, region_code: str | None, count: int, code: str):
    with pytest.raises(Invalid) as refusal:
        rules.ensure_region(scope, region_code, invited_count=count)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("shares", "orders", "is_over", "verb"),
    [
        (3, 3, False, "finish"),
        (3, 2, False, None),
        (3, 2, True, "finish"),
        (3, 0, True, "fail"),
        (3, 0, False, None),
    ],
)
def test_it_ends_when_all_ordered_or_time_is_over(shares: int, orders: int, is_over: bool, verb: str | None):
    assert rules.verb_after_ordering(share_count=shares, order_count=orders, is_over=is_over) == verb


def test_what_is_left_is_said_to_who_wants_more():
    rules.ensure_room(10, taken_count=490, most_count=500)
    with pytest.raises(Conflict) as refusal:
        rules.ensure_room(11, taken_count=490, most_count=500)
    assert (refusal.value.code, refusal.value.extra["left"]) == ("joint-purchase-full", 10)


def test_a_county_lies_in_its_prefecture_and_its_province():
    assert rules.region_codes("522634") == ["520000", "522600", "522634"]
