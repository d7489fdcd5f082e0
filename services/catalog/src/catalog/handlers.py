"""What other services' events do here: each becomes one action call."""

from collections import Counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.popularity import actions as popularity_actions
from catalog.profit_share import actions as profit_share_actions
from shared.clock import business_day, utc_now
from shared.consumer import Handlers
from shared.events import Envelope
from shared.events.orders import OrderCancelled, OrderPaid, SupplierOrderSettled


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


async def on_supplier_order_settled(db: AsyncSession, event: SupplierOrderSettled, _: Envelope) -> None:
    """The supplier's contracts give their villages a share."""
    await profit_share_actions.share_settled(
        db,
        order_id=event.order_id,
        supplier_order_id=event.supplier_order_id,
        supplier_id=event.supplier_id,
        lines=[
            profit_share_actions.SettledLine(line.line_id, line.product_id, line.payable_fen) for line in event.lines
        ],
        settled_at=event.settled_at,
        now=utc_now(),
    )


ORDERS_HANDLERS: Handlers = {
    OrderPaid: on_order_paid,
    OrderCancelled: on_order_cancelled,
    SupplierOrderSettled: on_supplier_order_settled,
}
LOGISTICS_HANDLERS: Handlers = {}
