"""What pages make of answers: troubles of a cart, ways of an order, the cold chain, facets, figures."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gateway.pages import cart, charts, checkout, cold_chain, home, order_view, orders, product, products, words
from gateway.pages.cards import card_of, picture_url
from gateway.pages.periods import selection_of
from gateway.pages.shell import Page
from gateway.pages.typed import Typed

PageOf = Callable[..., Page]
Answer = Callable[[str], Any]


def test_a_card_shows_what_people_buy_by(answer: Answer) -> None:
    item = answer("products")["items"][0]
    card = card_of(item, "zh")
    assert card.url == f"/products/{item['product_id']}"
    assert card.title == item["title"]
    assert card.origin == "贵州 · 罗甸县"
    assert (card.designation, card.is_key_county) == ("重点帮扶县", True)
    assert card.unit_price == "5.96 元/斤"
    assert card_of(item, "en").origin == "Luodian County, Guizhou"


def test_what_is_there_all_year_is_not_called_in_season(answer: Answer) -> None:
    item = answer("products")["items"][0]
    item["season"] = {"from_month": 1, "to_month": 12, "is_now": True}
    assert card_of(item, "zh").is_in_season is False
    item["season"] = {"from_month": 6, "to_month": 12, "is_now": True}
    assert card_of(item, "zh").is_in_season is True


def test_pictures_are_drawings_or_uploaded_photos() -> None:
    assert picture_url("apple").startswith("/static/pictures/apple.svg")
    assert picture_url("/v1/photos/abc") == "/api/catalog/v1/photos/abc"
    assert picture_url(None).startswith("/static/pictures/empty.svg")


def test_the_front_shelf_is_varied() -> None:
    items = [{"product_id": str(place), "picture": kind} for place, kind in enumerate("aabac")]
    assert [item["product_id"] for item in home.one_of_each_kind(items, 4)] == ["0", "2", "4", "1"]


def test_an_address_with_nonsense_still_opens(page_of: PageOf) -> None:
    page = page_of(
        query="province=xyz&season=13&sort=worst&supplier_id=1&category=a%00b&q=%00%E9%A6%99%E8%8F%87&price_min=5"
    )
    query = products.product_query(page.request)
    assert query == products.ProductQuery(q="香菇", price_min="5")
    assert products.catalog_params(query) == {"q": "香菇", "price_min_fen": 500, "limit": 24, "facets": "true"}


def test_the_count_says_when_it_is_a_part_and_from_how_far(page_of: PageOf) -> None:
    page = page_of()
    assert products.found_text({"total": None}, page) == ""
    assert products.found_text({"total": 5000, "is_total_partial": True}, page) == "至少 5,000 种"
    assert products.found_text({"total": 12, "ring": "around"}, page) == "12 种 · 在本省和邻省"


def test_words_are_typed_as_people_separate_them() -> None:
    assert words.words_of(" 土豆、马铃薯，洋芋 / 山药蛋\n") == ["土豆", "马铃薯", "洋芋", "山药蛋"]


def test_a_facet_chooses_and_takes_back(page_of: PageOf, answer: Answer) -> None:
    facets = answer("products")["facets"]
    first = facets["category"][0]
    page = page_of(path="/products")
    group = products.groups_of(facets, products.ProductQuery(q="香菇", cursor="x"), page)[0]
    assert group.shown[0].url == f"/products?q=%E9%A6%99%E8%8F%87&category={first['value']}"
    assert group.shown[0].count == str(first["count"])
    chosen = products.ProductQuery(category=first["value"])
    group = products.groups_of(facets, chosen, page)[0]
    assert (group.shown[0].url, group.shown[0].is_chosen) == ("/products", True)
    assert [chip.url for chip in products.chips_of(chosen, facets, page)] == ["/products"]


def test_a_chosen_value_that_nothing_has_stays_to_be_taken_back(page_of: PageOf) -> None:
    groups = products.groups_of({"province": []}, products.ProductQuery(province="540000"), page_of())
    option = next(option for group in groups for option in group.shown if option.is_chosen)
    assert (option.label, option.count) == ("西藏", "0")


@pytest.mark.parametrize(("spoken", "label"), [("zh", "常德市六类产品"), ("en", "Changde's six cases")])
def test_the_list_is_narrowed_by_a_rule_of_origin_in_its_own_words(page_of: PageOf, spoken: str, label: str) -> None:
    told = {"value": "changde", "label": "常德市六类产品", "label_en": "Changde's six cases", "count": 7}
    query = products.ProductQuery(eligible_for="changde", province="430000")
    groups = products.groups_of({"eligible_for": [told]}, query, page_of(language=spoken))
    [option] = next(group for group in groups if group.title in {"产地资格", "Counts under"}).shown
    assert (option.label, option.url, option.is_chosen) == (label, "/products?province=430000", True)
    assert products.catalog_params(query)["eligible_for"] == "changde"


def test_stock_is_told_in_words_and_the_first_pack_that_is_there_is_chosen(page_of: PageOf, answer: Answer) -> None:
    item, page = answer("product"), page_of()
    first, second = (sku["sku_id"] for sku in item["skus"])
    view = product.product_view(item, {first: 0, second: 3}, "", today=date(2026, 11, 22), page=page)
    assert [pack.stock for pack in view.packs] == ["已售完", "只剩 3 件"]
    assert [pack.can_buy for pack in view.packs] == [False, True]
    assert view.chosen == second
    unknown = product.product_view(item, {}, second, today=date(2026, 11, 22), page=page)
    assert [pack.stock for pack in unknown.packs] == ["库存以结算时为准"] * 2
    assert unknown.chosen == second


def test_a_season_has_twelve_months_and_a_sentence(page_of: PageOf, answer: Answer) -> None:
    view = product.product_view(answer("product"), {}, "", today=date(2026, 11, 22), page=page_of())
    assert [month.name for month in view.months if month.is_on] == [f"{each}月" for each in range(5, 12)]
    assert [month.name for month in view.months if month.is_now] == ["11月"]
    assert view.season_sentence == "产季 5月–11月，现在当季。"


def test_a_line_of_which_there_is_too_little_says_how_to_mend_it(page_of: PageOf, answer: Answer) -> None:
    view = cart.cart_view(answer("cart"), page_of(), {})
    short = next(line for line in view.lines if line.trouble)
    assert short.trouble == f"只剩 {short.fix_quantity} 件。"
    assert short.can_add is False
    assert view.can_order is False


@pytest.mark.parametrize(
    ("change", "trouble", "can_order"),
    [
        ({"problem": "not-listed"}, "这件商品现在不在售，请移出。", False),
        ({"problem": "stock-short", "available": 0}, "已售完，请移出。", False),
        (
            {"problem": "price-changed", "seen_price_fen": 100, "unit_price_fen": 200},
            "价格变了：原 ¥1.00，现 ¥2.00。",
            True,
        ),
    ],
)
def test_the_other_troubles_of_a_line(
    page_of: PageOf, answer: Answer, change: dict[str, Any], trouble: str, can_order: bool
) -> None:
    document = answer("cart")
    document["lines"] = [{**document["lines"][0], **change}]
    document["parts"] = [part for part in document["parts"] if document["lines"][0]["sku_id"] in part["sku_ids"]]
    view = cart.cart_view(document, page_of(), {})
    assert (view.lines[0].trouble, view.can_order) == (trouble, can_order)


def test_a_supplier_is_named_in_english_where_there_is_a_name(page_of: PageOf, answer: Answer) -> None:
    document = answer("cart")
    part = document["parts"][0]
    view = cart.cart_view(document, page_of("en"), {part["supplier_id"]: "A Cooperative"})
    assert view.parts[0].name == "A Cooperative"
    assert view.parts[1].name == document["parts"][1]["supplier_name"]


def test_what_must_be_filled_in_is_told_field_by_field(page_of: PageOf) -> None:
    page = page_of()
    typed = Typed(recipient="小美", province="110000")
    assert checkout.missing_fields(typed, "", page, has_counties=False).keys() == {"phone", "detail", "city"}
    whole = Typed(recipient="小美", phone="13800000000", province="130000", city="130600", detail="1 号")
    assert checkout.missing_fields(whole, "", page, has_counties=True).keys() == {"county_code"}
    assert checkout.missing_fields(whole, "130624", page, has_counties=True) == {}


def test_an_order_is_called_what_its_parts_are(answer: Answer) -> None:
    order = answer("order")
    order["status"] = "PAID"
    for first, second, told in (
        ("PENDING_SHIPMENT", "PENDING_SHIPMENT", "PENDING_SHIPMENT"),
        ("SHIPPED", "PENDING_SHIPMENT", "SHIPPED"),
        ("DELIVERED", "SHIPPED", "SHIPPED"),
        ("DELIVERED", "DELIVERED", "DELIVERED"),
    ):
        order["parts"][0]["fulfilment"], order["parts"][1]["fulfilment"] = first, second
        assert orders.status_of(order) == told
    order["status"] = "CANCELLED"
    assert orders.status_of(order) == "CANCELLED"


def test_the_way_of_an_order_ends_early_when_it_is_cancelled(page_of: PageOf, answer: Answer) -> None:
    order, page = answer("order"), page_of()
    for part in order["parts"]:
        part.update(fulfilment="PENDING_SHIPMENT", shipped_at=None, delivered_at=None)
    order["status"] = "PAID"
    steps = order_view.steps_of(order, page)
    assert [(step.name, step.state) for step in steps] == [
        ("下单", "is-done"),
        ("付款", "is-done"),
        ("发货", "is-now"),
        ("签收", "is-ahead"),
    ]
    order.update(status="CANCELLED", cancelled_at=order["paid_at"])
    assert [step.name for step in order_view.steps_of(order, page)] == ["下单", "付款", "取消"]
    assert order_view.order_view(order, "x", {}, page).can_cancel is False


def test_goods_that_left_cannot_be_cancelled(page_of: PageOf, answer: Answer) -> None:
    order = answer("order")
    order["status"] = "PAID"
    order["parts"][0]["fulfilment"] = "SHIPPED"
    assert order_view.order_view(order, "x", {}, page_of()).can_cancel is False
    for part in order["parts"]:
        part["fulfilment"] = "PENDING_SHIPMENT"
    assert order_view.order_view(order, "x", {}, page_of()).can_cancel is True


def test_the_cold_chain_is_answered_in_words(page_of: PageOf, answer: Answer) -> None:
    view = cold_chain.cold_view(answer("temperatures"), "鲜食用菌", page_of())
    assert view is not None
    assert view.is_good is False
    assert view.summary.startswith("不是：有 1 次超出要求的 0–4 °C")
    assert "1 段没有数据" in view.summary
    assert [text.split(" · ")[1] for text in view.excursions] == ["偏高", "没有数据"]
    assert any(row.is_out for row in view.rows)


def test_a_hole_in_the_readings_breaks_the_line(page_of: PageOf, answer: Answer) -> None:
    measured = answer("temperatures")
    data = cold_chain.chart_data(measured, page_of())
    empty = [point for point in data["points"] if point[2] is None]
    assert len(empty) == 1
    assert len(data["points"]) == len(measured["buckets"]) + 1
    assert (data["low"], data["high"]) == (0, 4)
    assert (len(data["excursions"]), len(data["gaps"])) == (1, 1)


def test_nothing_measured_is_no_chart(page_of: PageOf, answer: Answer) -> None:
    assert cold_chain.cold_view({**answer("temperatures"), "buckets": []}, "x", page_of()) is None


def test_key_figures_are_rounded_to_say_and_exact_to_look_up(page_of: PageOf) -> None:
    totals = {"sales_fen": 51_240_050, "orders": 903, "buyers": 265, "weight_g": 12_880_000}
    designations = [{"designation": "key-160", "sales_fen": 5_124_005}]
    figures = {each.name: each for each in charts.figures_of(totals, designations, page_of())}
    assert (figures["销售额"].value, figures["销售额"].exact) == ("51.24 万元", "¥512400.50")
    assert figures["销量"].value == "12.88 吨"
    assert figures["重点帮扶县产品占比"].value == "10.0%"
    assert figures["脱贫县产品占比"].value == "0.0%"


def test_a_chart_draws_what_its_table_says(page_of: PageOf, answer: Answer) -> None:
    document = answer("by_province")
    chosen = selection_of({}, today=date(2026, 11, 22))
    chart = charts.chart_of("by_province", "origin_province", document, chosen, page_of())
    assert chart.data["values"] == [row["sales_fen"] / 100 for row in document["rows"][:12]]
    assert [row.name for row in chart.rows][:12] == chart.data["labels"]
    assert len(chart.rows) == len(document["rows"])
    assert chart.csv_url == "/dashboard/by_province.csv?period=365&sort=sales_fen"


def test_a_period_is_whole_days_that_end_today() -> None:
    today = date(2026, 11, 22)
    month = selection_of({"period": "30", "province": "130000", "sort": "orders", "category": "a b"}, today=today)
    assert (month.first, month.last) == (date(2026, 10, 24), today)
    assert month.filters == [{"dimension": "origin_province", "is_any_of": ["130000"]}]
    assert month.county_order == {"by": "orders", "descending": True}
    assert selection_of({"period": "year"}, today=today).first == date(2026, 1, 1)
    assert selection_of({"period": "nonsense"}, today=today).period == "365"


def test_a_line_that_is_sold_ahead_says_when_it_is_sent(page_of: Any, answer: Any) -> None:
    page, line = page_of(), answer("cart")["lines"][0]
    assert cart.line_view({**line, "presale_ships_on": "2026-12-05"}, page).ships_on == "预售，2026年12月5日 起发货"
    assert cart.line_view({**line, "presale_ships_on": None}, page).ships_on == ""


def test_what_is_in_stock_is_a_tick_that_can_be_taken_back(page_of: Any) -> None:
    page = page_of()
    off, on = products.ProductQuery(q="香菇"), products.ProductQuery(q="香菇", in_stock="true")
    [stock_off] = products.groups_of({}, off, page)[-1].shown
    [stock_on] = products.groups_of({}, on, page)[-1].shown
    assert (stock_off.is_chosen, stock_off.url) == (False, on.url())
    assert (stock_on.is_chosen, stock_on.url) == (True, off.url())
    assert products.catalog_params(on)["in_stock"] == "true"
    assert [chip.url for chip in products.chips_of(on, {}, page)] == [off.url()]
