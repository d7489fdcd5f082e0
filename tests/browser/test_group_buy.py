"""Neighbours buy together: a supplier opens a group, Chromium on a phone buys into it, it forms, and it is sent."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from shared.clock import business_day, utc_now
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser


def open_group(supplier: Shopper, *, least: int, most: int) -> str:
    """A group of the supplier's jujubes that ends in two days; the address of its page."""
    page = supplier.page
    supplier.sign_in("fuping-zaohua@example.com", "/work/group-buys/new?q=大枣")
    page.select_option("#sku_id", index=1)
    page.fill("#title", "大枣 楼道团")
    page.fill("#price", "9.90")
    page.fill("#closes_on", (business_day(utc_now()) + timedelta(days=2)).isoformat())
    page.fill("#min_count", str(least))
    page.fill("#max_count", str(most))
    supplier.keep_both("70-group-form")
    page.click("main form.stack button.button-main")
    page.wait_for_url("**/work/group-buys/*?done=saved")
    page.click("button[value=open]")
    page.wait_for_url("**/work/group-buys/*?done=moved")
    return page.url.partition("?")[0].replace("/work/", "/")


def test_a_phone_buys_into_a_group_that_forms_and_is_sent(  # noqa: PLR0915 - one walk
    shopper: Callable[..., Shopper],
) -> None:
    supplier = shopper()
    group = open_group(supplier, least=2, most=4)
    buyer = shopper(width=390)
    page = buyer.page
    buyer.go("/group-buys?q=楼道团")
    expect(page.locator("main")).to_contain_text("大枣 楼道团")
    buyer.keep_picture("71-group-buys")
    buyer.ensure_accessible()
    buyer.go(group)
    expect(page.locator("main")).to_contain_text("还差 2 件成团")
    expect(page.locator("#share")).to_have_value(group)
    buyer.keep_picture("72-group")
    buyer.ensure_accessible()
    page.fill("#quantity", "2")
    page.click("main form button.button-main")
    page.wait_for_url("**/sign-in?next=*")
    buyer.sign_up()
    page.wait_for_url("**/join?quantity=2")
    buyer.fill_in_address()
    page.click("button[value=reprice]")
    page.wait_for_load_state("networkidle")
    payable = page.locator(".cart-payable .price").inner_text()
    buyer.keep_picture("73-group-join")
    buyer.ensure_accessible()
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    assert page.locator(".price-huge .price").inner_text() == payable
    order = buyer.pay_at_the_cashier()
    page.wait_for_url("**/orders/*?done=paid", timeout=20_000)
    buyer.go(group)
    expect(page.locator("main")).to_contain_text("已成团")
    buyer.go("/account/group-buys")
    expect(page.locator("main")).to_contain_text("大枣 楼道团")
    buyer.keep_picture("74-my-groups")
    for _ in range(100):  # the job of each minute tells of it
        buyer.go(order)
        if page.locator(".badge", has_text="待发货").count():
            break
        page.wait_for_timeout(1000)
    expect(page.locator(".history")).to_contain_text("成团")
    buyer.keep_picture("75-group-order")
    number = page.locator(".order-number").inner_text()
    desk = supplier.page
    supplier.go(group.replace("/group-buys/", "/work/group-buys/"))
    expect(desk.locator("main")).to_contain_text(number)
    expect(desk.locator("main")).not_to_contain_text(buyer.words["recipient"])
    supplier.keep_both("76-group-desk")
    for _ in range(40):  # logistics hears of it
        supplier.go("/desk")
        if desk.locator(".desk-part", has_text=number).count():
            break
        desk.wait_for_timeout(250)
    expect(desk.locator(".desk-part", has_text=number)).to_have_count(1)
    assert buyer.complaints == []
    assert supplier.complaints == []


def test_without_scripts_one_joins_and_leaves_before_it_forms(shopper: Callable[..., Shopper]) -> None:
    supplier = shopper()
    group = open_group(supplier, least=3, most=4)
    buyer = shopper(width=390, has_script=False)
    page = buyer.page
    buyer.sign_up()
    buyer.go(f"{group}/join?quantity=1")
    page.fill("#recipient", "林小美")
    page.fill("#phone", "13800000000")
    page.fill("#detail", "示范路 8 号")
    for field, value in (("#province", "130000"), ("#city", "130600")):
        page.select_option(field, value)
        page.click("button[value=regions]")
        expect(page.locator(field)).to_have_value(value)
    page.select_option("#county", "130624")
    page.click("button[value=reprice]")
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    order = buyer.pay_at_the_cashier()
    page.goto(order)
    expect(page.locator("main .badge").first).to_have_text("待成团")
    page.click("details:has(.cancel-form) summary")
    page.click(".cancel-form button")
    page.wait_for_url("**/orders/*?done=cancelled")
    page.goto(group)
    expect(page.locator("main")).to_contain_text("还差 3 件成团")
    supplier.go(group.replace("/group-buys/", "/work/group-buys/"))
    supplier.page.click("button[value=cancel]")
    supplier.page.wait_for_url("**?done=moved")
    expect(supplier.page.locator("main")).to_contain_text("已取消")


def test_a_harvest_in_search_of_buyers_is_bought_from_its_page(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper(width=390)
    page = buyer.page
    buyer.go("/love-purchase")
    expect(page.locator(".group-card").first).to_be_visible()
    buyer.keep_picture("77-love-purchase")
    buyer.ensure_accessible()
    page.locator(".group-card form button").first.click()
    page.wait_for_url("**/cart?done=added")
    official = shopper()
    official.sign_in("fangxian-agriculture@example.com", "/work/love-purchases")
    expect(official.page.locator("main table")).to_contain_text("房县")
    official.keep_both("78-love-desk")
    official.ensure_accessible()
    assert buyer.complaints == []
    assert official.complaints == []
