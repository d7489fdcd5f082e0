"""What happens here when something happened in orders or in the catalog."""

from sqlalchemy.ext.asyncio import AsyncSession

from logistics.held_lot import actions as held_lot_actions
from logistics.shipment import actions
from logistics.shipment.actions import GiftShipment, PaidOrder, PaidPart
from logistics.shipment.rules import PaidLine
from shared.consumer import Handlers
from shared.events import Envelope
from shared.events.catalog import LotHeld, LotReleased
from shared.events.institutions import GiftParcelsDue, OrderConfirmed
from shared.events.orders import DeliveryAddress, OrderCancelled, OrderPaid, ReplacementDue, SoldPart
from shared.ids import new_id


async def on_order_paid(db: AsyncSession, event: OrderPaid, _: Envelope) -> None:
    """Each supplier has something to send."""
    await _send(db, event)


async def on_order_confirmed(db: AsyncSession, event: OrderConfirmed, _: Envelope) -> None:
    """So it has of a unit's order, unless that goes to many: those shipments come from elsewhere."""
    if not event.is_split:
        await _send(db, event)


async def _send(db: AsyncSession, event: OrderPaid | OrderConfirmed) -> None:
    order = _order(event, event.address)
    await actions.create_shipments(db, order=order, parts=[_part(part) for part in event.parts], now=event.sold_at)


async def on_order_cancelled(db: AsyncSession, event: OrderCancelled, _: Envelope) -> None:
    """What has not left stays. An order that was cancelled unpaid may still be paid late, and then has shipments when
    the feed is read again: such a cancellation concerns none of them."""
    if not event.was_sold:
        return
    await actions.cancel_shipments(db, order_id=event.order_id, cancelled_at=event.cancelled_at)


async def on_replacement_due(db: AsyncSession, event: ReplacementDue, _: Envelope) -> None:
    """A supplier has something to send again."""
    await actions.create_replacement(
        db,
        shipment_id=new_id(),
        exchange_id=event.exchange_id,
        supplier_order_id=event.supplier_order_id,
        sku_id=event.sku_id,
        quantity=event.quantity,
        now=event.noted_at,
    )


async def on_gift_parcels_due(db: AsyncSession, event: GiftParcelsDue, _: Envelope) -> None:
    """A supplier has the same goods to send to many."""
    part = PaidPart(
        shipment_id=new_id(),
        supplier_order_id=event.supplier_order_id,
        supplier_id=event.supplier_id,
        supplier_name=event.supplier_name,
        ship_from_county_code=event.ship_from_county_code,
        lines=tuple(PaidLine(**line.model_dump()) for line in event.lines),
    )
    gifts = [GiftShipment(new_id(), parcel.gift_parcel_id, _order(event, parcel.address)) for parcel in event.parcels]
    await actions.create_gift_shipments(db, part=part, gifts=gifts, now=event.due_at)


async def on_lot_held(db: AsyncSession, event: LotHeld, _: Envelope) -> None:
    """Nothing of the lot leaves."""
    await held_lot_actions.note_held(
        db,
        lot_id=event.lot_id,
        code=event.code,
        sku_ids=event.sku_ids,
        reason=event.reason,
        is_recalled=event.is_recalled,
        revision=event.revision,
        now=event.held_at,
    )


async def on_lot_released(db: AsyncSession, event: LotReleased, _: Envelope) -> None:
    """It may leave again."""
    await held_lot_actions.note_released(
        db, lot_id=event.lot_id, code=event.code, revision=event.revision, now=event.released_at
    )


def _order(event: OrderPaid | OrderConfirmed | GiftParcelsDue, address: DeliveryAddress) -> PaidOrder:
    return PaidOrder(
        order_id=event.order_id,
        order_number=event.order_number,
        buyer_id=event.buyer_id,
        organisation_id=event.organisation_id,
        recipient=address.recipient,
        phone=address.phone,
        county_code=address.county_code,
        address_detail=address.detail,
        pickup_point_id=address.pickup_point_id,
        pickup_point_name=address.pickup_point_name,
        hides_address=address.is_hidden,
    )


def _part(part: SoldPart) -> PaidPart:
    return PaidPart(
        shipment_id=new_id(),
        supplier_order_id=part.supplier_order_id,
        supplier_id=part.supplier_id,
        supplier_name=part.supplier_name,
        ship_from_county_code=part.ship_from_county_code,
        lines=tuple(
            PaidLine(
                sku_id=line.sku_id,
                product_id=line.product_id,
                product_title=line.product_title,
                specification=line.specification,
                temperature_class=line.temperature_class,
                net_weight_g=line.net_weight_g,
                quantity=line.quantity,
            )
            for line in part.lines
        ),
    )


ORDERS_HANDLERS: Handlers = {
    OrderPaid: on_order_paid,
    OrderConfirmed: on_order_confirmed,
    OrderCancelled: on_order_cancelled,
    ReplacementDue: on_replacement_due,
    GiftParcelsDue: on_gift_parcels_due,
}
CATALOG_HANDLERS: Handlers = {LotHeld: on_lot_held, LotReleased: on_lot_released}
