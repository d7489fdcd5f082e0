"""A held lot does not leave: from the catalog's event to the refusal on the desk, in whatever order events come."""

from uuid import UUID, uuid4

import pytest

from logistics.handlers import CATALOG_HANDLERS
from services.logistics.tests.factories import (
    CARRIER,
    caller_headers,
    order_paid,
    paid_shipment,
    sold_line,
    sold_part,
    with_carrier,
)
from shared.auth import Caller
from shared.events.catalog import LotHeld, LotReleased
from shared.events.logistics import ShipmentDispatched
from shared.testing import NOW, deliver, published
from shared.trace_codes import check_character

CODE = "4203250000012611200001" + check_character("4203250000012611200001")
OTHER = "4203250000012611200002" + check_character("4203250000012611200002")


class Sending:
    """A paid shipment of three pieces of one SKU, and the lot that they may be of."""

    def __init__(self) -> None:
        self.sku_id, self.lot_id = uuid4(), uuid4()
        self.event = order_paid(sold_part(sold_line(sku_id=self.sku_id, quantity=3)))
        self.supplier = Caller(uuid4(), self.event.parts[0].supplier_id, "supplier")
        self.shipment_id: UUID = uuid4()

    def held(self, revision: int = 2, *, is_recalled: bool = False) -> LotHeld:
        return LotHeld(
            lot_id=self.lot_id,
            code=CODE,
            supplier_id=self.event.parts[0].supplier_id,
            county_code="420325",
            sku_ids=(self.sku_id,),
            reason="检测不合格",
            is_recalled=is_recalled,
            revision=revision,
            held_at=NOW,
        )

    def released(self, revision: int = 3) -> LotReleased:
        return LotReleased(lot_id=self.lot_id, code=CODE, reason="复检合格", revision=revision, released_at=NOW)


@pytest.fixture
async def sending(db):
    await with_carrier(db)
    made = Sending()
    made.shipment_id = await paid_shipment(db, made.event)
    return made


async def send(client, sending, as_caller, *lots):
    """Three pieces, of the given (quantity, lot code)."""
    lines = [{"sku_id": str(sending.sku_id), "quantity": quantity, "lot_code": code} for quantity, code in lots]
    return await client.post(
        f"/v1/shipments/{sending.shipment_id}/dispatch",
        json={"parcels": [{"carrier_code": CARRIER, "waybill_number": "SF1001", "lines": lines}]},
        headers=caller_headers(as_caller, sending.supplier) | {"Idempotency-Key": uuid4().hex},
    )


async def test_what_leaves_names_its_lots(client, db, sending, as_caller):
    answer = await send(client, sending, as_caller, (1, CODE), (1, OTHER.lower()), (1, None))
    assert answer.status_code == 200, answer.text
    assert answer.json()["lines"][0]["lots"] == [{"lot_code": CODE, "quantity": 1}, {"lot_code": OTHER, "quantity": 1}]
    (event,) = await published(db, ShipmentDispatched)
    assert [(line.quantity, line.lot_code) for line in event.lines] == [(1, None), (1, CODE), (1, OTHER)]


async def test_a_held_lot_does_not_leave_and_another_does(client, db, sending, as_caller):
    await deliver(db, CATALOG_HANDLERS, sending.held())
    refused = await send(client, sending, as_caller, (2, OTHER), (1, CODE))
    assert (refused.status_code, refused.json()["code"], refused.json()["lot_code"]) == (409, "lot-held", CODE)
    unnamed = await send(client, sending, as_caller, (3, None))
    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "lot-code-needed")
    assert await published(db, ShipmentDispatched) == []
    assert (await send(client, sending, as_caller, (3, OTHER))).status_code == 200


async def test_a_released_lot_leaves(client, db, sending, as_caller):
    await deliver(db, CATALOG_HANDLERS, sending.held())
    await deliver(db, CATALOG_HANDLERS, sending.released())
    assert (await send(client, sending, as_caller, (3, CODE))).status_code == 200


async def test_an_old_event_that_comes_late_or_twice_changes_nothing(client, db, sending, as_caller):
    await deliver(db, CATALOG_HANDLERS, sending.released(3))
    await deliver(db, CATALOG_HANDLERS, sending.held(2))
    await deliver(db, CATALOG_HANDLERS, sending.released(3))
    assert (await send(client, sending, as_caller, (3, None))).status_code == 200


async def test_a_recalled_lot_says_so(client, db, sending, as_caller):
    await deliver(db, CATALOG_HANDLERS, sending.held(4, is_recalled=True))
    refused = await send(client, sending, as_caller, (3, CODE))
    assert (refused.status_code, refused.json()["is_recalled"]) == (409, True)


async def test_a_code_with_a_wrong_character_is_refused(client, sending, as_caller):
    refused = await send(client, sending, as_caller, (3, CODE.replace("2611", "2612")))
    assert (refused.status_code, refused.json()["code"]) == (422, "trace-code-invalid")
