"""What other services' events do here: each becomes one action call."""

from collections import Counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.popularity import actions as popularity_actions
from catalog.profit_share import actions as profit_share_actions
from catalog.rating import actions as rating_actions
from catalog.rating.rules import Rating
from catalog.reach import actions as reach_actions
from catalog.reach.actions import PaidPartFacts, Pieces
from catalog.stock_flag import actions as stock_flag_actions
from shared.clock import business_day, utc_now
from shared.consumer import Handlers
from shared.events import Envelope
from shared.events.institutions import OrderConfirmed
from shared.events.logistics import ExcursionOpened, ShipmentDispatched
from shared.events.orders import (
    BackInStock,
    OrderCancelled,
    OrderPaid,
    ProductReviewed,
    RefundGranted,
    StockLow,
    StockSignal,
    SupplierOrderSettled,
)


async def on_order_sold(db: AsyncSession, event: OrderPaid | OrderConfirmed, envelope: Envelope) -> None:
    """What was sold counts for the order of lists, on the day of the payment, or of the supplier's word where a unit
    pays later; whose it is, for what its lots reach."""
    quantities: Counter[UUID] = Counter()
    for part in event.parts:
        for line in part.lines:
            quantities[line.product_id] += line.quantity
    await popularity_actions.count_sale(
        db,
        order_id=event.order_id,
        quantities=quantities,
        sold_on=business_day(event.sold_at),
        today=business_day(envelope.time),
    )
    await reach_actions.note_paid(
        db,
        [
            PaidPartFacts(
                supplier_order_id=part.supplier_order_id,
                order_id=event.order_id,
                order_number=event.order_number,
                supplier_id=part.supplier_id,
                buyer_id=event.buyer_id,
                buyer_kind=event.buyer_kind,
                organisation_id=event.organisation_id,
                county_code=event.address.county_code,
                paid_at=event.sold_at,
            )
            for part in event.parts
        ],
    )


async def on_order_cancelled(db: AsyncSession, event: OrderCancelled, _: Envelope) -> None:
    """What was paid or confirmed and then cancelled was not sold."""
    if event.was_sold:
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


async def on_refund_granted(db: AsyncSession, event: RefundGranted, _: Envelope) -> None:
    """What a line gave its village is taken back in the measure in which its goods' money goes back to the buyer; what
    the platform bears leaves the supplier its money, and the village its share."""
    if event.platform_fen == event.refunded_fen:
        return
    await profit_share_actions.reverse_shares(
        db,
        refund_id=event.refund_id,
        refunds={line.line_id: line.goods_fen for line in event.lines},
        refunded_at=event.granted_at,
        now=utc_now(),
    )


async def on_stock_signal(db: AsyncSession, event: StockSignal, _: Envelope) -> None:
    """Lists of what can be bought now follow."""
    await stock_flag_actions.note_stock(
        db,
        sku_id=event.sku_id,
        product_id=event.product_id,
        available=event.available,
        low_at=event.low_at,
        revision=event.revision,
        now=event.noted_at,
    )


async def on_product_reviewed(db: AsyncSession, event: ProductReviewed, _: Envelope) -> None:
    """What buyers say orders lists."""
    await rating_actions.note_rating(
        db,
        product_id=event.product_id,
        rating=Rating(event.rating_count, event.rating_sum),
        revision=event.revision,
    )


async def on_shipment_dispatched(db: AsyncSession, event: ShipmentDispatched, _: Envelope) -> None:
    """Which lots left, for which order."""
    await reach_actions.note_dispatched(
        db,
        shipment_id=event.shipment_id,
        order_id=event.order_id,
        supplier_order_id=event.supplier_order_id,
        pieces=[Pieces(line.sku_id, line.quantity, line.lot_code or "") for line in event.lines],
        dispatched_at=event.dispatched_at,
    )


async def on_excursion_opened(db: AsyncSession, event: ExcursionOpened, envelope: Envelope) -> None:
    """A grave excursion holds the lots that are in the shipment."""
    await reach_actions.note_excursion(
        db,
        excursion_id=event.excursion_id,
        shipment_id=event.shipment_id,
        severity=event.severity,
        kind=event.kind,
        started_at=event.started_at,
        now=envelope.time,
    )


ORDERS_HANDLERS: Handlers = {
    OrderPaid: on_order_sold,
    OrderConfirmed: on_order_sold,
    OrderCancelled: on_order_cancelled,
    SupplierOrderSettled: on_supplier_order_settled,
    RefundGranted: on_refund_granted,
    StockLow: on_stock_signal,
    BackInStock: on_stock_signal,
    ProductReviewed: on_product_reviewed,
}
LOGISTICS_HANDLERS: Handlers = {
    ShipmentDispatched: on_shipment_dispatched,
    ExcursionOpened: on_excursion_opened,
}
