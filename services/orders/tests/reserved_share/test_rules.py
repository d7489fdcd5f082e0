"""What a filing must hold to, by region and year, and how far a unit is."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.reserved_share import rules
from shared.errors import Conflict, Invalid

YICHANG, GUANGDONG, HEBEI, XINJIANG = "420525", "440106", "130924", "650102"
FILED = rules.Filing(
    canteen_mode="OWN",
    has_union_funds=True,
    canteen_total_fen=100_000_01,
    ratio_bp=2000,
    union_total_fen=100_000_00,
    union_member_count=50,
    union_reserved_fen=50 * 500_00,
    contact="陈会计",
    phone="0717-3810000",
)


def refusal(county: str = YICHANG, year: int = 2025, last_year: tuple[int, int] | None = None, **given: Any) -> str:
    try:
        rules.ensure_holds(replace(FILED, **given), rules.rule_of(county, year), last_year=last_year)
    except Invalid as refused:
        return refused.code
    return "holds"


@given(st.integers(0, 10**13), st.integers(0, 10_000))
def test_a_share_is_rounded_up_and_never_by_more_than_a_fen(total_fen: int, share_bp: int):
    found = rules.share_fen(total_fen, share_bp)
    assert 0 <= found * 10_000 - total_fen * share_bp < 10_000


def test_one_fen_short_is_short():
    assert rules.share_fen(100_000_01, 2000) == 20_000_01
    assert FILED.canteen_reserved_fen == 20_000_01


@pytest.mark.parametrize(
    ("county", "year", "least_bp", "region", "is_carried_on"),
    [
        (HEBEI, 2022, 1000, "000000", False),
        (HEBEI, 2024, 1500, "000000", False),
        (HEBEI, 2026, 1500, "000000", True),
        (GUANGDONG, 2024, 1500, "000000", False),
        (GUANGDONG, 2025, 3000, "440000", False),
        (YICHANG, 2025, 2000, "420500", False),
        (YICHANG, 2024, 1500, "000000", False),
        ("420103", 2025, 1500, "000000", False),
    ],
)
def test_the_nearest_region_of_the_latest_year_says_the_ratio(
    county: str, year: int, least_bp: int, region: str, is_carried_on: bool
):
    figure = rules.rule_of(county, year).canteen_min
    assert figure is not None
    assert (figure.value, figure.region, figure.is_carried_on) == (least_bp, region, is_carried_on)
    assert figure.source


def test_a_figure_that_the_nearest_region_does_not_say_comes_from_the_next():
    rule = rules.rule_of("420103", 2025)  # Wuhan: of Hubei only "not below last year" is known
    assert rule.not_below_last_year is not None
    assert (rule.not_below_last_year.region, rule.union_min) == ("420000", None)
    assert rules.rule_of(HEBEI, 2020) == rules.Rule()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "holds"),
        ({"ratio_bp": 1999}, "ratio-too-low"),
        ({"canteen_total_fen": 0}, "canteen-total-missing"),
        ({"union_reserved_fen": 50 * 500_00 - 1}, "union-per-head-too-low"),
        ({"union_member_count": 0, "union_reserved_fen": 20_000_00 - 1}, "union-share-too-low"),
        ({"has_union_funds": False}, "union-has-no-funds"),
        ({"contact": ""}, "filing-contact-missing"),
        ({"phone": ""}, "filing-contact-missing"),
        ({"canteen_mode": "SHARED_MEMBER"}, "filing-has-no-canteen"),
        ({"canteen_mode": "NONE", "canteen_total_fen": 0}, "filing-has-no-canteen"),
        ({"canteen_mode": "NONE", "canteen_total_fen": 0, "ratio_bp": 0}, "holds"),
        ({"canteen_mode": "SHARED_MEMBER", "canteen_total_fen": 0, "ratio_bp": 0}, "holds"),
        ({"last_year": (20_000_02, 0)}, "below-last-year"),
        ({"last_year": (20_000_01, 25_000_00)}, "holds"),
        ({"last_year": (0, 25_000_01)}, "below-last-year"),
        ({"canteen_mode": "NONE", "canteen_total_fen": 0, "ratio_bp": 0, "last_year": (20_000_02, 0)}, "holds"),
    ],
)
def test_what_is_held_against_a_filing(given: dict[str, Any], code: str):
    assert refusal(**given) == code


def test_a_union_without_funds_of_its_own_is_exempt():
    without = {"union_total_fen": 0, "union_member_count": 0, "union_reserved_fen": 0}
    assert refusal(has_union_funds=False, **without) == "holds"
    assert refusal(has_union_funds=False, **without, last_year=(0, 500)) == "holds"


def test_where_nobody_asks_for_a_unions_share_none_is_needed():
    assert refusal(HEBEI, union_reserved_fen=0) == "holds"


def test_without_a_canteen_the_union_reserves_more_where_a_region_says_so():
    none = {"canteen_mode": "NONE", "canteen_total_fen": 0, "ratio_bp": 0, "union_member_count": 0}
    assert refusal(XINJIANG, **none, union_reserved_fen=20_000_00 - 1) == "union-share-too-low"
    assert refusal(XINJIANG, **none, union_reserved_fen=20_000_00) == "holds"
    assert refusal(XINJIANG, union_member_count=0, union_reserved_fen=0, ratio_bp=1000) == "holds"


def test_deadlines_are_data_and_go_on_until_a_newer_one_is_known():
    assert rules.deadline_of(YICHANG, 2025) == date(2025, 3, 10)
    assert rules.deadline_of(YICHANG, 2026) == date(2026, 3, 10)
    assert rules.deadline_of("450103", 2024) == date(2024, 2, 6)
    assert rules.deadline_of(HEBEI, 2024) == date(2024, 3, 24)
    assert rules.deadline_of(HEBEI, 2022) is None


@pytest.mark.parametrize(
    ("year", "today", "time_bp"),
    [
        (2026, date(2026, 1, 1), 27),
        (2026, date(2026, 12, 31), 10_000),
        (2024, date(2024, 2, 29), 60 * 10_000 // 366),
        (2025, date(2026, 1, 1), 10_000),
        (2027, date(2026, 12, 31), 0),
    ],
)
def test_how_much_of_the_year_is_over(year: int, today: date, time_bp: int):
    assert rules.time_progress_bp(year, today) == time_bp


def test_lagging_is_more_than_ten_points_behind():
    assert not rules.is_lagging(400, 1000, 5000)
    assert rules.is_lagging(399, 1000, 5000)
    assert not rules.is_lagging(0, 0, 10_000)
    assert not rules.is_lagging(0, 1000, 1000)
    assert (rules.progress_bp(8465_53, 23_600_00), rules.progress_bp(1, 0)) == (3587, None)


@pytest.mark.parametrize("status", rules.STATUSES)
@pytest.mark.parametrize("verb", rules.MOVES)
def test_only_legal_moves_lead_on(verb: str, status: str):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
        return
    with pytest.raises(Conflict) as refused:
        rules.status_after(verb, status)
    assert (refused.value.code, refused.value.extra["status_now"]) == ("reserved-share-status", status)


def test_a_share_is_filed_for_a_year_that_is_near():
    for year in (2025, 2026, 2027):
        rules.ensure_year(year, date(2026, 3, 1))
    for year in (2024, 2028):
        with pytest.raises(Invalid) as refused:
            rules.ensure_year(year, date(2026, 3, 1))
        assert refused.value.code == "filing-year-wrong"
