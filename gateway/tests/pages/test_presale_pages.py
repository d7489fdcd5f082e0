"""Presale pages are well formed in both languages, hostile words stay text, and a form is read back as typed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from gateway.pages.account import Choice
from gateway.pages.presale_form import FIELDS, terms_of, typed_from
from gateway.pages.presale_view import booking_row, offer_row
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page
from gateway.pages.typed import Typed

PageOf = Callable[..., Page]
OFFER: dict[str, Any] = {
    "offer_id": "0192a1b2-0000-7000-8000-0000000000aa",
    "revision": 3,
    "status": "CLOSED",
    "supplier_id": "0192a1b2-0000-7000-8000-0000000000ab",
    "supplier_name": "大山 <合作社>",
    "sku_id": "a86f4a66-fb0b-519a-96f0-c4c87c7ea31c",
    "product_id": "0192a1b2-0000-7000-8000-0000000000ac",
    "product_title": "房县香菇 <b>",
    "product_title_en": "Fangxian shiitake <b>",
    "specification": "500克/袋",
    "specification_en": "500 g bag",
    "picture": "shiitake",
    "origin_county_code": "420325",
    "price_fen": 3050,
    "deposit_bp": 1050,
    "planned_count": 100,
    "person_cap": 5,
    "opens_at": "2026-11-21T16:00:00+00:00",
    "closes_at": "2026-12-01T16:00:00+00:00",
    "harvest_from": "2026-12-05",
    "harvest_until": "2026-12-20",
    "balance_days": 7,
    "if_unpaid": "KEEP",
    "shortfall_rule": "FIRST_COME",
    "note": "<script>",
    "booked_count": 4,
    "allocated_count": 0,
    "harvested_count": None,
    "allocated_at": None,
    "balance_due_at": None,
    "created_at": "2026-11-20T04:00:00+00:00",
}
BOOKING: dict[str, Any] = {
    **{name: OFFER[name] for name in OFFER if name.startswith(("product_", "specification", "harvest_"))},
    **{name: OFFER[name] for name in ("offer_id", "picture", "price_fen", "supplier_name", "closes_at")},
    "booking_id": "0192a1b2-0000-7000-8000-0000000000ba",
    "booking_number": "261122-ABCDE-FGHJK",
    "status": "BALANCE_DUE",
    "quantity": 4,
    "amount_fen": 12_200,
    "deposit_fen": 1281,
    "booked_at": "2026-11-22T04:00:00+00:00",
    "deposit_due_at": "2026-11-22T04:30:00+00:00",
    "deposit_paid_at": "2026-11-22T04:10:00+00:00",
    "allocated_count": 3,
    "returned_fen": 320,
    "balance_fen": 8189,
    "balance_due_at": "2026-12-12T04:00:00+00:00",
    "balance_paid_at": None,
    "returns_deposit": True,
    "end_reason": "",
    "offer_status": "ALLOCATED",
    "address": {"recipient": "<王>", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"},
}


def drawn(page: Page, template: str) -> str:
    row = offer_row(OFFER, page)
    contexts: dict[str, dict[str, Any]] = {
        "presale.html": {
            "row": row,
            "place": "湖北省 十堰市 房县",
            "can_book": True,
            "addresses": [Choice("a", "王小梅 · 望京街道1号")],
            "typed": Typed(quantity="2"),
            "errors": Typed(quantity="?"),
            "error": "no",
            "key": "k",
        },
        "booking.html": {
            "row": booking_row(BOOKING, page),
            "place": "北京市 朝阳区",
            "error": "",
            "notice": "done",
            "key": "k",
        },
        "presale_form.html": {
            "typed": typed_from(OFFER),
            "is_new": True,
            "action": "/work/presales/new",
            "skus": [Choice(OFFER["sku_id"], "房县香菇")],
            "unpaid": [Choice("KEEP", "keep"), Choice("RETURN", "return")],
            "shortfall": [Choice("PRO_RATA", "share"), Choice("FIRST_COME", "first")],
            "errors": Typed(price="?"),
            "error": "",
            "key": "k",
        },
        "presale_block.html": {"presales": [row]},
    }
    return bytes(page.render(template, **contexts[template]).body).decode()


@pytest.mark.parametrize("template", ["presale.html", "booking.html", "presale_form.html", "presale_block.html"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_is_well_formed_and_hostile_words_stay_text(
    page_of: PageOf, markup: Any, template: str, language: str
) -> None:
    text = drawn(page_of(language, kind="consumer"), template)
    found = markup(text)
    assert found.faults == []
    assert "<script>" not in text.split("</head>")[-1]
    assert "<b>" not in text
    ids = [each.attributes["id"] for each in found.find("input") + found.find("select") if "id" in each.attributes]
    assert len(ids) == len(set(ids))


def test_what_the_form_shows_is_what_it_sends() -> None:
    typed = typed_from(OFFER)
    assert set(typed) == set(FIELDS)
    body = terms_of(typed)
    for name, value in body.items():
        if name in {"opens_at", "closes_at"}:
            assert datetime.fromisoformat(value) == datetime.fromisoformat(OFFER[name])
        else:
            assert value == OFFER[name], name


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("price", "1.234"),
        ("price", "NaN"),
        ("price", "-1"),
        ("price", "1e99"),
        ("deposit_percent", "ten"),
        ("planned_count", "１０"),
        ("person_cap", "-1"),
        ("closes_on", "morgen"),
        ("balance_days", ""),
    ],
)
def test_what_cannot_be_read_names_its_field(field: str, text: str) -> None:
    with pytest.raises(MistypedError) as wrong:
        terms_of(Typed({**typed_from(OFFER), field: text}))
    assert wrong.value.field == field
