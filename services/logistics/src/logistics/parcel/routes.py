"""Parcels, for the parties of their order."""

from uuid import UUID

from fastapi import APIRouter

from logistics.parcel import queries
from logistics.parcel.models import Parcel, ParcelLine, ParcelLoss
from logistics.parcel.schemas import LossOut, ParcelLineOut, ParcelOut
from logistics.temperature_class.queries import find_class
from logistics.tracking.queries import get_status_book
from shared.auth import CallerDep
from shared.db import Read

router = APIRouter(prefix="/v1/parcels", tags=["parcels"])


@router.get("/{parcel_id}")
async def read_parcel(parcel_id: UUID, caller: CallerDep, db: Read) -> ParcelOut:
    """A parcel, for its buyer, its supplier and operators. 404 `parcel-not-found` for anyone else."""
    parcel = await queries.get_visible(db, parcel_id, caller)
    lines = await queries.list_lines(db, [parcel_id])
    losses = await queries.list_losses(db, [parcel.shipment_id])
    return present_parcel(parcel, lines.get(parcel_id, []), losses.get(parcel_id))


def present_parcel(parcel: Parcel, lines: list[ParcelLine], loss: ParcelLoss | None = None) -> ParcelOut:
    """A parcel as it is shown, with the names of its status and class in both languages."""
    book = get_status_book().statuses
    exception = book[parcel.exception] if parcel.exception else None
    found = find_class(parcel.temperature_class)
    return ParcelOut(
        parcel_id=parcel.parcel_id,
        shipment_id=parcel.shipment_id,
        order_id=parcel.order_id,
        carrier_code=parcel.carrier_code,
        waybill_number=parcel.waybill_number,
        temperature_class=parcel.temperature_class,
        temperature_class_name=found.name if found else parcel.temperature_class,
        temperature_class_name_en=found.name_en if found else parcel.temperature_class,
        status=parcel.status,
        status_name=book[parcel.status].name,
        status_name_en=book[parcel.status].name_en,
        leg=parcel.leg,
        exception=parcel.exception,
        exception_name=exception.name if exception else None,
        exception_name_en=exception.name_en if exception else None,
        exception_at=parcel.exception_at,
        dispatched_at=parcel.dispatched_at,
        last_update_at=parcel.last_update_at,
        delivered_at=parcel.delivered_at,
        returned_at=parcel.returned_at,
        lines=[ParcelLineOut(sku_id=line.sku_id, quantity=line.quantity) for line in lines],
        loss=LossOut.model_validate(loss) if loss else None,
    )
