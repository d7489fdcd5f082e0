"""Which rows of a dispatch file can be done, decided without a database."""

from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.dispatch_file import rules
from logistics.dispatch_file.rules import FileRow, Known, KnownShipment, check_rows
from logistics.held_lot.rules import Held
from shared.errors import Conflict
from shared.moves import status_after

FIRST, SECOND, GONE, VOID = (UUID(int=number) for number in range(1, 5))
MUSHROOM, APPLE = UUID(int=11), UUID(int=12)
KNOWN = Known(
    shipments={
        FIRST: KnownShipment(FIRST, "N1", "PENDING", {MUSHROOM: 2, APPLE: 3}),
        SECOND: KnownShipment(SECOND, "N2", "PENDING", {APPLE: 1}),
        GONE: KnownShipment(GONE, "N3", "DISPATCHED", {}),
        VOID: KnownShipment(VOID, "N4", "CANCELLED", {APPLE: 1}),
    },
    carriers={"sf-demo": "sf-demo", "顺丰示例": "sf-demo"},
    parcels={("sf-demo", "SF0001"): FIRST, ("sf-demo", "SF0002"): GONE},
    held=[],
)


def row(number: int, **cells: str) -> FileRow:
    empty = {each.key: "" for each in rules.COLUMNS}
    good = {"order_number": "N2", "quantity": "1", "carrier": "顺丰示例", "waybill_number": f"SF10{number:02d}"}
    return FileRow(number, {**empty, **good, **cells})


def codes(*rows: FileRow, known: Known = KNOWN) -> list[str]:
    return [each.code for each in check_rows(rows, known)]


