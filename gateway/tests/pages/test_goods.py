"""The supplier's workbench and the reviewers' desk, drawn from answers of the catalog."""

import pytest
from starlette.datastructures import FormData

from gateway.pages import goods_view as view
from gateway.pages.goods_media import moved
from gateway.pages.goods_packs import fen_of, instant_of, minute_of
from gateway.pages.menu import entries_for
from gateway.pages.offers import is_sold, sale_note, tiers_of
from gateway.pages.product_reviews import reasons_of

SKU = "0192a1b2-0000-7000-8000-00000000000a"
PRESALE = {"opens_at": "2026-11-01T00:00:00Z", "closes_at": "2026-12-01T00:00:00Z", "ships_on": "2027-03-01"}


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("39.8", 3980),
        ("39.80", 3980),
        ("¥1,299", 129900),
        ("0.05", 5),
        ("39.805", "39.805"),
        ("dear", "dear"),
        ("", ""),
    ],
)
def test_yuan_as_typed_are_fen_and_what_is_none_is_left_to_the_service(typed, fen):
    assert fen_of(typed) == fen


def test_minutes_are_beijings():
    assert instant_of("2026-11-22T09:00") == "2026-11-22T09:00:00+08:00"
    assert minute_of("2026-11-22T01:00:00Z") == "2026-11-22T09:00"
    assert instant_of("") is None
    assert instant_of("soon") == "soon"


@pytest.mark.parametrize(
    ("verb", "after"),
    [("first", "cabd"), ("up", "acbd"), ("down", "abdc"), ("remove", "abd"), ("spin", "abcd")],
)
def test_a_picture_moves_or_leaves(verb, after):
    assert "".join(moved(list("abcd"), "c", verb)) == after
    assert moved(list("abcd"), "x", verb) == list("abcd")


def test_reasons_are_read_by_field_and_empty_ones_are_none():
    form = FormData([("reason:title", " 写明产地 "), ("reason:grade", "  "), ("verb", "reject")])
    assert reasons_of(form) == {"title": "写明产地"}


def test_a_change_reads_in_words(page_of):
    page = page_of("zh")
    packs = {SKU: "500克 袋装"}
    changes = [
        {"field": "category", "before": "tea", "after": "honey"},
        {"field": f"skus.{SKU}.net_weight_g", "before": 500, "after": 450},
        {
            "field": "seasons",
            "before": [],
            "after": [
                {"region_code": "420325", "region_name": "房县", "from_month": 11, "to_month": 2, "is_binding": True}
            ],
        },
    ]
    told = view.differences(changes, packs, page)
    assert [(each.label, each.before, each.after) for each in told] == [
        ("类目", "茶叶", "蜂蜜"),
        ("500克 袋装 · 净含量", "500 克（1 斤）", "450 克"),
        ("产季", "", "房县 11月–2月 (只在产季卖)"),
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_prices_by_quantity_and_presales_are_told(page_of, language):
    page = page_of(language)
    sku = {
        "sale_state": "PRESALE",
        "presale": PRESALE,
        "price_tiers": [
            {"buyer_group": "retail", "min_quantity": 10, "price_fen": 3780},
            {"buyer_group": "institution", "min_quantity": 50, "price_fen": 3500},
        ],
    }
    first, second = tiers_of(sku, page)
    assert "10" in first
    assert "37.80" in first
    assert page.t.names["buyer_group"]["institution"] in second
    assert is_sold(sku)
    assert "2027" in sale_note(sku, page)
    resting = {"sale_state": "OUT_OF_SEASON", "presale": None, "price_tiers": []}
    assert not is_sold(resting)
    assert sale_note(resting, page) == page.t.offer.out_of_season


def test_every_field_that_is_reviewed_has_a_name_in_both_languages(page_of):
    for language in ("zh", "en"):
        names = page_of(language).t.names
        assert set(view.FACTS) <= set(names["product_field"])
        assert set(view.STATUSES) == set(names["product_status"])


def test_suppliers_find_their_products_and_reviewers_their_queue(page_of):
    supplier = {each.key for each in entries_for(page_of("zh", kind="supplier").visitor)}
    operator = {each.key for each in entries_for(page_of("zh", kind="operator").visitor)}
    assert "products" in supplier
    assert "product_reviews" not in supplier
    assert "product_reviews" in operator
