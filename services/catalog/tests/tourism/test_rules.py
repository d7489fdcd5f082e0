"""When a route is open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.tourism import rules
from shared.errors import Conflict, Invalid

season = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(st.lists(season, min_size=1, max_size=6))
def test_a_route_is_open_when_all_its_spots_are(seasons):
    months = rules.route_months(seasons)
    for month in range(1, 13):
        assert (month in months) == all(month in rules.open_months(*each) for each in seasons)


def test_a_winter_season_runs_over_the_new_year():
    assert rules.open_months(12, 2) == {12, 1, 2}
    assert rules.route_months([(12, 2), (1, 4)]) == [1, 2]
    assert rules.route_months([]) == []


def test_a_route_that_is_never_open_is_refused():
    with pytest.raises(Conflict) as refused:
        rules.ensure_open_together(rules.route_months([(3, 5), (9, 11)]))
    assert refused.value.code == "route-never-open"


@pytest.mark.parametrize(("stops", "code"), [([1], "route-too-short"), ([1, 2, 1], "spot-repeated")])
def test_a_route_joins_two_spots_or_more_each_once(stops, code):
    with pytest.raises(Invalid) as refused:
        rules.ensure_stops(stops)
    assert refused.value.code == code
