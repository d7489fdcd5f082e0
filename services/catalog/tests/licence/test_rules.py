"""When a licence counts, what its end closes, when it is told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.licence import rules
from catalog.product.data import categories
from catalog.supplier.rules import KINDS
from shared.errors import Conflict, Invalid

DAY = date(2026, 11, 22)


def held(type_id="business_licence", *, status="VERIFIED", until=400):
    return rules.Held(
        type_id, status, DAY - timedelta(days=900), None if until is None else DAY + timedelta(days=until)
    )


def test_every_type_says_where_its_rule_comes_from_and_closes_shelves_that_exist():
    for each in rules.licence_types().values():
        assert each.source
        assert each.confidence in {"high", "middle", "low", "own"}
        assert each.stops is None or each.stops <= categories().keys()
    for kind in KINDS:
        for choice in rules.required_types(kind):
            assert set(choice) <= rules.licence_types().keys()


def test_a_licence_holds_through_its_last_day():
    assert rules.is_in_force(held(until=0), DAY)
    assert not rules.is_in_force(held(until=-1), DAY)
    assert rules.is_in_force(held(until=None), DAY + timedelta(days=9999))
    assert not rules.is_in_force(held(), DAY - timedelta(days=901))


def test_what_is_still_lacking():
    assert rules.missing_types("cooperative", [], DAY) == [["business_licence"]]
    assert rules.missing_types("cooperative", [held()], DAY) == []
    assert rules.missing_types("cooperative", [held(status="REFUSED")], DAY) == [["business_licence"]]
    assert rules.missing_types("family_farm", [held("family_farm_record", until=None)], DAY) == []
    assert rules.missing_types("agent", [held()], DAY) == [["agency_mandate"]]


def test_the_end_of_the_last_one_of_a_type_closes_its_shelves():
    assert rules.closed_shelves([], DAY) == frozenset()
    assert rules.closed_shelves([held(until=-1)], DAY) is None
    assert rules.closed_shelves([held(until=-1), held(until=9)], DAY) == frozenset()
    assert rules.closed_shelves([held(), held("food_production", until=-1)], DAY) == {"staple", "seasoning", "dairy"}
    assert rules.closed_shelves([held("food_business", until=-1)], DAY) == frozenset()
    assert rules.closed_shelves([held(until=-1, status="WITHDRAWN")], DAY) == frozenset()
    with pytest.raises(Conflict) as refused:
        rules.ensure_open([held("food_production", until=-1)], {"fruit", "dairy"}, DAY)
    assert (refused.value.code, refused.value.extra["categories"]) == ("licence-ended", ["dairy"])
    rules.ensure_open([held("food_production", until=-1)], {"fruit"}, DAY)


@pytest.mark.parametrize(
    ("left", "stage"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (1, 7), (0, 7), (-1, None)]
)
def test_the_end_is_told_at_sixty_thirty_and_seven_days(left, stage):
    assert rules.reminder_stage(DAY + timedelta(days=left), DAY) == stage


@given(st.integers(-100, 400))
def test_stages_only_fall_as_the_end_comes_nearer(left):
    until = DAY + timedelta(days=left)
    today, tomorrow = (rules.reminder_stage(until, DAY + timedelta(days=each)) for each in (0, 1))
    if today is not None and tomorrow is not None:
        assert tomorrow <= today


def test_verbs_lead_on_from_where_they_may_and_from_nowhere_else():
    for verb, (before, after) in rules.MOVES.items():
        for status in rules.STATUSES:
            if status in before:
                assert rules.status_after(verb, status) == after
                continue
            with pytest.raises(Conflict) as refused:
                rules.status_after(verb, status)
            assert refused.value.code == "licence-status"


def test_days_have_to_fit():
    business, production = rules.ensure_type("business_licence"), rules.ensure_type("food_production")
    rules.ensure_period(business, DAY, None, on=DAY)
    rules.ensure_period(production, DAY, DAY, on=DAY)
    for found, valid_from, valid_until, code in (
        (production, DAY, None, "licence-end-missing"),
        (business, DAY, DAY - timedelta(days=1), "licence-period-empty"),
        (business, DAY - timedelta(days=9), DAY - timedelta(days=1), "licence-ended"),
    ):
        with pytest.raises(Invalid) as refused:
            rules.ensure_period(found, valid_from, valid_until, on=DAY)
        assert (refused.value.code, refused.value.field) == (code, "valid_until")
    with pytest.raises(Invalid) as unknown:
        rules.ensure_type("driving_licence")
    assert unknown.value.code == "licence-type-unknown"


def test_a_mandate_is_an_agents_and_names_a_supplier():
    mandate, business = rules.ensure_type(rules.MANDATE), rules.ensure_type("business_licence")
    rules.ensure_principal(mandate, kind="agent", has_principal=True)
    rules.ensure_principal(business, kind="agent", has_principal=False)
    for found, kind, has_principal, code in (
        (mandate, "enterprise", True, "agents-only"),
        (mandate, "agent", False, "principal-missing"),
        (business, "agent", True, "principal-not-expected"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused:
            rules.ensure_principal(found, kind=kind, has_principal=has_principal)
        assert refused.value.code == code
