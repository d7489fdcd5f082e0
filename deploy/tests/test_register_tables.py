"""The demo's registers describe counties that could exist: enough of them, within the catalog's own rules."""

from collections import Counter

import pytest

from catalog.labour.data import skills
from catalog.product.data import categories
from catalog.supply import rules as supply_rules
from catalog.supply.data import scale_units
from catalog.tourism import rules as tourism_rules
from deploy.demo import labour
from deploy.demo.registers import crops, supply_rows, tables
from deploy.demo.tables import products


def spots():
    return {each["key"]: each for each in tables("tourism.toml")["spot"]}


def test_there_is_something_to_see_in_every_corner():
    rows = supply_rows(2026)
    counties = {row["county_code"] for row in rows}
    assert len(counties) >= 200
    assert len({code[:2] for code in counties}) >= 20
    assert len(spots()) >= 30
    assert len(tables("tourism.toml")["route"]) >= 8
    assert len(tables("fairs.toml")["fair"]) >= 6


def test_every_entry_is_one_that_the_register_takes():
    seen = Counter()
    for row in supply_rows(2026):
        facts = supply_rules.checked(row, categories=categories(), units=scale_units())
        assert 0 <= facts.sold_g <= facts.yearly_output_g
        seen[facts.key] += 1
    assert max(seen.values()) == 1
    assert supply_rows(2026) == supply_rows(2026)


def test_each_month_has_a_harvest():
    months = Counter()
    for row in supply_rows(2026):
        months.update(supply_rules.season_months(row["season_from_month"], row["season_to_month"]))
    assert all(months[month] >= 40 for month in range(1, 13))


def test_crops_are_kinds_that_are_on_sale():
    assert set(crops()) <= {each.picture for each in products()}


@pytest.mark.parametrize("route", tables("tourism.toml")["route"], ids=lambda each: each["key"])
def test_a_route_leads_over_spots_that_are_open_together(route):
    months = [tuple(spots()[key]["months"]) for key in route["spots"]]
    tourism_rules.ensure_stops(route["spots"])
    tourism_rules.ensure_open_together(tourism_rules.route_months(months))


def test_spots_are_of_every_kind_in_both_languages():
    assert {each["kind"] for each in spots().values()} == set(tourism_rules.KINDS)
    for each in spots().values():
        assert all(each[name] for name in ("name", "name_en", "description", "description_en", "township", "village"))


def test_people_do_what_the_register_knows():
    assert set(labour._SKILLS) <= set(skills())
    assert labour.PEOPLE_A_COUNTY // 3 + 1 >= 5, "or the public page has nothing to tell"
