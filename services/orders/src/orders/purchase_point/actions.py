"""Keeping purchase points, and the days on which they are booked."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase_point import queries, rules
from orders.purchase_point.models import PointDay, PurchasePoint
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh

_OPEN_DAY = text("""
    INSERT INTO purchase_point_days (point_id, day, capacity_g) VALUES (:point_id, :day, :capacity_g)
    ON CONFLICT DO NOTHING
""")
_REFIT_DAYS = text("""
    UPDATE purchase_point_days SET capacity_g = greatest(booked_g, :capacity_g)
    WHERE point_id = :point_id AND day >= :on
""")


async def open_point(
    db: AsyncSession, *, point_id: UUID, facts: Mapping[str, Any], caller: Caller, now: datetime
) -> PurchasePoint:
    """A handler opens a point of the unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422
    `hours-invalid`."""
    ensure_duty(caller, "handler")
    unit = await unit_queries.get_acting_unit(db, caller)
    rules.ensure_hours(facts["opens_at"], facts["closes_at"])
    point = PurchasePoint(
        point_id=point_id, revision=1, unit_id=unit.unit_id, status="OPEN", created_at=now, changed_at=now, **facts
    )
    db.add(point)
    await db.flush()
    return point


async def edit_point(
    db: AsyncSession,
    *,
    point_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> PurchasePoint:
    """Other hours, days, place or capacity of a paused point; what is booked stays booked. 403, 404; 409
    `purchase-point-status`; 412 `stale`; 422 `hours-invalid`."""
    point = await _lock_own(db, point_id, caller)
    ensure_fresh(expected_revision, point.revision)
    rules.status_after("edit", point.status)
    rules.ensure_hours(facts["opens_at"], facts["closes_at"])
    for name, value in facts.items():
        setattr(point, name, value)
    await _changed(db, point, now=now)
    told = {"point_id": point_id, "capacity_g": point.capacity_g, "on": business_day(now)}
    await db.execute(_REFIT_DAYS, told)
    return point


async def move_point(
    db: AsyncSession, *, point_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> PurchasePoint:
    """pause, reopen or close. 403, 404; 409 `purchase-point-status`, `point-booked` (somebody still comes, so it does
    not close); 412 `stale`."""
    point = await _lock_own(db, point_id, caller)
    ensure_fresh(expected_revision, point.revision)
    after = rules.status_after(verb, point.status)
    if verb == "close" and await queries.is_booked(db, point_id, since=business_day(now)):
        raise Conflict("Somebody still comes to this point. Turn them away first.", code="point-booked")
    point.status = after
    await _changed(db, point, now=now)
    return point


async def lock_room(db: AsyncSession, *, point_id: UUID, day: date) -> tuple[PurchasePoint, PointDay]:
    """The point and its day, both locked for a booking. 404 `purchase-point-unknown`; 409 `point-not-open`."""
    point = await queries.lock_point(db, point_id)
    rules.ensure_takes(point.status, point.weekdays, day)
    await db.execute(_OPEN_DAY, {"point_id": point_id, "day": day, "capacity_g": point.capacity_g})
    return point, await queries.lock_day(db, point_id, day)


async def _lock_own(db: AsyncSession, point_id: UUID, caller: Caller) -> PurchasePoint:
    ensure_duty(caller, "handler")
    unit = await unit_queries.get_acting_unit(db, caller)
    point = await queries.lock_point(db, point_id)
    if point.unit_id != unit.unit_id:
        raise queries.point_unknown()
    return point


async def _changed(db: AsyncSession, point: PurchasePoint, *, now: datetime) -> None:
    point.revision += 1
    point.changed_at = now
    await db.flush()
