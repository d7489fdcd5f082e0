"""Seasons and shelves."""

import pytest

from catalog.product.rules import (
    ensure_category_stays,
    ensure_known,
    is_in_season,
    season_mask,
)
from shared.errors import Conflict, Invalid


def months(first, last):
    return [month for month in range(1, 13) if is_in_season(season_mask(first, last), month)]


def test_a_season_has_both_its_ends():
    assert months(9, 11) == [9, 10, 11]
    assert months(3, 3) == [3]


def test_a_season_may_run_over_the_new_year():
    assert months(11, 2) == [1, 2, 11, 12]


def test_the_whole_year_is_a_season():
    assert months(1, 12) == list(range(1, 13))
    assert months(5, 4) == list(range(1, 13))


def test_an_id_that_is_not_ours_is_refused_with_those_that_are():
    with pytest.raises(Invalid) as refused:
        ensure_known("toys", frozenset({"tea", "fruit"}), field="category")
    assert (refused.value.code, refused.value.extra["known"]) == ("category-unknown", ["fruit", "tea"])


def test_a_listed_product_stays_on_its_shelf():
    ensure_category_stays("tea", "fruit", is_listed=False)
    with pytest.raises(Conflict) as refused:
        ensure_category_stays("tea", "fruit", is_listed=True)
    assert refused.value.code == "product-listed"
