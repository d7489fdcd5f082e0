"""How a cooperative gets in: the form it fills, and the offices that judge it, each through their own page."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import expect

from shared.uscc import check_character
from tests.browser.shopper import PASSWORD, Shopper

PDF: Any = {"name": "协议.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 agreement"}
FANGXIAN = (("province", "420000"), ("city", "420300"), ("county", "420325"))
FACTS = {
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


def a_code(*, is_right: bool = True) -> str:
    """A fresh credit code of a cooperative whose check character fits, or does not."""
    first = f"93420325MAB{uuid4().int % 10**6:06d}"
    right = check_character(first)
    return first + (right if is_right else "1" if right == "0" else "0")


def press(person: Shopper, selector: str) -> None:
    """Press what leads to another page, and wait until that is there."""
    with person.page.expect_navigation(wait_until="load"):
        person.page.click(selector)


def open_account(applicant: Shopper, name: str) -> str:
    """A new account that founds an organisation of this name; the account's address."""
    page, email = applicant.page, f"{uuid4().hex}@example.com"
    applicant.go("/sign-up")
    page.fill("#display_name", "新社")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    press(applicant, "main form button")
    applicant.go("/work/supplier")
    page.fill("#name", name)
    press(applicant, "main form .button-main")
    return email


def fill_in_registration(applicant: Shopper, code: str) -> None:
    """What it is, its code and its county; not sent yet."""
    page = applicant.page
    page.select_option("#kind", "cooperative")
    page.fill("#uscc", code)
    for field, value in FANGXIAN:
        expect(page.locator(f"#{field} option[value='{value}']")).to_be_attached()
        page.select_option(f"#{field}", value)
        page.wait_for_load_state("networkidle")


def apply(applicant: Shopper, code: str) -> None:
    """The application with its agreement and the business licence, handed in."""
    page = applicant.page
    for field, value in FACTS.items():
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


def say_yes(official: Shopper, field: str, words: str) -> None:
    """The office's opinion, in favour."""
    official.page.check("[name=is_favourable][value=true]")
    official.page.fill(f"#opinion-{field}", words)
    press(official, "form[action$=opinion] button")
