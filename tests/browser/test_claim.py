"""A box of mushrooms arrives spoiled: the claim on a phone, the refund at the practice cashier, the review after it."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from deploy.demo.after_sales import picture
from tests.browser.carrying import CARRIER, carry
from tests.browser.shopper import Shopper
from tests.browser.test_tracking import buy_fresh_mushrooms

pytestmark = pytest.mark.browser


def send_and_deliver(supplier: Shopper, number: str) -> None:
    """The cooperative hands the parcel over, the carrier brings it."""
    supplier.sign_in("fuping-zaohua@example.com", "/desk")
    part = supplier.page.locator(".desk-part", has_text=number)
    waybill = f"SF{uuid4().int % 10**12:012d}"
    part.locator("[name=carrier_code]").select_option(CARRIER)
    part.locator("[name=waybill_number]").fill(waybill)
    part.locator("button").click()
    supplier.page.wait_for_url("**/desk?done=dispatched")
    carry(supplier.base_url, waybill, has_readings=False)


def test_spoiled_mushrooms_are_claimed_on_a_phone_and_the_money_comes_back(
    shopper: Callable[..., Shopper], tmp_path: Path
) -> None:
    desk = shopper()
    order = buy_fresh_mushrooms(desk)
    number = desk.page.locator(".order-number").inner_text()
    buyer = shopper(width=390)
    buyer.sign_in("xiaomei@example.com", order)
    supplier = shopper()
    send_and_deliver(supplier, number)
    page = buyer.page
    claim_link = page.locator("a[href$='/claim']").first
    for _ in range(40):  # logistics tells orders of the delivery
        buyer.go(order)
        if claim_link.count():
            break
        page.wait_for_timeout(250)
    claim_link.click()
    page.wait_for_url("**/claim")
    buyer.keep_picture("60-claim-form")
    photo = tmp_path / "mushrooms.png"
    photo.write_bytes(picture())
    page.click("main form button")
    expect(page.locator("[role=alert]")).to_contain_text("照片")
    buyer.complaints.clear()
    page.set_input_files("#camera", photo)
    page.fill("#description", "箱底的发霉了")
    page.click("main form button")
    page.wait_for_url("**/claims/*?done=opened")
    claim = page.url.partition("?")[0]
    expect(page.locator("main")).to_contain_text("小额理赔")
    for _ in range(80):  # the job asks the cashier, which answers by a notice
        page.goto(claim)
        if "已退回原支付账户" in page.locator("#money").inner_text():
            break
        page.wait_for_timeout(250)
    expect(page.locator("#money")).to_contain_text("已退回原支付账户")
    buyer.keep_picture("61-claim")
    buyer.go(order)
    expect(page.locator("main")).to_contain_text("退款去向")
    buyer.keep_picture("62-order-with-refund")

    page.locator("a[href$='/review']").first.click()
    page.wait_for_url("**/review")
    page.check("input[name=rating][value='3']")
    page.fill("#body", "味道好，箱底坏了几朵，退款很快。")
    page.click("main form button")
    page.wait_for_url("**?done=reviewed")
    buyer.go(buyer.page.locator(".order-lines a[href^='/products/']").first.get_attribute("href") or "")
    expect(page.locator("#reviews")).to_contain_text("退款很快")
    buyer.keep_picture("63-product-with-reviews")

    supplier.go("/work/after-sales")
    expect(supplier.page.locator("main")).to_contain_text(number)
    supplier.keep_picture("64-after-sales-desk")
    assert buyer.complaints == []
    assert supplier.complaints == []
