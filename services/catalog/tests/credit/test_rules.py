"""How credit fades, adds up and works."""

from datetime import date, timedelta

import pytest

from catalog.credit import data, rules
from shared.errors import Conflict

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(("age", "left"), [(0, -20), (1, -19), (365, -10), (729, 0), (730, 0), (4000, 0)])
def test_points_fade_evenly_towards_nothing(age, left):
    event = rules.Counted(-20, 730, TODAY - timedelta(days=age))
    assert rules.faded_points(event, TODAY) == left


def test_a_score_stays_within_its_scale_and_ignores_what_is_to_come():
    scale = data.scale()
    bad = rules.Counted(-60, 365, TODAY)
    assert rules.score_of([bad, bad], scale, TODAY) == scale.lowest
    assert rules.score_of([bad], scale, TODAY - timedelta(days=1)) == scale.base
    assert rules.score_of([rules.Counted(90, 365, TODAY)], scale, TODAY) == scale.highest


@pytest.mark.parametrize(
    ("score", "expected"), [(39, "SERIOUSLY_DISHONEST"), (40, "ABNORMAL"), (75, None), (114, None), (115, "EXEMPLARY")]
)
def test_a_score_suggests_a_list(score, expected):
    assert rules.suggested_list(score, data.scale()) == expected


def test_an_adverse_list_silences_the_exemplary_one_and_the_hardest_effect_holds():
    lists = data.lists()
    exemplary = rules.effects_of([("EXEMPLARY", lists["EXEMPLARY"], "a")])
    assert (exemplary.rank, exemplary.listed_skus, exemplary.is_banned) == (200, None, False)
    every = rules.effects_of([(name, each, name) for name, each in lists.items()])
    assert every.lists == ("ABNORMAL", "SERIOUSLY_DISHONEST")
    assert (every.rank, every.listed_skus, every.is_banned) == (-1300, 3, True)
    assert (every.cap_cause, every.ban_cause) == ("ABNORMAL", "SERIOUSLY_DISHONEST")


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 11, 22), 36, date(2029, 11, 21)),
        (date(2026, 8, 31), 6, date(2027, 2, 27)),
        (date(2026, 12, 1), 1, date(2026, 12, 31)),
    ],
)
def test_months_end_the_day_before(first, months, last):
    assert rules.last_day(first, months) == last


def test_all_kinds_and_lists_of_the_files_can_be_used():
    assert all(each.decays_over_days > 0 and each.points for each in data.kinds().values())
    for which in data.lists().values():
        assert (which.rank < 0) is which.is_adverse
        assert which.source
        assert which.confidence


def test_who_is_banned_cannot_sell():
    with pytest.raises(Conflict) as refused:
        rules.ensure_not_banned(rules.Effects(is_banned=True, ban_cause="credit:1"))
    assert (refused.value.code, refused.value.extra["cause"]) == ("supplier-order-banned", "credit:1")
    rules.ensure_below_cap(rules.Effects(listed_skus=3), 3)
    with pytest.raises(Conflict) as capped:
        rules.ensure_below_cap(rules.Effects(listed_skus=3), 4)
    assert capped.value.code == "supplier-listing-capped"
