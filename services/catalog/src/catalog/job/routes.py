"""Jobs over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.job import actions, queries
from catalog.job.schemas import JobIn, JobPage, JobSchema, JobStatus
from catalog.labour import data
from catalog.newest import sheet_batches
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/labour", tags=["labour"])

_HEADS = (
    "岗位", "用人单位", "区划代码", "乡镇", "村", "技能要求", "月薪起(分)", "月薪止(分)", "招用人数", "已到岗",
    "截止日期", "状态",
)  # fmt: skip
_STATUS_ZH = {"OPEN": "招用中", "FILLED": "已招满", "CLOSED": "已关闭"}

Region = Annotated[DivisionCode | None, Query()]
Skill = Annotated[Line | None, Query()]
Status = Annotated[JobStatus | None, Query()]
Own = Annotated[bool, Query(description="Only those that the caller's organisation offers.")]
Words = Annotated[Line, Query(description="Part of the title, the employer or the place.")]


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
    skill: Skill = None,
    status: Status = None,
    own: Own = False,
    q: Words = "",
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
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    return JobPage(
        items=[JobSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].job_id) if len(found) > limit else None,
    )


@router.get("/jobs/export", response_class=Response)
async def export_jobs(
    request: Request,
    caller: OptionalCaller,
    *,
    region: Region = None,
    skill: Skill = None,
    status: Status = None,
    own: Own = False,
    q: Words = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table; wages are fen a month."""
    today = business_day(utc_now())
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_jobs(
            db,
            caller=caller,
            today=today,
            region=region,
            skill=skill,
            status=status,
            is_own=own,
            q=q,
            after=after,
            limit=limit,
        ),
        key=lambda each: each.job_id,
        row=lambda each: (
            each.title,
            each.employer_name,
            each.county_code,
            each.township,
            each.village,
            "、".join(data.skills()[skill].zh for skill in each.skills),
            each.wage_from_fen,
            each.wage_to_fen,
            each.place_count,
            each.filled_count,
            each.until_on,
            _STATUS_ZH[each.status],
        ),
    )
    return await sheet_response(sheet, name="岗位", head=_HEADS, batches=batches)


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
