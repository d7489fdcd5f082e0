"""An order that is paid becomes shipments; one that is cancelled before they left leaves them where they are."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.handlers import ORDERS_HANDLERS
from logistics.shipment import queries
from logistics.shipment.queries import ShipmentFilter
from services.logistics.tests.factories import OPERATOR, on_its_way, order_paid, sold_line, sold_part, with_carrier
from shared.events.institutions import OrderConfirmed
from shared.events.logistics import ShipmentCreated
from shared.events.orders import OrderCancelled, OrderPaid
from shared.testing import NOW, deliver, published


def cancelled(event: OrderPaid, *, was_paid: bool = True) -> OrderCancelled:
    return OrderCancelled(
        order_id=event.order_id,
        order_number=event.order_number,
        reason="changed their mind",
        was_paid=was_paid,
        refunded_fen=event.payable_fen if was_paid else 0,
        cancelled_at=NOW + timedelta(hours=1),
    )


async def test_a_paid_order_is_one_shipment_a_supplier(db: AsyncSession):
    sku = uuid4()
    first = sold_part(sold_line(sku_id=sku, quantity=2), sold_line(), sold_line(sku_id=sku, quantity=3))
    second = sold_part()
    event = order_paid(first, second)
    await deliver(db, ORDERS_HANDLERS, event)
    found = await queries.list_visible(
        db, caller=OPERATOR, wanted=ShipmentFilter(order_id=event.order_id), after=None, limit=10
    )
    assert {each.supplier_order_id for each in found} == {first.supplier_order_id, second.supplier_order_id}
    assert {each.status for each in found} == {"PENDING"}
    lines = await queries.list_lines(db, [each.shipment_id for each in found])
    of_first = next(each for each in found if each.supplier_order_id == first.supplier_order_id)
    assert {line.sku_id: line.quantity for line in lines[of_first.shipment_id]} == {sku: 5, first.lines[1].sku_id: 2}
    assert (of_first.recipient, of_first.county_code, of_first.ship_from_county_code) == ("王小梅", "110105", "130624")
    events = await published(db, ShipmentCreated)
    assert {event_.supplier_order_id for event_ in events if isinstance(event_, ShipmentCreated)} == {
        first.supplier_order_id,
        second.supplier_order_id,
    }


async def test_the_same_payment_told_twice_is_the_same_shipments(db: AsyncSession):
    event = order_paid()
    await deliver(db, ORDERS_HANDLERS, event)
    await deliver(db, ORDERS_HANDLERS, event)
    assert await db.scalar(text("SELECT count(*) FROM shipments")) == 1
    assert len(await published(db, ShipmentCreated)) == 1


async def test_a_cancelled_order_leaves_what_has_not_left(db: AsyncSession):
    event = order_paid(sold_part(), sold_part())
    await deliver(db, ORDERS_HANDLERS, event)
    await deliver(db, ORDERS_HANDLERS, cancelled(event))
    assert list(await db.scalars(text("SELECT status FROM shipments"))) == ["CANCELLED", "CANCELLED"]


async def test_what_has_left_keeps_its_state_and_notes_the_cancellation(db: AsyncSession):
    await with_carrier(db)
    way = await on_its_way(db)
    await deliver(db, ORDERS_HANDLERS, cancelled(way.event))
    row = (await db.execute(text("SELECT status, order_cancelled_at FROM shipments"))).one()
    assert (row.status, row.order_cancelled_at) == ("DISPATCHED", NOW + timedelta(hours=1))


async def test_the_cancellation_of_an_order_never_paid_is_no_ones_business(db: AsyncSession):
    await deliver(db, ORDERS_HANDLERS, cancelled(order_paid()))
    assert await db.scalar(text("SELECT count(*) FROM shipments")) == 0


async def test_an_order_paid_after_its_time_ran_out_keeps_its_shipments_when_the_feed_is_read_again(db: AsyncSession):
    event = order_paid()
    for told in (cancelled(event, was_paid=False), event, cancelled(event, was_paid=False), event):
        await deliver(db, ORDERS_HANDLERS, told)
    assert list(await db.scalars(text("SELECT status FROM shipments"))) == ["PENDING"]


def confirmed(*, is_split: bool = False) -> OrderConfirmed:
    """A unit's order of one supplier."""
    paid = order_paid(sold_part())
    own = {"unit_id": uuid4(), "way": "DIRECT", "fund": "CANTEEN", "budget_year": 2026, "is_split": is_split}
    return OrderConfirmed(**{**dict(paid), **own, "confirmed_at": paid.paid_at})


async def test_a_confirmed_order_of_a_unit_is_sent_as_a_paid_one(db: AsyncSession):
    event = confirmed()
    await deliver(db, ORDERS_HANDLERS, event)
    await deliver(db, ORDERS_HANDLERS, event)
    assert list(await db.scalars(text("SELECT status FROM shipments"))) == ["PENDING"]
    told = OrderCancelled(
        order_id=event.order_id,
        order_number=event.order_number,
        reason="x",
        was_paid=False,
        was_confirmed=True,
        cancelled_at=NOW,
    )
    await deliver(db, ORDERS_HANDLERS, told)
    assert list(await db.scalars(text("SELECT status FROM shipments"))) == ["CANCELLED"]


async def test_what_goes_to_many_is_not_sent_as_one(db: AsyncSession):
    await deliver(db, ORDERS_HANDLERS, confirmed(is_split=True))
    assert await db.scalar(text("SELECT count(*) FROM shipments")) == 0
