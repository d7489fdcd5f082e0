"""The pages of the service desk, drawn from answers of orders and logistics."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.pages import service, service_view
from gateway.pages.listing import listing_of
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.visitor import Language
from shared.errors import Conflict, Invalid

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
HOSTILE = "<script>alert(1)</script>"
CASE: dict[str, Any] = {
    "order_id": "01a201d0-6e7d-712b-be63-779444979445",
    "order_number": "261122-TACXS-YXAX0",
    "status": "PAID",
    "recipient": "林**",
    "phone": "138****0000",
    "payable_fen": 5970,
    "captured_fen": 5970,
    "refunded_fen": 1990,
    "note": HOSTILE,
    "placed_at": "2026-11-22T05:50:00Z",
    "lines": [
        {
            "line_id": "l1",
            "product_title": HOSTILE,
            "product_title_en": "Peaches",
            "specification": "5斤",
            "quantity": 3,
            "payable_fen": 5970,
            "supplier_name": HOSTILE,
            "fulfilment": "DELIVERED",
            "left_count": 2,
            "refunded_fen": 1990,
        }
    ],
    "timeline": [
        {
            "at": f"2026-11-22T05:5{minute}:00Z",
            "kind": kind,
            "what": what,
            "actor": actor,
            "person_id": "p1" if kind == "note" else None,
            "reason": HOSTILE,
            "subject_id": "s1",
            "amount_fen": amount,
            "title": "",
        }
        for minute, (kind, what, actor, amount) in enumerate(
            [
                ("order", "PLACED", "", None),
                ("payment", "PAID", "", 5970),
                ("claim", "open", "buyer", None),
                ("refund", "REQUESTED", "", 1990),
                ("note", "WRITTEN", "operator", None),
                ("exchange", "a-new-verb", "rule", None),
            ]
        )
    ],
}
GOODWILL = {
    "goodwill_id": "g1",
    "revision": 1,
    "order_id": CASE["order_id"],
    "order_number": "N1",
    "product_title": HOSTILE,
    "product_title_en": "",
    "piece_count": 2,
    "with_delivery": True,
    "wanted_fen": 30000,
    "reason": HOSTILE,
    "status": "WAITING",
    "needs_second": True,
    "asked_by": "a",
    "asked_at": "2026-11-22T06:06:00Z",
    "decided_by": None,
    "decided_at": None,
    "decision_reason": "",
}

AWAY = [("s1", "大山合作社", [{"parcel_id": "p1", "carrier": "顺丰", "waybill_number": "SF1", "status": "运输中"}])]
"""Parcels on their way, which may be declared lost."""


def told_of(page: Page, answer: Answer) -> list[service_view.Told]:
    shipments = answer("shipments")["items"]
    parcel = next(each for shipment in shipments for each in shipment["parcels"])
    log = [
        {
            "name": "揽收",
            "name_en": "Picked up",
            "place": HOSTILE,
            "occurred_at": "2026-11-22T06:00:00Z",
            "description": None,
        }
    ]
    warm = [{"kind": "high", "severity": "major", "started_at": "2026-11-22T06:01:00Z", "extreme_c": 17.5}]
    return [
        *service_view.told_by_orders(CASE["timeline"], {"p1": "客服小王"}, page),
        *service_view.told_by_shipments(shipments, page),
        *service_view.told_by_parcel(parcel, log, warm, page),
    ]


def draw_case(page: Page, answer: Answer) -> str:
    refusal = Conflict("x", code="own-goodwill")
    typed = Typed(line_id="l1", piece_count=HOSTILE, reason=HOSTILE, body=HOSTILE, why=HOSTILE)
    context = service.case_context(CASE, told_of(page, answer), page, typed, refusal)
    return page.render("service_case.html", **context, contact=None, away=AWAY).body.decode()


def draw_opened(page: Page, answer: Answer) -> str:
    del answer
    contact = {"recipient": "林小美", "phone": "13800000000", "detail": HOSTILE}
    case = CASE | {"lines": [CASE["lines"][0] | {"left_count": 0}]}
    return page.render(
        "service_case.html", **service.case_context(case, [], page), contact=contact, away=AWAY
    ).body.decode()


def draw_found(page: Page, answer: Answer) -> str:
    del answer
    listing = listing_of(page.request, path=service.PATH)
    return page.render(
        "service.html", **service.found_context(listing, {"items": [CASE], "next_cursor": "c"}, page)
    ).body.decode()


def draw_none(page: Page, answer: Answer) -> str:
    del answer
    listing = listing_of(page.request, path=service.PATH)
    return page.render("service.html", **service.found_context(listing, {"items": []}, page)).body.decode()


def draw_goodwill(page: Page, answer: Answer) -> str:
    del answer
    decided = {
        "goodwill_id": "g2",
        "status": "REJECTED",
        "decided_by": "b",
        "decided_at": "2026-11-22T07:06:00Z",
        "decision_reason": HOSTILE,
    }
    own = GOODWILL | {"goodwill_id": "g3", "asked_by": str(page.visitor.person_id)}
    found = {"items": [GOODWILL, GOODWILL | decided, own], "next_cursor": "c"}
    context = service.goodwill_context(service._goodwill_listing(page), found, {"a": "甲"}, page)
    return page.render("goodwill.html", **context).body.decode()


DRAWN = {
    "case": draw_case,
    "opened": draw_opened,
    "found": draw_found,
    "none": draw_none,
    "goodwill": draw_goodwill,
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_page_is_whole_and_every_field_has_a_label(
    name: str, language: Language, page_of: PageOf, answer: Answer, markup: Any
) -> None:
    text = DRAWN[name](page_of(language, kind="operator", path="/work/service"), answer)
    page = markup(text)
    assert page.faults == []
    assert HOSTILE not in text
    labelled = {each.attributes["for"] for each in page.find("label") if "for" in each.attributes}
    for each in [*page.find("input"), *page.find("select"), *page.find("textarea")]:
        if each.attributes.get("type", "") not in {"hidden", "checkbox"} and "aria-label" not in each.attributes:
            assert each.attributes["id"] in labelled, each.attributes
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    assert text.count('method="post"') == text.count('name="csrf_token" value="a-form-token"')


def test_the_story_is_one_list_latest_first_and_narrowed_by_kind(page_of: PageOf, answer: Answer) -> None:
    page = page_of("zh", kind="operator", path="/work/service/x")
    told = told_of(page, answer)
    whole = service_view.in_order(told, "")
    assert len(whole) == len(told)
    assert [each.instant for each in whole] == sorted((each.instant for each in told), reverse=True)
    assert {each.kind for each in whole} >= {"order", "payment", "claim", "shipment", "tracking", "temperature"}
    assert [(each.who, each.what) for each in service_view.in_order(told, "note")] == [("客服小王", "客服备注")]
    assert [each.what for each in service_view.in_order(told, "exchange")] == ["a-new-verb"], "a verb without a name"
    assert [each.what for each in service_view.in_order(told, "temperature")] == ["偏高 较重 17.5 ℃"]


def test_nobody_decides_on_what_they_asked_for(page_of: PageOf) -> None:
    page = page_of("zh", kind="operator", path=service.GOODWILL)
    own = str(page.visitor.person_id)

    def verbs(**given: Any) -> list[str]:
        return [each.name for each in service.verbs_of(GOODWILL | given, own, page)]

    assert verbs() == ["approve", "reject"]
    assert verbs(asked_by=own) == ["withdraw"]
    assert verbs(status="GRANTED") == []


def test_pieces_to_give_back_are_a_whole_number() -> None:
    typed = Typed(line_id="l1", piece_count="2", with_delivery="yes", reason="x")
    assert service.wanted_of(typed) == {"line_id": "l1", "piece_count": 2, "with_delivery": True, "reason": "x"}
    for count in ("", "-1", "二", "1" * 8):
        with pytest.raises(Invalid) as refused:
            service.wanted_of(Typed(piece_count=count))
        assert refused.value.code == "pieces-wrong"
