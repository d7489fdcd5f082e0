"""Axe finds nothing on any page: Chinese on a desk by day, English on a phone by night."""

from collections.abc import Callable

import pytest

from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser

LOOKS = [
    pytest.param({"language": "zh", "width": 1280, "is_dark": False}, id="zh-1280-day"),
    pytest.param({"language": "en", "width": 390, "is_dark": True}, id="en-390-night"),
]
PUBLIC = [
    "/",
    "/products",
    "/products?q=香菇&season=now",
    "/products?q=qqqqzzzz",
    "/donate",
    "/presales",
    "/sign-in",
    "/sign-up",
    "/no-such-page",
]


@pytest.mark.parametrize("look", LOOKS)
def test_public_pages(shopper: Callable[..., Shopper], look: dict[str, object]) -> None:
    visitor = shopper(**look)
    for place, path in enumerate(PUBLIC):
        visitor.go(path)
        visitor.keep_picture(f"20-public-{place}{'-dark' if look['is_dark'] else ''}")
        visitor.ensure_accessible()
    visitor.go("/products")
    visitor.go(visitor.product_links()[0])
    visitor.ensure_accessible()
    if look["width"] == 390:
        visitor.go("/products")
        visitor.page.click(".filters-open")
        visitor.page.wait_for_selector("#filters:popover-open")
        visitor.ensure_accessible()


@pytest.mark.parametrize("look", LOOKS)
def test_a_buyers_pages(shopper: Callable[..., Shopper], look: dict[str, object]) -> None:
    buyer = shopper(**look)
    buyer.sign_in("xiaomei@example.com")
    for path in (
        "/account",
        "/account/points",
        "/account/coupons",
        "/account/donations",
        "/account/presales",
        "/orders",
        "/orders?status=CANCELLED",
    ):
        buyer.go(path)
        buyer.ensure_accessible()
    buyer.go("/orders?status=COMPLETED")
    order = buyer.page.locator(".order-card a").first.get_attribute("href") or ""
    for path in (order, f"{order}/tracking"):
        buyer.go(path)
        buyer.ensure_accessible()
    buyer.go("/products?q=香菇")
    buyer.go(buyer.product_links()[0])
    buyer.page.click(".buy-button")
    buyer.page.wait_for_url("**/cart?done=added")
    buyer.ensure_accessible()
    buyer.go("/checkout?address=new")
    buyer.ensure_accessible()
    buyer.page.evaluate("document.getElementById('checkout').noValidate = true")
    buyer.page.click("button[value=place]")
    buyer.page.wait_for_selector("[aria-invalid=true]")
    buyer.ensure_accessible()
    buyer.fill_in_address()
    buyer.page.click("button[value=place]")
    buyer.page.wait_for_url("**/orders/*/pay")
    buyer.ensure_accessible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_analysts_dashboard_and_the_suppliers_desk(
    shopper: Callable[..., Shopper], look: dict[str, object]
) -> None:
    analyst = shopper(**look)
    analyst.sign_in("analyst@example.com", "/dashboard")
    analyst.page.wait_for_selector(".chart svg")
    analyst.keep_picture(f"21-dashboard{'-dark' if look['is_dark'] else ''}")
    analyst.ensure_accessible()
    for summary in analyst.page.locator(".table-details summary").all():
        summary.click()
    analyst.ensure_accessible()
    supplier = shopper(**look)
    supplier.sign_in("fuping-zaohua@example.com", "/desk")
    supplier.keep_picture("22-desk")
    supplier.ensure_accessible()
    supplier.go("/work/webhooks")
    supplier.ensure_accessible()
