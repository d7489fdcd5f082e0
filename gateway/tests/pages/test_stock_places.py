"""Sites, a pack's shelves and forms, and the operators' stock check, drawn from answers as the services give them."""

import pytest
from starlette.datastructures import FormData

from gateway.pages import sites, stock_checks, stock_desk
from gateway.pages.menu import entries_for
from gateway.pages.stock_movements import body_of, typed_of_form
from gateway.pages.typed import Typed
from shared.errors import Conflict, Invalid

SKU_ID = "0192a1b2-0000-7000-8000-00000000000a"
HOME, NORTH = ("0192a1b2-0000-7000-8000-0000000000c1", "0192a1b2-0000-7000-8000-0000000000c2")
SKU = {
    "sku_id": SKU_ID,
    "product_id": "0192a1b2-0000-7000-8000-000000000003",
    "product_title": "阜平大枣",
    "product_title_en": "Fuping jujubes",
    "specification": "500克 袋装",
    "specification_en": "500 g bag",
}
LEDGER = {
    "items": [
        {
            "entry_id": 2,
            "kind": "moved",
            "quantity": -3,
            "on_hand_change": 0,
            "held_change": 0,
            "order_id": None,
            "reference": "调拨 1",
            "recorded_by": None,
            "recorded_at": "2026-11-22T01:00:00Z",
            "site_id": HOME,
            "site_name": "主仓",
            "lot_number": "B1",
            "shipment_id": None,
        }
    ]
}


def a_shelf(name, lot, pieces, *, until=None, is_over=False, is_held=False):
    return {
        "sku_id": SKU_ID,
        "site_id": HOME if name == "主仓" else NORTH,
        "site_name": name,
        "county_code": "130624",
        "lot_number": lot,
        "harvested_on": None,
        "expires_on": until,
        "on_hand": pieces,
        "is_held": is_held,
        "is_over": is_over,
    }


SHELVES = [
    a_shelf("主仓", "B1", 7, until="2026-12-24"),
    a_shelf("主仓", "", 1200),
    a_shelf("北仓", "B0", 3, until="2026-11-01", is_over=True),
]
LEVEL = {
    "sku_id": SKU_ID,
    "on_hand": 1210,
    "held": 3,
    "available": 1207,
    "low_at": 2000,
    "is_low": True,
    "is_listed": True,
    "product_title": "阜平大枣",
    "specification": "500克 袋装",
    "shelves": SHELVES,
}


def a_site(site_id, name, **more):
    return {
        "site_id": site_id,
        "supplier_id": "0192a1b2-0000-7000-8000-000000000002",
        "name": name,
        "county_code": "130624",
        "temperature_classes": [],
        "is_default": False,
        "is_active": True,
        "on_hand": 0,
        "revision": 3,
        **more,
    }


SITES = [a_site(HOME, "主仓", is_default=True, on_hand=1207), a_site(NORTH, "北仓", temperature_classes=["FROZEN"])]
FINDING = {
    "finding_id": "0192a1b2-0000-7000-8000-0000000000f1",
    "check_id": "0192a1b2-0000-7000-8000-0000000000f2",
    "sku_id": SKU_ID,
    "product_title": "阜平大枣",
    "specification": "500克 袋装",
    "supplier_id": None,
    "supplier_name": "阜平枣花沟",
    "figures": {
        "counted_on_hand": 1212,
        "booked_on_hand": 1210,
        "placed_on_hand": 1210,
        "counted_held": 3,
        "booked_held": 3,
        "promised_held": 3,
        "shelves_apart": 0,
        "holds_apart": 0,
    },
    "status": "OPEN",
    "found_at": "2026-11-22T01:00:00Z",
    "ended_at": None,
    "ended_by": None,
    "reason": "",
    "adjusted_by": 0,
}
CHECKS = {
    "items": [
        {
            "check_id": FINDING["check_id"],
            "started_at": "2026-11-22T01:00:00Z",
            "finished_at": None,
            "sku_count": 4000,
            "finding_count": 1,
            "open_count": 1,
        }
    ],
    "next_cursor": "older",
    "total": None,
    "open_findings": [FINDING],
    "has_more_findings": True,
}


def shown(response):
    return bytes(response.body).decode()


def pack(page, **refused):
    return shown(stock_desk.draw_pack(page, SKU, LEVEL, LEDGER, sites=SITES, **refused))


def test_the_list_says_where_pieces_lie_and_what_is_low(page_of, markup, language):
    page = page_of(language, kind="supplier", path="/work/stock")
    found = markup(shown(stock_desk.draw_list(page, stock_desk._listing(page), {"items": [LEVEL]}, sites=SITES)))
    assert found.faults == []
    assert page.t.names["stock_state"]["low"] in [each.text for each in found.find("span", class_="badge")]
    assert "主仓 1,207" in found.text
    assert "北仓 3" in found.text
    assert [each.text for each in found.find("option") if each.attributes.get("value") == NORTH] == ["北仓"]


def test_a_pack_has_its_shelves_and_only_what_is_unfit_can_be_written_off(page_of, markup, language):
    page = page_of(language, kind="supplier", path=f"/work/stock/{SKU_ID}")
    found = markup(pack(page))
    assert found.faults == []
    assert page.t.stock_desk.over in [each.text for each in found.find("span", class_="badge")]
    offs = [each for each in found.find("button") if each.attributes.get("value") == "write_off"]
    assert len(offs) == 1
    verbs = {each.attributes.get("value") for each in found.find("button")} - {None}
    assert {"receive", "adjust", "transfer", "threshold", "write_off"} <= verbs
    assert "主仓 · B1 −3" in found.text


