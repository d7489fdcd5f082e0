"""What the rows of a dispatch file say, and which of them can be done. Rows of one shipment are done together."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from logistics.dispatch.rules import PlannedParcel
from logistics.fields import WAYBILL_NUMBER
from logistics.held_lot import rules as held_lot_rules
from logistics.held_lot.rules import Held
from shared.errors import Refusal
from shared.moves import Moves
from shared.trace_codes import normalised

CHECKED, APPLYING, DONE = "CHECKED", "APPLYING", "DONE"
READY, WRONG, SENT, REFUSED = "READY", "WRONG", "SENT", "REFUSED"
MOVES: Moves = {
    "apply": (frozenset({CHECKED}), APPLYING),
    "finish": (frozenset({APPLYING}), DONE),
}
MOST_PIECES = 1_000_000
_LONGEST_SHOWN = 60
_WAYBILL = re.compile(WAYBILL_NUMBER)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the template, by its head in both languages. `is_needed`: a file without it is refused."""

    key: str
    zh: str
    en: str
    is_needed: bool = False


COLUMNS = (
    Column("order_number", "订单号", "Order number", is_needed=True),
    Column("shipment_id", "发货单号", "Shipment"),
    Column("product", "商品", "Goods"),
    Column("specification", "规格", "Pack"),
    Column("sku_id", "商品编号", "Goods number"),
    Column("to_send", "待发件数", "To send"),
    Column("quantity", "发货件数", "Quantity", is_needed=True),
    Column("carrier", "承运商", "Carrier", is_needed=True),
    Column("waybill_number", "运单号", "Waybill number", is_needed=True),
    Column("lot_code", "批次", "Lot"),
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row that is filled in: its number in the sheet, and its cells as typed, by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KnownShipment:
    """A shipment of the supplier; `to_send` are the pieces that have not left, by SKU."""

    shipment_id: UUID
    order_number: str
    status: str
    to_send: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows are held against. `carriers` gives a carrier's code by code and by name, folded; `parcels` the
    shipment of a waybill that is known already."""

    shipments: Mapping[UUID, KnownShipment]
    carriers: Mapping[str, str]
    parcels: Mapping[tuple[str, str], UUID]
    held: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row as it will be done, or what is wrong with it: `code` of sentences.toml, `column` and `facts`."""

    row: FileRow
    shipment_id: UUID | None = None
    sku_id: UUID | None = None
    quantity: int | None = None
    carrier_code: str | None = None
    waybill_number: str | None = None
    lot_code: str = ""
    code: str = ""
    column: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class _Wrong(Exception):  # noqa: N818 - it tells of a cell, not of a fault
    def __init__(self, code: str, column: str, facts: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.code, self.column, self.facts = code, column, facts


def check_rows(rows: Sequence[FileRow], known: Known) -> list[Verdict]:
    """Each row's verdict. A shipment of which one row is wrong waits whole, so that no half of it leaves."""
    verdicts = [_read(row, known) for row in rows]
    for refuse in (_repeated_rows, _repeated_waybills, _too_many_pieces, _beside_wrong_rows):
        verdicts = refuse(verdicts, known)
    return verdicts


def planned_parcels(rows: Sequence[Verdict]) -> list[PlannedParcel]:
    """The parcels of one shipment's good rows."""
    parcels: dict[tuple[str, str], tuple[Counter[UUID], Counter[tuple[UUID, str]]]] = {}
    for row in rows:
        if row.sku_id is None or row.quantity is None or not row.carrier_code or not row.waybill_number:
            raise ValueError("only good rows are sent")
        quantities, lots = parcels.setdefault((row.carrier_code, row.waybill_number), (Counter(), Counter()))
        quantities[row.sku_id] += row.quantity
        if row.lot_code:
            lots[row.sku_id, row.lot_code] += row.quantity
    return [PlannedParcel(*key, dict(quantities), dict(lots)) for key, (quantities, lots) in parcels.items()]


def _read(row: FileRow, known: Known) -> Verdict:
    found = Verdict(row)
    try:
        shipment = _shipment(row, known)
        found = replace(found, shipment_id=shipment.shipment_id)
        found = replace(found, sku_id=_sku(row, shipment))
        found = replace(found, quantity=_quantity(row.cells["quantity"]))
        carrier = known.carriers.get(row.cells["carrier"].strip().lower())
        if carrier is None:
            names = "、".join(sorted(set(known.carriers.values())))
            raise _wrong(row, "carrier-unknown", "carrier", carriers=names)
        waybill = row.cells["waybill_number"]
        if not _WAYBILL.fullmatch(waybill):
            raise _wrong(row, "waybill-wrong", "waybill_number")
        other = known.parcels.get((carrier, waybill))
        if other is not None:
            code = "waybill-sent-already" if other == shipment.shipment_id else "waybill-taken"
            raise _wrong(row, code, "waybill_number")
        found = replace(found, carrier_code=carrier, waybill_number=waybill)
        return replace(found, lot_code=_lot(row, found, known))
    except _Wrong as wrong:
        return replace(found, code=wrong.code, column=wrong.column, facts=wrong.facts)


def _shipment(row: FileRow, known: Known) -> KnownShipment:
    number, given = row.cells["order_number"], row.cells["shipment_id"]
    if given:
        found = [each for each in known.shipments.values() if str(each.shipment_id) == given.lower()]
        if not found or (number and found[0].order_number != number):
            raise _wrong(row, "shipment-unknown", "shipment_id")
    else:
        found = [each for each in known.shipments.values() if each.order_number == number]
        found = [each for each in found if each.status == "PENDING"] or found
        if not found:
            raise _wrong(row, "shipment-unknown", "order_number")
        if len(found) > 1:
            raise _wrong(row, "shipment-ambiguous", "order_number")
    column = "shipment_id" if given else "order_number"
    if found[0].status == "CANCELLED":
        raise _wrong(row, "shipment-cancelled", column)
    if found[0].status != "PENDING":
        raise _wrong(row, "shipment-already-dispatched", column)
    return found[0]


def _sku(row: FileRow, shipment: KnownShipment) -> UUID:
    given = row.cells["sku_id"].lower()
    if not given and len(shipment.to_send) > 1:
        raise _wrong(row, "sku-missing", "sku_id")
    for sku_id in shipment.to_send:
        if not given or str(sku_id) == given:
            return sku_id
    raise _wrong(row, "sku-unknown", "sku_id")


def _quantity(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(MOST_PIECES)) and int(typed) > 0):
        raise _Wrong("quantity-wrong", "quantity", {"value": typed[:_LONGEST_SHOWN]})
    if int(typed) > MOST_PIECES:
        raise _Wrong("quantity-wrong", "quantity", {"value": typed})
    return int(typed)


def _lot(row: FileRow, found: Verdict, known: Known) -> str:
    code = normalised(row.cells["lot_code"])
    try:
        held_lot_rules.ensure_codes([code] if code else [])
        held_lot_rules.ensure_sendable([(found.sku_id, code)] if found.sku_id else [], known.held)
    except Refusal as refusal:
        raise _wrong(row, refusal.code, "lot_code", lot_code=code) from refusal
    return code


def _wrong(row: FileRow, code: str, column: str, **facts: Any) -> _Wrong:
    return _Wrong(code, column, {"value": row.cells[column][:_LONGEST_SHOWN], **facts})


def _repeated_rows(verdicts: list[Verdict], _: Known) -> list[Verdict]:
    first: dict[object, int] = {}
    found = []
    for each in verdicts:
        key = (each.shipment_id, each.sku_id, each.carrier_code, each.waybill_number, each.lot_code)
        earlier = first.setdefault(key, each.row.number) if not each.code else each.row.number
        is_first = earlier == each.row.number
        found.append(
            each if is_first else replace(each, code="row-repeated", column="order_number", facts={"row": earlier})
        )
    return found


def _repeated_waybills(verdicts: list[Verdict], _: Known) -> list[Verdict]:
    shipments: dict[object, set[UUID | None]] = {}
    for each in verdicts:
        if not each.code:
            shipments.setdefault((each.carrier_code, each.waybill_number), set()).add(each.shipment_id)
    return [
        replace(each, code="waybill-repeated", column="waybill_number", facts={"value": each.waybill_number})
        if not each.code and len(shipments[each.carrier_code, each.waybill_number]) > 1
        else each
        for each in verdicts
    ]


def _too_many_pieces(verdicts: list[Verdict], known: Known) -> list[Verdict]:
    packed: Counter[tuple[UUID | None, UUID | None]] = Counter()
    for each in verdicts:
        if not each.code:
            packed[each.shipment_id, each.sku_id] += each.quantity or 0
    found = []
    for each in verdicts:
        if not each.code and each.shipment_id and each.sku_id:
            to_send = known.shipments[each.shipment_id].to_send[each.sku_id]
            count = packed[each.shipment_id, each.sku_id]
            if count > to_send:
                facts = {"to_send": to_send, "packed": count}
                found.append(replace(each, code="quantity-exceeds", column="quantity", facts=facts))
                continue
        found.append(each)
    return found


def _beside_wrong_rows(verdicts: list[Verdict], _: Known) -> list[Verdict]:
    wrong: dict[UUID, int] = {}
    for each in verdicts:
        if each.code and each.shipment_id:
            wrong.setdefault(each.shipment_id, each.row.number)
    return [
        replace(each, code="other-row-wrong", column="order_number", facts={"row": wrong[each.shipment_id]})
        if not each.code and each.shipment_id in wrong
        else each
        for each in verdicts
    ]
