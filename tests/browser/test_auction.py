"""A school's lot is bid down in three windows of Chromium at once: its own and two suppliers'. What one does the others
see without a reload; the end moves with a bid of the last minute; the award becomes a purchase."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from deploy.demo.bidding import bidders
from deploy.demo.tables import suppliers
from shared.clock import utc_now
from tests.browser.shopper import Shopper
from tests.browser.test_quotation import a_deadline, to_minute

pytestmark = pytest.mark.browser
SOON_MS = 20_000
"""The windows ask every two seconds; a busy machine may take longer."""
UNTIL_CLOSED_MS = 150_000
"""The service closes what is over once a minute."""


@dataclass
class Seat:
    """A supplier at its window, with the pack that it would deliver."""

    window: Shopper
    email: str
    sku_id: str
    name: str
    """Nobody sees it before the end."""


def publish(unit: Shopper) -> tuple[str, datetime]:
    """Fill in the lot with goods that are looked for, and publish it; its path and its end."""
    page = unit.page
    page.click("a.button-main[href='/work/auctions/new']")
    page.fill("#title", "食堂腊月香菇竞价")
    page.fill("#goods_q", "香菇")
    page.click("button[value=goods]")
    page.locator("button[value^='take:']").first.click()
    expect(page.locator("#description_0")).to_have_value(re.compile("香菇"))
    unit.ensure_accessible()
    unit.keep_both("95-auction-form")
    ends_at = a_deadline()
    page.fill("#start", "900")
    page.fill("#step", "10")
    page.fill("#starts_at", to_minute(utc_now() - timedelta(minutes=1)))
    page.fill("#ends_at", to_minute(ends_at))
    page.fill("#extension_minutes", "1")
    page.fill("#most_extensions", "1")
    page.fill("#quantity_0", "60")
    page.fill("#recipient", "食堂库房")
    page.fill("#phone", "0717-0000000")
    page.fill("#county_code", "420525")
    page.fill("#detail", "学府路 1 号")
    page.fill("#deliver_from", to_minute(ends_at + timedelta(days=7)))
    page.fill("#deliver_until", to_minute(ends_at + timedelta(days=9)))
    page.click("button[value=save]")
    page.wait_for_url("**/work/auctions/*?done=saved")
    page.click("button[value=publish]")
    page.wait_for_url("**/work/auctions/*?done=moved")
    return page.url[page.url.index("/work/") :].partition("?")[0], ends_at


def enter(seat: Seat, path: str) -> None:
    """Take part with sixty of the pack."""
    page = seat.window.page
    seat.window.go(path)
    page.locator("select[name^=sku_]").select_option(seat.sku_id)
    page.fill("[name^=pieces_]", "60")
    page.click("form[action$='/entry'] button")
    page.wait_for_url("**?done=entered")


def bid(seat: Seat, amount: str) -> None:
    """Type an amount and send it."""
    seat.window.page.fill("#amount", amount)
    seat.window.page.click("form[action$='/bid'] button")
    seat.window.page.wait_for_load_state("networkidle")


def bid_down(unit: Shopper, first: Seat, second: Seat, *, organiser: str) -> None:
    """The whole way, in the windows given."""
    windows = [unit, first.window, second.window]
    unit.sign_in(organiser, "/work/auctions")
    for seat in (first, second):
        seat.window.sign_in(seat.email, "/work/auctions")
    path, ends_at = publish(unit)
    for seat in (first, second):
        enter(seat, path)
    unit.ensure_accessible()
    live = [each.page.locator("#live") for each in windows]

    wait = (ends_at - timedelta(seconds=58) - utc_now()).total_seconds()
    unit.page.wait_for_timeout(max(0, wait) * 1000)
    bid(first, "900")
    for each in live:  # nobody reloads
        expect(each).to_contain_text("¥900.00", timeout=SOON_MS)
        expect(each).to_contain_text("已延时 1 次", timeout=SOON_MS)
    expect(live[0]).to_contain_text("#1")
    expect(live[0]).not_to_contain_text(first.name)
    expect(live[1]).to_contain_text("您目前最低")

    bid(second, "895")
    note = second.window.page.locator("#amount-note")
    expect(note).to_contain_text("出价不够低")
    expect(second.window.page.locator("#amount")).to_have_value("895")
    expect(second.window.page.locator("#amount")).to_have_attribute("aria-invalid", "true")
    second.window.ensure_accessible()
    second.window.keep_both("96-auction-too-high")
    bid(second, "880")
    for each in live:
        expect(each).to_contain_text("¥880.00", timeout=SOON_MS)
    expect(live[1]).not_to_contain_text("您目前最低")
    first.window.ensure_accessible()
    first.window.keep_both("97-auction-live")

    award = unit.page.locator("button[value=award]")
    still = max(0, (ends_at + timedelta(minutes=1) - utc_now()).total_seconds())
    expect(award).to_be_visible(timeout=still * 1000 + UNTIL_CLOSED_MS)
    expect(unit.page.locator("#live")).to_contain_text(second.name)
    for seat in (first, second):
        expect(seat.window.page.locator("form[action$='/bid']")).to_have_count(0, timeout=SOON_MS)
    unit.ensure_accessible()
    unit.keep_both("98-auction-ended")
    unit.page.fill("#decision-reason", "最低报价，同意成交")
    award.click()
    unit.page.wait_for_url("**?done=moved")
    unit.page.click("a.button-main[href^='/work/purchases/']")
    unit.page.wait_for_url("**/work/purchases/*")
    expect(unit.page.locator("h1")).to_have_text("食堂腊月香菇竞价")
    expect(unit.page.locator("main")).to_contain_text(second.name)
    unit.keep_both("99-auction-purchase")
    assert [each.complaints for each in windows[:2]] == [[], []]
    assert [each for each in second.window.complaints if "409 (Conflict)" not in each] == []  # the refused bid


def test_a_lot_is_bid_down_in_three_windows(shopper: Callable[..., Shopper]) -> None:
    told, windows = {each.supplier_id: each for each in suppliers()}, (shopper(), shopper(width=390))
    seats = [
        Seat(window, f"{told[supplier_id].key}@example.com", str(packs[0].sku_id), told[supplier_id].name)
        for window, (supplier_id, packs) in zip(windows, bidders().items(), strict=False)
    ]
    bid_down(shopper(), *seats, organiser="canteen@example.com")
