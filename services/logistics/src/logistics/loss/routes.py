"""Parcels that will not arrive, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from logistics.loss import actions
from logistics.loss.schemas import DeclareLost
from logistics.shipment import queries as shipment_queries
from logistics.shipment.routes import present
from logistics.shipment.schemas import ShipmentOut
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db
from shared.idempotency import Once
from shared.ids import new_id

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])


@router.post("/{shipment_id}/lose", response_model=ShipmentOut)
async def declare_lost(shipment_id: UUID, body: DeclareLost, caller: CallerDep, once: Once, db: Db) -> Response:
    """Say that parcels of a shipment are lost on their way, by its supplier or the customer service: their buyer gets
    the money back, or the same again where that is wanted and there is enough.

    403 `not-yours-to-declare`; 404 `shipment-not-found`; 409 `nothing-sent`, `parcel-lost-already`, `parcel-arrived`,
    `parcel-returned`; 422 `parcel-unknown`.
    """
    await actions.declare_lost(
        db,
        loss_id=new_id(),
        shipment_id=shipment_id,
        parcel_ids=body.parcel_ids,
        remedy=body.remedy,
        evidence=body.evidence,
        caller=caller,
        now=utc_now(),
    )
    db.expire_all()
    shipment = await shipment_queries.get_visible(db, shipment_id, caller)
    return await once.answer(db, (await present(db, [shipment]))[0])
