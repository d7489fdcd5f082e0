"""Parcels lost on the way: told with their pieces, waited for no more, and noted if they come all the same."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.tracking import actions as tracking_actions
from services.logistics.tests.factories import CARRIER, Headers, Way, on_its_way, said, with_carrier
from shared.auth import Caller
from shared.events.logistics import LostParcelArrived, ParcelsLost, ShipmentDelivered, ShipmentLost
from shared.ids import new_id
from shared.testing import NOW, published

Client = httpx2.AsyncClient


@pytest.fixture
async def way(db: AsyncSession) -> Way:
    await with_carrier(db)
    return await on_its_way(db, parcels=2)


def headers_of(as_caller: Headers, caller: Caller, *roles: str) -> dict[str, str]:
    found = as_caller(person_id=caller.person_id, organisation_id=caller.organisation_id, kind=caller.kind, roles=roles)
    return {**found, "Idempotency-Key": str(uuid4())}


async def lose(client: Client, way: Way, headers: dict[str, str], **body: Any) -> httpx2.Response:
    given = {"evidence": "承运商书面确认遗失", **body}
    return await client.post(f"/v1/shipments/{way.shipment_id}/lose", json=given, headers=headers)


async def arrive(db: AsyncSession, waybill: str) -> None:
    updates = [said(waybill, "DELIVERED", NOW + timedelta(hours=1))]
    await tracking_actions.record_updates(db, carrier_code=CARRIER, updates=updates, now=NOW, new_id=new_id)


async def test_a_lost_parcel_is_told_and_the_others_are_waited_for(
    db: AsyncSession, client: Client, as_caller: Headers, way: Way
):
    headers = headers_of(as_caller, way.supplier)
    answer = await lose(client, way, headers, parcel_ids=[str(way.parcel_id)], remedy="send_again")
    assert (answer.status_code, answer.json()["status"]) == (200, "DISPATCHED")
    losses = {each["waybill_number"]: each["loss"] for each in answer.json()["parcels"]}
    assert (losses[way.waybill]["remedy"], losses[way.waybills[1]]) == ("send_again", None)
    [told] = await published(db, ParcelsLost)
    assert isinstance(told, ParcelsLost)
    assert (told.waybill_numbers, told.remedy, told.reason) == ((way.waybill,), "send_again", "承运商书面确认遗失")
    assert [(line.sku_id, line.quantity) for line in told.lines] == [(way.event.parts[0].lines[0].sku_id, 1)]
    assert (told.declared_side, told.declared_by) == ("supplier", way.supplier.person_id)
    replayed = await lose(client, way, headers, parcel_ids=[str(way.parcel_id)], remedy="send_again")
    assert replayed.headers["Idempotent-Replayed"] == "true"
    await arrive(db, way.waybills[1])
    [arrived] = await published(db, ShipmentDelivered)  # nobody waits for what is lost
    assert isinstance(arrived, ShipmentDelivered)
    assert (arrived.supplier_name, arrived.product_title) == ("阜平早花合作社", "阜平鲜香菇")
    assert await published(db, ShipmentLost) == []


async def test_with_its_last_parcel_the_shipment_is_lost(
    db: AsyncSession, client: Client, as_caller: Headers, way: Way
):
    agent = Caller(uuid4(), None, "operator")
    answer = await lose(client, way, headers_of(as_caller, agent, "support"))
    assert (answer.status_code, answer.json()["status"], answer.json()["delivered_at"]) == (200, "LOST", None)
    assert len(await published(db, ParcelsLost)) == len(await published(db, ShipmentLost)) == 1
    again = await lose(client, way, headers_of(as_caller, agent, "support"))
    assert (again.status_code, again.json()["code"]) == (409, "parcel-lost-already")
    assert len(await published(db, ParcelsLost)) == 1


async def test_what_comes_all_the_same_is_noted_once(db: AsyncSession, client: Client, as_caller: Headers, way: Way):
    await lose(client, way, headers_of(as_caller, way.supplier))
    for _ in range(2):
        await arrive(db, way.waybill)
    [late] = await published(db, LostParcelArrived)
    assert isinstance(late, LostParcelArrived)
    assert (late.parcel_id, late.waybill_number) == (way.parcel_id, way.waybill)
    assert await published(db, ShipmentDelivered) == [], "a lost shipment stays lost"
    shown = await client.get(f"/v1/parcels/{way.parcel_id}", headers=headers_of(as_caller, way.supplier))
    assert shown.json()["loss"]["arrived_at"] is not None


async def test_what_arrived_is_not_lost(db: AsyncSession, client: Client, as_caller: Headers, way: Way):
    await arrive(db, way.waybill)
    answer = await lose(client, way, headers_of(as_caller, way.supplier), parcel_ids=[str(way.parcel_id)])
    assert (answer.status_code, answer.json()["code"]) == (409, "parcel-arrived")
    assert await published(db, ParcelsLost) == []


async def test_who_may_not_declare(client: Client, as_caller: Headers, way: Way):
    buyer = await lose(client, way, headers_of(as_caller, way.buyer))
    assert (buyer.status_code, buyer.json()["code"]) == (403, "not-yours-to-declare")
    analyst = await lose(client, way, headers_of(as_caller, Caller(uuid4(), None, "operator"), "analyst"))
    assert (analyst.status_code, analyst.json()["code"]) == (403, "not-yours-to-declare")
    stranger = await lose(client, way, headers_of(as_caller, Caller(uuid4(), uuid4(), "supplier")))
    assert (stranger.status_code, stranger.json()["code"]) == (404, "shipment-not-found")
    unknown = await lose(client, way, headers_of(as_caller, way.supplier), parcel_ids=[str(uuid4())])
    assert (unknown.status_code, unknown.json()["code"]) == (422, "parcel-unknown")
    empty = await lose(client, way, headers_of(as_caller, way.supplier), evidence="  ")
    assert empty.status_code == 422
