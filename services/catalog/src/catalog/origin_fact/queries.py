"""Reading recorded facts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.origin_fact.models import OriginFact


async def list_facts_on(
    db: AsyncSession, subjects: Iterable[tuple[str, str]], *, on: date
) -> dict[tuple[str, str, str], Any]:
    """What is recorded of these subjects (kind, key) for that day, by (kind, key, name)."""
    wanted = set(subjects)
    rows = await db.execute(
        select(OriginFact.subject_kind, OriginFact.subject_key, OriginFact.name, OriginFact.value).where(
            OriginFact.subject_key.in_({key for _, key in wanted}),
            OriginFact.from_on <= on,
            or_(OriginFact.until_on.is_(None), OriginFact.until_on > on),
        )
    )
    return {(kind, key, name): value for kind, key, name, value in rows if (kind, key) in wanted}


async def find_fact(db: AsyncSession, *, subject_kind: str, subject_key: str, name: str, on: date) -> OriginFact | None:
    """The fact that holds on that day, locked."""
    found: OriginFact | None = await db.scalar(
        select(OriginFact)
        .where(
            OriginFact.subject_kind == subject_kind,
            OriginFact.subject_key == subject_key,
            OriginFact.name == name,
            OriginFact.from_on <= on,
            or_(OriginFact.until_on.is_(None), OriginFact.until_on > on),
        )
        .with_for_update()
    )
    return found


async def has_later_fact(db: AsyncSession, *, subject_kind: str, subject_key: str, name: str, after: date) -> bool:
    """Whether a value of the fact begins after that day."""
    found = select(OriginFact.fact_id).where(
        OriginFact.subject_kind == subject_kind,
        OriginFact.subject_key == subject_key,
        OriginFact.name == name,
        OriginFact.from_on > after,
    )
    return await db.scalar(found.limit(1)) is not None


async def list_facts(
    db: AsyncSession, *, prefixes: Collection[str] | None, q: str | None, after: UUID | None, limit: int
) -> Sequence[OriginFact]:
    """Recorded facts of divisions with these leading digits (None: all), the newest first."""
    query = select(OriginFact).order_by(OriginFact.fact_id.desc()).limit(limit)
    if prefixes is not None:
        query = query.where(or_(False, *(OriginFact.county_code.startswith(each) for each in prefixes)))
    if q:
        query = query.where(func.strpos(OriginFact.subject_key + OriginFact.source, q) > 0)
    if after is not None:
        query = query.where(OriginFact.fact_id < after)
    return (await db.scalars(query)).all()


async def list_turning_subjects(db: AsyncSession, *, first: date, last: date) -> list[tuple[str, str]]:
    """Subjects (kind, key) with a fact that begins or ends on one of these days."""
    rows = await db.execute(
        select(OriginFact.subject_kind, OriginFact.subject_key)
        .where(or_(OriginFact.from_on.between(first, last), OriginFact.until_on.between(first, last)))
        .distinct()
        .order_by(OriginFact.subject_kind, OriginFact.subject_key)
    )
    return [(kind, key) for kind, key in rows]
