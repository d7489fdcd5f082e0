"""A cooperative joins: founded, registered, applied for; judged by two county offices and by the platform."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from deploy.demo.accounts import OFFICES, REVIEWER
from tests.browser.joining import a_code, apply, fill_in_registration, open_account, opened, press, say_yes
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser


def register_with_a_wrong_code(applicant: Shopper, name: str, code: str) -> None:
    """Over every refusal on the way: the code is as printed, and what an application needs is said beside it."""
    page = applicant.page
    open_account(applicant, name)
    fill_in_registration(applicant, code)
    press(applicant, "main form .button-main")
    expect(page.locator("#uscc-note")).to_contain_text("统一社会信用代码不对")
    expect(page.locator("#uscc")).to_have_value(code)
    page.check("[name=is_uscc_as_printed]")
    press(applicant, "main form .button-main")
    press(applicant, "button[value=submit]")
    expect(page.locator("#products-note")).to_be_visible()


def test_a_cooperative_joins_and_is_judged_by_two_offices_and_the_platform(shopper: Callable[..., Shopper]) -> None:
    name = f"房县新路山货合作社{uuid4().hex[:6]}"
    applicant = shopper()
    code = a_code(is_right=False)
    register_with_a_wrong_code(applicant, name, code)
    apply(applicant, code)
    agriculture = opened(shopper(), OFFICES["420325", "agriculture"].email, name)
    press(agriculture, "[formaction$=take_up]")
    press(agriculture, ".button-danger")
    expect(agriculture.page.locator("[role=alert]")).to_contain_text("请写明理由")
    agriculture.page.fill("#code-reason", "与执照原件一致")
    press(agriculture, "form[action$=let_code_through] button")
    expect(agriculture.page.locator("main")).to_contain_text("已人工放行")
    say_yes(agriculture, "production", "实地看过")
    assistance = opened(shopper(width=390), OFFICES["420325", "assistance"].email, name)
    press(assistance, "[formaction$=recommend]")
    expect(assistance.page.locator("[role=alert]")).to_contain_text("两个部门的意见齐了才能推荐")
    say_yes(assistance, "linkage", "名册属实")
    press(assistance, "[formaction$=recommend]")
    assistance.keep_picture("admission")
    reviewer = opened(shopper(), REVIEWER.email, name)
    press(reviewer, "[formaction$=examine]")
    press(reviewer, "[formaction$=admit]")
    reviewer.keep_picture("admission")
    applicant.go("/work/supplier")
    expect(applicant.page.locator("main")).to_contain_text("已入驻，可以上架商品")
    applicant.go("/work/notices")
    expect(applicant.page.locator("main")).to_contain_text("您已入驻，可以上架商品了")
    applicant.keep_picture("notices")
    for person in (applicant, agriculture, assistance, reviewer):
        assert [each for each in person.complaints if "status of 4" not in each] == []
