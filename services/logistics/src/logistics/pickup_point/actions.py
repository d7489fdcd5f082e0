"""Opening, changing and closing pickup points. Each deed is in the point's own history."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.pickup_point import queries, rules
from logistics.pickup_point.models import PickupPoint, PickupPointChange
from logistics.pickup_point.rules import PointFacts
from logistics.temperature_class.queries import list_classes
from shared.auth import Caller
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.events.logistics import PickupPointChanged, PickupPointClosed, PickupPointOpened
from shared.outbox import publish


async def add_point(
    db: AsyncSession, *, pickup_point_id: UUID, facts: PointFacts, caller: Caller, now: datetime
) -> PickupPoint:
    """A new point, which is open. Publishes PickupPointOpened. Conflict `pickup-point-exists` in this county."""
    rules.ensure_may_manage(caller, facts.county_code)
    values = {"pickup_point_id": pickup_point_id, "status": "OPEN", "created_at": now, "changed_at": now}
    statement = insert(PickupPoint).values(**values, **_columns(facts)).on_conflict_do_nothing()
    point: PickupPoint | None = await db.scalar(statement.returning(PickupPoint))
    if point is None:
        raise _name_taken()
    await _record(db, point, "add", caller=caller, now=now)
    await publish(db, PickupPointOpened.model_validate(_told(point) | {"opened_at": now}), now=now)
    return point


async def revise_point(
    db: AsyncSession,
    *,
    pickup_point_id: UUID,
    facts: PointFacts,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> PickupPoint:
    """Another name, place, storage or whatever is kept of it; its county stays. Publishes PickupPointChanged while it
    is open. NotFound; Stale; Conflict `pickup-point-exists`, `pickup-point-county`."""
    point = await queries.lock_point(db, pickup_point_id)
    rules.ensure_may_manage(caller, point.county_code)
    ensure_fresh(expected_revision, point.revision)
    if facts.county_code != point.county_code:
        raise Conflict(
            "A point stays in its county: open another one there.", code="pickup-point-county", field="county_code"
        )
    same = await queries.find_named(db, county_code=facts.county_code, name=facts.name)
    if same is not None and same is not point:
        raise _name_taken()
    for column, value in _columns(facts).items():
        setattr(point, column, value)
    await _moved(db, point, "revise", caller=caller, now=now)
    if point.status == "OPEN":
        await publish(db, PickupPointChanged.model_validate(_told(point) | {"changed_at": now}), now=now)
    return point


async def move_point(
    db: AsyncSession,
    *,
    pickup_point_id: UUID,
    verb: str,
    reason: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
) -> PickupPoint:
    """Close it, or open it again. Publishes PickupPointClosed or PickupPointOpened. NotFound; Stale; Conflict
    `pickup-point-status`."""
    point = await queries.lock_point(db, pickup_point_id)
    rules.ensure_may_manage(caller, point.county_code)
    ensure_fresh(expected_revision, point.revision)
    point.status = rules.status_after(verb, point.status)
    await _moved(db, point, verb, caller=caller, now=now, reason=reason)
    if point.status == "OPEN":
        await publish(db, PickupPointOpened.model_validate(_told(point) | {"opened_at": now}), now=now)
    else:
        event = PickupPointClosed(pickup_point_id=point.pickup_point_id, revision=point.revision, closed_at=now)
        await publish(db, event, now=now)
    return point


async def _moved(
    db: AsyncSession, point: PickupPoint, verb: str, *, caller: Caller, now: datetime, reason: str = ""
) -> None:
    point.revision += 1
    point.changed_at = now
    await _record(db, point, verb, caller=caller, now=now, reason=reason)


async def _record(
    db: AsyncSession, point: PickupPoint, verb: str, *, caller: Caller, now: datetime, reason: str = ""
) -> None:
    db.add(
        PickupPointChange(
            pickup_point_id=point.pickup_point_id,
            verb=verb,
            reason=reason,
            caller_kind=caller.kind,
            person_id=caller.person_id,
            changed_at=now,
        )
    )
    await db.flush()


def _columns(facts: PointFacts) -> dict[str, object]:
    return asdict(facts) | {"services": sorted(set(facts.services)), "storages": sorted(set(facts.storages))}


def _told(point: PickupPoint) -> dict[str, object]:
    return {
        "pickup_point_id": point.pickup_point_id,
        "county_code": point.county_code,
        "name": point.name,
        "address": point.address,
        "kept_classes": rules.kept_classes(point.storages, queries.storage_families(), list_classes()),
        "revision": point.revision,
    }


def _name_taken() -> Conflict:
    return Conflict("This county has a pickup point of this name.", code="pickup-point-exists", field="name")
