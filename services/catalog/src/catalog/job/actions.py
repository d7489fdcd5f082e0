"""Offering jobs."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, oversees
from catalog.job import queries, rules
from catalog.job.models import Job
from catalog.labour import data as labour_data
from catalog.labour import rules as labour_rules
from catalog.region import queries as region_queries
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from catalog.workshop import queries as workshop_queries
from catalog.workshop import rules as workshop_rules
from catalog.workshop.actions import OFFICES
from shared.auth import Caller
from shared.errors import Forbidden
from shared.etag import ensure_fresh

SUBJECT = "labour-job"


async def offer_job(
    db: AsyncSession,
    *,
    job_id: UUID,
    facts: dict[str, Any],
    workshop_id: UUID | None,
    until_on: date,
    caller: Caller,
    now: datetime,
) -> Job:
    """Offer places of work: a supplier its own, an office those of a workshop of its county or of an employer from
    outside. 422 `skill-unknown`, `wage-range-reversed`, `county-unknown`; 403 `not-your-job`; 409 `workshop-status`."""
    county = await region_queries.get_county_code(db, facts["county_code"], field="county_code")
    kind = "workshop" if workshop_id else "outside"
    name = facts["employer_name"]
    if workshop_id is not None:
        workshop = await workshop_queries.lock_workshop(db, workshop_id)
        workshop_rules.ensure_open(workshop.status)
        name, county = workshop.name, workshop.county_code
    if caller.kind == "supplier" and caller.organisation_id is not None:
        supplier = await supplier_queries.get_supplier(db, caller.organisation_id)
        kind, name = "supplier", supplier.name
    elif caller.kind == "official":
        if workshop_id is not None:
            ensure_oversees(caller, county, *OFFICES)
        elif not any(oversees(caller, each, *OFFICES) for each in caller.regions):
            raise Forbidden("Only offices of a county note jobs from outside.", code="role-missing")
    else:
        raise Forbidden("Jobs are offered by suppliers and by offices.", code="not-your-job")
    rules.ensure_wages(facts["wage_from_fen"], facts["wage_to_fen"])
    skills = labour_rules.ensure_skills(facts["skills"], labour_data.skills(), field="skills")
    job = Job(
        job_id=job_id,
        **{**facts, "county_code": county, "employer_name": name, "skills": skills},
        employer_kind=kind,
        workshop_id=workshop_id,
        organisation_id=caller.organisation_id,
        until_on=until_on,
        filled_count=0,
        status="OPEN",
        revision=1,
        offered_at=now,
    )
    db.add(job)
    await db.flush()
    await _record(db, job, "offer", "", caller, now)
    return job


async def move_job(
    db: AsyncSession, *, job_id: UUID, verb: str, expected_revision: int, caller: Caller, now: datetime
) -> Job:
    """`close` or `reopen` (who offered it). 409 `job-status`; `workshop-status` where its workshop is closed."""
    job = await queries.lock_job(db, job_id)
    ensure_own(caller, job)
    ensure_fresh(expected_revision, job.revision)
    before = job.status
    after = rules.status_after(verb, before, is_full=job.filled_count == job.place_count)
    if verb == "reopen" and job.workshop_id is not None:
        workshop_rules.ensure_open((await workshop_queries.lock_workshop(db, job.workshop_id)).status)
    job.status = after
    job.revision += 1
    await db.flush()
    await _record(db, job, verb, before, caller, now)
    return job


async def change_filled(db: AsyncSession, job: Job, change: int) -> None:
    """One came (1) or left (-1): for placements, which hold the job."""
    job.filled_count, job.status = rules.filled_after(
        change, filled_count=job.filled_count, place_count=job.place_count, status=job.status
    )
    job.revision += 1
    await db.flush()


def is_own(caller: Caller, job: Job) -> bool:
    """Whether the caller's organisation offered the job."""
    return caller.organisation_id is not None and caller.organisation_id == job.organisation_id


def ensure_own(caller: Caller, job: Job) -> None:
    """403 `not-your-job`."""
    if not is_own(caller, job):
        raise Forbidden("Only who offered the job may do this.", code="not-your-job")


async def _record(db: AsyncSession, job: Job, verb: str, before: str, caller: Caller, now: datetime) -> None:
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=job.job_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=job.status,
    )
