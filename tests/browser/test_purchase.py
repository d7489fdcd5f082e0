"""Chromium buys from two suppliers, pays at the sandbox's cashier and follows the order, in each language and size."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.shopper import Shopper, is_checkout

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_consumer_buys_pays_and_tracks(  # noqa: PLR0915 - one walk
    shopper: Callable[..., Shopper], language: str, width: int
) -> None:
    buyer = shopper(language=language, width=width)
    page = buyer.page
    buyer.go("/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")
    buyer.keep_picture("01-home")
    page.fill("header input[name=q]", buyer.words["search"])
    page.press("header input[name=q]", "Enter")
    page.wait_for_url("**/products?q=*")
    buyer.keep_picture("02-search")
    first, second = buyer.product_links()[:2]
    buyer.go(first)
    buyer.keep_picture("03-product")
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    buyer.go(second)
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    expect(page.locator(".cart-part")).to_have_count(2)
    quantity = page.locator(".cart-line input[name=quantity]").first
    before = int(quantity.input_value())
    page.locator(".cart-line button[value='1']").first.click()
    expect(quantity).to_have_value(str(before + 1))
    buyer.keep_picture("04-cart")
    payable = page.locator(".cart-payable .price").inner_text()
    page.click(".cart-total .button-main")
    page.wait_for_url("**/sign-in?next=%2Fcheckout")
    buyer.sign_up()
    page.wait_for_url(is_checkout)
    buyer.fill_in_address()
    buyer.keep_picture("05-checkout")
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    assert page.locator(".price-huge .price").inner_text() == payable
    expect(page.locator(".pay-code svg")).to_be_visible()
    buyer.keep_picture("06-pay")
    order = buyer.pay_at_the_cashier()
    page.wait_for_url("**/orders/*?done=paid", timeout=20_000)
    assert page.locator(".sums .cart-payable .price").inner_text() == payable
    expect(page.locator(".order-lines li")).to_have_count(2)
    buyer.keep_picture("07-order")
    page.emulate_media(media="print")
    buyer.keep_picture("07-order-print")
    expect(page.locator("header.head")).to_be_hidden()
    page.emulate_media(media="screen")
    buyer.go(f"{order}/tracking")
    expect(page.locator("main h2")).to_have_count(2)
    buyer.keep_picture("08-tracking")
    buyer.go("/orders")
    assert page.locator(".order-card").first.locator("a").first.get_attribute("href") == order.removeprefix(
        buyer.base_url
    )
    buyer.keep_picture("09-orders")
    assert buyer.complaints == []


def test_everything_works_without_scripts(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper(has_script=False)
    page = buyer.page
    buyer.sign_up()
    buyer.go("/products?q=香菇")
    buyer.go(buyer.product_links()[0])
    page.fill("#quantity", "2")
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    line = page.locator(".cart-line").first
    before = int(line.locator("input[name=quantity]").input_value())
    line.locator("button[value='-1']").click()
    expect(page.locator(".cart-line input[name=quantity]").first).to_have_value(str(before - 1))
    page.locator(".cart-line form[action$='/remove'] button").first.click()
    page.wait_for_url("**/cart?done=removed*")
    page.locator(".cart-notice button").click()
    page.wait_for_url("**/cart?done=restored")
    buyer.go("/checkout")
    page.fill("#recipient", "林小美")
    page.fill("#phone", "13800000000")
    page.fill("#detail", "示范路 8 号")
    for field, value in (("#province", "130000"), ("#city", "130600")):
        page.select_option(field, value)
        page.click("button[value=regions]")
        expect(page.locator(field)).to_have_value(value)
    page.select_option("#county", "130624")
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    order = buyer.pay_at_the_cashier()
    page.goto(order)
    expect(page.locator(".steps .is-done")).to_have_count(2)


def test_a_double_press_places_one_order(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper()
    page = buyer.page
    buyer.sign_up()
    buyer.go("/products?q=香菇")
    buyer.go(buyer.product_links()[0])
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    buyer.go("/checkout")
    buyer.fill_in_address()
    form = page.locator("#checkout").evaluate(
        "form => [...new FormData(form)].map(([name, value]) => [name, value]).concat([['do', 'place']])"
    )
    body = {name: value for name, value in form if name != "line"}
    lines = [value for name, value in form if name == "line"]
    places = []
    for _ in range(2):
        answer = buyer.context.request.post(
            "/checkout", form={**body, "line": lines[0]}, max_redirects=0, headers={"origin": buyer.base_url}
        )
        assert answer.status == 303
        places.append(answer.headers["location"])
    assert places[0] == places[1]


def test_a_sku_that_somebody_else_emptied_is_told_with_everything_typed_kept(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper(language="en")
    page = buyer.page
    buyer.sign_up()
    buyer.go("/products?q=shiitake")
    buyer.go(buyer.product_links()[0])
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    buyer.go("/checkout")
    buyer.fill_in_address()
    page.evaluate(
        """() => {
          const seen = document.querySelector('input[name=seen_payable_fen]');
          seen.value = String(Number(seen.value) - 100);
        }"""
    )
    page.click("button[value=place]")
    expect(page.locator("#trouble")).to_contain_text("The price changed")
    expect(page.locator("#detail")).to_have_value(buyer.words["detail"])
    expect(page.locator("#county")).to_have_value("130624")
    buyer.keep_picture("10-price-changed")
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
