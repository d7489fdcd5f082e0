"""Shipments, for the parties of their order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.held_lot import queries as held_lot_queries
from logistics.held_lot.models import ShipmentLot
from logistics.parcel import queries as parcel_queries
from logistics.parcel.routes import present_parcel
from logistics.shipment import queries
from logistics.shipment.models import Shipment, ShipmentLine
from logistics.shipment.queries import ShipmentFilter
from logistics.shipment.schemas import AddressOut, LotPiecesOut, ShipmentLineOut, ShipmentOut, ShipmentStatus
from shared.auth import Caller, CallerDep
from shared.db import Read
from shared.errors import BadRequest
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])


@router.get("")
async def list_shipments(
    caller: CallerDep,
    db: Read,
    order_id: UUID | None = None,
    supplier_id: UUID | None = None,
    status: Annotated[ShipmentStatus | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[ShipmentOut]:
    """The caller's shipments, the newest first: a buyer's own, a supplier's own, an operator's all."""
    wanted = ShipmentFilter(order_id=order_id, supplier_id=supplier_id, status=status)
    found = await queries.list_visible(
        db, caller=caller, wanted=wanted, after=_place(cursor) if cursor else None, limit=limit + 1
    )
    items, has_more = found[:limit], len(found) > limit
    next_cursor = encode_cursor(items[-1].created_at.isoformat(), str(items[-1].shipment_id)) if has_more else None
    shown = _without_hidden(items, await present(db, items), caller)
    return Page[ShipmentOut](items=shown, next_cursor=next_cursor)


@router.get("/{shipment_id}")
async def read_shipment(shipment_id: UUID, caller: CallerDep, db: Read) -> ShipmentOut:
    """A shipment, for its buyer, its supplier and operators. 404 `shipment-not-found` for anyone else."""
    found = [await queries.get_visible(db, shipment_id, caller)]
    return _without_hidden(found, await present(db, found), caller)[0]


def _without_hidden(shipments: Sequence[Shipment], shown: Sequence[ShipmentOut], caller: Caller) -> list[ShipmentOut]:
    """Whoever buys for somebody else is not told where they live: the supplier sends it there."""
    if caller.is_operator or caller.kind == "supplier":
        return list(shown)
    return [
        each.model_copy(update={"address": each.address.without_contact()}) if shipment.hides_address else each
        for shipment, each in zip(shipments, shown, strict=True)
    ]


async def present(db: AsyncSession, shipments: Sequence[Shipment]) -> list[ShipmentOut]:
    """Shipments as they are shown, with their lines and parcels."""
    ids = [each.shipment_id for each in shipments]
    lines = await queries.list_lines(db, ids)
    lots = await held_lot_queries.list_lots(db, ids)
    parcels = await parcel_queries.list_of_shipments(db, ids)
    losses = await parcel_queries.list_losses(db, ids)
    parcel_lines = await parcel_queries.list_lines(db, [each.parcel_id for each in parcels])
    return [
        ShipmentOut(
            shipment_id=each.shipment_id,
            order_id=each.order_id,
            order_number=each.order_number,
            supplier_order_id=each.supplier_order_id,
            supplier_id=each.supplier_id,
            supplier_name=each.supplier_name,
            ship_from_county_code=each.ship_from_county_code,
            status=each.status,
            kind=each.kind,
            exchange_id=each.exchange_id,
            gift_parcel_id=each.gift_parcel_id,
            created_at=each.created_at,
            dispatched_at=each.dispatched_at,
            delivered_at=each.delivered_at,
            order_cancelled_at=each.order_cancelled_at,
            address=AddressOut(
                recipient=each.recipient,
                phone=each.phone,
                county_code=each.county_code,
                detail=each.address_detail,
                pickup_point_id=each.pickup_point_id,
                pickup_point_name=each.pickup_point_name,
            ),
            lines=[
                _line(line, lots.get((each.shipment_id, line.sku_id), [])) for line in lines.get(each.shipment_id, [])
            ],
            parcels=[
                present_parcel(parcel, parcel_lines.get(parcel.parcel_id, []), losses.get(parcel.parcel_id))
                for parcel in parcels
                if parcel.shipment_id == each.shipment_id
            ],
        )
        for each in shipments
    ]


def _line(line: ShipmentLine, lots: Sequence[ShipmentLot]) -> ShipmentLineOut:
    found = ShipmentLineOut.model_validate(line, from_attributes=True)
    return found.model_copy(update={"lots": [LotPiecesOut.model_validate(each) for each in lots]})


def _place(cursor: str) -> tuple[datetime, UUID]:
    created_at, shipment_id = decode_cursor(cursor, size=2)
    try:
        return datetime.fromisoformat(str(created_at)), UUID(str(shipment_id))
    except ValueError as error:
        raise BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor") from error
