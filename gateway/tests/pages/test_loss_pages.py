"""The pages of losses, drawn in both languages from answers as orders gives them."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages.loss_desk import PATH, STATES, list_listing, list_view, loss_view
from gateway.pages.shell import Page
from gateway.pages.wording import wording
from gateway.visitor import Language

PageOf = Callable[..., Page]
ID = "0192a1b2-0000-7000-8000-0000000000aa"
ENTRY: dict[str, Any] = {
    "entry_id": ID,
    "kind": "lost",
    "state": "REFUNDED",
    "order_id": ID,
    "order_number": "20261122000001",
    "supplier_order_id": ID,
    "supplier_id": ID,
    "supplier_name": "<b>枣业</b>",
    "carrier_code": "sf",
    "waybill_numbers": ["SF1", "SF2"],
    "told": "承运商确认遗失",
    "told_by": "operator",
    "told_at": "2026-11-22T02:10:00Z",
    "promised_until": None,
    "refunded_count": 1,
    "replaced_count": 0,
    "supplier_fen": 247,
    "carrier_fen": 987,
}
LOSS: dict[str, Any] = {
    **ENTRY,
    "carrier_bp": 8000,
    "revision": 2,
    "may_decide": True,
    "bounds": {"least_bp": 0, "most_bp": 10000, "step_bp": 100},
    "lines": [
        {
            "product_title": "大枣",
            "product_title_en": "Jujubes",
            "specification": "500 g",
            "quantity": 1,
            "refund_fen": 1000,
        }
    ],
    "trail": [
        {
            "verb": "declare",
            "from_status": None,
            "to_status": "10000",
            "reason": "遗失",
            "actor": "supplier",
            "done_at": "2026-11-22T02:10:00Z",
        },
        {
            "verb": "decide-share",
            "from_status": "10000",
            "to_status": "8000",
            "reason": "合同",
            "actor": "operator",
            "done_at": "2026-11-22T03:10:00Z",
        },
    ],
}


def draw_list(page: Page, rows: list[dict[str, Any]]) -> str:
    view = list_view(page, list_listing(page), {"items": rows, "next_cursor": "next" if rows else None})
    return page.render("loss_list.html", **view).body.decode()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ["supplier", "operator"])
def test_every_state_is_listed_and_leads_on(
    page_of: PageOf, markup: Any, language: Language, state: str, kind: str
) -> None:
    is_lost = state not in {"MISSING", "ARRIVED"}
    row = {**ENTRY, "state": state, "kind": "lost" if is_lost else "missing"}
    text = draw_list(page_of(language, path=PATH, kind=kind), [row])
    found = markup(text)
    assert found.faults == []
    assert "<b>" not in text
    assert wording(language).names["loss_state"][state] in found.text
    there = {"supplier": "/desk?q=20261122000001", "operator": f"/work/service/{ID}"}[kind]
    links = [each.attributes.get("href", "") for each in found.find("a")]
    assert (f"{PATH}/{ID}" if is_lost else there) in links
    assert any("cursor=next" in each for each in links)


def test_without_losses_the_list_says_what_will_be_there(page_of: PageOf, markup: Any, language: Language) -> None:
    found = markup(draw_list(page_of(language, path=PATH, kind="supplier"), []))
    assert found.faults == []
    assert wording(language).losses.none in found.text


@pytest.mark.parametrize("may_decide", [True, False])
def test_one_loss_tells_who_bears_it_and_how_that_came(
    page_of: PageOf, markup: Any, language: Language, *, may_decide: bool
) -> None:
    page = page_of(language, path=f"{PATH}/{ID}", kind="operator")
    view = loss_view(page, {**LOSS, "may_decide": may_decide}, None, None)
    found = markup(page.render("loss.html", **view).body.decode())
    assert found.faults == []
    share = wording(language).losses.share_of
    for shown in ("¥9.87 · 80%", "¥2.47", "¥12.34", share(share="100%"), share(share="80%"), "合同"):
        assert shown in found.text
    assert [each.attributes["value"] for each in found.find("input", id="share")] == (["80"] if may_decide else [])
    assert len(found.find("input", name="revision")) == int(may_decide)
