"""What a plan and a package may be, by region and year."""

from uuid import uuid4

import pytest

from orders.approval.rules import union_tier
from orders.gift_campaign import policy, rules
from orders.sku.rules import SaleSku
from services.orders.tests.factories import NOW
from services.orders.tests.gift_factories import DAY, LOT_ADDRESS, plan
from shared.clock import business_day
from shared.errors import Conflict, Invalid

ENSHI, GUIYANG, URUMQI, HEFEI = "422801", "520102", "650102", "340104"


def refused(found, county_code=ENSHI):
    with pytest.raises(Invalid) as refusal:
        rules.ensure_plan(found, county_code=county_code)
    return refusal.value.code


def sku(**given):
    facts = {
        "sku_id": uuid4(),
        "revision": 1,
        "is_listed": True,
        "product_id": uuid4(),
        "supplier_id": uuid4(),
        "supplier_name": "大山合作社",
        "supplier_county_code": "420325",
        "product_title": "房县香菇",
        "product_title_en": "",
        "specification": "500克/袋",
        "specification_en": "",
        "picture": "shiitake",
        "price_fen": 10_000,
        "price_valid_from": NOW - DAY,
        "price_valid_until": None,
        "available": 10,
        "category": "mushroom",
        "designations": ("assisted-832",),
    }
    return SaleSku(**{**facts, **given})


@pytest.mark.parametrize(
    ("county", "year", "cap"),
    [(HEFEI, 2024, 150_000), (HEFEI, 2026, 200_000), (ENSHI, 2026, 200_000), (URUMQI, 2026, 200_000)],
)
def test_the_yearly_cap_is_the_regions_of_the_year(county, year, cap):
    assert policy.caps_of(county, year).yearly_fen == cap
    at_the_cap = plan(year=year, per_head_fen=cap, budget_fen=cap * 10)
    rules.ensure_plan(at_the_cap, county_code=county)
    assert refused(plan(year=year, per_head_fen=cap + 1, budget_fen=cap * 11), county) == "over-yearly-cap"


def test_a_region_may_cap_each_holiday():
    spring = plan(holiday_codes=("SPRING_FESTIVAL", "MID_AUTUMN"), per_head_fen=70_000, budget_fen=700_000)
    rules.ensure_plan(spring, county_code=GUIYANG)
    assert refused(plan(per_head_fen=20_001, budget_fen=200_010), GUIYANG) == "over-holiday-cap"
    rules.ensure_plan(plan(per_head_fen=20_001, budget_fen=200_010), county_code=ENSHI)


def test_holidays_are_those_of_the_region():
    assert {"KURBAN", "EID"} <= {each.code for each in policy.holidays_of(URUMQI)}
    rules.ensure_plan(plan(holiday_codes=("KURBAN",)), county_code=URUMQI)
    assert refused(plan(holiday_codes=("KURBAN",))) == "holiday-unknown"
    assert len(policy.holidays_of(ENSHI)) == 7


def test_a_plan_is_paid_for_public_long_enough_and_handed_out_somehow():
    first = business_day(NOW)
    assert refused(plan(budget_fen=199_999)) == "budget-too-small"
    assert refused(plan(publicity_until_on=first + DAY)) == "publicity-too-short"
    assert refused(plan(claim_from_at=NOW + 2 * DAY)) == "claim-time-wrong"  # the publicity's last day
    assert refused(plan(claim_until_at=NOW + 3 * DAY)) == "claim-time-wrong"
    assert refused(plan(lot_address=LOT_ADDRESS)) == "lot-address-wrong"
    rules.ensure_plan(plan(mode="MIXED"), county_code=ENSHI)
    rules.ensure_plan(plan(mode="WHOLE_LOT"), county_code=ENSHI)


def test_a_high_single_issue_is_worth_a_second_look():
    high = plan(per_head_fen=50_001, budget_fen=500_010)
    assert rules.plan_warnings(high, county_code=ENSHI) == ["single-issue-high"]
    assert rules.plan_warnings(plan(per_head_fen=50_000), county_code=ENSHI) == []


@pytest.mark.parametrize(
    ("given", "heading"),
    [
        ({"product_title": "超市购物卡"}, "CASH"),
        ({"category": "tobacco"}, "TOBACCO"),
        ({"product_title": "窖藏白酒"}, "LIQUOR"),
        ({"specification": "黄金 1 克"}, "JEWELLERY"),
    ],
)
def test_what_may_not_be_given_is_in_no_package(given, heading):
    goods = sku(**given)
    wanted = rules.WantedPackage("礼包", 10, {goods.sku_id: 1})
    with pytest.raises(Invalid) as refusal:
        rules.priced_lines(wanted, {goods.sku_id: goods}, {goods.sku_id: 10}, now=NOW)
    assert (refusal.value.code, refusal.value.extra["heading"]) == ("goods-forbidden", heading)


@pytest.mark.parametrize(
    ("price", "code"),
    [(20_000, ""), (19_000, ""), (18_999, "package-under-standard"), (20_001, "package-over-standard")],
)
def test_a_package_is_within_the_tolerance_below_the_standard(price, code):
    found = ""
    try:
        rules.ensure_packages([price], [10_000], per_head_fen=20_000, county_code=ENSHI, year=2026)
    except Invalid as refusal:
        found = refusal.code
    assert found == code


def test_a_region_may_ask_for_a_share_of_assisted_goods():
    with pytest.raises(Invalid) as refusal:
        rules.ensure_packages([20_000], [2_999], per_head_fen=20_000, county_code=URUMQI, year=2026)
    assert (refusal.value.code, refusal.value.extra["least_bp"]) == ("assisted-share-low", 3_000)
    rules.ensure_packages([20_000], [3_000], per_head_fen=20_000, county_code=URUMQI, year=2026)
    rules.ensure_packages([20_000], [0], per_head_fen=20_000, county_code=ENSHI, year=2026)


def test_one_kind_of_goods_alone_is_worth_a_second_look():
    one, other = uuid4(), uuid4()
    assert rules.package_warnings([[one], [one]]) == ["one-product-only"]
    assert rules.package_warnings([[one], [other]]) == []


def test_quotes_of_one_supplier_count_once_and_a_group_by_its_people():
    papers = [("QUOTE", "甲", 1), ("QUOTE", "甲", 1), ("QUOTE", "乙", 1), ("GROUP", "", 3), ("MINUTES", "", 1)]
    assert rules.counted_papers(papers) == {"QUOTE": 2, "GROUP": 3, "MINUTES": 1}


def test_the_steps_depend_on_the_sum_and_the_way_of_handing_out():
    day = business_day(NOW)
    small, large = union_tier(999_999, ENSHI, day), union_tier(1_000_000, ENSHI, day)
    assert "QUOTING" not in rules.steps_of(small, "CLAIM_CODE")
    assert "CLAIMING" not in rules.steps_of(large, "WHOLE_LOT")
    assert rules.steps_of(large, "MIXED") == list(rules.STEPS)
    with pytest.raises(Conflict):
        rules.ensure_quoted(large, "choose", "PLAN_APPROVED")
    rules.ensure_quoted(small, "choose", "PLAN_APPROVED")


def test_stock_is_kept_some_days_after_the_claims():
    assert rules.hold_end(NOW + 10 * DAY, NOW) == NOW + 24 * DAY
    assert rules.hold_end(None, NOW) == NOW + 14 * DAY
