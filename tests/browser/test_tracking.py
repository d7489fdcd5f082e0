"""A supplier hands a parcel over at the desk, a carrier sends its statuses and a day of readings, the buyer looks."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.carrying import CARRIER, carry
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser


def buy_fresh_mushrooms(buyer: Shopper) -> str:
    """One box of 阜平鲜香菇, paid; the path of the order."""
    page = buyer.page
    buyer.sign_in("xiaomei@example.com", "/cart")
    while page.locator(".cart-line form[action$='/remove'] button").count():
        page.locator(".cart-line form[action$='/remove'] button").first.click()
        page.wait_for_load_state("networkidle")
    buyer.go("/products?q=阜平鲜香菇")
    buyer.go(buyer.product_links()[0])
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    buyer.go("/checkout")
    buyer.fill_in_address()
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    order = buyer.pay_at_the_cashier()
    page.wait_for_url("**?done=paid", timeout=20_000)
    return order.removeprefix(buyer.base_url)


def test_a_parcel_is_sent_carried_and_followed(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper()
    order = buy_fresh_mushrooms(buyer)
    number = buyer.page.locator(".order-number").inner_text()
    buyer.go(f"{order}/tracking")
    expect(buyer.page.locator("main")).to_contain_text("正在备货")

    supplier = shopper()
    supplier.sign_in("fuping-zaohua@example.com", "/desk")
    part = supplier.page.locator(".desk-part", has_text=number)
    waybill = f"SF{uuid4().int % 10**12:012d}"
    part.locator("[name=carrier_code]").select_option(CARRIER)
    part.locator("[name=waybill_number]").fill("SF")
    part.locator("button").click()
    expect(part.locator("[role=alert]")).to_be_visible()
    expect(part.locator("[name=waybill_number]")).to_have_value("SF")
    expect(part.locator("[name=carrier_code]")).to_have_value(CARRIER)
    supplier.complaints.clear()
    part.locator("[name=waybill_number]").fill(waybill)
    part.locator("button").click()
    supplier.page.wait_for_url("**/desk?done=dispatched")
    supplier.keep_picture("11-desk")

    carry(buyer.base_url, waybill, has_readings=True)
    for language, width in (("zh", 1280), ("en", 390)):
        reader = shopper(language=language, width=width)
        reader.sign_in("xiaomei@example.com", f"{order}/tracking")
        page = reader.page
        expect(page.locator(".timeline li")).to_have_count(6)
        expect(page.locator(".parcel-state")).to_have_text("已签收" if language == "zh" else "Delivered")
        page.wait_for_selector(".chart svg")
        expect(page.locator(".cold-bad")).to_contain_text("0–4 °C")
        expect(page.locator(".excursions li")).to_have_count(2)
        reader.keep_picture("12-temperature")
        page.click(".table-details summary")
        assert page.locator(".table .is-out").count() > 3
        assert reader.complaints == []
        reader.ensure_accessible()
    buyer.go(order)
    expect(buyer.page.locator(".steps .is-done")).to_have_count(4)
