"""Which class a mixed parcel is judged by, and what the figures must be like."""

import pytest

from logistics.temperature_class.queries import find_class, list_classes
from logistics.temperature_class.rules import strictest
from shared.errors import Invalid


def judged_by(*names: str) -> str | None:
    found = strictest(known for name in names if (known := find_class(name)) is not None)
    return found.temperature_class if found else None


def test_the_coolest_demand_wins():
    assert judged_by("CHILLED", "MUSHROOM") == "MUSHROOM"
    assert judged_by("MUSHROOM", "LEAFY", "POME") == "LEAFY"
    assert judged_by("BANANA") == "BANANA"
    assert judged_by() is None


def test_of_equal_ceilings_the_narrower_range_wins():
    assert judged_by("POME", "MUSHROOM") == "MUSHROOM"


def test_ambient_goods_give_way():
    assert judged_by("AMBIENT", "FROZEN") == "FROZEN"
    assert judged_by("ambient") == "AMBIENT"


@pytest.mark.parametrize("names", [("FROZEN", "CHILLED"), ("BANANA", "KIWI"), ("LIVE_FISH", "LEAFY")])
def test_goods_that_need_different_temperatures_cannot_share_a_parcel(names: tuple[str, ...]):
    with pytest.raises(Invalid) as refusal:
        judged_by(*names)
    assert refusal.value.code == "temperature-classes-apart"
    assert refusal.value.extra["temperature_classes"] == sorted(names)


def test_every_class_says_its_range_and_where_it_is_from():
    classes = list_classes()
    assert len(classes) == 34
    for each in classes:
        assert each.source, each
        assert each.confidence in ("high", "medium", "low")
        assert each.max_c is not None
        assert each.min_c is None or each.min_c < each.max_c
        assert each.critical_max_c is not None
        assert each.critical_max_c >= each.max_c
        assert each.critical_min_c is None or each.min_c is None or each.critical_min_c <= each.min_c


def test_an_unknown_class_is_none():
    assert find_class("MOON_ROCK") is None
