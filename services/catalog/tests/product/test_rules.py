"""Seasons and certificates."""

from datetime import date

import pytest

from catalog.product.rules import (
    Proof,
    ensure_category_stays,
    ensure_certificates,
    ensure_known,
    is_in_force,
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


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("green_food", "LB-15-19012700330A"),
        ("green_food", "LB-50-1703081720AA"),
        ("organic", "14926669187263268"),
        ("organic", "123OP1900001"),
        ("geographical_indication", "AGI2011-01-92119"),
        ("conformity", "HG1306242610033082"),
        ("sc_licence", "SC11613062478043"),
    ],
)
def test_a_number_of_its_type_is_taken(kind, number):
    ensure_certificates([Proof(kind, number)])


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("green_food", "LB-15-19012700330"),
        ("green_food", "GF4303811900001"),
        ("organic", "1492666918726326"),
        ("geographical_indication", "AGI11-01-92119"),
        ("sc_licence", "SC1161306247804"),
        ("sc_licence", "QS11613062478043"),
        ("conformity", "合格"),
    ],
)
def test_a_number_of_another_form_is_refused(kind, number):
    with pytest.raises(Invalid) as refused:
        ensure_certificates([Proof("conformity", "HG130624"), Proof(kind, number)])
    assert (refused.value.code, refused.value.field) == ("certificate-number-invalid", "certificates.1.number")


def test_a_certificate_is_given_once():
    with pytest.raises(Invalid) as refused:
        ensure_certificates([Proof("sc_licence", "SC11613062478043")] * 2)
    assert refused.value.code == "certificate-repeated"


def test_a_certificate_counts_on_its_last_day():
    proof = Proof("organic", "123OP1900001", date(2026, 11, 22))
    assert is_in_force(proof, date(2026, 11, 22))
    assert not is_in_force(proof, date(2026, 11, 23))
    assert is_in_force(Proof("organic", "123OP1900001"), date(2999, 1, 1))


def test_an_id_that_is_not_ours_is_refused_with_those_that_are():
    with pytest.raises(Invalid) as refused:
        ensure_known("toys", frozenset({"tea", "fruit"}), field="category")
    assert (refused.value.code, refused.value.extra["known"]) == ("category-unknown", ["fruit", "tea"])


def test_a_listed_product_stays_on_its_shelf():
    ensure_category_stays("tea", "fruit", is_listed=False)
    with pytest.raises(Conflict) as refused:
        ensure_category_stays("tea", "fruit", is_listed=True)
    assert refused.value.code == "product-listed"