def test_a_refused_transfer_keeps_what_was_typed_in_its_own_form(page_of, markup):
    page = page_of("zh", kind="supplier", path=f"/work/stock/{SKU_ID}")
    short = Conflict("no", code="place-short", field="quantity")
    typed = Typed(quantity="99", from_site_id=NORTH, to_site_id=HOME)
    found = markup(pack(page, typed=typed, refusal=short, verb="transfer"))
    assert found.faults == []
    kept = {name: found.find("input", name=name)[0].attributes["value"] for name in ("quantity", "move_quantity")}
    assert kept == {"quantity": "", "move_quantity": "99"}
    [told] = found.find("p", class_="field-error")
    assert (told.text, told.attributes["id"]) == ("这个仓点、这一批没有这么多。", "move_quantity-note")
    ids = [each.attributes["id"] for tag in ("input", "select") for each in found.find(tag) if "id" in each.attributes]
    assert len(ids) == len(set(ids))


def test_forms_beside_each_other_are_read_by_their_own_names():
    form = FormData([("quantity", "1"), ("in_quantity", "2"), ("move_quantity", "3"), ("move_to_site_id", "b")])
    assert typed_of_form(form, "adjust", is_line=False).quantity == "1"
    assert typed_of_form(form, "receive", is_line=True).quantity == "1"
    assert typed_of_form(form, "receive", is_line=False).quantity == "2"
    moved = typed_of_form(form, "transfer", is_line=False)
    assert (moved.quantity, moved.to_site_id) == ("3", "b")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("receive", {"quantity": 5, "reference": "r", "site_id": "s", "lot_number": "B1", "expires_on": "2026-12-01"}),
        ("adjust", {"quantity": 5, "reason": "why", "site_id": "s", "lot_number": "B1"}),
        ("transfer", {"quantity": 5, "reference": "r", "from_site_id": "a", "to_site_id": "b", "lot_number": "B1"}),
        ("write_off", {"reason": "why", "site_id": "s", "lot_number": "B1"}),
    ],
)
def test_each_form_sends_what_its_verb_takes(verb, body):
    typed = Typed(
        quantity="5",
        reference="r",
        reason="why",
        site_id="s",
        lot_number="B1",
        expires_on="2026-12-01",
        from_site_id="a",
        to_site_id="b",
    )
    assert body_of(verb, typed) == body


def test_places_and_lots_that_were_not_chosen_are_not_sent():
    assert body_of("adjust", Typed(quantity="-2", reason="x")) == {"quantity": -2, "reason": "x"}


def test_sites_are_listed_and_only_others_than_the_default_can_be_closed(page_of, markup, language):
    page = page_of(language, kind="supplier", path="/work/sites")
    found = markup(shown(sites.draw(page, SITES, {"130624": "阜平县"})))
    assert found.faults == []
    verbs = [each.attributes.get("value") for each in found.find("button")]
    assert (verbs.count("close"), verbs.count("make-default")) == (1, 1)
    assert page.t.sites.keeps_all in found.text
    refused = Conflict("no", code="site-exists", field="name")
    again = markup(shown(sites.draw(page, [], {}, typed=Typed(name="北仓"), chosen=["FROZEN"], refusal=refused)))
    assert again.faults == []
    assert page.t.names["sites_refusal"]["site-exists"] in again.text
    assert [each.attributes["value"] for each in again.find("input", name="name")] == ["北仓"]


def test_operators_see_what_differs_and_a_refused_repair_stays(page_of, markup, language):
    page = page_of(language, kind="operator", path="/work/stock-checks")
    found = markup(shown(stock_checks.draw(page, CHECKS)))
    assert found.faults == []
    assert "1,212 / 1,210 / 1,210" in found.text
    assert page.t.stock_checks.running in found.text
    assert [each.attributes["href"] for each in found.find("a", rel="next")] == ["/work/stock-checks?cursor=older"]
    wrong = Invalid("no", code="quantity-not-whole", field="counted_on_hand")
    typed = Typed(reason="盘点", counted_on_hand="很多")
    answer = stock_checks.draw(page, CHECKS, finding_id=FINDING["finding_id"], typed=typed, refusal=wrong)
    again = markup(shown(answer))
    assert answer.status_code == 422
    assert [each.attributes["value"] for each in again.find("input", name="counted_on_hand")] == ["很多"]
    well = CHECKS | {"open_findings": [], "has_more_findings": False}
    assert page.t.stock_checks.all_well in markup(shown(stock_checks.draw(page, well))).text
    none = {"items": [], "next_cursor": None, "open_findings": [], "has_more_findings": False}
    assert page.t.stock_checks.no_runs in markup(shown(stock_checks.draw(page, none))).text


def test_only_operators_find_the_check_and_only_suppliers_their_sites(page_of):
    for kind, expected in (("supplier", {"sites"}), ("operator", {"stock_checks"}), ("official", set())):
        keys = {each.key for each in entries_for(page_of("zh", kind=kind).visitor)}
        assert keys & {"sites", "stock_checks"} == expected
