"""A unit's order of gifts: as many shipments as recipients, each told by its parcel, none of them twice."""

from uuid import UUID, uuid4

import httpx2
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.handlers import ORDERS_HANDLERS
from logistics.shipment import queries
from logistics.shipment.models import Shipment, ShipmentLine
from logistics.shipment.queries import ShipmentFilter
from services.logistics.tests.dispatch.test_partial import Desk
from services.logistics.tests.dispatch.test_routes import Pending
from services.logistics.tests.factories import OPERATOR, Headers, caller_headers, with_carrier
from shared.auth import Caller
from shared.events.institutions import GiftLine, GiftParcel, GiftParcelsDue
from shared.events.logistics import ShipmentCreated, ShipmentDispatched, ShipmentShort
from shared.events.orders import DeliveryAddress, OrderCancelled
from shared.testing import NOW, deliver, published

MUSHROOM, APPLE = uuid4(), uuid4()


def gift_line(sku_id: UUID, quantity: int) -> GiftLine:
    return GiftLine(
        sku_id=sku_id,
        product_id=uuid4(),
        product_title="阜平香菇",
        specification="500克/袋",
        temperature_class="AMBIENT",
        net_weight_g=500,
        quantity=quantity,
    )


def due(count: int, *, order_id: UUID | None = None) -> GiftParcelsDue:
    """Parcels of two mushrooms and an apple for so many members."""
    return GiftParcelsDue(
        campaign_id=uuid4(),
        order_id=order_id or uuid4(),
        order_number="20261122-0001",
        supplier_order_id=uuid4(),
        supplier_id=uuid4(),
        supplier_name="阜平早花合作社",
        ship_from_county_code="130624",
        buyer_id=uuid4(),
        organisation_id=uuid4(),
        lines=(gift_line(MUSHROOM, 2), gift_line(APPLE, 1)),
        parcels=tuple(
            GiftParcel(
                gift_parcel_id=uuid4(),
                address=DeliveryAddress(
                    recipient=f"会员{number}", phone="13800000000", county_code="110105", detail="1号", is_hidden=True
                ),
            )
            for number in range(count)
        ),
        due_at=NOW,
    )


async def shipments_of(db: AsyncSession, event: GiftParcelsDue) -> dict[UUID | None, Shipment]:
    wanted = ShipmentFilter(order_id=event.order_id)
    found = await queries.list_visible(db, caller=OPERATOR, wanted=wanted, after=None, limit=100)
    return {each.gift_parcel_id: each for each in found}


async def test_each_recipient_has_one_shipment_however_often_it_is_told(db: AsyncSession):
    event = due(7)
    await deliver(db, ORDERS_HANDLERS, event)
    await deliver(db, ORDERS_HANDLERS, event)
    made = await shipments_of(db, event)
    assert set(made) == {each.gift_parcel_id for each in event.parcels}
    assert {(each.kind, each.status, each.hides_address) for each in made.values()} == {("GIFT", "PENDING", True)}
    assert made[event.parcels[3].gift_parcel_id].recipient == "会员3"
    assert await db.scalar(select(func.sum(ShipmentLine.quantity))) == 7 * 3
    told = [each for each in await published(db, ShipmentCreated) if isinstance(each, ShipmentCreated)]
    assert sorted(str(each.gift_parcel_id) for each in told) == sorted(str(each) for each in made)


async def test_a_full_chunk_is_taken_at_once(db: AsyncSession):
    event = due(500)
    await deliver(db, ORDERS_HANDLERS, event)
    assert await db.scalar(select(func.count()).select_from(Shipment)) == 500


async def test_a_gift_is_sent_as_any_shipment_and_names_its_parcel(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers
):
    event = due(2)
    await with_carrier(db)
    await deliver(db, ORDERS_HANDLERS, event)
    first, second = event.parcels
    made = await shipments_of(db, event)
    pending = Pending()
    pending.shipment_id = made[first.gift_parcel_id].shipment_id
    desk = Desk(client, pending, caller_headers(as_caller, Caller(uuid4(), event.supplier_id, "supplier")))
    sent = await desk.send("SF7001", {MUSHROOM: 2, APPLE: 1}, is_partial=False)
    assert (sent.status_code, sent.json()["status"], sent.json()["kind"]) == (200, "DISPATCHED", "GIFT")
    pending.shipment_id = made[second.gift_parcel_id].shipment_id
    assert (await desk.give_up({APPLE: 1})).status_code == 200
    left = [each for each in await published(db, ShipmentDispatched) if isinstance(each, ShipmentDispatched)]
    short = [each for each in await published(db, ShipmentShort) if isinstance(each, ShipmentShort)]
    assert [each.gift_parcel_id for each in left] == [first.gift_parcel_id]
    assert [each.gift_parcel_id for each in short] == [second.gift_parcel_id]


async def test_the_unit_that_buys_sees_no_member_s_address_and_the_supplier_does(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Headers
):
    event = due(1)
    await deliver(db, ORDERS_HANDLERS, event)
    [shipment] = (await shipments_of(db, event)).values()
    path = f"/v1/shipments/{shipment.shipment_id}"
    unit = as_caller(kind="institution", organisation_id=event.organisation_id, roles=("union",))
    shown = (await client.get(path, headers=unit)).json()
    assert (shown["address"]["recipient"], shown["address"]["phone"], shown["address"]["detail"]) == ("", "", "")
    assert shown["address"]["county_code"] == "110105"
    supplier = as_caller(kind="supplier", organisation_id=event.supplier_id)
    assert (await client.get(path, headers=supplier)).json()["address"]["recipient"] == "会员0"
    another = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get(path, headers=another)).status_code == 404


async def test_gifts_of_a_cancelled_order_stay(db: AsyncSession):
    event = due(3)
    await deliver(db, ORDERS_HANDLERS, event)
    cancelled = OrderCancelled(order_id=event.order_id, order_number="x", reason="x", was_paid=True, cancelled_at=NOW)
    await deliver(db, ORDERS_HANDLERS, cancelled)
    assert {each.status for each in (await shipments_of(db, event)).values()} == {"CANCELLED"}
