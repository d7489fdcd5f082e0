"""The unified social credit code and who may be a supplier."""

import pytest

from catalog.supplier import rules
from shared.errors import Conflict, Invalid
from shared.uscc import check_character


@pytest.mark.parametrize("prefix", ["N1", "N2", "N3"])
def test_village_collectives_have_codes_of_their_own(prefix):
    first = f"{prefix}532331MF0000001"
    rules.ensure_uscc(first + check_character(first), kind="village_collective")


def test_the_code_must_be_of_the_kind_of_supplier():
    with pytest.raises(Invalid) as refused:
        rules.ensure_uscc("91350100M000100Y43", kind="cooperative")
    assert (refused.value.code, refused.value.field) == ("uscc-kind-mismatch", "uscc")


def test_only_a_family_farm_may_lack_a_code():
    rules.ensure_may_lack_uscc("family_farm")
    with pytest.raises(Invalid) as refused:
        rules.ensure_may_lack_uscc("enterprise")
    assert refused.value.code == "uscc-missing"


def test_every_verb_leads_on_from_where_it_may_and_from_nowhere_else():
    for verb, (before, after) in rules.MOVES.items():
        for status in rules.STATUSES:
            if status in before:
                assert rules.status_after(verb, status) == after
                continue
            with pytest.raises(Conflict) as refused:
                rules.status_after(verb, status)
            assert (refused.value.code, refused.value.extra["status_now"]) == ("supplier-status", status)


def test_every_state_but_the_last_leads_on_and_every_one_but_the_first_is_reached():
    assert {status for before, _ in rules.MOVES.values() for status in before} == set(rules.STATUSES) - {"EXITED"}
    assert {after for _, after in rules.MOVES.values()} == set(rules.STATUSES)


def test_a_printed_code_may_fail_its_check_character_and_nothing_else():
    printed = "91350211M0000XUF46"
    rules.ensure_uscc(printed, kind="enterprise", is_as_printed=True)
    assert [rules.uscc_check(each) for each in (printed, "91350100M000100Y43", None)] == ["FAILED", "PASSED", "NONE"]
    for wrong in ("91350211M0000XUF4", "99350211M0000XUF46", "9135021IM0000XUF46"):
        with pytest.raises(Invalid):
            rules.ensure_uscc(wrong, kind="enterprise", is_as_printed=True)


def test_a_code_is_settled_before_admission_and_let_through_once():
    for check in ("PASSED", "LET_THROUGH", "NONE"):
        rules.ensure_code_settled(check)
        with pytest.raises(Conflict):
            rules.ensure_code_fails(check)
    with pytest.raises(Conflict) as refused:
        rules.ensure_code_settled("FAILED")
    assert refused.value.code == "uscc-not-let-through"


def test_only_active_suppliers_sell():
    for status in rules.STATUSES:
        if status == "ACTIVE":
            rules.ensure_may_sell(status)
            continue
        with pytest.raises(Conflict):
            rules.ensure_may_sell(status)
