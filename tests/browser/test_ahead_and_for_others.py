"""A pack of a coming harvest is booked with a deposit, and a cart goes to a recipient as a donation, in Chromium."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.shopper import Shopper, is_checkout

pytestmark = pytest.mark.browser


def add_address(buyer: Shopper) -> None:
    """The first address of the book, as a booking needs one."""
    buyer.go("/account/addresses/new")
    buyer.fill_in_address()
    buyer.page.click("main form button.button-main")
    buyer.page.wait_for_url("**/account/addresses?*")


def test_a_phone_books_a_harvest_and_pays_its_deposit(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper(width=390)
    page = buyer.page
    buyer.sign_up()
    add_address(buyer)
    buyer.go("/presales?status=BOOKING")
    buyer.keep_picture("80-presales")
    page.locator("main a[href^='/presales/']").first.click()
    page.wait_for_url("**/presales/*")
    buyer.ensure_accessible()
    page.fill("#quantity", "2")
    page.click("main form button.button-main")
    page.wait_for_url("**/account/presales/*/pay")
    buyer.keep_picture("81-presale-pay")
    buyer.ensure_accessible()
    booking = buyer.pay_at_the_cashier()
    page.wait_for_url(f"{booking}?*", timeout=20_000)
    expect(page.locator("main")).to_contain_text("定金")
    buyer.keep_picture("82-presale-booked")
    buyer.ensure_accessible()
    buyer.go("/account/presales")
    assert page.locator(f"main a[href='{booking.removeprefix(buyer.base_url)}']").count() == 1
    buyer.keep_picture("83-my-presales")
    buyer.ensure_accessible()
    assert buyer.complaints == []


def test_a_phone_gives_a_cart_to_a_recipient(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper(width=390)
    page = buyer.page
    buyer.sign_up()
    buyer.go("/products?q=香菇")
    buyer.go(buyer.product_links()[0])
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    buyer.go("/donate")
    buyer.keep_picture("84-donate")
    buyer.ensure_accessible()
    page.locator("main a[href^='/checkout?donate=']").first.click()
    page.wait_for_url(lambda url: is_checkout(url) and "donate=" in url)
    buyer.keep_picture("85-donate-checkout")
    buyer.ensure_accessible()
    payable = page.locator(".cart-payable .price").inner_text()
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    order = buyer.pay_at_the_cashier()
    page.wait_for_url("**/orders/*?done=paid", timeout=20_000)
    assert page.locator(".sums .cart-payable .price").inner_text() == payable
    expect(page.locator("#to-title")).to_be_visible()
    assert not re.search(r"1\d{10}", page.locator("main").inner_text()), "nobody's phone is shown to a donor"
    buyer.keep_picture("86-donated")
    buyer.ensure_accessible()
    buyer.go("/account/donations")
    assert page.locator(f"main a[href='{order.removeprefix(buyer.base_url)}']").count() == 1
    buyer.keep_picture("87-my-donations")
    buyer.ensure_accessible()
    assert buyer.complaints == []
