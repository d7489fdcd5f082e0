"""Which exit rule holds, and when it is met."""

from datetime import date

import pytest

from catalog.certificate.data import certificate_kinds
from catalog.exit_permit.data import ExitRule, exit_rules
from catalog.exit_permit.rules import ensure_permitted, rule_for, standing_of
from catalog.product.data import categories
from shared.errors import Conflict

DAY = date(2026, 11, 22)


def a_rule(name, region, *, effect="refuse", from_on=date(2020, 1, 1), until_on=None):
    shelves, proofs = frozenset({"fruit"}), frozenset({"conformity", "test_report"})
    return ExitRule(name, region, from_on, shelves, proofs, effect, "准出", "exit", "示范", "low", until_on)


RULES = [
    a_rule("nation", "000000", effect="warn"),
    a_rule("province", "130000"),
    a_rule("county", "130624", effect="warn"),
    a_rule("past", "130625", until_on=date(2026, 11, 21)),
]


@pytest.mark.parametrize(
    ("county", "rule"),
    [("130624", "county"), ("130625", "province"), ("130105", "province"), ("610629", "nation")],
)
def test_the_narrowest_region_holds(county, rule):
    found = rule_for("fruit", county, DAY, RULES)
    assert found is not None
    assert found.id == rule


def test_a_shelf_that_no_rule_names_needs_nothing():
    assert rule_for("tea", "130624", DAY, RULES) is None
    assert standing_of(None, []).is_met


def test_a_rule_is_met_by_any_of_its_proofs():
    refusing = RULES[1]
    assert standing_of(refusing, ["test_report"]).is_met
    missing = standing_of(refusing, ["sc_licence"])
    assert (missing.is_met, missing.is_refused) == (False, True)
    with pytest.raises(Conflict) as refused:
        ensure_permitted(missing, title="香菇")
    assert (refused.value.code, refused.value.extra["rule"]) == ("exit-permit-missing", "province")


def test_a_rule_that_warns_refuses_nothing():
    warned = standing_of(RULES[0], [])
    assert (warned.is_met, warned.is_refused) == (False, False)
    ensure_permitted(warned, title="香菇")


def test_the_rules_of_the_house_name_shelves_and_proofs_that_exist_and_their_sources():
    for each in exit_rules():
        assert each.categories <= set(categories())
        assert each.any_of <= set(certificate_kinds())
        assert each.source
        assert each.confidence in {"high", "medium", "low"}
