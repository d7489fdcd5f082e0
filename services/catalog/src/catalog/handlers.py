"""What other services' events do here: each becomes one action call."""

from collections import Counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.popularity import actions as popularity_actions
from shared.clock import business_day
from shared.consumer import Handlers
from shared.events import Envelope
from shared.events.orders import OrderCancelled, OrderPaid


async def on_order_paid(db: AsyncSession, event: OrderPaid, envelope: Envelope) -> None:
    """What was sold counts for the order of lists, on the day of the payment."""
    quantities: Counter[UUID] = Counter()
    for part in event.parts:
        for line in part.lines:
            quantities[line.product_id] += line.quantity
    await popularity_actions.count_sale(
        db,
        order_id=event.order_id,
        quantities=quantities,
        sold_on=business_day(event.paid_at),
        today=business_day(envelope.time),
    )


async def on_order_cancelled(db: AsyncSession, event: OrderCancelled, _: Envelope) -> None:
    """What was paid and then cancelled was not sold."""
    if event.was_paid:
        await popularity_actions.take_back_sale(db, order_id=event.order_id)


ORDERS_HANDLERS: Handlers = {
    OrderPaid: on_order_paid,
    OrderCancelled: on_order_cancelled,
}
LOGISTICS_HANDLERS: Handlers = {}
