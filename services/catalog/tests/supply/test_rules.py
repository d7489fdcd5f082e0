"""What of a harvest is left to sell, and what an entry may say."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.supply import rules
from shared.errors import Conflict, Invalid

months = st.integers(1, 12)
grams = st.integers(0, 10**15)

FACTS = {
    "county_code": "420325",
    "township": "军店镇",
    "village": "下店子村",
    "enterprise": "",
    "product_name": "香菇",
    "category": "mushroom",
    "year": 2026,
    "scale_value": Decimal("120.5"),
    "scale_unit": "mu",
    "yearly_output_g": 36_000_000,
    "season_from_month": 11,
    "season_to_month": 2,
    "price_from_fen": 600,
    "price_to_fen": 900,
}


def checked(**changes):
    return rules.checked(FACTS | changes, categories={"mushroom"}, units={"mu"})


def test_a_season_may_run_over_the_new_year():
    assert rules.season_months(11, 2) == [11, 12, 1, 2]
    assert rules.season_months(5, 5) == [5]
    assert rules.season_months(1, 12) == list(range(1, 13))


@given(grams, months, months)
def test_the_months_of_an_output_sum_to_the_year(output_g, first, last):
    spread = rules.output_by_month(output_g, first, last)
    assert list(spread) == rules.season_months(first, last)
    assert sum(spread.values()) == output_g
    assert max(spread.values()) - min(spread.values()) <= 1


@given(grams, grams, months, months)
def test_what_is_unsold_in_the_months_is_what_is_left_of_the_year(output_g, sold_g, first, last):
    unsold = rules.unsold_by_month(output_g, sold_g, first, last)
    spread = rules.output_by_month(output_g, first, last)
    assert sum(unsold.values()) == max(0, output_g - sold_g)
    assert all(0 <= unsold[month] <= spread[month] for month in spread)


@given(grams, grams, grams, months, months)
def test_selling_more_never_leaves_more(output_g, sold_g, more_g, first, last):
    before = rules.unsold_by_month(output_g, sold_g, first, last)
    after = rules.unsold_by_month(output_g, sold_g + more_g, first, last)
    assert all(after[month] <= before[month] for month in before)


@given(grams, grams, months, months)
def test_the_earliest_months_sell_out_first(output_g, sold_g, first, last):
    unsold = list(rules.unsold_by_month(output_g, sold_g, first, last).values())
    whole = list(rules.output_by_month(output_g, first, last).values())
    begun = [place for place, (left, all_of_it) in enumerate(zip(unsold, whole, strict=True)) if left < all_of_it]
    assert all(unsold[place] == 0 for place in begun[:-1])


@given(st.integers(1, 10**15), grams, st.one_of(st.none(), grams))
def test_what_a_village_counted_goes_before_what_was_reckoned(output_g, sold_g, remaining_g):
    output, sold = rules.effective(output_g, sold_g, remaining_g)
    if remaining_g is None:
        assert (output, sold) == (output_g, sold_g)
    else:
        assert output - sold == remaining_g
        assert output >= output_g
        assert sold >= 0


@pytest.mark.parametrize(
    ("amount", "unit", "grams_of"),
    [("1.5", "吨", 1_500_000), ("3", "公斤", 3000), (7, "斤", 3500), ("2,000", "斤", 1_000_000), ("0.001", "斤", 0)],
)
def test_weights_are_read_as_villages_say_them(amount, unit, grams_of):
    assert rules.grams_of(amount, unit) == grams_of


@pytest.mark.parametrize(
    ("amount", "unit", "code"),
    [
        ("很多", "斤", "weight-invalid"),
        ("-1", "斤", "weight-invalid"),
        ("NaN", "斤", "weight-invalid"),
        ("1e99", "吨", "weight-invalid"),
        ("1", "筐", "weight-unit-unknown"),
    ],
)
def test_what_is_no_weight_is_refused(amount, unit, code):
    with pytest.raises(Invalid) as refused:
        rules.grams_of(amount, unit)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"village": " ", "enterprise": ""}, "holder-missing", "village"),
        ({"township": ""}, "entry-name-missing", "township"),
        ({"category": "stone"}, "category-unknown", "category"),
        ({"scale_unit": "acre"}, "scale-unit-unknown", "scale_unit"),
        ({"scale_value": Decimal("1.234")}, "scale-invalid", "scale_value"),
        ({"yearly_output_g": 0}, "output-invalid", "yearly_output_g"),
        ({"price_to_fen": 599}, "price-range-reversed", "price_to_fen"),
        ({"season_to_month": 13}, "month-invalid", "season_to_month"),
        ({"year": 1999}, "year-invalid", "year"),
        ({"sold_g": -1}, "count-negative", "sold_g"),
    ],
)
def test_an_entry_that_cannot_be_true_is_refused_by_field(wrong, code, field):
    with pytest.raises(Invalid) as refused:
        checked(**wrong)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_same_village_is_written_the_same():
    assert checked(village="  下店子  村 ").key == checked(village="下店子 村").key


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "CONFIRMED", "RETURNED"])
@pytest.mark.parametrize("verb", list(rules.MOVES))
def test_a_verb_leads_on_only_from_its_states(verb, status):
    before, after = rules.MOVES[verb]
    if status in before:
        assert rules.status_after(verb, status) == after
    else:
        with pytest.raises(Conflict) as refused:
            rules.status_after(verb, status)
        assert (refused.value.code, refused.value.extra["status_now"]) == ("supply-status", status)
