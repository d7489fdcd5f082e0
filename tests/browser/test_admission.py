"""A cooperative joins: founded, registered, applied for; judged by two county offices and by the platform."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from catalog.supplier.rules import check_character
from deploy.demo.accounts import OFFICES, REVIEWER
from tests.browser.shopper import Shopper

pytestmark = pytest.mark.browser

PDF: Any = {"name": "协议.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 agreement"}


def a_wrong_code() -> str:
    """A fresh code whose check character does not fit."""
    first = f"93420325MAB{uuid4().int % 10**6:06d}"
    right = check_character(first)
    return first + ("1" if right == "0" else "0")


def press(person: Shopper, selector: str) -> None:
    person.page.click(selector)
    person.page.wait_for_load_state("networkidle")


def apply(applicant: Shopper, name: str, code: str) -> None:
    """From a new account to an application that is handed in, over every refusal on the way."""
    page = applicant.page
    applicant.go("/sign-up")
    page.fill("#display_name", "新社")
    page.fill("#email", f"{uuid4().hex}@example.com")
    page.fill("#password", "香菇炖鸡要小火慢炖 2026")
    press(applicant, "main form button")
    applicant.go("/work/supplier")
    page.fill("#name", name)
    press(applicant, "main form .button-main")
    page.select_option("#kind", "cooperative")
    page.fill("#uscc", code)
    for field, value in (("province", "420000"), ("city", "420300"), ("county", "420325")):
        expect(page.locator(f"#{field} option[value='{value}']")).to_be_attached()
        page.select_option(f"#{field}", value)
        page.wait_for_load_state("networkidle")
    press(applicant, "main form .button-main")
    expect(page.locator("#uscc-note")).to_contain_text("统一社会信用代码不对")
    expect(page.locator("#uscc")).to_have_value(code)
    page.check("[name=is_uscc_as_printed]")
    press(applicant, "main form .button-main")
    press(applicant, "button[value=submit]")
    expect(page.locator("#products-note")).to_be_visible()
    said = {
        "address": "红塔镇大山村",
        "contact_name": "办公室",
        "contact_phone": "0719-0000000",
        "products": "香菇，产自红塔镇大山村",
        "supply_capacity": "每月三吨",
        "quality_measures": "批批自检",
        "linked_household_count": "12",
        "linked_person_count": "30",
        "yearly_income": "12000.50",
    }
    for field, value in said.items():
        page.fill(f"#{field}", value)
    page.check("[name=linkage_ways][value=purchase]")
    page.set_input_files("#agreement-file", PDF)
    press(applicant, "button[value=save]")
    applicant.go("/work/supplier/licences")
    page.select_option("#type", "business_licence")
    for field, value in (("number", code), ("issuer", "房县市场监督管理局"), ("valid_from", "2020-01-01")):
        page.fill(f"#{field}", value)
    page.set_input_files("#document", PDF)
    press(applicant, "form[enctype] .button-main")
    applicant.go("/work/supplier")
    expect(page.locator("[name=agreement_document_ids]")).to_have_count(1)
    press(applicant, "button[value=submit]")
    expect(page.locator("[role=status]")).to_contain_text("已提交")


def opened(official: Shopper, email: str, name: str) -> Shopper:
    """The official in front of this application."""
    official.sign_in(email, "/work/admissions")
    official.go(f"/work/admissions?q={name}")
    press(official, "th[scope=row] a")
    return official


def test_a_cooperative_joins_and_is_judged_by_two_offices_and_the_platform(shopper: Callable[..., Shopper]) -> None:
    name = f"房县新路山货合作社{uuid4().hex[:6]}"
    applicant = shopper()
    apply(applicant, name, a_wrong_code())
    agriculture = opened(shopper(), OFFICES["420325", "agriculture"].email, name)
    press(agriculture, "[formaction$=take_up]")
    press(agriculture, ".button-danger")
    expect(agriculture.page.locator("[role=alert]")).to_contain_text("请写明理由")
    agriculture.page.fill("#code-reason", "与执照原件一致")
    press(agriculture, "form[action$=let_code_through] button")
    expect(agriculture.page.locator("main")).to_contain_text("已人工放行")
    agriculture.page.check("[name=is_favourable][value=true]")
    agriculture.page.fill("#opinion-production", "实地看过")
    press(agriculture, "form[action$=opinion] button")
    assistance = opened(shopper(width=390), OFFICES["420325", "assistance"].email, name)
    press(assistance, "[formaction$=recommend]")
    expect(assistance.page.locator("[role=alert]")).to_contain_text("两个部门的意见齐了才能推荐")
    assistance.page.check("[name=is_favourable][value=true]")
    assistance.page.fill("#opinion-linkage", "名册属实")
    press(assistance, "form[action$=opinion] button")
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
