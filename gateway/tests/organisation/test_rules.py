"""Organisations, roles and regions."""

import pytest

from gateway.organisation import rules
from shared.errors import Conflict, Forbidden, Invalid


@pytest.mark.parametrize("kind", ["institution", "supplier"])
def test_anybody_may_register_a_buyer_or_a_seller(kind: str):
    rules.ensure_may_found(kind, founder_kind="consumer")


@pytest.mark.parametrize("kind", ["carrier", "analyst", "official", "operator"])
def test_who_sees_other_people_s_data_is_registered_by_the_operator(kind: str):
    rules.ensure_may_found(kind, founder_kind="operator")
    for founder in ("consumer", "supplier", "official"):
        with pytest.raises(Forbidden) as refused:
            rules.ensure_may_found(kind, founder_kind=founder)
        assert refused.value.code == "organisation-kind-reserved"


def test_a_role_belongs_to_a_kind_of_organisation():
    assert rules.ensure_roles("institution", ["buyer", "approver", "buyer"]) == {"buyer", "approver"}
    for kind, roles in (("institution", ["warehouse"]), ("supplier", ["operator"]), ("analyst", [])):
        with pytest.raises(Invalid) as refused:
            rules.ensure_roles(kind, roles)
        assert (refused.value.code, refused.value.field) == ("role-unknown", "roles")


@pytest.mark.parametrize(
    ("code", "region", "is_inside"),
    [
        ("522634", "522634", True),
        ("522634", "522600", True),
        ("522634", "520000", True),
        ("522600", "520000", True),
        ("522634", "522300", False),
        ("522634", "530000", False),
        ("520000", "522600", False),
        ("522600", "522634", False),
    ],
)
def test_a_province_holds_its_prefectures_and_they_their_counties(code: str, region: str, is_inside: bool):
    assert rules.is_within(code, [region]) is is_inside


def test_a_member_s_regions_lie_in_the_organisation_s():
    assert rules.ensure_regions(["522634", "522634"], of_organisation=["520000"]) == ("522634",)
    assert rules.ensure_regions(["110000"], of_organisation=[]) == ("110000",)
    with pytest.raises(Invalid) as refused:
        rules.ensure_regions(["522634", "530000"], of_organisation=["520000"])
    assert (refused.value.code, refused.value.extra) == ("region-outside-organisation", {"outside": ["530000"]})


def test_a_member_without_regions_has_the_organisation_s():
    assert rules.regions_in_force([], ["520000"]) == ("520000",)
    assert rules.regions_in_force(["522634"], ["520000"]) == ("522634",)


def test_only_its_administrators_and_the_operator_manage_an_organisation():
    rules.ensure_may_manage(actor_kind="supplier", actor_organisation=1, actor_roles={"admin"}, organisation=1)
    rules.ensure_may_manage(actor_kind="operator", actor_organisation=2, actor_roles=set(), organisation=1)
    for organisation, roles in ((2, {"admin"}), (1, {"sales"}), (None, {"admin"})):
        with pytest.raises(Forbidden) as refused:
            rules.ensure_may_manage(
                actor_kind="supplier", actor_organisation=organisation, actor_roles=roles, organisation=1
            )
        assert refused.value.code == "not-an-administrator"


def test_the_last_administrator_stays():
    rules.ensure_an_admin_remains(1, keeps_admin=False)
    rules.ensure_an_admin_remains(0, keeps_admin=True)
    with pytest.raises(Conflict) as refused:
        rules.ensure_an_admin_remains(0, keeps_admin=False)
    assert refused.value.code == "last-administrator"
