"""Contacts and passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.account import rules
from shared.errors import Invalid, Refusal


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Name@Example.COM", "name@example.com"),
        ("  name@example.com\t", "name@example.com"),
        ("名字@例子.中国", "名字@例子.中国"),
        ("ｎａｍｅ＠example.com", "name@example.com"),
        ("first.last+tag@mail.example.com", "first.last+tag@mail.example.com"),
    ],
)
def test_an_address_has_one_spelling(typed: str, kept: str):
    assert rules.normal_email(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "name", "name@", "@example.com", "a@b", "a b@example.com", "a@ex..com", "a@-x.com"]
)
def test_what_is_no_address_is_refused(typed: str):
    with pytest.raises(Invalid) as refused:
        rules.normal_email(typed)
    assert (refused.value.code, refused.value.field) == ("email-invalid", "email")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("+4915112345678", "+4915112345678"),
    ],
)
def test_a_number_has_one_spelling(typed: str, kept: str):
    assert rules.normal_phone(typed) == kept


@pytest.mark.parametrize("typed", ["", "12345", "12800138000", "1380013800", "+8612345678901", "+0123456789", "电话"])
def test_what_is_no_number_is_refused(typed: str):
    with pytest.raises(Invalid) as refused:
        rules.normal_phone(typed)
    assert refused.value.code == "phone-invalid"


@pytest.mark.parametrize(
    ("typed", "contact"),
    [("A@example.com", "a@example.com"), ("138 0013 8000", "+8613800138000"), ("nobody", None), ("@", None)],
)
def test_one_signs_in_with_either(typed: str, contact: str | None):
    assert rules.contact_of(typed) == contact


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "aaaaaaaaaaaaaaaa",
        "1234567890",
        "9876543210",
        "qwertyuiop",
        "xiaomei-2026!",
        "my13800138000",
        "x" * 201,
    ],
)
def test_a_password_that_is_guessed_at_once_is_refused(password: str):
    with pytest.raises(Invalid) as refused:
        rules.ensure_password(password, contacts=("xiaomei@example.com", "+8613800138000"))
    assert (refused.value.code, refused.value.field) == ("password-weak", "password")


@pytest.mark.parametrize(
    "password", ["香菇炖鸡要用小火慢炖", "correct horse battery", "a1!b2@c3#d", "ann likes pears too"]
)
def test_a_long_password_of_any_characters_is_good(password: str):
    rules.ensure_password(password, contacts=("a@example.com", None))


def test_a_password_is_the_same_from_every_keyboard():
    assert rules.normal_password("Cafe\u0301") == rules.normal_password("Caf\u00e9")


def test_a_name_is_trimmed_and_needs_a_letter():
    assert rules.normal_name("  王\u3000小 梅 ") == "王 小 梅"
    for text in ("", " \n ", "a\x00b", "x" * 61):
        with pytest.raises(Invalid) as refused:
            rules.normal_name(text)
        assert refused.value.field == "display_name"


@given(st.text(max_size=300))
def test_any_text_is_a_contact_or_is_refused(text: str):
    for normal in (rules.normal_email, rules.normal_phone):
        try:
            kept = normal(text)
        except Refusal:
            continue
        assert normal(kept) == kept
