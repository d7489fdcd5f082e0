"""The supplier says that the goods have left."""

from collections import Counter
from uuid import UUID

from fastapi import APIRouter, Response

from logistics.dispatch import actions
from logistics.dispatch.rules import PlannedParcel
from logistics.dispatch.schemas import Dispatch, PackedParcel, Short
from logistics.shipment import queries as shipment_queries
from logistics.shipment.routes import present
from logistics.shipment.schemas import ShipmentOut
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db
from shared.idempotency import Once
from shared.ids import new_id
from shared.trace_codes import normalised

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])


@router.post("/{shipment_id}/dispatch", response_model=ShipmentOut)
async def dispatch_shipment(shipment_id: UUID, body: Dispatch, caller: CallerDep, once: Once, db: Db) -> Response:
    """Send a shipment, in one or more parcels that together hold exactly what is still to be sent; with `is_partial`
    some of it, and the rest follows or is given up.

    403 `not-the-supplier`; 409 `shipment-already-dispatched`, `shipment-cancelled`, `waybill-taken`, `lot-held`,
    `lot-code-needed`; 422 `trace-code-invalid`, `quantities-differ`, `waybill-repeated`, `carrier-unknown`,
    `temperature-classes-apart`.
    """
    await actions.dispatch_shipment(
        db,
        shipment_id=shipment_id,
        caller=caller,
        parcels=[_planned(each) for each in body.parcels],
        now=utc_now(),
        new_id=new_id,
        is_partial=body.is_partial,
    )
    return await _answer(db, shipment_id, caller, once)


@router.post("/{shipment_id}/give-up", response_model=ShipmentOut)
async def give_up_rest(shipment_id: UUID, body: Short, caller: CallerDep, once: Once, db: Db) -> Response:
    """Say that goods of a shipment are out of stock: they are not sent, and their buyer gets the money back.

    With nothing sent and nothing left to send the shipment is CANCELLED, and the delivery's money goes back too.
    403 `not-the-supplier`; 409 `shipment-already-dispatched`, `shipment-cancelled`; 422 `quantities-differ`.
    """
    lost: Counter[UUID] = Counter()
    for line in body.lines:
        lost[line.sku_id] += line.quantity
    await actions.give_up_rest(
        db, shipment_id=shipment_id, caller=caller, lost=lost, reason=body.reason, now=utc_now(), new_id=new_id
    )
    return await _answer(db, shipment_id, caller, once)


async def _answer(db: Db, shipment_id: UUID, caller: CallerDep, once: Once) -> Response:
    db.expire_all()
    shipment = await shipment_queries.get_visible(db, shipment_id, caller)
    return await once.answer(db, (await present(db, [shipment]))[0])


def _planned(parcel: PackedParcel) -> PlannedParcel:
    quantities: Counter[UUID] = Counter()
    lots: Counter[tuple[UUID, str]] = Counter()
    for line in parcel.lines:
        quantities[line.sku_id] += line.quantity
        if line.lot_code:
            lots[line.sku_id, normalised(line.lot_code)] += line.quantity
    return PlannedParcel(parcel.carrier_code, parcel.waybill_number, dict(quantities), dict(lots))
