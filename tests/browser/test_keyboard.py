"""The whole purchase by keyboard alone: every step can be reached, seen and pressed."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shopper import Shopper, is_checkout

pytestmark = pytest.mark.browser

MOST_TABS = 160
FOCUS_IS_SEEN = """() => {
  const element = document.activeElement;
  const holder = element.closest('.card, .pack') || element;
  return [element, holder].some((each) => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  });
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until the focus is on what the selector names, and see that the focus shows."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate(FOCUS_IS_SEEN), f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"{selector} cannot be reached by the tab key on {page.url}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Go to it by tab and press it."""
    tab_to(page, selector)
    page.keyboard.press(key)


def test_a_purchase_by_keyboard_alone(shopper: Callable[..., Shopper]) -> None:  # noqa: PLR0915 - one walk
    buyer = shopper()
    page = buyer.page
    buyer.go("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.skip')"), "the first stop leads to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    buyer.go("/")
    tab_to(page, "header input[name=q]")
    page.keyboard.type("香菇")
    page.keyboard.press("Enter")
    page.wait_for_url("**/products?q=*")
    press(page, ".card a")
    page.wait_for_url("**/products/*-*")
    tab_to(page, "input[name=sku_id]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#quantity")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#quantity")).to_have_value("2")
    press(page, ".buy-button")
    page.wait_for_url("**/cart?done=added")
    tab_to(page, ".cart-line button[value='1']")
    before = page.locator(".cart-line input[name=quantity]").first.input_value()
    page.keyboard.press("Enter")
    expect(page.locator(".cart-line input[name=quantity]").first).to_have_value(str(int(before) + 1))
    assert page.evaluate("document.activeElement.matches(\".cart-line button[value='1']\")"), "the focus stays"
    press(page, ".cart-total .button-main")
    page.wait_for_url("**/sign-in?*")
    press(page, "main a[href^='/sign-up']")
    page.wait_for_url("**/sign-up?**")
    tab_to(page, "#display_name")
    page.keyboard.type("林小美")
    tab_to(page, "#email")
    page.keyboard.type(f"{uuid4().hex}@example.com")
    tab_to(page, "#password")
    page.keyboard.type("zhunong-2026")
    page.keyboard.press("Enter")
    page.wait_for_url(is_checkout)
    for field, text in (("#recipient", ""), ("#phone", "13800000000")):
        tab_to(page, field)
        page.keyboard.press("Control+A")
        page.keyboard.type(text or "林小美")
    for field, value in (("#province", "130000"), ("#city", "130600"), ("#county", "130624")):
        tab_to(page, field)
        page.locator(f'{field} option[value="{value}"]').wait_for(state="attached")
        while page.locator(field).input_value() != value:
            page.keyboard.press("ArrowDown")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("id => document.activeElement.id === id", field[1:]), "the focus stays on the list"
    tab_to(page, "#detail")
    page.keyboard.type("示范路 8 号")
    press(page, "button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    tab_to(page, ".pay .button-main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pay/*")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
