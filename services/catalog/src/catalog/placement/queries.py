"""Reading placements. Who may see them is decided in `placement.actions`, by the job and the worker."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import region_prefix
from catalog.placement.models import Placement
from shared.errors import NotFound

_OPEN = ("PUSHED", "ACCEPTED", "PLACED")
_COUNTS = text("""
    SELECT worker.county_code, to_char(placement.placed_on, 'YYYY-MM') AS month, count(*) AS count
    FROM labour_placements AS placement JOIN labour_workers AS worker USING (worker_id)
    WHERE placement.placed_on IS NOT NULL AND worker.county_code BETWEEN :low AND :high
    GROUP BY 1, 2 ORDER BY 2 DESC, 1
""")
_OF_REGION = text("""
    SELECT placement.placement_id
    FROM labour_placements AS placement JOIN labour_workers AS worker USING (worker_id)
    JOIN labour_jobs AS job USING (job_id)
    WHERE (worker.organisation_id = :organisation_id OR EXISTS (
               SELECT 1 FROM unnest(CAST(:lows AS text[]), CAST(:highs AS text[])) AS area (low, high)
               WHERE worker.county_code BETWEEN area.low AND area.high))
      AND (CAST(:after AS uuid) IS NULL OR placement.placement_id < :after)
      AND (CAST(:status AS text) IS NULL OR placement.status = :status)
      AND (:q = '' OR strpos(lower(job.title || ' ' || job.employer_name), lower(:q)) > 0)
    ORDER BY placement.placement_id DESC LIMIT :limit
""")


async def is_placed(db: AsyncSession, worker_id: UUID) -> bool:
    """Whether the worker works at a job of ours."""
    found = exists().where(Placement.worker_id == worker_id, Placement.status == "PLACED")
    return bool(await db.scalar(select(found)))


async def has_open(db: AsyncSession, *, job_id: UUID, worker_id: UUID) -> bool:
    """Whether this job was pushed to this worker and that has not ended."""
    found = exists().where(Placement.job_id == job_id, Placement.worker_id == worker_id, Placement.status.in_(_OPEN))
    return bool(await db.scalar(select(found)))


async def has_accepted(db: AsyncSession, *, worker_id: UUID, besides: UUID) -> bool:
    """Whether the worker accepted another push that goes on."""
    found = exists().where(
        Placement.worker_id == worker_id, Placement.status == "ACCEPTED", Placement.placement_id != besides
    )
    return bool(await db.scalar(select(found)))


async def list_of_job(db: AsyncSession, job_id: UUID) -> Sequence[Placement]:
    """All placements of a job, the newest first."""
    rows = await db.scalars(select(Placement).where(Placement.job_id == job_id).order_by(Placement.placement_id.desc()))
    return rows.all()


async def list_of_regions(
    db: AsyncSession,
    regions: Sequence[str],
    *,
    organisation_id: UUID | None,
    status: str | None,
    q: str,
    after: UUID | None,
    limit: int,
) -> Sequence[Placement]:
    """The placements of workers of these regions, or whom the organisation registered; the newest first. `q` in the
    job's title or its employer."""
    prefixes = [region_prefix(each) for each in regions]
    values = {
        "organisation_id": organisation_id,
        "lows": [each.ljust(6, "0") for each in prefixes],
        "highs": [each.ljust(6, "9") for each in prefixes],
        "after": after,
        "status": status,
        "q": q,
        "limit": limit,
    }
    ids = list(await db.scalars(_OF_REGION, values))
    rows = await db.scalars(
        select(Placement).where(Placement.placement_id.in_(ids)).order_by(Placement.placement_id.desc())
    )
    return rows.all()


async def lock_placement(db: AsyncSession, placement_id: UUID) -> Placement:
    """The placement, held until the transaction ends; 404 `placement-unknown`."""
    placement = await db.scalar(
        select(Placement)
        .where(Placement.placement_id == placement_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if placement is None:
        raise unknown_placement()
    return placement


def unknown_placement() -> NotFound:
    """The refusal for a placement that is not there, or not for this caller."""
    return NotFound("There is no such placement.", code="placement-unknown", field="placement_id")


async def list_counts(db: AsyncSession, region: str) -> list[Mapping[str, Any]]:
    """How many were placed, by county and month, the latest month first; exact, for officials."""
    prefix = region_prefix(region)
    rows = await db.execute(_COUNTS, {"low": prefix.ljust(6, "0"), "high": prefix.ljust(6, "9")})
    return [dict(row) for row in rows.mappings()]
