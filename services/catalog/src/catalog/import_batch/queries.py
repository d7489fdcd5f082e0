"""Reading imports. Whoever uploaded a file sees it, the supplier whose products it holds too, operators all."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.import_batch.models import ImportBatch
from catalog.import_batch.rules import OPEN, WORKING
from catalog.newest import saying
from shared.auth import Caller
from shared.errors import NotFound

_COUNTIES = text("""
    SELECT code, name, coalesce(city, '') AS city, province
    FROM regions AS region
    WHERE is_current AND (level = 'county' OR NOT EXISTS (
        SELECT FROM regions AS below WHERE below.parent_code = region.code AND below.is_current))
    ORDER BY code
""")
_FORMER = text("""
    SELECT alias.old_code, alias.old_name, min(alias.code) AS code
    FROM region_aliases AS alias
    JOIN regions AS region ON region.code = alias.code AND region.is_current AND region.level = 'county'
    GROUP BY alias.old_code, alias.old_name HAVING count(DISTINCT alias.code) = 1
""")


def unknown_import() -> NotFound:
    """The refusal for an import that does not exist or may not be seen."""
    return NotFound("There is no such import.", code="import-unknown", field="batch_id")


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """The caller's organisation's imports, those of a supplier's products, all to operators."""
    if caller.is_operator:
        return true()
    own = caller.organisation_id
    if own is None:
        return false()
    return or_(ImportBatch.organisation_id == own, ImportBatch.supplier_id == own)


async def get_batch(db: AsyncSession, batch_id: UUID, *, caller: Caller) -> ImportBatch:
    """The import as it is now; 404 `import-unknown`."""
    query = select(ImportBatch).where(ImportBatch.batch_id == batch_id, visible_to(caller))
    batch = await db.scalar(query.execution_options(populate_existing=True))
    if batch is None:
        raise unknown_import()
    return batch


async def lock_batch(db: AsyncSession, batch_id: UUID, *, caller: Caller) -> ImportBatch:
    """The same, held until the transaction ends."""
    query = select(ImportBatch).where(ImportBatch.batch_id == batch_id, visible_to(caller)).with_for_update()
    batch = await db.scalar(query.execution_options(populate_existing=True))
    if batch is None:
        raise unknown_import()
    return batch


async def lock_free(db: AsyncSession, batch_id: UUID, *, now: datetime) -> ImportBatch | None:
    """The import for a worker to begin on; None if it needs none, or another is at it."""
    query = (
        select(ImportBatch)
        .where(ImportBatch.batch_id == batch_id, ImportBatch.status.in_(WORKING))
        .where(or_(ImportBatch.held_until.is_(None), ImportBatch.held_until <= now))
        .with_for_update(skip_locked=True)
    )
    return await db.scalar(query.execution_options(populate_existing=True))


async def lock_held(db: AsyncSession, batch_id: UUID, *, worker_id: UUID) -> ImportBatch | None:
    """The import that this worker is at; None if it was called off, or another took it over meanwhile."""
    query = (
        select(ImportBatch)
        .where(ImportBatch.batch_id == batch_id, ImportBatch.held_by == worker_id, ImportBatch.status.in_(WORKING))
        .with_for_update()
    )
    return await db.scalar(query.execution_options(populate_existing=True))


async def find_open(
    db: AsyncSession, *, kind: str, sha256: str, caller: Caller, supplier_id: UUID | None
) -> ImportBatch | None:
    """This caller's import of the same file that is still on its way."""
    query = select(ImportBatch).where(
        ImportBatch.kind == kind,
        ImportBatch.sha256 == sha256,
        ImportBatch.organisation_id == caller.organisation_id
        if caller.organisation_id
        else (ImportBatch.organisation_id.is_(None) & (ImportBatch.person_id == caller.person_id)),
        ImportBatch.supplier_id.is_not_distinct_from(supplier_id),
        ImportBatch.status.in_(OPEN),
    )
    return await db.scalar(query)


async def list_batches(
    db: AsyncSession,
    *,
    caller: Caller,
    q: str | None,
    kind: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[ImportBatch]:
    """Imports, the newest first; `q` in the file's name."""
    query = select(ImportBatch).where(visible_to(caller)).order_by(ImportBatch.batch_id.desc()).limit(limit)
    if q:
        query = query.where(saying(q, ImportBatch.file_name))
    if kind is not None:
        query = query.where(ImportBatch.kind == kind)
    if status is not None:
        query = query.where(ImportBatch.status == status)
    if after is not None:
        query = query.where(ImportBatch.batch_id < after)
    return (await db.scalars(query)).all()


async def list_waiting(db: AsyncSession, *, now: datetime, limit: int = 20) -> Sequence[UUID]:
    """Imports that a worker must come to: nobody holds them."""
    query = (
        select(ImportBatch.batch_id)
        .where(ImportBatch.status.in_(WORKING))
        .where(or_(ImportBatch.held_until.is_(None), ImportBatch.held_until <= now))
        .order_by(ImportBatch.batch_id)
        .limit(limit)
    )
    return (await db.scalars(query)).all()


async def list_outdated(db: AsyncSession, *, finished_before: datetime, limit: int = 20) -> Sequence[ImportBatch]:
    """Finished imports whose rows and file are still kept."""
    query = (
        select(ImportBatch)
        .where(ImportBatch.rows_cleared_at.is_(None), ImportBatch.finished_at < finished_before)
        .order_by(ImportBatch.batch_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await db.scalars(query)).all()


async def load_counties(db: AsyncSession) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Today's code of each county by every code that it has or had, and by every name under which people write it."""
    by_code: dict[str, str] = {}
    by_name: dict[str, set[str]] = {}
    for row in await db.execute(_FORMER):
        by_code[row.old_code] = row.code
        by_name.setdefault(_plain(row.old_name), set()).add(row.code)
    for row in await db.execute(_COUNTIES):
        by_code[row.code] = row.code
        for name in {row.name, row.city + row.name, row.province + row.city + row.name, row.province + row.name}:
            by_name.setdefault(_plain(name), set()).add(row.code)
    return by_code, {name: sorted(codes) for name, codes in by_name.items()}


def _plain(name: str) -> str:
    return name.replace(" ", "").lower()
