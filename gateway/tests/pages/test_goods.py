"""The supplier's workbench and the reviewers' desk, drawn from answers of the catalog."""

import re
from datetime import UTC, date, datetime

import pytest
from starlette.datastructures import FormData

from gateway.pages import goods, goods_packs, product_reviews
from gateway.pages import goods_view as view
from gateway.pages.goods_media import moved
from gateway.pages.goods_packs import fen_of, instant_of, minute_of
from gateway.pages.menu import entries_for
from gateway.pages.offers import is_sold, next_season, sale_note, tiers_of
from gateway.pages.product_reviews import reasons_of
from gateway.pages.typed import Typed
from shared.errors import Invalid, Stale

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
    assert sale_note(resting, page, date(2027, 5, 1)) == page.t.offer.back_on(day=page.day("2027-05-01"))


@pytest.mark.parametrize(
    ("months", "today", "begins"),
    [
        ([(5, 11)], date(2026, 12, 31), date(2027, 5, 1)),
        ([(5, 11)], date(2026, 1, 1), date(2026, 5, 1)),
        ([(11, 2)], date(2026, 10, 31), date(2026, 11, 1)),
        ([(11, 2)], date(2026, 3, 1), date(2026, 11, 1)),
        ([(9, 9), (6, 7)], date(2026, 8, 15), date(2026, 9, 1)),
        ([(9, 9), (6, 7)], date(2026, 10, 1), date(2027, 6, 1)),
        ([], date(2026, 10, 1), None),
    ],
)
def test_the_next_season_begins_on_the_first_of_its_first_month(
    months: list[tuple[int, int]], today: date, begins: date | None
):
    assert next_season([{"from_month": first, "to_month": last} for first, last in months], today) == begins


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


NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def drawn(page_of, answer, language):
    """Every page of the workbench and of the desk, by name."""
    supplier = {"kind": "supplier", "path": goods.PATH}
    operator = {"kind": "operator", "path": product_reviews.PATH}
    bases = answer("tax_bases")["items"]
    stale = Stale("changed", code="stale")
    wrong = Invalid("no", code="gtin-invalid", field="gtin")
    missing = answer("workbench")
    missing["missing"], missing["product"]["status"], missing["verbs"] = ["description", "skus"], "DRAFT", ["submit"]
    page = page_of(language, **supplier)
    desk = page_of(language, **operator)
    empty = {"items": [], "next_cursor": None, "counts": {}, "total": 0}
    pages = {
        "list": goods.draw_list(page, goods._listing(page), answer("own_products")),
        "empty list": goods.draw_list(page, goods._listing(page), empty),
        "product": goods.draw_product(page, answer("workbench"), bases),
        "rejected": goods.draw_product(page, answer("workbench_rejected"), bases),
        "missing": goods.draw_product(page, missing, bases),
        "refused": goods.draw_product(page, answer("workbench"), bases, refusal=stale),
        "pack": goods_packs.draw_pack(page, answer("pack"), now=NOW),
        "pack refused": goods_packs.draw_pack(
            page, answer("pack"), now=NOW, typed=Typed(specification="新", gtin="1"), refusal=wrong
        ),
        "queue": product_reviews.draw_queue(desk, product_reviews._listing(desk), answer("product_reviews"), now=NOW),
        "empty queue": product_reviews.draw_queue(desk, product_reviews._listing(desk), empty, now=NOW),
        "change": product_reviews.draw_review(desk, answer("review_change"), now=NOW),
        "listing": product_reviews.draw_review(desk, answer("review_listing"), now=NOW),
        "decision refused": product_reviews.draw_review(
            desk, answer("review_change"), now=NOW, typed={"title": "写明产地"}, refusal=stale
        ),
    }
    return {name: bytes(response.body).decode() for name, response in pages.items()}


def test_every_page_is_whole_labelled_and_without_scripts_of_its_own(page_of, answer, markup, language):
    for name, text in drawn(page_of, answer, language).items():
        found = markup(text)
        assert found.faults == [], name
        assert len(found.find("h1")) == 1, name
        ids = [each.attributes["id"] for each in found.elements if "id" in each.attributes]
        assert len(ids) == len(set(ids)), name
        labelled = {each.attributes.get("for") for each in found.find("label")}
        for tag in ("input", "select", "textarea"):
            for each in found.find(tag):
                is_named = each.attributes.get("id") in labelled or "aria-label" in each.attributes
                assert is_named or each.attributes.get("type") in {"hidden", "checkbox"}, (name, each.attributes)
        assert not [each for each in found.elements if "style" in each.attributes or "onclick" in each.attributes]
        forms = [each for each in found.find("form") if each.attributes.get("method") == "post"]
        assert text.count('name="csrf_token"') >= len(forms), name


def test_what_is_missing_and_what_was_refused_is_said(page_of, answer, language):
    pages = drawn(page_of, answer, language)
    t = page_of(language).t
    assert t.goods.missing in pages["missing"]
    assert " disabled>" in pages["missing"]
    assert t.goods.refused in pages["rejected"]
    assert "写明配料和每样的克数。" in pages["rejected"]
    assert page_of(language).refusal_text("stale") in pages["refused"]
    assert t.names["goods_refusal"]["gtin-invalid"] in pages["pack refused"]
    assert 'value="写明产地"' in pages["decision refused"]
    assert t.product_reviews.accept in pages["listing"]
    assert "<del>" in pages["change"]
    assert t.goods.none in pages["empty list"]
    assert t.product_reviews.none in pages["empty queue"]


def test_our_own_words_are_english_where_english_is_asked_for(page_of, markup):
    page = page_of("en", kind="supplier", path=goods.PATH)
    empty = {"items": [], "next_cursor": None, "counts": {}}
    found = markup(bytes(goods.draw_list(page, goods._listing(page), empty).body).decode())
    assert [each.text for each in found.find("h2") + found.find("h1") if CHINESE.search(each.text)] == []
