"""What an exchange sends again: a shipment of its own beside the first, told by its exchange."""

from uuid import UUID, uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.handlers import ORDERS_HANDLERS
from logistics.shipment import queries
from logistics.shipment.models import Shipment
from logistics.shipment.queries import ShipmentFilter
from services.logistics.tests.dispatch.test_partial import Desk
from services.logistics.tests.dispatch.test_routes import Pending
from services.logistics.tests.factories import OPERATOR, Headers, caller_headers, paid_shipment, with_carrier
from shared.events.logistics import ShipmentCreated, ShipmentDelivered, ShipmentDispatched, ShipmentShort
from shared.events.orders import ReplacementDue
from shared.testing import NOW, deliver, published


async def sent_first(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers) -> tuple[Pending, Desk]:
    """A paid shipment that left whole."""
    await with_carrier(db)
    pending = Pending()
    pending.shipment_id = await paid_shipment(db, pending.event)
    desk = Desk(client, pending, caller_headers(as_caller, pending.supplier))
    await desk.send("SF3001", {pending.mushroom: 2, pending.apple: 3}, is_partial=False)
    return pending, desk


async def due_again(db: AsyncSession, pending: Pending, quantity: int) -> tuple[UUID, Shipment]:
    """A replacement of mushrooms, told of twice: its exchange and its one shipment."""
    part = pending.event.parts[0]
    event = ReplacementDue(
        exchange_id=uuid4(),
        order_id=pending.event.order_id,
        supplier_order_id=part.supplier_order_id,
        supplier_id=part.supplier_id,
        sku_id=pending.mushroom,
        quantity=quantity,
        noted_at=NOW,
    )
    await deliver(db, ORDERS_HANDLERS, event)
    await deliver(db, ORDERS_HANDLERS, event)
    wanted = ShipmentFilter(order_id=pending.event.order_id)
    found = await queries.list_visible(db, caller=OPERATOR, wanted=wanted, after=None, limit=10)
    [replacement] = [each for each in found if each.kind == "REPLACEMENT"]
    pending.shipment_id = replacement.shipment_id
    return event.exchange_id, replacement


async def test_a_replacement_goes_where_the_first_went_and_names_its_exchange(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers
):
    pending, desk = await sent_first(db, client, as_caller)
    exchange_id, shipment = await due_again(db, pending, 2)
    assert (shipment.recipient, shipment.address_detail) == ("王小梅", "望京街道1号")
    shown = (await client.get(f"/v1/shipments/{shipment.shipment_id}", headers=desk.headers)).json()
    assert (shown["kind"], shown["exchange_id"], shown["status"]) == ("REPLACEMENT", str(exchange_id), "PENDING")
    assert [(line["sku_id"], line["quantity"]) for line in shown["lines"]] == [(str(pending.mushroom), 2)]
    await desk.send("SF3002", {pending.mushroom: 1})
    last = await desk.send("SF3003", {pending.mushroom: 1}, is_partial=False)
    assert (last.status_code, last.json()["status"]) == (200, "DISPATCHED"), last.text
    told = await published(db, ShipmentDispatched)
    assert [each.model_dump()["exchange_id"] for each in told] == [None, exchange_id, exchange_id]
    made = await published(db, ShipmentCreated)
    assert [each.model_dump()["exchange_id"] for each in made] == [None, exchange_id]


async def test_a_replacement_may_be_given_up_whole_but_a_first_shipment_may_not(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers
):
    pending, desk = await sent_first(db, client, as_caller)
    exchange_id, _ = await due_again(db, pending, 2)
    too_many = await desk.give_up({pending.mushroom: 3})
    assert (too_many.status_code, too_many.json()["code"]) == (422, "quantities-differ")
    some = await desk.give_up({pending.mushroom: 1})
    assert (some.status_code, some.json()["status"]) == (200, "PENDING")
    rest = await desk.give_up({pending.mushroom: 1})
    assert (rest.status_code, rest.json()["status"], rest.json()["lines"]) == (200, "CANCELLED", [])
    short = await published(db, ShipmentShort)
    assert [each.model_dump()["exchange_id"] for each in short] == [exchange_id, exchange_id]
    assert await published(db, ShipmentDelivered) == []
