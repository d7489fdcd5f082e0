"""What other services' events do here: each becomes one action call."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.exchange import actions as exchange_actions
from orders.exchange import queries as exchange_queries
from orders.exchange.rules import Replacement
from orders.excursion import actions as excursion_actions
from orders.gift_parcel import actions as gift_parcel_actions
from orders.loss import actions as loss_actions
from orders.loss import rules as loss_rules
from orders.loss.actions import Told
from orders.lot import actions as lot_actions
from orders.order import actions as order_actions
from orders.order import shortfall
from orders.order.actions import Dispatch
from orders.pickup_point import actions as pickup_point_actions
from orders.sku import actions as sku_actions
from shared.consumer import Handlers
from shared.events import Envelope
from shared.events.catalog import LotHeld, LotReleased, SkuDelisted, SkuListed, SkuRevised
from shared.events.logistics import (
    ExcursionClosed,
    ExcursionOpened,
    LostParcelArrived,
    ParcelsLost,
    PickupPointChanged,
    PickupPointClosed,
    PickupPointFacts,
    PickupPointOpened,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLost,
    ShipmentShort,
)


async def on_sku_listed(db: AsyncSession, event: SkuListed, _: Envelope) -> None:
    """The replica gains a SKU, or one comes back."""
    await sku_actions.list_sku(db, event, listed_at=event.listed_at)


async def on_sku_revised(db: AsyncSession, event: SkuRevised, _: Envelope) -> None:
    """The replica follows."""
    await sku_actions.revise_sku(db, event, revised_at=event.revised_at)


async def on_sku_delisted(db: AsyncSession, event: SkuDelisted, _: Envelope) -> None:
    """No more of it is sold."""
    await sku_actions.delist_sku(db, event)


async def on_shipment_dispatched(db: AsyncSession, event: ShipmentDispatched, _: Envelope) -> None:
    """On-hand stock moves now. One SKU in two parcels counts together. A replacement moves what its exchange holds."""
    quantities: Counter[UUID] = Counter()
    lots: Counter[tuple[UUID, str]] = Counter()
    for line in event.lines:
        quantities[line.sku_id] += line.quantity
        if line.lot_code:
            lots[line.sku_id, line.lot_code] += line.quantity
    reference = f"{event.carrier_code} {' '.join(event.waybill_numbers)}"
    if event.exchange_id is not None:
        sent = Replacement(event.shipment_id, reference, quantities, lots)
        await exchange_actions.mark_shipped(
            db, exchange_id=event.exchange_id, sent=sent, shipped_at=event.dispatched_at
        )
        return
    await order_actions.mark_shipped(
        db,
        order_id=event.order_id,
        supplier_order_id=event.supplier_order_id,
        quantities=quantities,
        shipped_at=event.dispatched_at,
        dispatch=Dispatch(event.shipment_id, reference, lots),
    )
    if event.gift_parcel_id is not None:
        await gift_parcel_actions.mark_shipped(
            db,
            parcel_id=event.gift_parcel_id,
            carrier_code=event.carrier_code,
            waybill_numbers=event.waybill_numbers,
            shipped_at=event.dispatched_at,
        )


async def on_shipment_short(db: AsyncSession, event: ShipmentShort, _: Envelope) -> None:
    """What cannot be sent is not held any more, and its money goes back."""
    quantities: Counter[UUID] = Counter()
    for line in event.lines:
        quantities[line.sku_id] += line.quantity
    if event.exchange_id is not None:
        await exchange_actions.give_up(
            db,
            exchange_id=event.exchange_id,
            shortfall_id=event.shortfall_id,
            quantities=quantities,
            reason=event.reason,
            now=event.noted_at,
        )
        return
    await shortfall.give_up(
        db,
        shortfall_id=event.shortfall_id,
        order_id=event.order_id,
        supplier_order_id=event.supplier_order_id,
        quantities=quantities,
        reason=event.reason,
        now=event.noted_at,
    )
    if event.gift_parcel_id is not None:
        await gift_parcel_actions.shorten(db, parcel_id=event.gift_parcel_id, quantities=quantities, now=event.noted_at)


async def on_parcels_lost(db: AsyncSession, event: ParcelsLost, _: Envelope) -> None:
    """What was in them is sent again, or its money goes back."""
    quantities: Counter[UUID] = Counter()
    for line in event.lines:
        quantities[line.sku_id] += line.quantity
    if event.exchange_id is not None:
        await exchange_actions.note_lost(
            db,
            exchange_id=event.exchange_id,
            loss_id=event.loss_id,
            count=sum(quantities.values()),
            carrier_bp=loss_rules.carrier_bp(),
            reason=event.reason,
            now=event.declared_at,
        )
        return
    told = Told(
        loss_id=event.loss_id,
        order_id=event.order_id,
        supplier_order_id=event.supplier_order_id,
        carrier_code=event.carrier_code,
        waybill_numbers=event.waybill_numbers,
        quantities=quantities,
        sends_again=event.remedy == "send_again",
        evidence=event.reason,
        side=event.declared_side,
        declared_by=event.declared_by,
    )
    await loss_actions.note_lost(db, told, now=event.declared_at)


async def on_shipment_lost(db: AsyncSession, event: ShipmentLost, _: Envelope) -> None:
    """Nothing of the part arrives. A replacement has ended with its money; a gift's parcel is one of many."""
    if event.gift_parcel_id is not None:
        await gift_parcel_actions.mark_ended(db, parcel_id=event.gift_parcel_id, verb="lose", at=event.noted_at)
    elif event.exchange_id is None:
        await loss_actions.end_lost_part(
            db, order_id=event.order_id, supplier_order_id=event.supplier_order_id, now=event.noted_at
        )


