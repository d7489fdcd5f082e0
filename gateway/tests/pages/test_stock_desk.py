"""A supplier's stock: the list with its receiving lines, a pack's ledger, and what a refusal leaves standing."""

import pytest

from gateway.pages import stock_desk
from gateway.pages.menu import entries_for
from gateway.pages.stock_desk import signed
from gateway.pages.stock_movements import pieces_of
from gateway.pages.typed import Typed
from shared.errors import Conflict, Invalid

FIRST, SECOND = (f"0192a1b2-0000-7000-8000-00000000000{end}" for end in "ab")


def a_level(sku_id, **counters):
    return {
        "sku_id": sku_id,
        "on_hand": 0,
        "held": 0,
        "available": 0,
        "supplier_id": "0192a1b2-0000-7000-8000-000000000002",
        "supplier_name": "阜平枣花沟",
        "product_title": "阜平大枣",
        "specification": "500克 袋装",
        "is_listed": True,
        **counters,
    }


def an_entry(kind, quantity, on_hand, held, reference=""):
    return {
        "entry_id": 1,
        "kind": kind,
        "quantity": quantity,
        "on_hand_change": on_hand,
        "held_change": held,
        "order_id": None,
        "reference": reference,
        "recorded_by": None,
        "recorded_at": "2026-11-22T01:00:00Z",
    }


LEVELS = {"items": [a_level(FIRST, on_hand=1200, held=20, available=1180), a_level(SECOND)], "next_cursor": "later"}
SKU = {
    "sku_id": FIRST,
    "product_id": "0192a1b2-0000-7000-8000-000000000003",
    "product_title": "阜平大枣",
    "product_title_en": "Fuping jujubes",
    "specification": "500克 袋装",
    "specification_en": "500 g bag",
}
LEDGER = {"items": [an_entry("shipped", 2, -2, -2), an_entry("received", 1200, 1200, 0, "入库 7 号")]}


def drawn(page, **refused):
    return stock_desk.draw_list(page, stock_desk._listing(page), LEVELS, **refused)


def pack_drawn(page, **refused):
    return stock_desk.draw_pack(page, SKU, {"available": 1180}, LEDGER, **refused)


@pytest.mark.parametrize(("typed", "pieces"), [("120", 120), ("1,200", 1200), ("+3", 3), ("-3", -3), ("−3", -3)])
def test_pieces_are_read_as_people_write_them(typed, pieces):
    assert pieces_of(typed) == pieces


@pytest.mark.parametrize("typed", ["", "some", "1.5", "--3", "٣"])
def test_what_is_no_whole_number_is_refused_by_name(typed):
    with pytest.raises(Invalid) as refused:
        pieces_of(typed)
    assert (refused.value.code, refused.value.field) == ("quantity-not-whole", "quantity")


def test_movements_have_their_sign():
    assert [signed(each) for each in (1200, -2, 0)] == ["+1,200", "−2", ""]


def test_a_pack_tells_what_can_be_sold_and_what_ran_out(page_of, markup, language):
    page = page_of(language, kind="supplier", path="/work/stock")
    found = markup(bytes(drawn(page).body).decode())
    names = page.t.names["stock_state"]
    assert found.faults == []
    assert [each.text for each in found.find("span", class_="badge")] == [names["listed"], names["empty"]]
    assert [each.text for each in found.find("td", class_="number")][:3] == ["1,180", "20", "1,200"]
    assert [each.attributes["href"] for each in found.find("a", rel="next")] == ["/work/stock?cursor=later"]


def test_a_refused_receipt_keeps_what_was_typed_beside_its_own_pack(page_of, markup):
    page = page_of("zh", kind="supplier", path="/work/stock")
    wrong = Invalid("no", code="quantity-not-whole", field="quantity")
    typed = Typed(quantity="很多", reference="送货单 3")
    answer = drawn(page, sku_id=SECOND, typed=typed, refusal=wrong)
    found = markup(bytes(answer.body).decode())
    assert answer.status_code == 422
    assert [each.attributes["value"] for each in found.find("input", name="quantity")] == ["", "很多"]
    [told] = found.find("p", class_="field-error")
    assert (told.text, told.attributes["id"]) == ("请写整数件数，例如 120。", f"{SECOND}-note")


def test_the_ledger_shows_each_movement_and_a_refused_correction_stays(page_of, markup, language):
    page = page_of(language, kind="supplier", path=f"/work/stock/{FIRST}")
    kinds = page.t.names["stock_movement"]
    rows = markup(bytes(pack_drawn(page).body).decode()).find("td")
    assert [each.text for each in rows] == [
        kinds["shipped"], "−2", "−2", "—", "—", kinds["received"], "+1,200", "—", "—", "入库 7 号",
    ]  # fmt: skip
    short = Conflict("no", code="stock-short", field="quantity")
    found = markup(bytes(pack_drawn(page, typed=Typed(quantity="-9999", reason="受潮"), refusal=short).body).decode())
    assert found.faults == []
    assert page.t.names["stock_desk_refusal"]["stock-short"] in found.text
    assert [each.attributes["value"] for each in found.find("input", name="quantity")] == ["-9999"]


def test_suppliers_find_their_stock_and_nobody_else_does(page_of):
    for kind, is_there in (("supplier", True), ("official", False), ("operator", False), ("consumer", False)):
        keys = {each.key for each in entries_for(page_of("zh", kind=kind).visitor)}
        assert ("stock_desk" in keys) is is_there
