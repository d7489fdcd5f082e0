"""Every page, drawn from recorded answers in both languages: whole, labelled, and within the browser's rules."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gateway.pages import (
    account,
    cart,
    charts,
    checkout,
    cold_chain,
    counties,
    desk,
    home,
    order_view,
    orders,
    payment,
    product,
    products,
    tracking,
)
from gateway.pages.account import Choice
from gateway.pages.cards import cards_of
from gateway.pages.checkout_choices import Offered
from gateway.pages.figures import month_text
from gateway.pages.periods import selection_of
from gateway.pages.pricing_view import CouponChoice, PointsChoice
from gateway.pages.regions import RegionChoice, RegionOption
from gateway.pages.shell import Page
from gateway.pages.typed import Typed

Answer = Callable[[str], Any]
TODAY = date(2026, 11, 22)


def draw_home(page: Page, answer: Answer) -> str:
    found = answer("products")
    window = home.Window(11, found, found, {"430000": "orange"}, 0.0)
    return page.render(
        "home.html",
        month_name=month_text(11, page.language),
        season_cards=cards_of(found["items"], page.language),
        newest_cards=cards_of(found["items"], page.language),
        categories=home.category_tiles(window, page),
        provinces=home.province_tiles(window, page.language),
        figures=home.figures_of(window, page),
    ).body.decode()


def draw_list(page: Page, answer: Answer, name: str = "products") -> str:
    found = answer(name)
    query = products.product_query(page.request)
    facets = found.get("facets") or {}
    chips = products.chips_of(query, facets, page)
    return page.render(
        "products.html",
        query=query,
        search_text=query.q,
        heading=products.heading_of(query, chips, page),
        found_text=products.found_text(found, page),
        provinces=[],
        kept_near=query.pairs(near=""),
        groups=products.groups_of(facets, query, page),
        chips=chips,
        sorts=products.sorts_of(query, page),
        kept=query.pairs(price_min="", price_max=""),
        clear_url="/products",
        cards=cards_of(found["items"], page.language),
        next_url=query.url(cursor="next"),
        is_later_page=True,
        first_url=query.url(),
        price_error="",
        explanation=found.get("explanation") or "",
    ).body.decode()


def draw_empty_list(page: Page, answer: Answer) -> str:
    return draw_list(page, answer, "products_empty")


def draw_product(page: Page, answer: Answer) -> str:
    item = answer("product")
    available = {line["sku_id"]: line["available"] for line in answer("availability")["items"]}
    view = product.product_view(item, available, "", today=date(2026, 11, 22), page=page)
    cards = cards_of(answer("products")["items"], page.language)
    return page.render("product.html", view=view, more_cards=cards, notice="").body.decode()


def draw_cart(page: Page, answer: Answer) -> str:
    view = cart.cart_view(answer("cart"), page, {})
    undo = {"sku_id": "x", "quantity": "2"}
    return page.render("cart.html", view=view, notice=page.t.cart.removed, error="", undo=undo).body.decode()


def draw_empty_cart(page: Page, answer: Answer) -> str:
    view = cart.cart_view(answer("cart_empty"), page, {})
    return page.render("cart.html", view=view, notice="", error="", undo=None).body.decode()


def draw_checkout(page: Page, answer: Answer) -> str:
    provinces = [RegionOption(each["code"], each["name"]) for each in answer("provinces")["items"]]
    return page.render(
        "checkout.html",
        view=cart.cart_view(answer("cart"), page, {}),
        typed=Typed(recipient="林小美", province="110000"),
        errors=Typed(phone=page.t.checkout.phone_wrong),
        regions=RegionChoice(provinces, [], [], is_complete=False),
        book=[{"address_id": "a1", "recipient": "林小美", "detail": "幸福路 1 号"}],
        points=PointsChoice(530, "x", is_chosen=True),
        coupons=[CouponChoice("c1", "x", is_chosen=True)],
        county_code="",
        offered=Offered([Choice("p", "x")], [Choice("", "x")], [Choice("PERSONAL", "x")], "x", [Choice("r", "x")], ""),
        trouble=checkout.Trouble(page.t.checkout.price_changed, ["x"], back_to_cart=True),
        key="k",
    ).body.decode()


def draw_pay(page: Page, answer: Answer) -> str:
    order = answer("order")
    return page.render(
        "pay.html",
        number=order["order_number"],
        back=f"/orders/{order['order_id']}",
        amount="",
        code=payment.code_picture("http://127.0.0.1:8005/pay/x", page.t.pay.code),
        ways=[payment.Way("sandbox", "code"), payment.Way("alipay", "mobile")],
        way=payment.Way("sandbox", "code"),
        pay_url="http://127.0.0.1:8005/pay/x",
        due_at=order["payment_due_at"],
        due_text="14:30",
    ).body.decode()


def draw_orders(page: Page, answer: Answer) -> str:
    rows = [orders.order_row(order, page) for order in answer("orders")["items"]]
    tabs = [orders.Tab("x", "/orders", is_chosen=True)]
    return page.render(
        "orders.html", orders=rows, tabs=tabs, chosen_status="", wanted="", next_url="/orders?cursor=x"
    ).body.decode()


def draw_order(page: Page, answer: Answer) -> str:
    view = order_view.order_view(answer("order"), "北京市 东城区", {}, page)
    return page.render(
        "order.html", view=view, asked=[], refunds=[], losses=[], awaited={}, notice="", error="", key="k"
    ).body.decode()


def draw_tracking(page: Page, answer: Answer) -> str:
    cold = cold_chain.cold_view(answer("temperatures"), "鲜食用菌", page)
    parcel = tracking.ParcelView(
        "0-0", "SF1", "SF", "运输中", "", "x", tracking.stops_of(answer("tracking"), page), cold
    )
    shipments = [tracking.ShipmentView("甲", "已发货", "", [parcel]), tracking.ShipmentView("乙", "待发货", "", [])]
    return page.render("tracking.html", order_id="1", shipments=shipments, has_chart=True).body.decode()


def draw_dashboard(page: Page, answer: Answer) -> str:
    chosen = selection_of({}, today=TODAY)
    named = {"by_month": "month", "by_province": "origin_province", "by_buyer": "buyer_kind"}
    top = answer("top_counties")
    return page.render(
        "dashboard.html",
        chosen=chosen,
        is_empty=False,
        periods=[account.Choice("365", "x", is_chosen=True)],
        provinces=[],
        categories=[],
        buyer_kinds=[],
        figures=charts.figures_of(top["totals"], answer("by_designation")["rows"], page),
        charts=[charts.chart_of(name, dimension, answer(name), chosen, page) for name, dimension in named.items()],
        counties=counties.county_table(top, chosen, page),
        as_of="x",
    ).body.decode()


def draw_desk(page: Page, answer: Answer) -> str:
    items = answer("shipments")["items"]
    attempt = desk.Attempt(items[0]["shipment_id"], "x", "sf-demo", ["SF1"], {})
    return page.render(
        "desk.html",
        shipments=[desk.desk_shipment(each, "北京市", attempt, page) for each in items],
        carriers=[],
        **desk.desk_context(desk.desk_listing(page), [{"site_id": "s", "name": "Cold store"}], "c", page),
        notice="",
    ).body.decode()


def draw_sign_in(page: Page, answer: Answer) -> str:
    del answer
    return page.render("sign_in.html", typed=Typed(), errors=Typed(), error="x", next="/", reason="y").body.decode()


def draw_sign_up(page: Page, answer: Answer) -> str:
    del answer
    errors = Typed(email=page.t.names["refusal"]["email-taken"])
    return page.render(
        "sign_up.html", typed=Typed(email="a@b"), errors=errors, error="", next="/", reason=""
    ).body.decode()


def draw_account(page: Page, answer: Answer) -> str:
    del answer
    sessions = [account.SessionView("Chrome", "x", is_current=True), account.SessionView("Edge", "y", is_current=False)]
    choices = [*account.choices_of(page.visitor, page), account.Choice("x", "y")]
    return page.render(
        "account.html", notice="", errors=Typed(), choices=choices, acting_as="x", sessions=sessions
    ).body.decode()


def draw_problem(page: Page, answer: Answer) -> str:
    del answer
    return page.render(
        "problem.html", number=503, heading="x", text="y", detail="", retry_url="/", trace="z"
    ).body.decode()


DRAWINGS = {
    name.removeprefix("draw_"): function for name, function in list(globals().items()) if name.startswith("draw_")
}


@pytest.fixture(params=sorted(DRAWINGS))
def drawn(request: pytest.FixtureRequest, page_of: Callable[..., Page], answer: Answer, language: str) -> str:
    """Each page in each language."""
    return DRAWINGS[request.param](page_of(language, path="/products"), answer)


def test_a_page_is_well_formed_and_has_one_heading_and_one_main(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    assert page.faults == []
    assert len(page.find("h1")) == 1
    assert len(page.find("main")) == 1
    assert page.find("title")[0].text


def test_ids_are_unique_and_what_is_pointed_to_exists(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert sorted(ids) == sorted(set(ids))
    pointed = [
        (name, target)
        for each in page.elements
        for name in ("for", "aria-labelledby", "aria-describedby", "popovertarget", "data-source", "list")
        if name in each.attributes
        for target in each.attributes[name].split()
    ]
    assert [(name, target) for name, target in pointed if target not in ids] == []


def test_pictures_have_a_text_and_fields_a_label(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    assert [each for each in page.find("img") if "alt" not in each.attributes] == []
    labelled = {each.attributes.get("for") for each in page.find("label")}
    inside = [each for each in page.find("label") if "for" not in each.attributes]
    fields = [
        each
        for each in page.elements
        if each.tag in {"input", "select", "textarea"}
        and each.attributes.get("type") not in {"hidden", "radio", "checkbox"}
        and "hidden" not in each.attributes
    ]
    assert [
        each.attributes
        for each in fields
        if each.attributes.get("id") not in labelled and "aria-label" not in each.attributes
    ] == []
    assert all(each.text for each in inside)


def test_a_page_needs_no_inline_script_or_style(drawn: str, markup: Any) -> None:
    page = markup(drawn)
    assert [each.tag for each in page.elements if "style" in each.attributes] == []
    assert [name for each in page.elements for name in each.attributes if name.startswith(("on", "hx-on"))] == []
    assert page.find("style") == []
    scripts = [each.attributes for each in page.find("script")]
    assert [
        each
        for each in scripts
        if not each.get("src", "").startswith("/static/") and each.get("type") != "application/json"
    ] == []
    assert re.findall(r"""(?:src|href)=["']https?://(?!127\.0\.0\.1:8005/pay/)""", drawn) == []


def test_every_form_that_changes_something_carries_the_token(drawn: str) -> None:
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", drawn, flags=re.DOTALL)
    assert [form[:200] for form in forms if 'name="csrf_token" value="a-form-token"' not in form] == []


def test_no_chinese_text_of_ours_is_left_in_english(page_of: Callable[..., Page], answer: Answer, markup: Any) -> None:
    han = re.compile(r"[\u4e00-\u9fff]+")
    allowed = {"助农", "中文", "切换到中文", "小美"}
    for name in ("home", "list", "product", "sign_in", "sign_up"):
        page = markup(DRAWINGS[name](page_of("en", path="/products"), answer))
        texts = [
            each.text
            for each in page.elements
            if each.tag in {"h1", "h2", "h3", "label", "button", "dt", "p", "a", "li", "th"}
        ]
        found = {word for text in texts for word in han.findall(text)} - allowed
        assert found - {"河北省保定市阜平县"} == set(), name
