"""Who finds which work pages, and who is refused."""

from collections.abc import Callable

import pytest

from gateway.organisation.rules import ROLES
from gateway.pages.icons import icons
from gateway.pages.menu import MENU, Entry, entries_for, grouped, is_at
from gateway.pages.wording import wording
from gateway.pages.work import ensure_kind, ensure_role
from gateway.visitor import Language, Visitor
from shared.errors import Forbidden

VisitorOf = Callable[..., Visitor]
REVIEW = (
    Entry("lots", "/work/lots", frozenset({"supplier"}), "supply", "box"),
    Entry("reviews", "/work/reviews", frozenset({"official", "operator"}), "review", "stamp", frozenset({"decider"})),
    Entry("looks", "/work/looks", frozenset({"official"}), "review", "list"),
)


def urls(visitor: Visitor) -> list[str]:
    return [each.url for each in entries_for(visitor)]


def test_a_supplier_has_the_desk_and_officials_the_dashboard(visitor_of: VisitorOf) -> None:
    assert "/desk" in urls(visitor_of(kind="supplier"))
    assert "/dashboard" not in urls(visitor_of(kind="supplier"))
    for kind in ("analyst", "official", "operator"):
        assert "/dashboard" in urls(visitor_of(kind=kind))


@pytest.mark.parametrize("kind", ["anonymous", "consumer"])
def test_who_only_shops_has_no_work_pages(visitor_of: VisitorOf, kind: str) -> None:
    assert urls(visitor_of(kind=kind)) == []


def test_an_entry_for_a_role_is_seen_by_who_has_it_and_by_operators(visitor_of: VisitorOf) -> None:
    decider = visitor_of(kind="official", roles=frozenset({"decider"}))
    assert [each.key for each in entries_for(decider, REVIEW)] == ["reviews", "looks"]
    officer = visitor_of(kind="official", roles=frozenset({"officer"}))
    assert [each.key for each in entries_for(officer, REVIEW)] == ["looks"]
    operator = visitor_of(kind="operator", roles=frozenset({"support"}))
    assert [each.key for each in entries_for(operator, REVIEW)] == ["reviews"]


def test_entries_stand_under_their_headings_in_the_order_of_the_menu() -> None:
    found = grouped([REVIEW[1], REVIEW[0], REVIEW[2]])
    assert {group: [each.key for each in entries] for group, entries in found.items()} == {
        "review": ["reviews", "looks"],
        "supply": ["lots"],
    }
    assert list(found) == ["review", "supply"]


def test_an_entry_is_current_on_its_page_and_below_it_only() -> None:
    assert is_at(REVIEW[0], "/work/lots")
    assert is_at(REVIEW[0], "/work/lots/7")
    assert not is_at(REVIEW[0], "/work/lots-archive")


def test_every_entry_has_a_label_a_heading_a_picture_and_roles_that_exist(language: Language) -> None:
    texts = wording(language).work
    for each in MENU:
        assert getattr(texts.menu, each.key)
        assert getattr(texts.group, each.group)
        assert getattr(icons, each.icon)
        assert each.kinds <= ROLES.keys()
        assert each.roles <= {role for kind in each.kinds for role in ROLES[kind]}
    places = [(each.url, kind) for each in MENU for kind in each.kinds]
    assert len(set(places)) == len(places), "nobody finds a page twice; two kinds may find it under different names"


def test_every_role_has_a_name(language: Language) -> None:
    known = {role for roles in ROLES.values() for role in roles}
    assert set(wording(language).names["role"]) == known


def test_the_wrong_kind_is_refused(visitor_of: VisitorOf) -> None:
    ensure_kind(visitor_of(kind="supplier"), "supplier", "operator")
    with pytest.raises(Forbidden) as refused:
        ensure_kind(visitor_of(kind="official"), "supplier", "operator")
    assert refused.value.code == "kind-not-allowed"


def test_a_missing_role_is_refused_but_never_to_operators(visitor_of: VisitorOf) -> None:
    ensure_role(visitor_of(kind="official", roles=frozenset({"township"})), "township", "decider")
    ensure_role(visitor_of(kind="operator", roles=frozenset({"support"})), "reviewer")
    with pytest.raises(Forbidden) as refused:
        ensure_role(visitor_of(kind="official", roles=frozenset({"officer"})), "township", "decider")
    assert refused.value.code == "role-missing"
