"""Contracts without a database."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.contract import rules
from shared.errors import Conflict, Invalid

MONDAY = date(2026, 9, 7)
TERM = rules.Calendar(MONDAY, date(2026, 12, 31), frozenset({1, 4}), skips_holidays=True)


def works_always(_: date) -> bool:
    return False


def in_golden_week(day: date) -> bool:
    return date(2026, 10, 1) <= day <= date(2026, 10, 7)


def test_a_weekly_order_comes_on_its_weekdays():
    days = TERM.days(MONDAY, MONDAY + timedelta(days=13), is_rest_day=works_always)
    assert days == [date(2026, 9, 7), date(2026, 9, 10), date(2026, 9, 14), date(2026, 9, 17)]


def test_holidays_and_breaks_are_skipped():
    since, until = date(2026, 9, 28), date(2026, 10, 18)
    assert TERM.days(since, until, is_rest_day=in_golden_week) == [
        date(2026, 9, 28),
        date(2026, 10, 8),
        date(2026, 10, 12),
        date(2026, 10, 15),
    ]
    sports = rules.Break(date(2026, 10, 12), date(2026, 10, 12), "运动会")
    with_break = rules.Calendar(TERM.first_on, TERM.last_on, TERM.weekdays, False, (sports,))
    assert with_break.days(since, until, is_rest_day=in_golden_week) == [
        date(2026, 9, 28),
        date(2026, 10, 1),
        date(2026, 10, 5),
        date(2026, 10, 8),
        date(2026, 10, 15),
    ]


def test_nothing_comes_before_the_term_or_after_it():
    assert TERM.days(date(2026, 8, 1), date(2026, 9, 7), is_rest_day=works_always) == [MONDAY]
    assert TERM.days(date(2027, 1, 1), date(2027, 3, 1), is_rest_day=works_always) == []


@pytest.mark.parametrize(
    ("rule", "listed_fen", "price_fen"),
    [("FIXED", 9000, 3000), ("FLOOR_FLOAT", 2000, 3000), ("FLOOR_FLOAT", 3000, 3000), ("FLOOR_FLOAT", 4001, 3600)],
)
def test_a_floor_floats_up_with_the_market_and_never_down(rule: rules.PriceRule, listed_fen: int, price_fen: int):
    assert rules.call_price_fen(rule, 3000, float_bp=6000, listed_fen=listed_fen) == price_fen


@given(st.integers(1, 10**8), st.integers(0, 10_000), st.integers(1, 10**8))
def test_a_called_price_lies_between_floor_and_market(floor: int, float_bp: int, listed: int):
    price = rules.call_price_fen("FLOOR_FLOAT", floor, float_bp=float_bp, listed_fen=listed)
    assert floor <= price <= max(floor, listed)


def a_line(most_count: int, called_count: int = 0) -> rules.Line:
    return rules.Line(uuid4(), uuid4(), 3000, most_count, 1, called_count)


def test_no_more_is_called_than_the_contract_holds():
    rest, full = a_line(10, 8), a_line(5, 5)
    rules.ensure_within([rest, full], {rest.line_id: 2, full.line_id: 0})
    with pytest.raises(Conflict) as refused:
        rules.ensure_within([rest, full], {rest.line_id: 3, full.line_id: 1})
    assert (refused.value.code, refused.value.extra["lines"]) == (
        "contract-exhausted",
        [
            {"line_id": str(rest.line_id), "wanted": 3, "left": 2},
            {"line_id": str(full.line_id), "wanted": 1, "left": 0},
        ],
    )


@pytest.mark.parametrize(("wanted", "code"), [({uuid4(): 1}, "line-unknown"), ({}, "call-off-empty")])
def test_what_is_not_in_the_contract_is_not_called(wanted: dict[UUID, int], code: str):
    with pytest.raises(Invalid) as refused:
        rules.ensure_within([a_line(1)], wanted)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("status", "deliver_on", "code"),
    [
        ("OFFERED", date(2026, 9, 14), "contract-not-in-force"),
        ("SIGNED", date(2027, 1, 4), "contract-not-in-force"),
        ("SIGNED", date(2026, 9, 10), "call-off-too-late"),
        ("SIGNED", date(2026, 9, 15), "not-a-delivery-day"),
        ("SIGNED", date(2026, 10, 1), "not-a-delivery-day"),
    ],
)
def test_a_day_that_cannot_be_called_is_refused(status: str, deliver_on: date, code: str):
    with pytest.raises(Conflict) as refused:
        rules.ensure_callable(status, TERM, deliver_on, lead_days=5, on=MONDAY, is_rest_day=in_golden_week)
    assert refused.value.code == code


def test_a_contract_without_weekdays_is_called_when_it_is_needed():
    free = rules.Calendar(TERM.first_on, TERM.last_on, frozenset(), skips_holidays=True)
    rules.ensure_callable("SIGNED", free, date(2026, 9, 15), lead_days=5, on=MONDAY, is_rest_day=in_golden_week)


def test_a_term_ends_after_it_begins_and_not_in_the_past():
    rules.ensure_term(MONDAY, MONDAY, on=MONDAY)
    for first_on, last_on, on in (
        (MONDAY, MONDAY - timedelta(days=1), MONDAY - timedelta(days=9)),
        (MONDAY, MONDAY, MONDAY + timedelta(days=1)),
    ):
        with pytest.raises(Invalid) as refused:
            rules.ensure_term(first_on, last_on, on=on)
        assert refused.value.code == "term-invalid"
    with pytest.raises(Invalid) as refused:
        rules.ensure_breaks([rules.Break(MONDAY, MONDAY - timedelta(days=1), "")])
    assert (refused.value.code, refused.value.field) == ("break-invalid", "breaks.0.last_on")


@pytest.mark.parametrize("verb", rules.MOVES)
@pytest.mark.parametrize("status", ["DRAFT", "APPROVING", "OFFERED", "SIGNED", "ENDED", "ABANDONED"])
def test_only_the_moves_of_the_table_are_made(verb: str, status: str):
    starts, end = rules.MOVES[verb]
    if status in starts:
        assert rules.status_after(verb, status) == end
        return
    with pytest.raises(Conflict) as refused:
        rules.status_after(verb, status)
    assert refused.value.code == "contract-status"
