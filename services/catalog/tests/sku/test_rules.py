"""Bar codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.sku.rules import GTIN_LENGTHS, ensure_gtin, is_gtin
from shared.errors import Invalid


@pytest.mark.parametrize("code", ["96385074", "614141999996", "6901234567892", "4006381333931", "10614141000415"])
def test_a_gtin_of_each_length_is_known(code):
    assert is_gtin(code)


@pytest.mark.parametrize(
    "code", ["6901234567893", "690123456789", "69012345678920", "6901234 67892", "６９０１２３４５６７８９２", "1", ""]
)
def test_what_is_no_gtin_is_none(code):
    assert not is_gtin(code)


@given(st.sampled_from(sorted(GTIN_LENGTHS)).flatmap(lambda n: st.text("0123456789", min_size=n - 1, max_size=n - 1)))
def test_exactly_one_check_digit_fits_and_one_wrong_digit_is_seen(first):
    [code] = [first + digit for digit in "0123456789" if is_gtin(first + digit)]
    wrong = code[:2] + str((int(code[2]) + 1) % 10) + code[3:]
    assert not is_gtin(wrong)


def test_loose_produce_needs_none():
    ensure_gtin("")
    with pytest.raises(Invalid) as refused:
        ensure_gtin("6901234567893")
    assert (refused.value.code, refused.value.field) == ("gtin-invalid", "gtin")
