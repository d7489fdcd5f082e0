"""Packages whose members will not get all of it: a supplier refused its order, let it lapse, or it was called off
before anything was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign.models import GiftPackageLine

PURCHASES: Final = """
    SELECT purchase.purchase_id, purchase.source_id = campaign.campaign_id AS is_first FROM purchases AS purchase
    WHERE purchase.way = 'GIFT' AND (purchase.source_id = campaign.campaign_id OR purchase.source_id IN (
        SELECT package_id FROM gift_packages WHERE gift_packages.campaign_id = campaign.campaign_id))
"""
"""A campaign's own purchase, and those for packages that replaced another one."""
FALLEN: Final = f"""
    SELECT part.supplier_order_id, part.supplier_id, own.purchase_id, own.is_first
    FROM ({PURCHASES}) AS own JOIN unit_orders USING (purchase_id) JOIN supplier_orders AS part USING (order_id)
    WHERE unit_orders.stage IN ('CANCELLED', 'REFUSED') AND NOT EXISTS (
        SELECT FROM gift_parcels AS sent WHERE sent.supplier_order_id = part.supplier_order_id
          AND sent.status IN ('SHIPPED', 'DELIVERED', 'LOST'))
"""  # noqa: S608 - only our own text
"""Its orders that came to nothing."""
MISSING: Final = f"""
    SELECT line.package_id, line.sku_id, fallen.supplier_order_id
    FROM ({FALLEN}) AS fallen JOIN gift_packages AS package ON package.campaign_id = campaign.campaign_id
    JOIN gift_package_lines AS line ON line.package_id = package.package_id AND line.supplier_id = fallen.supplier_id
        AND CASE WHEN line.purchase_id IS NULL THEN fallen.is_first ELSE line.purchase_id = fallen.purchase_id END
    WHERE EXISTS (SELECT FROM gift_claims AS taken
                  WHERE taken.campaign_id = campaign.campaign_id AND taken.package_id = package.package_id)
"""  # noqa: S608 - only our own text
"""Goods of such orders in packages that somebody takes."""
_MISSING = text(f"""
    SELECT missing.*, (SELECT count(*) FROM gift_claims AS taken
                       WHERE taken.campaign_id = :campaign_id AND taken.package_id = missing.package_id) AS member_count
    FROM gift_campaigns AS campaign, LATERAL ({MISSING}) AS missing WHERE campaign.campaign_id = :campaign_id
""")  # noqa: S608 - only our own text


@dataclass(frozen=True, slots=True)
class Gap:
    """A package of which `lost` is not brought to its `member_count` members, and `kept` is."""

    package_id: UUID
    position: int
    name: str
    member_count: int
    lost: Sequence[GiftPackageLine]
    kept: Sequence[GiftPackageLine]
    supplier_order_ids: frozenset[UUID]

    @property
    def kept_fen(self) -> int:
        """What each member gets nevertheless."""
        return sum(each.quantity * each.unit_price_fen for each in self.kept)

    @property
    def lost_fen(self) -> int:
        """What each member does not get."""
        return sum(each.quantity * each.unit_price_fen for each in self.lost)


async def has_gaps(db: AsyncSession, campaign_id: UUID) -> bool:
    """Whether somebody waits for what will not come."""
    return bool((await db.execute(_MISSING, {"campaign_id": campaign_id})).first())


async def load_missing(db: AsyncSession, campaign_id: UUID) -> dict[UUID, tuple[int, dict[UUID, UUID]]]:
    """By package: its members, and by SKU the part of an order that will not bring it."""
    found: dict[UUID, tuple[int, dict[UUID, UUID]]] = {}
    for row in await db.execute(_MISSING, {"campaign_id": campaign_id}):
        found.setdefault(row.package_id, (row.member_count, {}))[1][row.sku_id] = row.supplier_order_id
    return found
