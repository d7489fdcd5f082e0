"""The pages of the fulfilment desk, drawn from answers of logistics and orders, and the bar code of a waybill."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from starlette.datastructures import FormData

from gateway.pages import desk_files, desk_papers, desk_part
from gateway.pages.account import Choice
from gateway.pages.code128 import bars_of, symbols_of
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.visitor import Language
from shared.errors import Conflict, Invalid

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
HOSTILE = "<script>alert(1)</script>"
FILE = {
    "file_id": "f1",
    "name": HOSTILE,
    "status": "CHECKED",
    "uploaded_at": "2026-11-22T06:06:00Z",
    "started_at": None,
    "ended_at": None,
    "row_count": 4,
    "ready_count": 1,
    "wrong_count": 1,
    "sent_count": 1,
    "refused_count": 1,
}
INVOICE = {"kind": "ENTERPRISE", "name": HOSTILE, "taxpayer_id": "91110105MA01ABCD5X", "email": "bills@example.com"}
ROW = {
    "row_number": 2,
    "status": "WRONG",
    "order_number": "N1",
    "product": HOSTILE,
    "quantity": "1",
    "carrier": "sf-demo",
    "waybill_number": "SF1",
    "lot_code": "",
    "shipment_id": None,
    "code": "waybill-wrong",
    "column": "waybill_number",
    "sentence": "运单号应为 4 到 40 位",
    "sentence_en": "4 to 40 letters",
}
PICKS = {
    "totals": [
        {
            "site_id": "s",
            "site_name": HOSTILE,
            "sku_id": "k",
            "product_title": "香菇",
            "specification": "500克",
            "quantity": 5,
            "lots": [
                {"lot_number": "A", "expires_on": "2026-12-01", "quantity": 2},
                {"lot_number": "", "expires_on": None, "quantity": 2},
            ],
            "missing": 1,
        }
    ],
    "orders": [
        {
            "supplier_order_id": "p",
            "order_number": "N1",
            "invoice": INVOICE,
            "lines": [
                {
                    "sku_id": "k",
                    "product_title": "香菇",
                    "specification": "500克",
                    "site_id": "s",
                    "site_name": HOSTILE,
                    "open_count": 5,
                }
            ],
        }
    ],
    "has_more": True,
}


def draw_part(page: Page, answer: Answer) -> str:
    part = answer("shipments")["items"][0]
    return page.render(
        "desk_part.html",
        **desk_part.part_context(part, HOSTILE, page, {"invoice": INVOICE}),
        carriers=[Choice("sf-demo", "顺丰")],
        typed=Typed(waybill_number=HOSTILE, reason=HOSTILE),
        refused_at="parcel",
        error=page.told(Conflict("x", code="quantities-differ")),
        notice="",
    ).body.decode()


def draw_sent_part(page: Page, answer: Answer) -> str:
    part = next(each for each in answer("shipments")["items"] if each["parcels"])
    context = desk_part.part_context(part, "北京市", page, None)
    return page.render(
        "desk_part.html", **context, carriers=[], typed=Typed(), refused_at="", error="", notice="n"
    ).body.decode()


def draw_give_up(page: Page, answer: Answer) -> str:
    part = answer("shipments")["items"][0]
    sku_id = part["lines"][0]["sku_id"]
    quote = {"lines": [{"sku_id": sku_id, "quantity": 1, "refund_fen": 1990}], "delivery_fen": 600, "refund_fen": 2590}
    context = desk_part.ask_context(part, quote, [(sku_id, 1)], HOSTILE)
    text = page.render("desk_give_up.html", **context).body.decode()
    assert "19.90" in text
    return text


def draw_picks(page: Page, answer: Answer) -> str:
    del answer
    return page.render("pick_list.html", **desk_papers.pick_context(PICKS, page)).body.decode()


def draw_no_picks(page: Page, answer: Answer) -> str:
    del answer
    found: dict[str, Any] = {"totals": [], "orders": [], "has_more": False}
    return page.render("pick_list.html", **desk_papers.pick_context(found, page)).body.decode()


def draw_labels(page: Page, answer: Answer) -> str:
    parts = [each for each in answer("shipments")["items"] if each["parcels"]]
    labels = [desk_papers.label_of(part, parcel, {}, page) for part in parts for parcel in part["parcels"]]
    text = page.render("parcel_labels.html", labels=labels).body.decode()
    assert "138****0000" in text
    assert "13800000000" not in text
    return text


def draw_files(page: Page, answer: Answer) -> str:
    del answer
    refusal = Invalid("in English", code="head-wrong", sentence="表头不对")
    context = desk_files.overview_context(
        desk_files._listing(page), {"items": [FILE], "next_cursor": "c"}, page, refusal
    )
    text = page.render("desk_files.html", **context).body.decode()
    assert ("表头不对" if page.language == "zh" else "in English") in text
    return text


def draw_file(page: Page, answer: Answer) -> str:
    del answer
    found = {"items": [ROW, ROW | {"status": "SENT", "code": "", "sentence": "", "sentence_en": ""}]}
    context = desk_files.file_context(desk_files._listing(page), FILE, found, page)
    return page.render("desk_file.html", **context).body.decode()


def draw_sending(page: Page, answer: Answer) -> str:
    del answer
    file = FILE | {"status": "APPLYING"}
    context = desk_files.file_context(desk_files._listing(page), file, {"items": []}, page)
    return page.render("desk_file.html", **context).body.decode()


DRAWN = {
    "part": draw_part,
    "sent_part": draw_sent_part,
    "give_up": draw_give_up,
    "picks": draw_picks,
    "no_picks": draw_no_picks,
    "labels": draw_labels,
    "files": draw_files,
    "file": draw_file,
    "sending": draw_sending,
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_page_is_whole_and_every_field_has_a_label(
    name: str, language: Language, page_of: PageOf, answer: Answer, markup: Any
) -> None:
    text = DRAWN[name](page_of(language, kind="supplier", path="/desk/x"), answer)
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


def test_a_pick_list_as_a_sheet_has_totals_by_lot_then_what_lacks_then_the_orders(page_of: PageOf) -> None:
    rows = desk_papers.pick_rows(PICKS, page_of("zh", kind="supplier", path="/desk/pick-list"))
    assert [(row[0], row[1], row[5], row[6]) for row in rows] == [
        ("合计", "", 2, "A"),
        ("合计", "", 2, ""),
        ("缺", "", 1, ""),
        ("订单", "N1", 5, ""),
    ]
    titles = [row[8:] for row in rows]
    assert titles == [("", "", "")] * 3 + [(INVOICE["name"], "企业", INVOICE["taxpayer_id"])]


def test_a_part_tells_to_whom_the_invoice_is_made_out(page_of: PageOf, answer: Answer) -> None:
    page, part = page_of("zh"), answer("shipments")["items"][0]
    told = {
        name: dict(desk_part.part_context(part, "x", page, bill)["facts"]).get("发票")
        for name, bill in (
            ("wanted", {"invoice": {**INVOICE, "name": "某公司"}}),
            ("none", {"invoice": None}),
            ("unknown", None),
        )
    }
    assert told == {
        "wanted": "某公司 · 企业 · 91110105MA01ABCD5X · bills@example.com",
        "none": "没有选开发票。",
        "unknown": None,
    }


def test_pieces_are_read_from_the_form() -> None:
    sku_id = "38081b77-b0c4-5bb8-b3fd-dc36c6d4abc8"
    form = FormData([(f"pieces-{sku_id}", " 2 "), ("pieces-x", ""), ("reason", "缺货")])
    assert desk_part.pieces_of(form) == [(sku_id, 2)]
    for pairs, code in (
        ([("pieces-x", "1")], "lines-invalid"),
        ([(f"pieces-{sku_id}", "二")], "pieces-wrong"),
        ([(f"pieces-{sku_id}", "-1")], "pieces-wrong"),
        ([(f"pieces-{sku_id}", "0")], "pieces-missing"),
    ):
        with pytest.raises(Invalid) as refused:
            desk_part.pieces_of(FormData(pairs))
        assert refused.value.code == code


@pytest.mark.parametrize(("phone", "shown"), [("13812345678", "138****5678"), ("1234567", "****"), ("", "****")])
def test_a_phone_is_masked_on_labels(phone: str, shown: str) -> None:
    assert desk_papers.masked(phone) == shown


def test_the_check_symbol_is_that_of_the_standard() -> None:
    assert symbols_of("PJJ123C") == [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]


def test_a_code_is_as_wide_as_its_symbols_and_its_quiet_zones() -> None:
    bars, width = bars_of("SF1")
    assert width == 10 + 5 * 11 + 13 + 10
    assert bars[0] == (10, 2), "a bar after the quiet zone"
    assert sum(bars[-1]) == width - 10, "and one before the other"
    assert all(left + size < right for (left, size), (right, _) in itertools.pairwise(bars))


@pytest.mark.parametrize("text", ["", "顺丰", "SF\n"])
def test_what_set_b_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable"):
        symbols_of(text)
