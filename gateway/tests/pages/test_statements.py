"""The pages of payment statements, drawn in both languages from answers as orders gives them."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages.listing import listing_of
from gateway.pages.shell import Page
from gateway.pages.statements import (
    KINDS,
    PATH,
    PROVIDERS,
    STATES,
    VERBS,
    day_view,
    days_listing,
    days_view,
)
from gateway.pages.wording import wording
from gateway.visitor import Language

PageOf = Callable[..., Page]
ID = "0192a1b2-0000-7000-8000-0000000000aa"
STATEMENT: dict[str, Any] = {
    "statement_id": ID,
    "provider": "sandbox",
    "business_on": "2026-11-21",
    "source": "DOWNLOADED",
    "file_name": "sandbox-2026-11-21.csv",
    "sha256": "0" * 64,
    "payment_count": 3,
    "payment_fen": 23880,
    "refund_count": 1,
    "refund_fen": 500,
    "fee_fen": 140,
    "own_payment_count": 2,
    "own_payment_fen": 15920,
    "own_refund_count": 1,
    "own_refund_fen": 500,
    "open_count": 1,
    "decided_count": 0,
    "taken_at": "2026-11-22T02:10:00Z",
    "compared_at": "2026-11-22T02:10:00Z",
    "counts": [{"kind": "MISSING_HERE", "state": "OPEN", "count": 1}],
}
DIFFERENCE: dict[str, Any] = {
    "difference_id": "0192a1b2-0000-7000-8000-0000000000ab",
    "statement_id": ID,
    "kind": "MISSING_HERE",
    "subject_kind": "PAYMENT",
    "number": "<b>9</b>",
    "provider_number": "4200001",
    "payment_id": None,
    "order_id": ID,
    "here_fen": None,
    "there_fen": 7960,
    "here_status": "",
    "there_status": "SUCCEEDED",
    "state": "OPEN",
    "reason": "",
    "decided_at": None,
    "found_at": "2026-11-22T02:10:00Z",
    "revision": 4,
}


def draw_days(page: Page, rows: list[dict[str, Any]]) -> str:
    view = days_view(page, days_listing(page), {"items": rows, "next_cursor": "next" if rows else None})
    return page.render("statements.html", error="", notice="", **view).body.decode()


def draw_day(page: Page, rows: list[dict[str, Any]], **given: Any) -> str:
    listing = listing_of(page.request, path=f"{PATH}/{ID}", filters={"kind": KINDS, "state": STATES})
    view = day_view(page, listing, {**STATEMENT, **given}, {"items": rows, "next_cursor": None})
    return page.render("statement.html", error="", notice="", **view).body.decode()


def test_days_show_their_sums_and_what_is_open(page_of: PageOf, markup: Any, language: Language) -> None:
    page = page_of(language, path=PATH, kind="operator")
    found = markup(draw_days(page, [STATEMENT]))
    assert found.faults == []
    assert wording(language).names["provider"]["sandbox"] in found.text
    for shown in ("¥238.80", "¥5.00", "¥1.40", "¥79.60"):
        assert shown in found.text
    assert [each.attributes["value"] for each in found.find("button", name="verb")] == ["upload", "fetch"]
    [select] = found.find("select", id="provider")
    assert all(wording(language).names["provider"][each] in select.text for each in PROVIDERS)
    assert any("cursor=next" in each.attributes.get("href", "") for each in found.find("a"))


def test_without_statements_the_page_says_when_they_come(page_of: PageOf, markup: Any, language: Language) -> None:
    found = markup(draw_days(page_of(language, path=PATH, kind="operator"), []))
    assert found.faults == []
    assert page_of(language).t.statements.none in found.text
    assert found.find("input", type="file")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_difference_of_every_kind_and_state_offers_what_may_be_done(
    page_of: PageOf, markup: Any, language: Language, kind: str, state: str
) -> None:
    page = page_of(language, path=f"{PATH}/{ID}", kind="operator")
    row = {**DIFFERENCE, "kind": kind, "state": state, "reason": "" if state == "OPEN" else "agrees-now"}
    text = draw_day(page, [row])
    found = markup(text)
    assert found.faults == []
    assert "<b>9</b>" not in text
    assert wording(language).names["statement_kind"][kind] in found.text
    assert wording(language).names["statement_state"][state] in found.text
    assert [each.attributes["value"] for each in found.find("button", name="verb")] == list(VERBS[state])
    assert [each.attributes["value"] for each in found.find("input", name="revision")] == ["4"]
    assert (page.t.statements.agrees_now in found.text) is (state != "OPEN")


def test_both_sides_stand_beside_each_other_with_their_gap(page_of: PageOf, markup: Any, language: Language) -> None:
    page = page_of(language, path=f"{PATH}/{ID}", kind="operator")
    found = markup(draw_day(page, [DIFFERENCE]))
    assert "3 · ¥238.80" in found.text
    assert "2 · ¥159.20" in found.text
    assert "¥233.80" in found.text
    files = [each.attributes["href"] for each in found.find("a") if each.attributes.get("href", "").endswith("xlsx")]
    assert files == [f"{PATH}/{ID}.xlsx"]


def test_a_day_that_agrees_says_so_and_a_narrowed_list_that_nothing_matches(page_of: PageOf, markup: Any) -> None:
    page = page_of(path=f"{PATH}/{ID}", kind="operator")
    assert page.t.statements.all_agree in markup(draw_day(page, [], counts=[])).text
    assert page.t.statements.no_match in markup(draw_day(page, [])).text
