"""Reads of the replica of pickup points."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.pickup_point.rules import PointTo, point_closed
from shared.direct import Direct, Statement
from shared.errors import Invalid

_GET = Statement("""
    SELECT pickup_point_id, revision, county_code, name, address, kept_classes, status = 'OPEN' AS is_open
    FROM pickup_points WHERE pickup_point_id = :pickup_point_id
""")


async def get_open(db: AsyncSession | Direct, pickup_point_id: UUID) -> PointTo:
    """The point that goods shall go to. Invalid `pickup-point-unknown`; Conflict `pickup-point-closed`."""
    rows = await _GET.rows(db, {"pickup_point_id": pickup_point_id})
    if not rows:
        raise Invalid("There is no such pickup point.", code="pickup-point-unknown", field="pickup.pickup_point_id")
    found = rows[0]
    if not found["is_open"]:
        raise point_closed()
    return PointTo(
        found["pickup_point_id"],
        found["revision"],
        found["county_code"],
        found["name"],
        found["address"],
        frozenset(found["kept_classes"]),
    )
