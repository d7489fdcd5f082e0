"""The unified social credit code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.uscc import check_character, is_uscc, normalised_uscc

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
    assert is_uscc(code)


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
    assert not is_uscc(code)


@pytest.mark.parametrize("prefix", ["N1", "N2", "N3"])
def test_village_collectives_have_codes_of_their_own(prefix):
    first = f"{prefix}532331MF0000001"
    code = first + check_character(first)
    assert is_uscc(code)


@given(st.sampled_from(VALID + SYNTHETIC), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_is_always_noticed(code, place, other):
    changed = code[:place] + other + code[place + 1 :]
    assert is_uscc(changed) is (changed == code)


def test_a_code_is_stored_without_blanks_in_upper_case():
    assert normalised_uscc(" 9135 0100-m000100y43 ") == "91350100M000100Y43"
