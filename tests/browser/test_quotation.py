"""A school asks three suppliers for a quotation: all of it in Chromium, from the form to the award."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from deploy.demo.bidding import bidders
from deploy.demo.tables import suppliers
from shared.clock import SHANGHAI, utc_now
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser
PRICES = ("26.50", "24.80", "25.20")


def to_minute(instant: datetime) -> str:
    """As a field of day and time takes it."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def a_deadline() -> datetime:
    """The first whole minute that leaves suppliers more than one: the shortest that one may ask for."""
    return (utc_now() + timedelta(seconds=150)).replace(second=0, microsecond=0)


def ask(unit: Shopper, closes_at: datetime, chosen: dict[str, str]) -> str:
    """Fill in the form, publish; the path of its page."""
    page = unit.page
    unit.sign_in("canteen@example.com", "/work/quotations")
    unit.ensure_accessible()
    unit.keep_both("90-quotations")
    page.click(".work-head a.button-main, a.button-main[href='/work/quotations/new']")
    page.fill("#title", "食堂腊月食用菌")
    page.fill("#closes_at", to_minute(closes_at))
    page.fill("#description_0", "香菇，菌盖 3 厘米以上")
    page.fill("#quantity_0", "60")
    page.fill("#unit_0", "斤")
    page.fill("#recipient", "食堂库房")
    page.fill("#phone", "0717-0000000")
    page.fill("#county_code", "420525")
    page.fill("#detail", "学府路 1 号")
    page.fill("#deliver_from", to_minute(closes_at + timedelta(days=7)))
    page.fill("#deliver_until", to_minute(closes_at + timedelta(days=9)))
    for supplier_id, name in chosen.items():  # who was chosen stays so while one looks for the next
        page.fill("#q", name)
        page.click("button[value=search]")
        page.check(f"[name=supplier_ids][value='{supplier_id}']")
    unit.ensure_accessible()
    unit.keep_both("91-quotation-form")
    page.click("button[value=save]")
    page.wait_for_url("**/work/quotations/*?done=saved")
    page.click("button[value=publish]")
    page.wait_for_url("**/work/quotations/*?done=moved")
    return page.url.partition("?")[0]


def bid(supplier: Shopper, email: str, path: str, sku_id: str, price: str) -> None:
    """Offer sixty packs at this price."""
    page = supplier.page
    supplier.sign_in(email, "/work/quotation-invitations")
    page.click("th[scope=row] a:has-text('食堂腊月食用菌') >> nth=0")
    page.wait_for_url(f"**{path}")
    page.locator("select[name^=sku_]").select_option(sku_id)
    page.fill("[name^=pieces_]", "60")
    page.fill("[name^=price_]", price)
    page.fill("#promised_on", (utc_now() + timedelta(days=8)).date().isoformat())
    page.click(f"form[action$='{path}/bid'] button")
    page.wait_for_url("**?done=bid")
    expect(page.locator("[role=status]")).to_contain_text("密封提交")


def test_a_quotation_with_three_suppliers_from_the_form_to_the_award(shopper: Callable[..., Shopper]) -> None:
    told = {each.supplier_id: each for each in suppliers()}
    chosen = [(told[supplier_id], packs[0]) for supplier_id, packs in bidders().items()]
    closes_at, unit = a_deadline(), shopper()
    address = ask(unit, closes_at, {str(supplier.supplier_id): supplier.name for supplier, _ in chosen})
    path = address[address.index("/work/") :].replace("/quotations/", "/quotation-invitations/")
    windows = [shopper(width=390) for _ in chosen]
    for window, (supplier, pack), price in zip(windows, chosen, PRICES, strict=True):
        bid(window, f"{supplier.key}@example.com", path, str(pack.sku_id), price)
    windows[0].ensure_accessible()
    windows[0].keep_both("92-quotation-bid")
    unit.go(address)
    expect(unit.page.locator("main")).not_to_contain_text("24.80")
    expect(unit.page.locator("main")).not_to_contain_text("比价表")
    assert utc_now() < closes_at, "all of them bid in time"
    unit.page.wait_for_timeout((closes_at - utc_now()).total_seconds() * 1000 + 500)
    unit.go(address)
    unit.page.click("button[value=open]")
    unit.page.wait_for_url("**?done=moved")
    main = unit.page.locator("main")
    for words in ("¥1,488.00", "¥1,590.00", "+6.85 %", "最低"):
        expect(main).to_contain_text(words)
    unit.ensure_accessible()
    unit.keep_both("93-quotation-sheet")
    unit.page.fill("#award-reason", "最低价，交货期符合要求")
    unit.page.click("form[action$=award] button")
    unit.page.wait_for_url("**?done=moved")
    expect(main).to_contain_text("已成交")
    expect(main.locator("a[href^='/work/purchases/']")).to_have_count(1)
    unit.keep_both("94-quotation-awarded")
    for window, outcome in zip(windows, ("未成交", "成交", "未成交"), strict=True):
        window.go("/work/quotation-invitations?q=腊月")
        expect(window.page.locator("tbody tr").first.locator("td").last).to_have_text(outcome)
    windows[1].ensure_accessible()
    windows[1].keep_picture("95-quotation-invitations")
    assert [each.complaints for each in (unit, *windows)] == [[], [], [], []]
