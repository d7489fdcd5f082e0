"""Reads of purchase points. Suppliers see those that are not closed; an institution's people, and those above it, all
of theirs."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from orders.love_purchase.rules import region_prefix
from orders.purchase_point.models import PointDay, PurchasePoint
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.errors import NotFound


def point_unknown() -> NotFound:
    """The refusal of a point that does not exist, or not for this caller."""
    return NotFound("There is no such purchase point.", code="purchase-point-unknown", field="point_id")


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """What of all points the caller sees."""
    if caller.is_operator:
        return true()
    if caller.kind == "supplier":
        return PurchasePoint.status != "CLOSED"
    return PurchasePoint.unit_id.in_(unit_queries.seen_units(caller))


async def get_point_for(db: AsyncSession, caller: Caller, point_id: UUID) -> PurchasePoint:
    """One that the caller sees. 404 `purchase-point-unknown`."""
    query = select(PurchasePoint).where(PurchasePoint.point_id == point_id, seen_by(caller))
    found: PurchasePoint | None = await db.scalar(query)
    if found is None:
        raise point_unknown()
    return found


async def lock_point(db: AsyncSession, point_id: UUID) -> PurchasePoint:
    """The point, locked until the transaction ends. 404 `purchase-point-unknown`."""
    query = select(PurchasePoint).where(PurchasePoint.point_id == point_id).with_for_update()
    found: PurchasePoint | None = await db.scalar(query, execution_options={"populate_existing": True})
    if found is None:
        raise point_unknown()
    return found


async def lock_day(db: AsyncSession, point_id: UUID, day: date) -> PointDay:
    """A day that is there, locked and read anew."""
    query = select(PointDay).where(PointDay.point_id == point_id, PointDay.day == day).with_for_update()
    return (await db.scalars(query, execution_options={"populate_existing": True})).one()


async def is_booked(db: AsyncSession, point_id: UUID, *, since: date) -> bool:
    """Whether somebody comes on that day or later."""
    query = select(PointDay.day).where(PointDay.point_id == point_id, PointDay.day >= since, PointDay.booked_g > 0)
    return await db.scalar(query.limit(1)) is not None


async def list_points(
    db: AsyncSession,
    caller: Caller,
    *,
    status: str | None = None,
    county_code: str | None = None,
    wanted: str | None = None,
    unit_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[PurchasePoint]:
    """What the caller sees, the newest first; 420000 finds a whole province. `wanted` is part of a name or address."""
    query = select(PurchasePoint).where(seen_by(caller))
    if status is not None:
        query = query.where(PurchasePoint.status == status)
    if county_code is not None:
        query = query.where(PurchasePoint.county_code.startswith(region_prefix(county_code)))
    if unit_id is not None:
        query = query.where(PurchasePoint.unit_id == unit_id)
    if wanted:
        query = query.where(
            or_(
                PurchasePoint.name.icontains(wanted, autoescape=True),
                PurchasePoint.address_detail.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(PurchasePoint.point_id < after)
    return (await db.scalars(query.order_by(PurchasePoint.point_id.desc()).limit(limit))).all()


async def list_days(db: AsyncSession, point_id: UUID, *, since: date, until: date) -> dict[date, PointDay]:
    """Its booked days between two, both included."""
    query = select(PointDay).where(PointDay.point_id == point_id, PointDay.day.between(since, until))
    return {each.day: each for each in await db.scalars(query)}
