"""Reads of gift parcels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_OF_MEMBER = text("""
    SELECT parcel.parcel_id, part.supplier_name, parcel.status, parcel.carrier_code, parcel.waybill_numbers,
           parcel.shipped_at, parcel.delivered_at
    FROM gift_parcels AS parcel JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE parcel.member_id = :member_id ORDER BY part.part_number, parcel.parcel_id
""")


@dataclass(frozen=True, slots=True)
class OwnParcel:
    """A parcel as its member sees it."""

    parcel_id: UUID
    supplier_name: str
    status: str
    carrier_code: str
    waybill_numbers: list[str]
    shipped_at: datetime | None
    delivered_at: datetime | None


async def list_of_member(db: AsyncSession, member_id: UUID) -> Sequence[OwnParcel]:
    """The parcels that come to a member."""
    return [OwnParcel(**row) for row in (await db.execute(_OF_MEMBER, {"member_id": member_id})).mappings()]
