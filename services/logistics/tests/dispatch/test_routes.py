"""The supplier, and nobody else, sends a shipment: once, completely, in one or more parcels."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.logistics.tests.factories import (
    CARRIER,
    OPERATOR,
    Headers,
    caller_headers,
    on_its_way,
    order_paid,
    paid_shipment,
    sold_line,
    sold_part,
    with_carrier,
)
from shared.auth import Caller
from shared.db import Database
from shared.events.logistics import ShipmentDispatched
from shared.events.orders import OrderPaid
from shared.testing import published


def packed(waybill: str, lines: dict[UUID, int], carrier: str = CARRIER) -> dict[str, Any]:
    return {
        "carrier_code": carrier,
        "waybill_number": waybill,
        "lines": [{"sku_id": str(sku_id), "quantity": quantity} for sku_id, quantity in lines.items()],
    }


class Pending:
    """A paid shipment that has not left: two mushrooms, three apples."""

    def __init__(self) -> None:
        self.mushroom, self.apple = uuid4(), uuid4()
        self.event: OrderPaid = order_paid(
            sold_part(
                sold_line(sku_id=self.mushroom, quantity=2),
                sold_line(sku_id=self.apple, quantity=3, temperature_class="POME"),
            )
        )
        self.supplier = Caller(uuid4(), self.event.parts[0].supplier_id, "supplier")
        self.shipment_id = uuid4()

    @property
    def everything(self) -> list[dict[str, Any]]:
        return [packed("SF1001", {self.mushroom: 2, self.apple: 1}), packed("SF1002", {self.apple: 2})]


@pytest.fixture
async def pending(db: AsyncSession) -> Pending:
    await with_carrier(db)
    made = Pending()
    made.shipment_id = await paid_shipment(db, made.event)
    return made


async def send(
    client: httpx2.AsyncClient, pending: Pending, headers: dict[str, str], parcels: Any, key: str = "once"
) -> httpx2.Response:
    return await client.post(
        f"/v1/shipments/{pending.shipment_id}/dispatch",
        json={"parcels": parcels},
        headers={**headers, "Idempotency-Key": key},
    )


async def test_a_shipment_leaves_in_two_parcels_and_says_so(
    client: httpx2.AsyncClient, db: AsyncSession, pending: Pending, as_caller: Headers
):
    headers = caller_headers(as_caller, pending.supplier)
    answer = await send(client, pending, headers, pending.everything)
    assert answer.status_code == 200
    shipment = answer.json()
    assert (shipment["status"], len(shipment["parcels"])) == ("DISPATCHED", 2)
    assert [(p["waybill_number"], p["status"], p["temperature_class"]) for p in shipment["parcels"]] == [
        ("SF1001", "CREATED", "MUSHROOM"),
        ("SF1002", "CREATED", "POME"),
    ]
    (event,) = await published(db, ShipmentDispatched)
    assert isinstance(event, ShipmentDispatched)
    assert (event.carrier_code, event.waybill_numbers) == (CARRIER, ("SF1001", "SF1002"))
    assert {line.sku_id: line.quantity for line in event.lines} == {pending.mushroom: 2, pending.apple: 3}
    again = await send(client, pending, headers, pending.everything)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (answer.content, "true")
    assert len(await published(db, ShipmentDispatched)) == 1


async def test_a_second_dispatch_is_refused(client: httpx2.AsyncClient, pending: Pending, as_caller: Headers):
    headers = caller_headers(as_caller, pending.supplier)
    await send(client, pending, headers, pending.everything)
    again = await send(client, pending, headers, pending.everything, key="another")
    assert (again.status_code, again.json()["code"]) == (409, "shipment-already-dispatched")


async def test_bad_plans_are_refused_and_nothing_leaves(
    client: httpx2.AsyncClient, db: AsyncSession, pending: Pending, as_caller: Headers
):
    await on_its_way(db, waybill="SF-TAKEN")
    headers = caller_headers(as_caller, pending.supplier)
    whole = {pending.mushroom: 2, pending.apple: 3}
    plans: list[tuple[Any, int, str]] = [
        ([packed("SF2001", {pending.mushroom: 2})], 422, "quantities-differ"),
        ([packed("SF2001", {**whole, uuid4(): 1})], 422, "quantities-differ"),
        ([packed("SF2001", whole), packed("SF2001", whole)], 422, "waybill-repeated"),
        ([packed("SF2001", whole, carrier="nobody")], 422, "carrier-unknown"),
        ([packed("SF-TAKEN", whole)], 409, "waybill-taken"),
        ([packed("小", whole)], 422, "validation"),
        ([packed("SF2001", {pending.mushroom: 0})], 422, "validation"),
        ([], 422, "validation"),
    ]
    for index, (parcels, status, code) in enumerate(plans):
        answer = await send(client, pending, headers, parcels, key=f"plan-{index}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    row = await db.execute(text("SELECT status FROM shipments WHERE shipment_id = :id"), {"id": pending.shipment_id})
    assert row.scalar_one() == "PENDING"
    assert await db.scalar(text("SELECT count(*) FROM parcels WHERE waybill_number LIKE 'SF2%'")) == 0


async def test_goods_of_different_temperatures_need_parcels_of_their_own(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    await with_carrier(db)
    made = Pending()
    frozen, banana = sold_line(temperature_class="FROZEN"), sold_line(temperature_class="BANANA")
    made.event = order_paid(sold_part(frozen, banana, supplier_id=made.supplier.organisation_id))
    made.shipment_id = await paid_shipment(db, made.event)
    headers = caller_headers(as_caller, made.supplier)
    together = [packed("SF3001", {frozen.sku_id: 2, banana.sku_id: 2})]
    refused = await send(client, made, headers, together)
    assert (refused.status_code, refused.json()["code"]) == (422, "temperature-classes-apart")
    apart = [packed("SF3001", {frozen.sku_id: 2}), packed("SF3002", {banana.sku_id: 2})]
    assert (await send(client, made, headers, apart)).status_code == 200


async def test_only_its_supplier_dispatches(client: httpx2.AsyncClient, pending: Pending, as_caller: Headers):
    buyer = Caller(pending.event.buyer_id)
    for caller in (buyer, OPERATOR):
        answer = await send(client, pending, caller_headers(as_caller, caller), pending.everything)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-the-supplier")
    for kind in ("supplier", "consumer", "carrier", "analyst"):
        answer = await send(client, pending, as_caller(kind=kind, organisation_id=uuid4()), pending.everything)
        assert (answer.status_code, answer.json()["code"]) == (404, "shipment-not-found")
    bare = await client.post(f"/v1/shipments/{pending.shipment_id}/dispatch", json={"parcels": pending.everything})
    assert bare.status_code in (400, 401)
    keyless = await client.post(
        f"/v1/shipments/{pending.shipment_id}/dispatch",
        json={"parcels": pending.everything},
        headers=caller_headers(as_caller, pending.supplier),
    )
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency-key-missing")


async def test_a_cancelled_shipment_stays(
    client: httpx2.AsyncClient, db: AsyncSession, pending: Pending, as_caller: Headers
):
    await db.execute(text("UPDATE shipments SET status = 'CANCELLED', order_cancelled_at = now()"))
    answer = await send(client, pending, caller_headers(as_caller, pending.supplier), pending.everything)
    assert (answer.status_code, answer.json()["code"]) == (409, "shipment-cancelled")


async def test_of_many_dispatches_at_once_one_wins(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    made = Pending()
    async with fresh_database.begin() as db:
        await with_carrier(db)
        made.shipment_id = await paid_shipment(db, made.event)
    headers = caller_headers(as_caller, made.supplier)
    whole = {made.mushroom: 2, made.apple: 3}
    answers = await asyncio.gather(
        *(send(live_client, made, headers, [packed(f"SF400{n}", whole)], key=f"key-{n}") for n in range(8))
    )
    assert sorted(each.status_code for each in answers) == [200, *[409] * 7]
    async with fresh_database.begin() as db:
        assert len(await published(db, ShipmentDispatched)) == 1
        assert await db.scalar(text("SELECT count(*) FROM parcels")) == 1
        assert await db.scalar(text("SELECT bool_and(dispatched_quantity = quantity) FROM shipment_lines"))
