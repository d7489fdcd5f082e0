"""Writes of parcels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.parcel.models import Parcel, ParcelLine, ParcelLoss
from logistics.parcel.queries import ParcelFacts
from shared.events.logistics import LostParcelArrived
from shared.outbox import publish


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose parcel it is."""

    supplier_id: UUID
    buyer_id: UUID
    organisation_id: UUID | None


@dataclass(frozen=True, slots=True)
class Loss:
    """What was declared of lost parcels, by whom and when."""

    loss_id: UUID
    remedy: str
    evidence: str
    declared_side: str
    declared_by: UUID
    declared_at: datetime


_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:carrier_code || ' ' || :waybill_number, 4))")


async def hold_waybill(db: AsyncSession, *, carrier_code: str, waybill_number: str) -> None:
    """Wait for whoever is about to make a parcel of this waybill, or to set something aside for it.

    What came for an unknown waybill and the dispatch that makes it known must see one another: each takes this before
    it looks. Held until the transaction ends.
    """
    await db.execute(_HOLD, {"carrier_code": carrier_code, "waybill_number": waybill_number})


async def create_parcel(
    db: AsyncSession, *, facts: ParcelFacts, parties: Parties, quantities: Mapping[UUID, int], now: datetime
) -> bool:
    """Follow a box from now on; False where its waybill belongs to another parcel already."""
    statement = (
        insert(Parcel)
        .values(
            parcel_id=facts.parcel_id,
            shipment_id=facts.shipment_id,
            order_id=facts.order_id,
            supplier_order_id=facts.supplier_order_id,
            supplier_id=parties.supplier_id,
            buyer_id=parties.buyer_id,
            organisation_id=parties.organisation_id,
            carrier_code=facts.carrier_code,
            waybill_number=facts.waybill_number,
            temperature_class=facts.temperature_class,
            dispatched_at=now,
        )
        .on_conflict_do_nothing(index_elements=["carrier_code", "waybill_number"])
        .returning(Parcel.parcel_id)
    )
    if await db.scalar(statement) is None:
        return False
    await db.execute(
        insert(ParcelLine),
        [
            {"parcel_id": facts.parcel_id, "sku_id": sku_id, "quantity": quantity}
            for sku_id, quantity in quantities.items()
        ],
    )
    return True


async def keep_losses(db: AsyncSession, shipment_id: UUID, parcel_ids: Sequence[UUID], loss: Loss) -> None:
    """These parcels of a shipment, which are locked, are lost."""
    db.add_all(
        ParcelLoss(
            parcel_id=parcel_id,
            loss_id=loss.loss_id,
            shipment_id=shipment_id,
            remedy=loss.remedy,
            evidence=loss.evidence,
            declared_side=loss.declared_side,
            declared_by=loss.declared_by,
            declared_at=loss.declared_at,
        )
        for parcel_id in parcel_ids
    )
    await db.flush()


_TELL_ARRIVALS = text("""
    UPDATE parcels SET arrival_told_at = :now
    WHERE shipment_id = :shipment_id AND delivered_at IS NOT NULL AND arrival_told_at IS NULL
      AND NOT EXISTS (SELECT FROM parcel_losses AS lost WHERE lost.parcel_id = parcels.parcel_id)
    RETURNING waybill_number, delivered_at
""")


async def tell_arrivals(db: AsyncSession, shipment_id: UUID, *, now: datetime) -> list[Row[Any]]:
    """Which parcels of the locked shipment arrived and were not told of yet, those apart that are lost; from now on
    they are told of."""
    return list(await db.execute(_TELL_ARRIVALS, {"shipment_id": shipment_id, "now": now}))


async def note_late_arrivals(db: AsyncSession, arrived: Mapping[UUID, datetime], *, now: datetime) -> None:
    """Of these parcels, which are locked, those that were declared lost came all the same: noted, and nothing else
    changes. Publishes LostParcelArrived, once a parcel."""
    wanted = (
        select(ParcelLoss, Parcel)
        .join(Parcel, Parcel.parcel_id == ParcelLoss.parcel_id)
        .where(ParcelLoss.parcel_id.in_(arrived), ParcelLoss.arrived_at.is_(None))
        .order_by(ParcelLoss.parcel_id)
    )
    for loss, parcel in (await db.execute(wanted)).all():
        loss.arrived_at = arrived[loss.parcel_id]
        event = LostParcelArrived(
            loss_id=loss.loss_id,
            parcel_id=loss.parcel_id,
            shipment_id=loss.shipment_id,
            order_id=parcel.order_id,
            supplier_order_id=parcel.supplier_order_id,
            waybill_number=parcel.waybill_number,
            arrived_at=loss.arrived_at,
        )
        await publish(db, event, now=now)
    await db.flush()
