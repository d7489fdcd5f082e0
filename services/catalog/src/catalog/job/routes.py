"""Jobs over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.job import actions, queries
from catalog.job.schemas import JobIn, JobPage, JobSchema, JobStatus
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor

router = APIRouter(prefix="/v1/labour", tags=["labour"])

Region = Annotated[DivisionCode | None, Query()]


@router.post("/jobs", status_code=201, response_model=JobSchema)
async def offer_job(db: Db, caller: CallerDep, once: Once, body: JobIn) -> Response:
    """Offer places of work: suppliers their own, offices those of a workshop or of an employer from outside.

    403 `not-your-job`, `role-missing`; 404 `workshop-unknown`; 409 `workshop-status`; 422 `skill-unknown`,
    `wage-range-reversed`.
    """
    facts = body.model_dump(exclude={"workshop_id", "until_on"})
    job = await actions.offer_job(
        db,
        job_id=new_id(),
        facts=facts,
        workshop_id=body.workshop_id,
        until_on=body.until_on,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, JobSchema.model_validate(job), status=201)


@router.get("/jobs")
async def list_jobs(
    db: Read,
    caller: OptionalCaller,
    *,
    region: Region = None,
    skill: Annotated[Line | None, Query()] = None,
    status: Annotated[JobStatus | None, Query()] = None,
    own: Annotated[bool, Query(description="Only those that the caller's organisation offers.")] = False,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> JobPage:
    """Jobs, the newest first: the open ones for everybody."""
    found = await queries.list_jobs(
        db,
        caller=caller,
        today=business_day(utc_now()),
        region=region,
        skill=skill,
        status=status,
        is_own=own,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    return JobPage(
        items=[JobSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].job_id) if len(found) > limit else None,
    )


@router.get("/jobs/{job_id}")
async def get_job(db: Read, caller: OptionalCaller, job_id: UUID, response: Response) -> JobSchema:
    """A job. 404 `job-unknown`."""
    job = await queries.get_job(db, job_id, caller=caller, today=business_day(utc_now()))
    response.headers["ETag"] = etag_of(job.revision)
    return JobSchema.model_validate(job)


@router.post("/jobs/{job_id}/close")
async def close_job(db: Db, caller: CallerDep, expected: IfMatch, job_id: UUID, response: Response) -> JobSchema:
    """The job takes nobody any more (who offered it). 403 `not-your-job`; 409 `job-status`."""
    return await _moved(db, caller, job_id, "close", expected, response)


@router.post("/jobs/{job_id}/reopen")
async def reopen_job(db: Db, caller: CallerDep, expected: IfMatch, job_id: UUID, response: Response) -> JobSchema:
    """A closed job takes people again. 403 `not-your-job`; 409 `job-status`, `workshop-status`."""
    return await _moved(db, caller, job_id, "reopen", expected, response)


async def _moved(db: Db, caller: Caller, job_id: UUID, verb: str, expected: int, response: Response) -> JobSchema:
    job = await actions.move_job(db, job_id=job_id, verb=verb, expected_revision=expected, caller=caller, now=utc_now())
    response.headers["ETag"] = etag_of(job.revision)
    return JobSchema.model_validate(job)
