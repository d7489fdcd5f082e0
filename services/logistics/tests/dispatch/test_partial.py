"""A shipment may leave in parts, and what is out of stock is given up."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.shipment import actions as shipment_actions
from services.logistics.tests.dispatch.test_routes import Pending, packed
from services.logistics.tests.factories import Headers, caller_headers, paid_shipment, with_carrier
from shared.auth import Caller
from shared.events.logistics import ShipmentDelivered, ShipmentDispatched, ShipmentShort
from shared.testing import NOW, published


@pytest.fixture
async def pending(db: AsyncSession) -> Pending:
    await with_carrier(db)
    made = Pending()
    made.shipment_id = await paid_shipment(db, made.event)
    return made


class Desk:
    """The supplier's requests."""

    def __init__(self, client: httpx2.AsyncClient, pending: Pending, headers: dict[str, str]) -> None:
        self.client, self.pending, self.headers = client, pending, headers

    async def post(self, verb: str, **body: Any) -> httpx2.Response:
        headers = {**self.headers, "Idempotency-Key": str(uuid4())}
        return await self.client.post(f"/v1/shipments/{self.pending.shipment_id}/{verb}", json=body, headers=headers)

    async def send(self, waybill: str, lines: dict[UUID, int], *, is_partial: bool = True) -> httpx2.Response:
        return await self.post("dispatch", parcels=[packed(waybill, lines)], is_partial=is_partial)

    async def give_up(self, lines: dict[UUID, int]) -> httpx2.Response:
        lost = [{"sku_id": str(sku_id), "quantity": quantity} for sku_id, quantity in lines.items()]
        return await self.post("give-up", lines=lost, reason="缺货")


@pytest.fixture
def desk(client: httpx2.AsyncClient, pending: Pending, as_caller: Headers) -> Desk:
    return Desk(client, pending, caller_headers(as_caller, pending.supplier))


def counts(answer: httpx2.Response) -> dict[str, tuple[int, int]]:
    return {line["sku_id"]: (line["quantity"], line["dispatched_quantity"]) for line in answer.json()["lines"]}


async def test_the_rest_follows_and_the_last_part_dispatches_the_shipment(
    db: AsyncSession, pending: Pending, desk: Desk
):
    first = await desk.send("SF2001", {pending.mushroom: 1})
    assert (first.status_code, first.json()["status"]) == (200, "PENDING")
    assert counts(first)[str(pending.mushroom)] == (2, 1)
    refused = await desk.send("SF2002", {pending.mushroom: 1}, is_partial=False)
    assert (refused.status_code, refused.json()["code"]) == (422, "quantities-differ")
    too_many = await desk.send("SF2002", {pending.mushroom: 2})
    assert too_many.json()["differences"] == [{"sku_id": str(pending.mushroom), "paid": 1, "packed": 2}]
    last = await desk.send("SF2002", {pending.mushroom: 1, pending.apple: 3}, is_partial=False)
    assert (last.status_code, last.json()["status"], len(last.json()["parcels"])) == (200, "DISPATCHED", 2)
    events = [each for each in await published(db, ShipmentDispatched) if isinstance(each, ShipmentDispatched)]
    assert [each.waybill_numbers for each in events] == [("SF2001",), ("SF2002",)]
    assert sum(line.quantity for each in events for line in each.lines) == 5


async def test_what_is_given_up_is_told_and_need_not_be_sent(db: AsyncSession, pending: Pending, desk: Desk):
    await desk.send("SF2001", {pending.mushroom: 2, pending.apple: 1})
    more = await desk.give_up({pending.apple: 3})
    assert (more.status_code, more.json()["code"]) == (422, "quantities-differ")
    one = await desk.give_up({pending.apple: 1})
    assert (one.status_code, one.json()["status"], counts(one)[str(pending.apple)]) == (200, "PENDING", (2, 1))
    await db.execute(text("UPDATE parcels SET delivered_at = :now"), {"now": NOW})
    await shipment_actions.note_delivery(db, shipment_ids=[pending.shipment_id], now=NOW)
    assert await published(db, ShipmentDelivered) == [], "something is still to be sent"
    last = await desk.give_up({pending.apple: 1})
    assert last.json()["status"] == "DELIVERED", "all that was to be sent had arrived"
    assert len(await published(db, ShipmentDelivered)) == 1
    short = [each for each in await published(db, ShipmentShort) if isinstance(each, ShipmentShort)]
    assert [[(line.sku_id, line.quantity) for line in each.lines] for each in short] == [[(pending.apple, 1)]] * 2
    late = await desk.give_up({pending.apple: 1})
    assert (late.status_code, late.json()["code"]) == (409, "shipment-already-dispatched")


async def test_a_line_of_which_nothing_can_be_sent_goes(pending: Pending, desk: Desk):
    answer = await desk.give_up({pending.apple: 3})
    assert list(counts(answer)) == [str(pending.mushroom)]
    assert (await desk.send("SF2001", {pending.mushroom: 2}, is_partial=False)).json()["status"] == "DISPATCHED"


async def test_giving_up_everything_cancels_the_shipment(db: AsyncSession, pending: Pending, desk: Desk):
    answer = await desk.give_up({pending.apple: 3, pending.mushroom: 2})
    assert (answer.status_code, answer.json()["status"], counts(answer)) == (200, "CANCELLED", {})
    [short] = await published(db, ShipmentShort)
    assert {line.sku_id: line.quantity for line in short.lines} == {pending.apple: 3, pending.mushroom: 2}
    again = await desk.give_up({pending.apple: 1})
    assert (again.status_code, again.json()["code"]) == (409, "shipment-cancelled")
    sent = await desk.send("SF2002", {pending.apple: 3, pending.mushroom: 2}, is_partial=False)
    assert (sent.status_code, sent.json()["code"]) == (409, "shipment-cancelled")


async def test_only_its_supplier_gives_up(client: httpx2.AsyncClient, pending: Pending, as_caller: Headers):
    buyer = Desk(client, pending, caller_headers(as_caller, Caller(pending.event.buyer_id)))
    answer = await buyer.give_up({pending.apple: 1})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-the-supplier")
