"""The unified social credit code and who may be a supplier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.supplier import rules
from shared.errors import Conflict, Invalid

VALID = ["91350100M000100Y43", "91110000600037341L", "91110000101623741K", "911101066976941872"]
SYNTHETIC = [
    "11430700006000001F",
    "12430700400000001L",
    "81430700MJ0000001N",
    "91430700MA4L00001H",
    "93532331MA6K00001W",
    "N2532331MF0000001N",
]


@pytest.mark.parametrize("code", VALID + SYNTHETIC)
def test_a_right_code_is_taken(code):
    assert rules.is_uscc(code)


@pytest.mark.parametrize(
    "code",
    [
        "91350211M0000XUF46",  # a printed code whose check character is wrong
        "91350100M000100Y44",
        "91350100M000100Y4",
        "91350100M000100Y433",
        "9135010IM000100Y43",  # I, O, S, V and Z are never used
        "99350100M000100Y43",
        "",
        "N2532331MF0000001N\n",
        "９1350100M000100Y43",
    ],
)
def test_a_wrong_code_is_refused(code):
    assert not rules.is_uscc(code)


@pytest.mark.parametrize("prefix", ["N1", "N2", "N3"])
def test_village_collectives_have_codes_of_their_own(prefix):
    first = f"{prefix}532331MF0000001"
    code = first + rules.check_character(first)
    assert rules.is_uscc(code)
    rules.ensure_uscc(code, kind="village_collective")


@given(st.sampled_from(VALID + SYNTHETIC), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_is_always_noticed(code, place, other):
    changed = code[:place] + other + code[place + 1 :]
    assert rules.is_uscc(changed) is (changed == code)


def test_a_code_is_stored_without_blanks_in_upper_case():
    assert rules.normalised_uscc(" 9135 0100-m000100y43 ") == "91350100M000100Y43"


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
