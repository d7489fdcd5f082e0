"""Whose goods come first, what is kept for them, and what the whole may cost."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.reserve_purchase import rules
from orders.reserve_purchase.rules import FirstTerms, Grade, Room
from shared.errors import Invalid

DAY = date(2026, 11, 22)


@given(
    wanted=st.integers(1, 10**12),
    share_bp=st.integers(0, 10_000),
    first=st.integers(0, 10**12),
    other=st.integers(0, 10**12),
)
def test_others_never_get_what_is_kept(wanted: int, share_bp: int, first: int, other: int):
    kept = rules.kept_g(wanted, FirstTerms(3, share_bp))
    other = min(other, wanted - kept)
    first = min(first, wanted - other)
    room = Room(wanted, kept, first + other, other)
    free = room.free_g(is_first=False)
    assert 0 <= free <= room.free_g(is_first=True)
    assert first + other + free <= wanted
    assert other + free <= wanted - kept or free == 0


@given(price=st.integers(1, 10_000_000), piece_g=st.integers(1, 100_000), count=st.integers(1, 10_000))
def test_packs_never_cost_more_than_their_weight(price: int, piece_g: int, count: int):
    if price * piece_g < 1000:
        with pytest.raises(Invalid, match="worth nothing"):
            rules.piece_fen(price, piece_g)
    else:
        assert rules.piece_fen(price, piece_g) * count * 1000 <= price * piece_g * count


def test_the_budget_pays_all_of_it_at_its_dearest():
    grades = [Grade("一等", "干", 400), Grade("二等", "湿", 300)]
    rules.ensure_filing(first_on=DAY, last_on=DAY, today=DAY, wanted_g=2500, budget_fen=1000, grades=grades)
    with pytest.raises(Invalid) as refused:
        rules.ensure_filing(first_on=DAY, last_on=DAY, today=DAY, wanted_g=2501, budget_fen=1000, grades=grades)
    assert (refused.value.code, refused.value.extra["needed_fen"]) == ("reserve-budget-small", 1001)
    with pytest.raises(Invalid) as twice:
        rules.ensure_filing(
            first_on=DAY, last_on=DAY, today=DAY, wanted_g=1, budget_fen=1000, grades=[*grades, grades[0]]
        )
    assert twice.value.code == "grade-twice"


def test_the_rules_are_data_with_a_source():
    for kind in ("first", "booking", "scale"):
        assert all(each["source"] and each["confidence"] for each in rules._all_terms()[kind])
    assert rules.first_terms("420525", DAY) == FirstTerms(3, 5000)
    assert (rules.notice_days("420525", DAY), rules.short_bp("420525", DAY)) == (1, 100)