async def on_lost_parcel_arrived(db: AsyncSession, event: LostParcelArrived, _: Envelope) -> None:
    """It is noted."""
    await loss_actions.note_late_arrival(
        db,
        order_id=event.order_id,
        supplier_order_id=event.supplier_order_id,
        waybill_number=event.waybill_number,
        now=event.arrived_at,
    )


async def on_lot_held(db: AsyncSession, event: LotHeld, _: Envelope) -> None:
    """Its pieces in stock are kept from being sold."""
    await lot_actions.note_held(
        db,
        lot_id=event.lot_id,
        code=event.code,
        sku_ids=event.sku_ids,
        reason=event.reason,
        revision=event.revision,
        now=event.held_at,
    )


async def on_lot_released(db: AsyncSession, event: LotReleased, _: Envelope) -> None:
    """They may be sold again."""
    await lot_actions.note_released(
        db, lot_id=event.lot_id, code=event.code, revision=event.revision, now=event.released_at
    )


async def on_shipment_delivered(db: AsyncSession, event: ShipmentDelivered, _: Envelope) -> None:
    """The part arrived; the last one completes the order. A replacement only completes its exchange."""
    if event.exchange_id is not None:
        await exchange_actions.mark_delivered(db, exchange_id=event.exchange_id, delivered_at=event.delivered_at)
        return
    if event.gift_parcel_id is not None:
        await gift_parcel_actions.mark_ended(db, parcel_id=event.gift_parcel_id, verb="deliver", at=event.delivered_at)
        return
    await order_actions.mark_delivered(
        db, order_id=event.order_id, supplier_order_id=event.supplier_order_id, delivered_at=event.delivered_at
    )


async def on_excursion_opened(db: AsyncSession, event: ExcursionOpened, _: Envelope) -> None:
    """A parcel was out of its range, or silent: whoever judges a claim will know."""
    await excursion_actions.note_opened(
        db,
        excursion_id=event.excursion_id,
        parcel_id=event.parcel_id,
        supplier_order_id=event.supplier_order_id,
        temperature_class=event.temperature_class,
        kind=event.kind,
        severity=event.severity,
        started_at=event.started_at,
        extreme_c=event.extreme_c,
        exchange_id=await exchange_queries.find_id_by_shipment(db, event.shipment_id),
    )


async def on_excursion_closed(db: AsyncSession, event: ExcursionClosed, _: Envelope) -> None:
    """It ended."""
    await excursion_actions.note_closed(
        db,
        excursion_id=event.excursion_id,
        severity=event.severity,
        started_at=event.started_at,
        ended_at=event.ended_at,
        extreme_c=event.extreme_c,
    )


async def on_pickup_point_opened(db: AsyncSession, event: PickupPointOpened, _: Envelope) -> None:
    """Goods may be sent there."""
    await _keep_point(db, event, changed_at=event.opened_at)


async def on_pickup_point_changed(db: AsyncSession, event: PickupPointChanged, _: Envelope) -> None:
    """The replica follows."""
    await _keep_point(db, event, changed_at=event.changed_at)


async def _keep_point(db: AsyncSession, event: PickupPointFacts, *, changed_at: datetime) -> None:
    await pickup_point_actions.keep_point(
        db,
        pickup_point_id=event.pickup_point_id,
        revision=event.revision,
        county_code=event.county_code,
        name=event.name,
        address=event.address,
        kept_classes=event.kept_classes,
        changed_at=changed_at,
    )


async def on_pickup_point_closed(db: AsyncSession, event: PickupPointClosed, _: Envelope) -> None:
    """No further order goes there."""
    await pickup_point_actions.close_point(
        db, pickup_point_id=event.pickup_point_id, revision=event.revision, closed_at=event.closed_at
    )


CATALOG_HANDLERS: Handlers = {
    SkuListed: on_sku_listed,
    SkuRevised: on_sku_revised,
    SkuDelisted: on_sku_delisted,
    LotHeld: on_lot_held,
    LotReleased: on_lot_released,
}
LOGISTICS_HANDLERS: Handlers = {
    ShipmentDispatched: on_shipment_dispatched,
    ShipmentShort: on_shipment_short,
    ShipmentDelivered: on_shipment_delivered,
    ParcelsLost: on_parcels_lost,
    ShipmentLost: on_shipment_lost,
    LostParcelArrived: on_lost_parcel_arrived,
    ExcursionOpened: on_excursion_opened,
    ExcursionClosed: on_excursion_closed,
    PickupPointOpened: on_pickup_point_opened,
    PickupPointChanged: on_pickup_point_changed,
    PickupPointClosed: on_pickup_point_closed,
}
