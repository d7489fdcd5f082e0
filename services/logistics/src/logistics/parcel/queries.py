"""Reads of parcels, each limited to what the caller may see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.parcel.models import Parcel, ParcelLine, ParcelLoss
from logistics.visibility import visible_to
from shared.auth import Caller
from shared.direct import Statement
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """What a device's series must know of its parcel. All but `rested_at`, when its way ended, never changes."""

    parcel_id: UUID
    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    carrier_code: str
    waybill_number: str
    temperature_class: str
    rested_at: datetime | None = None


def visible(caller: Caller) -> ColumnElement[bool]:
    """Which parcels the caller may see."""
    return visible_to(
        caller, buyer_id=Parcel.buyer_id, organisation_id=Parcel.organisation_id, supplier_id=Parcel.supplier_id
    )


async def get_visible(db: AsyncSession, parcel_id: UUID, caller: Caller) -> Parcel:
    """The parcel; 404 `parcel-not-found` also for one that is none of the caller's business."""
    parcel = await db.scalar(select(Parcel).where(Parcel.parcel_id == parcel_id, visible(caller)))
    if parcel is None:
        raise NotFound("There is no such parcel among yours.", code="parcel-not-found")
    return parcel


async def list_of_shipments(db: AsyncSession, shipment_ids: Sequence[UUID]) -> Sequence[Parcel]:
    """The parcels of shipments that the caller was found to see, by waybill."""
    if not shipment_ids:
        return []
    statement = (
        select(Parcel)
        .where(Parcel.shipment_id.in_(shipment_ids))
        .order_by(Parcel.shipment_id, Parcel.carrier_code, Parcel.waybill_number)
    )
    return (await db.scalars(statement)).all()


async def list_lines(db: AsyncSession, parcel_ids: Sequence[UUID]) -> dict[UUID, list[ParcelLine]]:
    """What is in each of these parcels."""
    if not parcel_ids:
        return {}
    statement = (
        select(ParcelLine).where(ParcelLine.parcel_id.in_(parcel_ids)).order_by(ParcelLine.parcel_id, ParcelLine.sku_id)
    )
    lines: dict[UUID, list[ParcelLine]] = {}
    for line in await db.scalars(statement):
        lines.setdefault(line.parcel_id, []).append(line)
    return lines


_BY_WAYBILL = Statement("""
    SELECT parcel_id, shipment_id, order_id, supplier_order_id, carrier_code, waybill_number, temperature_class,
           coalesce(delivered_at, returned_at) AS rested_at
    FROM parcels WHERE carrier_code = :carrier_code AND waybill_number = :waybill_number
    FOR SHARE
""")


async def lock_by_waybill(db: AsyncSession, *, carrier_code: str, waybill_number: str) -> ParcelFacts | None:
    """The parcel under this waybill, or None. Its state does not change until the transaction ends."""
    rows = await _BY_WAYBILL.rows(db, {"carrier_code": carrier_code, "waybill_number": waybill_number})
    return ParcelFacts(*rows[0]) if rows else None


async def list_delivery(db: AsyncSession, shipment_id: UUID) -> list[datetime | None]:
    """When each parcel of the shipment was delivered, those apart that are lost."""
    lost = select(ParcelLoss.parcel_id).where(ParcelLoss.shipment_id == shipment_id)
    wanted = select(Parcel.delivered_at).where(Parcel.shipment_id == shipment_id, Parcel.parcel_id.not_in(lost))
    rows: Any = await db.scalars(wanted)
    return list(rows)


async def lock_parcels(db: AsyncSession, shipment_id: UUID) -> Sequence[Parcel]:
    """The shipment's parcels, locked in the order of their ids, as a carrier's push locks them."""
    statement = select(Parcel).where(Parcel.shipment_id == shipment_id).order_by(Parcel.parcel_id)
    return (await db.scalars(statement.with_for_update(key_share=True).execution_options(populate_existing=True))).all()


async def list_losses(db: AsyncSession, shipment_ids: Sequence[UUID]) -> dict[UUID, ParcelLoss]:
    """Which parcels of these shipments are lost."""
    if not shipment_ids:
        return {}
    found = await db.scalars(select(ParcelLoss).where(ParcelLoss.shipment_id.in_(shipment_ids)))
    return {each.parcel_id: each for each in found}


async def list_arrived(db: AsyncSession, parcel_ids: Collection[UUID]) -> set[UUID]:
    """Those of the parcels whose way is over: delivered, or returned."""
    is_over = or_(Parcel.delivered_at.is_not(None), Parcel.returned_at.is_not(None))
    return set(await db.scalars(select(Parcel.parcel_id).where(Parcel.parcel_id.in_(parcel_ids), is_over)))
