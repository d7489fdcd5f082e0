"""What suppliers, buyers and carriers write stays text."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from gateway.pages import cart, cold_chain, desk, order_view, product, products, tracking
from gateway.pages.cards import cards_of
from gateway.pages.shell import Page
from gateway.pages.typed import Typed

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}</script>'
Answer = Callable[[str], Any]
KEPT = frozenset({"type", "status", "category", "kind", "temperature_class", "fulfilment", "change", "severity"})


def poisoned(value: Any, key: str = "") -> Any:
    """The same answer with every text that a person could have written replaced by the hostile one."""
    if isinstance(value, dict):
        return {name: poisoned(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each, key) for each in value]
    is_written = (
        isinstance(value, str) and key not in KEPT and not key.endswith(("_id", "_at", "_code", "_until", "at"))
    )
    return HOSTILE if is_written and key not in {"picture", "problem", "start", "end", "arrives_from"} else value


def ensure_harmless(text: str, markup: Any) -> None:
    page = markup(text)
    assert page.faults == []
    scripts = page.find("script")
    assert [
        each.attributes
        for each in scripts
        if "alert" in each.text and each.attributes.get("type") != "application/json"
    ] == []
    assert [each.attributes for each in page.elements if "onerror" in each.attributes] == []
    assert "7*7" in text
    assert "49 }}" not in text


def test_a_hostile_product_list_stays_text(page_of: Callable[..., Page], answer: Answer, markup: Any) -> None:
    page = page_of(path="/products", query="q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E{{7*7}}")
    found = poisoned(answer("products"))
    query = products.product_query(page.request)
    text = page.render(
        "products.html",
        query=query,
        search_text=query.q,
        heading=HOSTILE,
        found_text="1",
        provinces=[],
        kept_near=query.pairs(near=""),
        groups=[],
        chips=[products.Way(HOSTILE, "/products")],
        sorts=[],
        kept=[("q", HOSTILE)],
        clear_url="/products",
        cards=cards_of(found["items"], page.language),
        next_url="",
        is_later_page=False,
        first_url="/products",
        price_error="",
        explanation=HOSTILE,
    ).body.decode()
    ensure_harmless(text, markup)


def test_a_hostile_product_stays_text(page_of: Callable[..., Page], answer: Answer, markup: Any) -> None:
    page = page_of(path="/products/x")
    view = product.product_view(poisoned(answer("product")), {}, "", today=date(2026, 11, 22), page=page)
    ensure_harmless(page.render("product.html", view=view, more_cards=[], notice="").body.decode(), markup)


def test_a_hostile_cart_and_order_stay_text(page_of: Callable[..., Page], answer: Answer, markup: Any) -> None:
    page = page_of(path="/cart")
    poisoned_cart = poisoned(answer("cart"))
    for part, clean in zip(poisoned_cart["parts"], answer("cart")["parts"], strict=True):
        part["sku_ids"] = clean["sku_ids"]
    view = cart.cart_view(poisoned_cart, page, {})
    text = page.render("cart.html", view=view, notice="", error="", undo={"sku_id": HOSTILE, "quantity": HOSTILE})
    ensure_harmless(text.body.decode(), markup)
    order = order_view.order_view(poisoned(answer("order")), HOSTILE, {}, page)
    text = page.render(
        "order.html", view=order, asked=[], refunds=[], losses=[], awaited={}, notice="", error="", key=HOSTILE
    )
    ensure_harmless(text.body.decode(), markup)


def test_a_hostile_carrier_stays_text_also_in_the_chart(
    page_of: Callable[..., Page], answer: Answer, markup: Any
) -> None:
    page = page_of(path="/orders/1/tracking")
    cold = cold_chain.cold_view(answer("temperatures"), HOSTILE, page)
    assert cold is not None
    cold.data["words"]["mean"] = HOSTILE
    stops = [tracking.Stop(HOSTILE, HOSTILE, HOSTILE, "2026-11-22T00:00:00Z", "x")]
    parcel = tracking.ParcelView("0-0", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, stops, cold)
    shipments = [tracking.ShipmentView(HOSTILE, HOSTILE, "", [parcel])]
    text = page.render("tracking.html", order_id="1", shipments=shipments, has_chart=True).body.decode()
    ensure_harmless(text, markup)
    data = markup(text).find("script", type="application/json")[0]
    assert json.loads("".join(data.texts))["words"]["mean"] == HOSTILE


def test_a_hostile_desk_stays_text(page_of: Callable[..., Page], answer: Answer, markup: Any) -> None:
    page = page_of(path="/desk", kind="supplier")
    items = poisoned(answer("shipments")["items"])
    for item in items:
        item["status"] = "PENDING"
    attempt = desk.Attempt(
        items[0]["shipment_id"],
        HOSTILE,
        HOSTILE,
        [HOSTILE],
        dict.fromkeys((each["sku_id"] for each in items[0]["lines"]), HOSTILE),
    )
    shipments = [desk.desk_shipment(each, HOSTILE, attempt, page) for each in items]
    text = page.render(
        "desk.html",
        shipments=shipments,
        carriers=[],
        **desk.desk_context(desk.desk_listing(page), [{"site_id": HOSTILE, "name": HOSTILE}], HOSTILE, page),
        notice="",
    )
    ensure_harmless(text.body.decode(), markup)


def test_what_was_typed_comes_back_as_text(page_of: Callable[..., Page], markup: Any) -> None:
    page = page_of(path="/sign-in", kind="anonymous")
    text = page.render(
        "sign_in.html", typed=Typed(identifier=HOSTILE), errors=Typed(), error=HOSTILE, next=HOSTILE, reason=""
    ).body.decode()
    ensure_harmless(text, markup)
    assert markup(text).find("input", id="identifier")[0].attributes["value"] == HOSTILE
