"""Declaring parcels lost: load, decide, save, publish.

Locks in this order: the shipment's parcels, the shipment; a carrier's push does the same.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from logistics.loss import rules
from logistics.parcel import actions as parcel_actions
from logistics.parcel import queries as parcel_queries
from logistics.shipment import actions as shipment_actions
from logistics.shipment import queries as shipment_queries
from shared.auth import Caller
from shared.events.logistics import ParcelsLost, ShortLine
from shared.outbox import publish


async def declare_lost(
    db: AsyncSession,
    *,
    loss_id: UUID,
    shipment_id: UUID,
    parcel_ids: Sequence[UUID],
    remedy: rules.Remedy,
    evidence: str,
    caller: Caller,
    now: datetime,
) -> None:
    """These parcels of a shipment, or all that are on their way, will not arrive. Publishes ParcelsLost, and
    what follows for the shipment: it waits for its other parcels, or is lost with the last.

    403 `not-yours-to-declare`; 404 `shipment-not-found`; 409 `nothing-sent`, `parcel-lost-already`, `parcel-arrived`,
    `parcel-returned`; 422 `parcel-unknown`.
    """
    shipment = await shipment_queries.get_visible(db, shipment_id, caller)
    side = rules.side_of(caller)
    parcels = await parcel_queries.lock_parcels(db, shipment_id)
    lost = rules.chosen(parcels, set(parcel_ids), await parcel_queries.list_losses(db, [shipment_id]))
    lines = await parcel_queries.list_lines(db, [each.parcel_id for each in lost])
    told = parcel_actions.Loss(loss_id, remedy, evidence, side, caller.person_id, now)
    await parcel_actions.keep_losses(db, shipment_id, [each.parcel_id for each in lost], told)
    pieces: Counter[UUID] = Counter()
    for of_parcel in lines.values():
        for line in of_parcel:
            pieces[line.sku_id] += line.quantity
    event = ParcelsLost(
        loss_id=loss_id,
        shipment_id=shipment_id,
        order_id=shipment.order_id,
        supplier_order_id=shipment.supplier_order_id,
        carrier_code=lost[0].carrier_code,
        waybill_numbers=tuple(sorted(each.waybill_number for each in lost)),
        lines=tuple(ShortLine(sku_id=sku_id, quantity=count) for sku_id, count in sorted(pieces.items())),
        remedy=remedy,
        reason=evidence,
        declared_side=side,
        declared_by=caller.person_id,
        declared_at=now,
        exchange_id=shipment.exchange_id,
        gift_parcel_id=shipment.gift_parcel_id,
    )
    await publish(db, event, now=now)
    await shipment_actions.note_delivery(db, shipment_ids=[shipment_id], now=now)
