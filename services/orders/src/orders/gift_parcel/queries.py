"""Reads of gift parcels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_parcel.models import GiftParcel
from orders.gift_parcel.rules import PackedLine
from shared.errors import NotFound

_OF_MEMBER = text("""
    SELECT parcel.parcel_id, part.supplier_name, parcel.status, parcel.carrier_code, parcel.waybill_numbers,
           parcel.shipped_at, parcel.delivered_at
    FROM gift_parcels AS parcel JOIN supplier_orders AS part USING (supplier_order_id)
    WHERE parcel.member_id = :member_id ORDER BY part.part_number, parcel.parcel_id
""")

_PACKED = text("""
    SELECT line.package_id, line.sku_id, line.quantity, line.unit_price_fen
    FROM gift_packages AS package JOIN gift_package_lines AS line USING (package_id)
    WHERE package.campaign_id = :campaign_id ORDER BY package.position, line.sku_id
""")
_CHOSEN = text(
    "SELECT package_id, count(*) AS taken FROM gift_claims WHERE campaign_id = :campaign_id GROUP BY package_id"
)
_LEFT = text("""
    SELECT package_id, package.planned_count - chosen_count AS left
    FROM gift_packages AS package JOIN gift_campaigns AS campaign USING (campaign_id)
    WHERE campaign_id = :campaign_id ORDER BY package_id <> campaign.default_package_id, package.position
""")
_UNCLAIMED = text("SELECT count(*) FROM claim_codes WHERE campaign_id = :campaign_id AND status = 'ISSUED'")
_BY_STATUS = text(
    "SELECT status, count(*) AS parcels FROM gift_parcels WHERE campaign_id = :campaign_id GROUP BY status"
)
_DUE_PARTS = text("""
    SELECT supplier_order_id FROM supplier_orders AS part
    WHERE part.fulfilment IN ('PENDING_SHIPMENT', 'PARTLY_SHIPPED')
      AND supplier_order_id IN (SELECT supplier_order_id FROM gift_parcels WHERE status = 'DUE')
    ORDER BY supplier_order_id LIMIT :limit
""")
_VOID_PARTS = text("""
    SELECT supplier_order_id FROM supplier_orders AS part
    WHERE part.fulfilment = 'CANCELLED'
      AND supplier_order_id IN (SELECT supplier_order_id FROM gift_parcels WHERE status = 'DUE')
    ORDER BY supplier_order_id LIMIT :limit
""")
_PART = text("""
    SELECT part.supplier_order_id, part.supplier_id, part.supplier_name, part.ship_from_county_code, placed.order_id,
           placed.order_number, placed.buyer_id, placed.organisation_id, placed.recipient, placed.phone,
           placed.county_code, placed.address_detail
    FROM supplier_orders AS part JOIN orders AS placed USING (order_id) WHERE supplier_order_id = :supplier_order_id
""")
_SOLD = text("""
    SELECT sku_id, product_id, product_title, specification, temperature_class, net_weight_g
    FROM order_lines WHERE supplier_order_id = :supplier_order_id
""")
_DUE = text("""
    WITH first AS (
        SELECT lines FROM gift_parcels WHERE supplier_order_id = :supplier_order_id AND status = 'DUE'
        ORDER BY parcel_id LIMIT 1
    )
    SELECT parcel.parcel_id, parcel.campaign_id, parcel.member_id, parcel.lines, claim.recipient, claim.phone,
           claim.county_code, claim.detail, claim.pickup_point_id, claim.pickup_point_name
    FROM gift_parcels AS parcel JOIN first ON first.lines = parcel.lines
    LEFT JOIN gift_claims AS claim USING (member_id)
    WHERE parcel.supplier_order_id = :supplier_order_id AND parcel.status = 'DUE'
    ORDER BY parcel.parcel_id LIMIT :limit FOR NO KEY UPDATE OF parcel SKIP LOCKED
""")
_OPEN_OF_PART = text("""
    SELECT count(*) FROM gift_parcels
    WHERE supplier_order_id = :supplier_order_id AND status IN ('DUE', 'TOLD', 'SHIPPED')
""")
_OPEN_OF_MEMBER = text("""
    SELECT count(*) FROM gift_parcels WHERE member_id = :member_id AND status IN ('DUE', 'TOLD', 'SHIPPED')
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


async def list_packed(db: AsyncSession, campaign_id: UUID) -> list[PackedLine]:
    """What is in the campaign's packages, at their prices."""
    return [PackedLine(**row) for row in (await db.execute(_PACKED, {"campaign_id": campaign_id})).mappings()]


async def list_chosen(db: AsyncSession, campaign_id: UUID) -> dict[UUID, int]:
    """How often each package was taken."""
    return {row.package_id: row.taken for row in await db.execute(_CHOSEN, {"campaign_id": campaign_id})}


async def list_left(db: AsyncSession, campaign_id: UUID) -> list[tuple[UUID, int]]:
    """Packages that nobody took yet, the default first."""
    return [(row.package_id, row.left) for row in await db.execute(_LEFT, {"campaign_id": campaign_id})]


async def count_unclaimed(db: AsyncSession, campaign_id: UUID) -> int:
    """Members who have a code and chose nothing."""
    return int(await db.scalar(_UNCLAIMED, {"campaign_id": campaign_id}) or 0)


async def count_parcels(db: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Parcels by their state."""
    rows = await db.execute(_BY_STATUS, {"campaign_id": campaign_id})
    return {row.status: row.parcels for row in rows}


async def list_due_parts(db: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """Suppliers' parts that were confirmed and of which parcels are not told of yet."""
    return list(await db.scalars(_DUE_PARTS, {"limit": limit}))


async def list_void_parts(db: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """Parts that came to nothing while parcels of them still wait."""
    return list(await db.scalars(_VOID_PARTS, {"limit": limit}))


async def get_part(db: AsyncSession, supplier_order_id: UUID) -> dict[str, Any]:
    """The part with its order, as parcels need it."""
    return dict((await db.execute(_PART, {"supplier_order_id": supplier_order_id})).mappings().one())


async def list_sold(db: AsyncSession, supplier_order_id: UUID) -> dict[str, dict[str, Any]]:
    """The part's goods by SKU, as they were sold."""
    rows = (await db.execute(_SOLD, {"supplier_order_id": supplier_order_id})).mappings()
    return {str(row["sku_id"]): dict(row) for row in rows}


async def lock_due(db: AsyncSession, supplier_order_id: UUID, *, limit: int) -> list[dict[str, Any]]:
    """Parcels of the part that hold the same goods and are not told of yet, with where they go; locked."""
    rows = await db.execute(_DUE, {"supplier_order_id": supplier_order_id, "limit": limit})
    return [dict(row) for row in rows.mappings()]


async def lock_parcel(db: AsyncSession, parcel_id: UUID) -> GiftParcel:
    """The parcel, locked. 404 `gift-parcel-unknown`."""
    found: GiftParcel | None = await db.scalar(
        select(GiftParcel)
        .where(GiftParcel.parcel_id == parcel_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such parcel of a gift.", code="gift-parcel-unknown")
    return found


async def count_open_of_part(db: AsyncSession, supplier_order_id: UUID) -> int:
    """Parcels of the part that have not arrived, and may."""
    return int(await db.scalar(_OPEN_OF_PART, {"supplier_order_id": supplier_order_id}) or 0)


async def count_open_of_member(db: AsyncSession, member_id: UUID) -> int:
    """Parcels that the member still waits for."""
    return int(await db.scalar(_OPEN_OF_MEMBER, {"member_id": member_id}) or 0)
