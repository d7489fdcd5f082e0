"""Reads of pickup points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.pickup_point.models import PickupPoint, PickupPointChange
from logistics.pickup_point.rules import region_prefix
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class PointFilter:
    """Which points a list is about; empty is any."""

    region_code: str = ""
    status: str = ""
    storage: str = ""
    q: str = ""


@cache
def storage_families() -> Mapping[str, Sequence[str]]:
    """Which families of temperature classes each storage keeps, from the data."""
    document: dict[str, Any] = orjson.loads((files("logistics") / "data" / "pickup_storage.json").read_bytes())
    found: dict[str, list[str]] = document["storages"]
    return found


async def get_point(db: AsyncSession, pickup_point_id: UUID) -> PickupPoint:
    """The point; 404 `pickup-point-not-found`."""
    return _found(await db.get(PickupPoint, pickup_point_id))


async def lock_point(db: AsyncSession, pickup_point_id: UUID) -> PickupPoint:
    """The same, locked until the transaction ends."""
    statement = (
        select(PickupPoint).where(PickupPoint.pickup_point_id == pickup_point_id).with_for_update(key_share=True)
    )
    return _found(await db.scalar(statement.execution_options(populate_existing=True)))


async def find_named(db: AsyncSession, *, county_code: str, name: str) -> PickupPoint | None:
    """The point of this name in the county."""
    statement = select(PickupPoint).where(PickupPoint.county_code == county_code, PickupPoint.name == name)
    return await db.scalar(statement)


async def list_points(
    db: AsyncSession, wanted: PointFilter, *, after: tuple[str, str] | None, limit: int
) -> Sequence[PickupPoint]:
    """By county and name, after the given place."""
    statement = select(PickupPoint)
    if wanted.region_code:
        prefix = region_prefix(wanted.region_code)
        statement = statement.where(PickupPoint.county_code.startswith(prefix, autoescape=True))
    if wanted.status:
        statement = statement.where(PickupPoint.status == wanted.status)
    if wanted.storage:
        statement = statement.where(PickupPoint.storages.any_() == wanted.storage)
    if wanted.q:
        words = wanted.q.lower()
        columns = (PickupPoint.name, PickupPoint.address)
        statement = statement.where(or_(*(func.strpos(func.lower(column), words) > 0 for column in columns)))
    if after is not None:
        statement = statement.where(tuple_(PickupPoint.county_code, PickupPoint.name) > after)
    ordered = statement.order_by(PickupPoint.county_code, PickupPoint.name).limit(limit)
    return (await db.scalars(ordered)).all()


async def list_changes(db: AsyncSession, pickup_point_id: UUID) -> Sequence[PickupPointChange]:
    """All that was done to it, oldest first."""
    statement = select(PickupPointChange).where(PickupPointChange.pickup_point_id == pickup_point_id)
    return (await db.scalars(statement.order_by(PickupPointChange.change_id))).all()


def _found(point: PickupPoint | None) -> PickupPoint:
    if point is None:
        raise NotFound("There is no such pickup point.", code="pickup-point-not-found")
    return point
