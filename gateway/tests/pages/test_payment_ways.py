"""Paying: with one way nothing is asked, with more they are offered, and the address chooses among what is offered."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages.payment import Way, code_picture, wanted_way, ways_of
from gateway.pages.shell import Page
from gateway.pages.wording import wording
from gateway.visitor import Language
from shared.errors import Unavailable

PageOf = Callable[..., Page]
OFFERED = [
    {"provider": "wechat", "methods": ["code", "in-app"], "is_practice": False},
    {"provider": "alipay", "methods": ["page"], "is_practice": False},
]


def draw(page: Page, ways: list[Way], way: Way) -> str:
    context: dict[str, Any] = {
        "number": "ZN1",
        "back": "/orders/0192a1b2-0000-7000-8000-00000000000a",
        "amount": "¥79.60",
        "code": code_picture("weixin://x", "code") if way.method == "code" else "",
        "ways": ways,
        "way": way,
        "pay_url": None,
        "due_at": "2026-11-22T05:00:00Z",
        "due_text": "13:00",
    }
    return page.render("pay.html", **context).body.decode()


def test_a_browser_takes_every_way_but_the_providers_own_app() -> None:
    assert ways_of(OFFERED) == [Way("wechat", "code"), Way("alipay", "page")]


def test_the_address_chooses_among_what_is_offered() -> None:
    ways = ways_of(OFFERED)
    assert wanted_way(ways, "alipay", "page") == Way("alipay", "page")
    assert wanted_way(ways, "alipay", "code") == wanted_way(ways, "", "") == Way("wechat", "code")
    with pytest.raises(Unavailable) as refusal:
        wanted_way([], "wechat", "code")
    assert refusal.value.code == "no-way-to-pay"


def test_with_more_than_one_way_they_are_shown_and_a_page_has_no_code(
    page_of: PageOf, markup: Any, language: Language
) -> None:
    ways = ways_of(OFFERED)
    found = markup(draw(page_of(language, kind="consumer"), ways, ways[1]))
    assert found.faults == []
    [current] = [each for each in found.find("a") if each.attributes.get("aria-current") == "true"]
    assert wording(language).names["provider"]["alipay"] in current.text
    assert found.find("div", class_="pay-code") == []
    alone = markup(draw(page_of(language, kind="consumer"), [], ways[0]))
    assert len(alone.find("div", class_="pay-code")) == 1
    assert not [each for each in alone.find("a") if "provider=" in each.attributes.get("href", "")]