def test_a_good_row_is_understood():
    (found,) = check_rows([row(2, sku_id=str(APPLE), carrier="SF-Demo")], KNOWN)
    assert (found.code, found.shipment_id, found.sku_id, found.quantity) == ("", SECOND, APPLE, 1)
    assert (found.carrier_code, found.waybill_number, found.lot_code) == ("sf-demo", "SF1002", "")


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"order_number": "N9"}, "shipment-unknown", "order_number"),
        ({"order_number": "N1", "shipment_id": str(SECOND)}, "shipment-unknown", "shipment_id"),
        ({"shipment_id": str(uuid4())}, "shipment-unknown", "shipment_id"),
        ({"order_number": "N3"}, "shipment-already-dispatched", "order_number"),
        ({"order_number": "N4"}, "shipment-cancelled", "order_number"),
        ({"order_number": "N1"}, "sku-missing", "sku_id"),
        ({"sku_id": str(MUSHROOM)}, "sku-unknown", "sku_id"),
        ({"quantity": "0"}, "quantity-wrong", "quantity"),
        ({"quantity": "1.5"}, "quantity-wrong", "quantity"),
        ({"quantity": "９"}, "quantity-wrong", "quantity"),
        ({"quantity": "99999999"}, "quantity-wrong", "quantity"),
        ({"quantity": "2"}, "quantity-exceeds", "quantity"),
        ({"carrier": "飞毛腿"}, "carrier-unknown", "carrier"),
        ({"waybill_number": "SF"}, "waybill-wrong", "waybill_number"),
        ({"waybill_number": "SF0001"}, "waybill-taken", "waybill_number"),
        ({"order_number": "N1", "sku_id": str(APPLE), "waybill_number": "SF0001"}, "waybill-sent-already",
         "waybill_number"),
        ({"lot_code": "12345"}, "trace-code-invalid", "lot_code"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named(cells: Mapping[str, str], code: str, column: str):
    (found,) = check_rows([row(2, **cells)], KNOWN)
    assert (found.code, found.column) == (code, column)


def test_goods_of_which_a_lot_is_held_need_their_lot():
    held = Known(KNOWN.shipments, KNOWN.carriers, {}, [Held("L", frozenset({APPLE}), "x", is_recalled=False)])
    assert codes(row(2), known=held) == ["lot-code-needed"]


def test_rows_of_one_shipment_wait_for_each_other_and_those_of_another_do_not():
    found = codes(
        row(2, order_number="N1", sku_id=str(MUSHROOM)),
        row(3, order_number="N1", sku_id=str(APPLE), quantity="many"),
        row(4),
    )
    assert found == ["other-row-wrong", "quantity-wrong", ""]


def test_a_row_twice_and_a_waybill_on_two_shipments_are_refused():
    same = {"waybill_number": "SF2000"}
    assert codes(row(2, **same), row(3, **same)) == ["other-row-wrong", "row-repeated"]
    mushrooms = {"order_number": "N1", "sku_id": str(MUSHROOM), **same}
    assert codes(row(2, **same), row(3, **mushrooms)) == ["waybill-repeated", "waybill-repeated"]


def test_pieces_are_summed_over_rows():
    apples = {"order_number": "N1", "sku_id": str(APPLE), "quantity": "2"}
    assert codes(row(2, **apples), row(3, **apples)) == ["quantity-exceeds"] * 2
    assert codes(row(2, **apples), row(3, **apples | {"quantity": "1"})) == ["", ""]


def test_an_order_with_two_open_shipments_needs_the_shipments_number():
    two = {**KNOWN.shipments, GONE: KnownShipment(GONE, "N2", "PENDING", {APPLE: 1})}
    known = Known(two, KNOWN.carriers, {}, [])
    assert codes(row(2), known=known) == ["shipment-ambiguous"]
    assert codes(row(2, shipment_id=str(GONE)), known=known) == [""]


def test_rows_in_one_box_make_one_parcel():
    box = {"order_number": "N1", "waybill_number": "SF3000"}
    found = check_rows(
        [
            row(2, sku_id=str(MUSHROOM), quantity="2", **box),
            row(3, sku_id=str(APPLE), quantity="1", **box),
            row(4, order_number="N1", sku_id=str(APPLE), quantity="2"),
        ],
        KNOWN,
    )
    parcels = {each.waybill_number: dict(each.quantities) for each in rules.planned_parcels(found)}
    assert parcels == {"SF3000": {MUSHROOM: 2, APPLE: 1}, "SF1004": {APPLE: 2}}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["N1", "N2", "N3", ""]),
            st.sampled_from([str(MUSHROOM), str(APPLE), ""]),
            st.sampled_from(["1", "2", "3", "x"]),
            st.sampled_from(["SF0001", "SF5001", "SF5002", "SF5003"]),
        ),
        max_size=8,
    )
)
def test_good_rows_never_send_more_than_is_open_nor_share_a_waybill(given_rows: list[tuple[str, str, str, str]]):
    rows = [
        row(number, order_number=order, sku_id=sku_id, quantity=count, waybill_number=waybill)
        for number, (order, sku_id, count, waybill) in enumerate(given_rows, start=2)
    ]
    verdicts = check_rows(rows, KNOWN)
    good = [each for each in verdicts if not each.code]
    for shipment_id, shipment in KNOWN.shipments.items():
        for sku_id, to_send in shipment.to_send.items():
            sent = sum(each.quantity or 0 for each in good if (each.shipment_id, each.sku_id) == (shipment_id, sku_id))
            assert sent <= to_send
        own = [each for each in verdicts if each.shipment_id == shipment_id]
        assert len({bool(each.code) for each in own}) <= 1, "a shipment's rows are good together or not at all"
    owners = {(each.waybill_number, each.shipment_id) for each in good}
    assert len(owners) == len({waybill for waybill, _ in owners})


@pytest.mark.parametrize("status", [rules.CHECKED, rules.APPLYING, rules.DONE])
@pytest.mark.parametrize("verb", ["apply", "finish"])
def test_a_file_is_applied_and_finished_once(verb: str, status: str):
    legal = {("apply", rules.CHECKED): rules.APPLYING, ("finish", rules.APPLYING): rules.DONE}
    if (verb, status) in legal:
        assert status_after(rules.MOVES, verb, status, noun="dispatch-file") == legal[verb, status]
    else:
        with pytest.raises(Conflict) as refused:
            status_after(rules.MOVES, verb, status, noun="dispatch-file")
        assert refused.value.code == "dispatch-file-status"
