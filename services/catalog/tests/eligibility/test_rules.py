"""Answers and their reasons, from facts alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.eligibility import rules
from catalog.eligibility_rule.data import given_rule_sets
from catalog.eligibility_rule.rules import cases_of

CASES = {each.code: cases_of(each.versions[-1].cases) for each in given_rule_sets()}
REACH = {each.code: each.reach for each in given_rule_sets()}


def facts(**given):
    return {
        "origin_county": "430703",
        "supplier_county": "430703",
        "supplier_kind": "cooperative",
        "designations": [],
        "linked_households": 0,
        **given,
    }


@pytest.mark.parametrize(
    ("given", "hits"),
    [
        ({}, ()),
        ({"origin_county": "430726"}, ("shimen",)),
        ({"origin_county": "433126"}, ("guzhang",)),
        ({"village_registered_poor": 100}, ("village-of-100",)),
        ({"village_registered_poor": 99}, ()),
        ({"village_registered_poor": 100, "origin_county": "430102"}, ()),
        ({"made_by_registered_household": True}, ("poor-household",)),
        ({"made_by_registered_household": False}, ()),
        ({"linked_households": 50}, ("links-50-households",)),
        ({"linked_households": 49}, ()),
        ({"linked_households": 50, "supplier_kind": "agent"}, ()),
        ({"is_leading_enterprise": True}, ()),
        ({"is_leading_enterprise": True, "main_material_from_assisted_areas": True}, ("leading-enterprise",)),
        ({"origin_county": "430726", "linked_households": 60}, ("shimen", "links-50-households")),
    ],
)
def test_changdes_six_cases(given, hits):
    outcome = rules.decided(CASES["changde"], facts(**given))
    assert (outcome.case_codes, outcome.is_eligible) == (hits, bool(hits))


@pytest.mark.parametrize(
    ("given", "hits"),
    [
        ({}, ()),
        ({"is_assisted_village": True}, ("assisted-village",)),
        ({"linked_households": 1}, ("links-households",)),
    ],
)
def test_lufeng_is_on_no_national_list_and_has_its_own_rule(given, hits):
    lufeng = facts(origin_county="532302", supplier_county="532302", **given)
    assert rules.decided(CASES["lufeng"], lufeng).case_codes == hits
    for code in ("national-832", "key-160"):
        assert not rules.decided(CASES[code], lufeng).is_eligible


def test_hongsibu_is_a_key_county_and_no_assisted_one():
    hongsibu = facts(origin_county="640303", designations=["key-160"])
    assert rules.decided(CASES["key-160"], hongsibu).is_eligible
    assert not rules.decided(CASES["national-832"], hongsibu).is_eligible


@pytest.mark.parametrize(
    ("employed", "linked", "hits"),
    [
        (30, 0, ("employs-30",)),
        (29, 9, ()),
        (None, 10, ("links-10-households",)),
        (30, 10, ("employs-30", "links-10-households")),
    ],
)
def test_shandongs_thresholds(employed, linked, hits):
    given = facts(supplier_county="371300", linked_households=linked, employed_registered_poor=employed)
    assert rules.decided(CASES["shandong"], given).case_codes == hits


def test_the_reason_names_each_condition_with_what_was_found():
    outcome = rules.decided(CASES["changde"], facts(village_registered_poor=120))
    [case] = [each for each in outcome.reason if each["is_hit"]]
    assert (case["case"], case["conditions"][1]) == (
        "village-of-100",
        {"fact": "village_registered_poor", "op": "at_least", "value": 100, "found": 120, "is_met": True},
    )
    assert outcome.facts["village_registered_poor"] == 120
    assert "designations" not in outcome.facts


def test_what_nobody_recorded_meets_no_condition():
    outcome = rules.decided(CASES["relocated-villages"], facts())
    assert (outcome.is_eligible, outcome.facts) == (False, {"is_relocation_site": None})


def test_a_rule_reaches_products_and_suppliers_of_its_divisions():
    reach = REACH["changde"]
    assert rules.is_in_reach(reach, facts())
    assert rules.is_in_reach(reach, facts(origin_county="110105"))
    assert not rules.is_in_reach(reach, facts(origin_county="430102", supplier_county="430102"))
    assert rules.is_in_reach((), facts(origin_county="110105", supplier_county="110105"))


@given(st.integers(0, 200), st.integers(0, 200))
def test_more_households_never_lose_an_answer(less, more):
    low, high = sorted((less, more))
    given = [rules.decided(CASES["changde"], facts(linked_households=each)).is_eligible for each in (low, high)]
    assert given[0] <= given[1]
