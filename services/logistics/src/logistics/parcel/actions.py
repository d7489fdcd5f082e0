"""Writes of parcels."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.parcel.models import Parcel, ParcelLine
from logistics.parcel.queries import ParcelFacts


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose parcel it is."""

    supplier_id: UUID
    buyer_id: UUID
    organisation_id: UUID | None


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
