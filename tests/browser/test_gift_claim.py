"""A union's holiday gift on a phone, with a code and no account; its organiser watches the claims come in."""

import csv
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from deploy.demo.gifts import NEW_YEAR
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser
CLAIMS = f"/work/gift-campaigns/{NEW_YEAR}/claims"
HOME = ("130000", "130600", "130624")
POINT = ("420000", "420300", "420325")
SLIP = str.maketrans("23456789ACEFHJKMNPRTWXY", "3456789ACEFHJKMNPRTWXY2")


def on_a_network_of_its_own(phone: Shopper) -> Shopper:
    """Wrong codes are counted by network: nobody else's tests wait for this phone's."""
    network = IPv6Address(0x2001_0DB8 << 96 | uuid4().int & (2**32 - 1) << 64 | 1)
    phone.context.set_extra_http_headers({"X-Forwarded-For": str(network)})
    return phone


def new_codes(desk: Shopper, folder: Path) -> list[str]:
    """New codes for all who have not chosen yet, from the file that is shown once."""
    page = desk.page
    page.select_option("#shape", "csv")
    with page.expect_download() as download:
        page.click("button[name=verb][value=reissue] >> nth=0")
    file = folder / "codes.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [row["提货码"] for row in csv.DictReader(lines)]


def claimed_count(page: Page) -> int:
    """How many have chosen, as the bar says."""
    return int(page.locator("#progress-bar").get_attribute("value") or "-1")


def type_code(phone: Shopper, code: str) -> None:
    """Into the field, and on."""
    phone.page.fill("#code", code)
    phone.page.click("main form button")
    phone.page.wait_for_load_state("networkidle")


def choose_place(page: Page, place: tuple[str, str, str]) -> None:
    """Province, city, county: each list comes with the choice before it."""
    province, city, county = place
    page.select_option("#province", province)
    page.locator(f'#city option[value="{city}"]').wait_for(state="attached")
    page.select_option("#city", city)
    page.locator(f'#county option[value="{county}"]').wait_for(state="attached")
    page.select_option("#county", county)
    page.wait_for_load_state("networkidle")


def open_package(page: Page) -> Locator:
    """The first package of which something is left."""
    return page.locator("[name=package]:not([disabled])").first


def choose_home(phone: Shopper, code: str) -> None:
    """A member's own door; looked over, and confirmed."""
    page = phone.page
    type_code(phone, code)
    expect(page.locator("main")).to_contain_text("元旦慰问活动")
    phone.ensure_accessible()
    phone.keep_picture("97-gift-choose")
    open_package(page).check()
    page.check("[name=way][value=HOME]")
    page.fill("#recipient", "林小美")
    page.fill("#phone", "13800001234")
    choose_place(page, HOME)
    page.fill("#detail", "早花村 8 号")
    page.click("main form .button-main")
    expect(page.locator("h1")).to_have_text("请核对")
    expect(page.locator("main")).to_contain_text("早花村 8 号")
    phone.ensure_accessible()
    phone.keep_picture("98-gift-confirm")
    page.click("button[value=claim]")
    page.wait_for_url("**done=yes")
    expect(page.locator("[role=status]")).to_contain_text("已登记您的选择")


def choose_point(phone: Shopper, code: str) -> str:
    """A pickup point of the county; its name."""
    page = phone.page
    type_code(phone, code)
    open_package(page).check()
    page.check("[name=way][value=PICKUP]")
    page.fill("#recipient", "王建国")
    page.fill("#phone", "13800005678")
    choose_place(page, POINT)
    page.click("button[value=regions]:visible")
    page.locator("[name=point]").first.check()
    page.click("main form .button-main")
    expect(page.locator("h1")).to_have_text("请核对")
    page.click("button[value=claim]")
    page.wait_for_url("**done=yes")
    return page.locator("main dl dd", has_text="自提").last.inner_text()


def test_members_claim_on_a_phone_and_the_organiser_sees_the_rate_rise(
    shopper: Callable[..., Shopper], tmp_path: Path
) -> None:
    desk = shopper()
    desk.sign_in("canteen-union@example.com", CLAIMS)
    before = claimed_count(desk.page)
    first, second, *_ = new_codes(desk, tmp_path)
    phone = on_a_network_of_its_own(shopper(width=390))
    page = phone.page
    phone.go("/claim")
    phone.ensure_accessible()
    type_code(phone, first[:-1] + first[-1].translate(SLIP))
    expect(page.locator("[role=alert]")).to_contain_text("有一位打错了，或者有两位换了位置")
    phone.ensure_accessible()
    phone.keep_picture("96-gift-code-slip")
    phone.complaints.clear()  # the browser tells of the 422
    choose_home(phone, first)
    phone.ensure_accessible()
    phone.keep_picture("99-gift-claimed")
    type_again = on_a_network_of_its_own(shopper(width=390))
    type_again.go("/claim")
    type_code(type_again, first.lower().replace("-", " "))
    for shown in ("林**", "138****1234", "阜平"):
        expect(type_again.page.locator("main")).to_contain_text(shown)
    for hidden in ("林小美", "13800001234", "早花村"):
        expect(type_again.page.locator("main")).not_to_contain_text(hidden)
    other = on_a_network_of_its_own(shopper(width=390))
    other.go("/claim")
    point = choose_point(other, second)
    assert point
    other.keep_picture("99-gift-claimed-at-a-point")

    expect(desk.page.locator("#progress-bar")).to_have_attribute("value", str(before + 2))  # the page asks by itself
    desk.go(f"{CLAIMS}?state=CLAIMED")
    main = desk.page.locator("main")
    for hidden in ("林小美", "13800001234", "早花村 8 号", "13800005678"):
        expect(main).not_to_contain_text(hidden)
    expect(main).to_contain_text("送货到家")
    desk.ensure_accessible()
    desk.keep_both("99-gift-claims")
    assert [each.complaints for each in (desk, phone, type_again, other)] == [[], [], [], []]


def test_who_guesses_codes_is_told_to_wait(shopper: Callable[..., Shopper]) -> None:
    guesser = on_a_network_of_its_own(shopper(width=390))
    guesser.go("/claim")
    for _ in range(10):
        type_code(guesser, "2" * 16)
        expect(guesser.page.locator("[role=alert]")).to_contain_text("无效或已作废")
    type_code(guesser, "2" * 16)
    expect(guesser.page.locator("[role=alert]")).to_have_text("输错次数太多，请过几分钟再试。")
    guesser.ensure_accessible()
    guesser.keep_picture("96-gift-code-wait")
