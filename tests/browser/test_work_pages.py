"""Every page of every menu on a phone: axe finds nothing, nothing is too wide, the keyboard comes in at the top."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Response

from deploy.demo.accounts import (
    ANALYST,
    INSTITUTION,
    OFFICES,
    OPERATOR,
    REVIEWER,
    DemoAccount,
    supplier_account,
)
from deploy.demo.tables import suppliers
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser

SUPPLIER = supplier_account(suppliers()[0].key)
AGRICULTURE, ASSISTANCE, TOWNSHIP = (OFFICES["420325", role] for role in ("agriculture", "assistance", "township"))
ACCOUNTS = [SUPPLIER, AGRICULTURE, ASSISTANCE, TOWNSHIP, REVIEWER, OPERATOR, ANALYST, INSTITUTION]
LOOK_FURTHER = [SUPPLIER, AGRICULTURE, OPERATOR]
"""For these the first page behind each list is looked at too: one of each kind, for the pages are the same."""
MENU = "nav.work-nav a, nav.account-ways a"
FIRST_OF_LIST = "main .work-table tbody th[scope=row] a"


def ensure_good(visitor: Shopper, path: str, language: str) -> None:
    """The page is there, whole, narrow enough, and its first stop leads to the content."""
    page = visitor.page
    found = page.goto(path, wait_until="load")
    assert found is not None
    assert found.status == 200, f"{path}: {found.status}"
    assert page.get_attribute("html", "lang") == language
    headings = [each for each in page.locator("h1").all_inner_texts() if each.strip()]
    assert len(headings) == 1, f"{path}: {headings}"
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= visitor.width, f"{path} is {wide} pixels wide in a window of {visitor.width}"
    visitor.ensure_accessible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.skip')"), f"{path}: the first stop is no way to the content"


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.email.partition("@")[0])
def test_every_page_of_the_menu_is_good_on_a_phone(shopper: Callable[..., Shopper], account: DemoAccount) -> None:
    is_english = account.kind in {"operator", "institution"}
    visitor = shopper(width=390, language="en" if is_english else "zh", is_dark=account.kind == "official")
    faults: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 500:
            faults.append(f"{answer.status} {answer.url}")

    visitor.page.on("response", note)
    visitor.sign_in(account.email, "/account")
    if visitor.page.locator("nav.account-ways a[href='/work']").count():
        visitor.go("/work")
    paths = [each.get_attribute("href") or "" for each in visitor.page.locator(MENU).all()]
    assert len(paths) >= 1
    details = set()
    for path in paths:
        ensure_good(visitor, path, "en" if is_english else "zh-CN")
        first = visitor.page.locator(FIRST_OF_LIST)
        if account in LOOK_FURTHER and first.count():
            href = first.first.get_attribute("href") or ""
            details.add(href.partition("#")[0])  # a place within the page is where its stops begin
    for path in sorted(details):
        ensure_good(visitor, path, "en" if is_english else "zh-CN")
    assert faults == []
    assert visitor.complaints == []
