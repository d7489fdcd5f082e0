"""Reads of what will not come, and of where its members have their gifts sent."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.gift_campaign import gaps
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign.gaps import Gap
from orders.gift_replan.rules import gap_unknown

_GOES = text("""
    SELECT DISTINCT county_code, pickup_point_id FROM gift_claims
    WHERE campaign_id = :campaign_id AND package_id = :package_id AND way <> 'UNIT' ORDER BY 1, 2
""")


async def list_gaps(db: AsyncSession, campaign_id: UUID) -> list[Gap]:
    """Packages whose members will not get all of it, in their order."""
    missing = await gaps.load_missing(db, campaign_id)
    found: list[Gap] = []
    for each in await campaign_queries.list_packages(db, campaign_id) if missing else ():
        package = each.package
        if package.package_id not in missing:
            continue
        member_count, parts = missing[package.package_id]
        found.append(
            Gap(
                package.package_id,
                package.position,
                package.name,
                member_count,
                [line for line in each.lines if line.sku_id in parts],
                [line for line in each.lines if line.sku_id not in parts],
                frozenset(parts.values()),
            )
        )
    return found


async def get_gap(db: AsyncSession, campaign_id: UUID, package_id: UUID) -> Gap:
    """What will not come of this package. 404 `gift-gap-unknown`."""
    for each in await list_gaps(db, campaign_id):
        if each.package_id == package_id:
            return each
    raise gap_unknown()


async def list_destinations(
    db: AsyncSession, campaign_id: UUID, package_id: UUID
) -> tuple[Sequence[str], Sequence[UUID]]:
    """The counties and the pickup points to which the package's members have it sent."""
    rows = (await db.execute(_GOES, {"campaign_id": campaign_id, "package_id": package_id})).all()
    counties = sorted({row.county_code for row in rows})
    return counties, sorted({row.pickup_point_id for row in rows if row.pickup_point_id is not None})
