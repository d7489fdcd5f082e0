"""Judging stored readings: excursions are written, corrected, withdrawn, and announced once each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion import rules
from logistics.excursion.models import Excursion
from logistics.excursion.queries import get_policy, limits_of
from shared.events import Event
from shared.events.logistics import ExcursionClosed, ExcursionOpened
from shared.outbox import publish

NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Monitored:
    """A device's series and the parcel that it rides on: what judging needs, and what its events must say."""

    series_id: int
    parcel_id: UUID
    shipment_id: UUID
    order_id: UUID
    supplier_order_id: UUID
    temperature_class: str


async def judge_further(
    db: AsyncSession,
    *,
    monitored: Monitored,
    progress: dict[str, Any] | None,
    is_silent: bool,
    instants: Sequence[datetime],
    temperatures: Sequence[float],
    now: datetime,
    new_id: NewId,
) -> dict[str, Any] | None:
    """Judge readings that are all later than those judged so far; the new progress. The caller holds the series' lock.

    Publishes ExcursionOpened and ExcursionClosed.
    """
    before = rules.progress_of(progress)
    after, judged = rules.judge(
        before, instants, temperatures, limits=limits_of(monitored.temperature_class), policy=get_policy()
    )
    if after is None:
        return progress
    if after.current is not None:
        judged = [*judged, after.current]
    if judged or is_silent or (before is not None and before.current is not None):
        is_first = before is None and not is_silent  # then nothing was ever found
        stored = {} if is_first else await _list_standing(db, monitored.series_id, is_lasting=True)
        await _settle(db, monitored=monitored, stored=stored, judged=judged, now=now, new_id=new_id)
    return rules.progress_document(after)


async def judge_again(
    db: AsyncSession,
    *,
    monitored: Monitored,
    instants: Sequence[datetime],
    temperatures: Sequence[float],
    now: datetime,
    new_id: NewId,
) -> dict[str, Any] | None:
    """Judge the whole series anew, because readings came in between; the new progress. The caller holds the lock.

    An excursion keeps its id where late readings only moved its ends; one that they dissolved is withdrawn.
    """
    progress, judged = rules.judge_all(
        instants, temperatures, limits=limits_of(monitored.temperature_class), policy=get_policy()
    )
    stored = await _list_standing(db, monitored.series_id, is_lasting=False)
    await _settle(db, monitored=monitored, stored=stored, judged=judged, now=now, new_id=new_id)
    return rules.progress_document(progress) if progress else None


async def open_silence(
    db: AsyncSession, *, monitored: Monitored, last_at: datetime, now: datetime, new_id: NewId
) -> None:
    """A device is silent since `last_at`: open a gap, which the next reading ends or late readings dissolve."""
    severity: rules.Severity = "major" if now - last_at > get_policy().gap_major else "minor"
    silence = rules.Excursion("gap", last_at, severity=severity)
    await _settle(db, monitored=monitored, stored={}, judged=[silence], now=now, new_id=new_id)


async def _list_standing(db: AsyncSession, series_id: int, *, is_lasting: bool) -> dict[str, Excursion]:
    statement = select(Excursion).where(Excursion.series_id == series_id, Excursion.withdrawn_at.is_(None))
    if is_lasting:
        statement = statement.where(Excursion.ended_at.is_(None))
    return {str(each.excursion_id): each for each in await db.scalars(statement)}


async def _settle(
    db: AsyncSession,
    *,
    monitored: Monitored,
    stored: dict[str, Excursion],
    judged: Sequence[rules.Excursion],
    now: datetime,
    new_id: NewId,
) -> None:
    """Bring the stored excursions to what was judged, and say what is new."""
    reconciled = rules.reconcile((_standing(key, each) for key, each in stored.items()), judged)
    events: list[Event] = []
    if reconciled.withdrawn:
        gone = [stored[key] for key in reconciled.withdrawn]
        events += [
            _closed(monitored, each.excursion_id, _judged(each), ended_at=each.started_at)
            for each in gone
            if each.closed_announced_at is None
        ]
        await db.execute(
            update(Excursion)
            .where(Excursion.excursion_id.in_([each.excursion_id for each in gone]))
            .values(withdrawn_at=now, closed_announced_at=now)
        )
    for key, excursion in reconciled.kept.items():
        events += await _keep(db, monitored=monitored, row=stored[key], excursion=excursion, now=now)
    if reconciled.new:
        rows = [_row(monitored, new_id(), excursion, now) for excursion in reconciled.new]
        await db.execute(insert(Excursion), rows)
        for row, excursion in zip(rows, reconciled.new, strict=True):
            events.append(_opened(monitored, row["excursion_id"], excursion))
            if excursion.ended_at is not None:
                events.append(_closed(monitored, row["excursion_id"], excursion, ended_at=excursion.ended_at))
    await publish(db, *events, now=now)


async def _keep(
    db: AsyncSession, *, monitored: Monitored, row: Excursion, excursion: rules.Excursion, now: datetime
) -> list[Event]:
    values = _values(excursion)
    events: list[Event] = []
    if excursion.ended_at is not None and row.closed_announced_at is None:
        values["closed_announced_at"] = now
        events.append(_closed(monitored, row.excursion_id, excursion, ended_at=excursion.ended_at))
    if any(getattr(row, name) != value for name, value in values.items()):
        await db.execute(update(Excursion).where(Excursion.excursion_id == row.excursion_id).values(**values))
    return events


def _values(excursion: rules.Excursion) -> dict[str, Any]:
    return {
        "severity": excursion.severity,
        "started_at": excursion.started_at,
        "ended_at": excursion.ended_at,
        "extreme_c": excursion.extreme_c,
        "out_seconds": excursion.out_seconds,
        "degree_minutes": excursion.degree_minutes,
    }


def _row(monitored: Monitored, excursion_id: UUID, excursion: rules.Excursion, now: datetime) -> dict[str, Any]:
    return {
        "excursion_id": excursion_id,
        "series_id": monitored.series_id,
        "parcel_id": monitored.parcel_id,
        "kind": excursion.kind,
        **_values(excursion),
        "announced_at": now,
        "closed_announced_at": now if excursion.ended_at is not None else None,
    }


def _standing(key: str, row: Excursion) -> rules.Standing:
    return rules.Standing(key, _judged(row).kind, row.started_at, row.ended_at)


def _judged(row: Excursion) -> rules.Excursion:
    return rules.Excursion(
        row.kind,  # type: ignore[arg-type]  # a CHECK holds the three kinds
        row.started_at,
        row.ended_at,
        row.extreme_c,
        severity=row.severity,  # type: ignore[arg-type]  # as above
    )


def _opened(monitored: Monitored, excursion_id: UUID, excursion: rules.Excursion) -> ExcursionOpened:
    return ExcursionOpened(
        excursion_id=excursion_id,
        parcel_id=monitored.parcel_id,
        shipment_id=monitored.shipment_id,
        order_id=monitored.order_id,
        supplier_order_id=monitored.supplier_order_id,
        temperature_class=monitored.temperature_class,
        kind=excursion.kind,
        severity=excursion.severity,
        started_at=excursion.started_at,
        extreme_c=excursion.extreme_c,
    )


def _closed(
    monitored: Monitored, excursion_id: UUID, excursion: rules.Excursion, *, ended_at: datetime
) -> ExcursionClosed:
    return ExcursionClosed(
        excursion_id=excursion_id,
        parcel_id=monitored.parcel_id,
        order_id=monitored.order_id,
        severity=excursion.severity,
        started_at=excursion.started_at,
        ended_at=ended_at,
        extreme_c=excursion.extreme_c,
    )
