"""Who may do what."""

from uuid import uuid4

import pytest

from catalog import authority
from shared.auth import Caller
from shared.errors import Forbidden


def official(*regions, roles=("agriculture",)):
    return Caller(uuid4(), uuid4(), "official", frozenset(roles), regions)


@pytest.mark.parametrize(
    ("region", "code", "is_in"),
    [
        ("420000", "420325", True),
        ("420300", "420325", True),
        ("420325", "420325", True),
        ("420300", "420625", False),
        ("110000", "120101", False),
        ("420325", "420300", False),
    ],
)
def test_a_region_holds_what_lies_in_it(region, code, is_in):
    assert authority.is_within(code, [region]) is is_in


def test_an_official_acts_in_the_own_region_and_role():
    authority.ensure_oversees(official("420300"), "420325", "agriculture", "assistance")
    for caller, code in (
        (official(), "not-your-region"),
        (official("430000"), "not-your-region"),
        (official("420000", roles=("officer",)), "role-missing"),
        (Caller(uuid4(), uuid4(), "supplier"), "officials-only"),
    ):
        with pytest.raises(Forbidden) as refusal:
            authority.ensure_oversees(caller, "420325", "agriculture")
        assert refusal.value.code == code


def test_operators_act_everywhere_and_nobody_nowhere():
    assert authority.oversees(Caller(uuid4(), None, "operator"), "420325", "decider")
    assert not authority.oversees(None, "420325")
