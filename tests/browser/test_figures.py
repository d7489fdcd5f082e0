"""The analyst's dashboard: its charts, their tables, what can be chosen, sorted and taken along."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser


def test_each_chart_is_drawn_and_has_its_table_one_click_away(shopper: Callable[..., Shopper]) -> None:
    analyst = shopper()
    page = analyst.page
    analyst.sign_in("analyst@example.com", "/dashboard")
    expect(page.locator(".chart svg")).to_have_count(5)
    page.locator(".chart-by_province summary").click()
    rows = page.locator(".chart-by_province tbody tr")
    expect(rows.first).to_be_visible()
    assert rows.count() > 15
    assert analyst.complaints == []


def test_a_choice_narrows_and_a_head_sorts(shopper: Callable[..., Shopper]) -> None:
    analyst = shopper()
    page = analyst.page
    analyst.sign_in("analyst@example.com", "/dashboard")
    page.select_option("#province", "530000")
    page.wait_for_url("**province=530000*")
    names = page.locator("#counties tbody th").all_inner_texts()
    assert names
    assert all(name.startswith("云南") for name in names)
    page.locator("#counties thead a").nth(1).click()
    page.wait_for_url("**sort=orders*")
    orders = [
        int(text.replace(",", "")) for text in page.locator("#counties tbody tr td:nth-child(5)").all_inner_texts()
    ]
    assert orders == sorted(orders, reverse=True)
    expect(page.locator("#counties th[aria-sort=descending]")).to_have_count(1)


def test_the_table_can_be_taken_along(shopper: Callable[..., Shopper]) -> None:
    analyst = shopper()
    page = analyst.page
    analyst.sign_in("analyst@example.com", "/dashboard")
    with page.expect_download() as coming:
        page.locator("#counties a[download]").click()
    text = coming.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) > 30


def test_a_consumer_is_told_whose_page_it_is(shopper: Callable[..., Shopper]) -> None:
    buyer = shopper()
    buyer.sign_in("xiaomei@example.com", "/dashboard")
    expect(buyer.page.locator("h1")).to_have_text("这里您不能看")
