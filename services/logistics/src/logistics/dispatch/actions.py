"""Dispatch: the goods leave the supplier, and each box becomes a parcel that we follow."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from logistics.carrier import queries as carrier_queries
from logistics.dispatch import rules
from logistics.dispatch.rules import PlannedParcel
from logistics.held_lot import actions as held_lot_actions
from logistics.parcel import actions as parcel_actions
from logistics.parcel.queries import ParcelFacts
from logistics.reading import actions as reading_actions
from logistics.shipment import actions as shipment_actions
from logistics.shipment import queries as shipment_queries
from logistics.temperature_class.queries import find_class
from logistics.temperature_class.rules import strictest
from logistics.tracking import actions as tracking_actions
from shared.auth import Caller
from shared.errors import Conflict, Forbidden, Invalid
from shared.events.logistics import DispatchedLine, ShipmentDispatched, ShipmentShort, ShortLine
from shared.outbox import publish


async def dispatch_shipment(
    db: AsyncSession,
    *,
    shipment_id: UUID,
    caller: Caller,
    parcels: Sequence[PlannedParcel],
    now: datetime,
    new_id: Callable[[], UUID],
    is_partial: bool = False,
) -> None:
    """Send a pending shipment, by its supplier. Of two at once the second finds it dispatched. With `is_partial` less
    than all may leave: the shipment stays pending for the rest.

    What carriers and devices already said of these waybills takes effect now. Publishes ShipmentDispatched.
    """
    shipment = await shipment_queries.lock_visible(db, shipment_id, caller)
    if caller.kind != "supplier":
        raise Forbidden("Only its supplier dispatches a shipment.", code="not-the-supplier")
    rules.ensure_pending(shipment.status)
    rules.ensure_distinct(parcels)
    lines = {line.sku_id: line for line in (await shipment_queries.list_lines(db, [shipment_id]))[shipment_id]}
    is_last = rules.ensure_complete(parcels, shipment_queries.to_send(lines.values()), is_partial=is_partial)
    pieces = rules.pieces_by_lot(parcels)
    await held_lot_actions.ensure_sendable(db, list(pieces))
    classes = {sku_id: line.temperature_class for sku_id, line in lines.items()}
    await _ensure_carriers(db, parcels)
    packed: Counter[UUID] = Counter()
    made: list[ParcelFacts] = []
    for parcel in sorted(parcels, key=lambda each: (each.carrier_code, each.waybill_number)):
        await parcel_actions.hold_waybill(db, carrier_code=parcel.carrier_code, waybill_number=parcel.waybill_number)
        packed.update(parcel.quantities)
        facts = ParcelFacts(
            parcel_id=new_id(),
            shipment_id=shipment_id,
            order_id=shipment.order_id,
            supplier_order_id=shipment.supplier_order_id,
            carrier_code=parcel.carrier_code,
            waybill_number=parcel.waybill_number,
            temperature_class=class_of([classes[sku_id] for sku_id in parcel.quantities]),
        )
        parties = parcel_actions.Parties(shipment.supplier_id, shipment.buyer_id, shipment.organisation_id)
        if not await parcel_actions.create_parcel(
            db, facts=facts, parties=parties, quantities=parcel.quantities, now=now
        ):
            raise Conflict(
                f"Waybill {parcel.waybill_number} is on another parcel already. Check the number.",
                code="waybill-taken",
                field="parcels",
            )
        made.append(facts)
    await shipment_actions.mark_dispatched(db, shipment, quantities=packed, is_last=is_last, now=now)
    await held_lot_actions.note_sent(db, shipment_id=shipment_id, pieces=pieces)
    event = ShipmentDispatched(
        shipment_id=shipment_id,
        order_id=shipment.order_id,
        supplier_order_id=shipment.supplier_order_id,
        carrier_code=parcels[0].carrier_code,
        waybill_numbers=tuple(parcel.waybill_number for parcel in parcels),
        lines=tuple(
            DispatchedLine(sku_id=sku_id, quantity=quantity, lot_code=code or None)
            for (sku_id, code), quantity in sorted(pieces.items())
        ),
        dispatched_at=now,
        exchange_id=shipment.exchange_id,
        gift_parcel_id=shipment.gift_parcel_id,
    )
    await publish(db, event, now=now)
    for facts in made:
        await tracking_actions.restate_parcels(
            db, carrier_code=facts.carrier_code, waybill_numbers=[facts.waybill_number], now=now, new_id=new_id
        )
        await reading_actions.claim_early_readings(
            db, carrier_code=facts.carrier_code, waybill_number=facts.waybill_number, now=now, new_id=new_id
        )


async def give_up_rest(
    db: AsyncSession,
    *,
    shipment_id: UUID,
    caller: Caller,
    lost: Mapping[UUID, int],
    reason: str,
    now: datetime,
    new_id: Callable[[], UUID],
) -> None:
    """Pieces of a pending shipment are out of stock and will not be sent, by its supplier. What is left of the shipment
    is dispatched when nothing remains to be sent; one of which nothing left is cancelled. Publishes ShipmentShort."""
    shipment = await shipment_queries.lock_visible(db, shipment_id, caller)
    if caller.kind != "supplier":
        raise Forbidden("Only its supplier gives up goods of a shipment.", code="not-the-supplier")
    rules.ensure_pending(shipment.status)
    lines = (await shipment_queries.list_lines(db, [shipment_id]))[shipment_id]
    rules.ensure_short(shipment_queries.to_send(lines), lost)
    event = ShipmentShort(
        shortfall_id=new_id(),
        shipment_id=shipment_id,
        order_id=shipment.order_id,
        supplier_order_id=shipment.supplier_order_id,
        lines=tuple(ShortLine(sku_id=sku_id, quantity=count) for sku_id, count in sorted(lost.items())),
        reason=reason,
        noted_at=now,
        exchange_id=shipment.exchange_id,
        gift_parcel_id=shipment.gift_parcel_id,
    )
    await shipment_actions.shorten(db, shipment, lines, lost=lost, now=now)
    await publish(db, event, now=now)
    await shipment_actions.note_delivery(db, shipment_ids=[shipment_id], now=now)


def class_of(names: Sequence[str]) -> str:
    """By which class a parcel with goods of these classes is judged."""
    known = [found for name in names if (found := find_class(name)) is not None]
    judged_by = strictest(known)
    return judged_by.temperature_class if judged_by is not None else min(names)


async def _ensure_carriers(db: AsyncSession, parcels: Sequence[PlannedParcel]) -> None:
    known = {carrier.carrier_code for carrier in await carrier_queries.list_carriers(db)}
    for index, parcel in enumerate(parcels):
        if parcel.carrier_code not in known:
            raise Invalid(
                f"We do not work with a carrier {parcel.carrier_code}.",
                code="carrier-unknown",
                field=f"parcels.{index}.carrier_code",
            )
