"""Reading jobs. Open jobs are public; who offers a job sees what became of it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.job.models import Job
from catalog.newest import saying
from catalog.supply.queries import within
from shared.auth import Caller
from shared.errors import NotFound


def _visible(caller: Caller | None, today: date) -> ColumnElement[bool]:
    is_open: ColumnElement[bool] = (Job.status == "OPEN") & (Job.until_on >= today)
    if caller is None:
        return is_open
    if caller.is_operator:
        return true()
    own = [is_open]
    if caller.organisation_id is not None:
        own.append(Job.organisation_id == caller.organisation_id)
    if caller.kind == "official":
        own.extend(within(Job.county_code, each) for each in caller.regions)
    return or_(*own)


async def list_jobs(
    db: AsyncSession,
    *,
    caller: Caller | None,
    today: date,
    region: str | None,
    skill: str | None,
    status: str | None,
    is_own: bool,
    q: str,
    after: UUID | None,
    limit: int,
) -> Sequence[Job]:
    """Jobs, the newest first; `q` in title, employer or place."""
    query = select(Job).where(_visible(caller, today)).order_by(Job.job_id.desc()).limit(limit)
    if region is not None:
        query = query.where(within(Job.county_code, region))
    if skill is not None:
        query = query.where(Job.skills.contains([skill]))
    if status is not None:
        query = query.where(Job.status == status)
    if is_own:
        query = query.where(Job.organisation_id == (caller.organisation_id if caller else None))
    if q:
        query = query.where(saying(q, Job.title, Job.employer_name, Job.township, Job.village))
    if after is not None:
        query = query.where(Job.job_id < after)
    return (await db.scalars(query)).all()


async def get_job(db: AsyncSession, job_id: UUID, *, caller: Caller | None, today: date) -> Job:
    """The job; 404 `job-unknown`."""
    job = await db.scalar(select(Job).where(Job.job_id == job_id, _visible(caller, today)))
    if job is None:
        raise unknown_job()
    return job


async def lock_job(db: AsyncSession, job_id: UUID) -> Job:
    """The job, held until the transaction ends; 404 `job-unknown`."""
    job = await db.scalar(
        select(Job).where(Job.job_id == job_id).with_for_update().execution_options(populate_existing=True)
    )
    if job is None:
        raise unknown_job()
    return job


def unknown_job() -> NotFound:
    """The refusal for a job that is not there."""
    return NotFound("There is no such job.", code="job-unknown", field="job_id")


async def list_jobs_by_id(db: AsyncSession, job_ids: set[UUID]) -> dict[UUID, Job]:
    """These jobs by id."""
    rows = await db.scalars(select(Job).where(Job.job_id.in_(job_ids)))
    return {job.job_id: job for job in rows}


async def count_open_places(db: AsyncSession, *, region: str | None, today: date) -> int:
    """Places of open jobs that nobody has taken yet."""
    query = select(func.coalesce(func.sum(Job.place_count - Job.filled_count), 0)).where(
        Job.status == "OPEN", Job.until_on >= today
    )
    if region is not None:
        query = query.where(within(Job.county_code, region))
    return int(await db.scalar(query) or 0)


async def count_open_jobs(db: AsyncSession, workshop_id: UUID, *, today: date) -> int:
    """How many jobs of this workshop still take people."""
    query = select(func.count()).where(Job.workshop_id == workshop_id, Job.status == "OPEN", Job.until_on >= today)
    return await db.scalar(query) or 0
