"""Matches and placements over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.cursors import cursor_id
from catalog.fields import Line
from catalog.job import actions as job_actions
from catalog.job import queries as job_queries
from catalog.job.schemas import JobSchema
from catalog.labour import data
from catalog.labour import queries as labour_queries
from catalog.labour import rules as labour_rules
from catalog.labour.schemas import Candidate
from catalog.newest import sheet_batches
from catalog.placement import actions, queries
from catalog.placement.models import Placement
from catalog.placement.schemas import (
    CandidateMatch,
    Candidates,
    PlacementCount,
    PlacementCounts,
    PlacementPage,
    PlacementSchema,
    PushIn,
    ReasonSchema,
)
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/labour", tags=["labour"])

_HEADS = ("岗位", "用人单位", "出生年段", "专长", "匹配分", "状态", "上岗日期", "离岗日期")
_STATUS_ZH = {"PUSHED": "已推送", "ACCEPTED": "已接受", "DECLINED": "已谢绝", "PLACED": "已上岗", "ENDED": "已离岗"}

Status = Annotated[Literal["PUSHED", "ACCEPTED", "DECLINED", "PLACED", "ENDED"] | None, Query()]
Words = Annotated[Line, Query(description="Part of the job's title or its employer.")]


@router.get("/jobs/{job_id}/candidates")
async def list_candidates(db: Read, caller: CallerDep, job_id: UUID, *, limit: Limit = 20) -> Candidates:
    """Who fits the job, masked, with the reasons: for its employer, and for officials from their own region.

    403 `not-your-job`; 404 `job-unknown`.
    """
    found = await actions.list_candidates(db, job_id=job_id, caller=caller, now=utc_now(), limit=limit)
    items = [
        CandidateMatch(
            candidate=Candidate.model_validate(worker),
            score=how.score,
            reasons=[ReasonSchema.model_validate(each) for each in how.reasons],
        )
        for worker, how in found
    ]
    return Candidates(items=items)


@router.post("/jobs/{job_id}/push", status_code=201, response_model=PlacementSchema)
async def push_job(db: Db, caller: CallerDep, once: Once, job_id: UUID, body: PushIn) -> Response:
    """Tell the village office of a candidate of the job.

    404 `job-unknown`, `worker-unknown`; 403 `not-your-job`; 409 `job-not-open`, `worker-status`, `not-a-match`,
    `pushed-already`.
    """
    placement = await actions.push_job(
        db, placement_id=new_id(), job_id=job_id, worker_id=body.worker_id, caller=caller, now=utc_now()
    )
    return await once.answer(db, (await _shown(db, [placement]))[0], status=201)


@router.get("/jobs/{job_id}/placements")
async def list_of_job(db: Read, caller: CallerDep, job_id: UUID) -> PlacementPage:
    """What became of a job, for who offered it. 403 `not-your-job`."""
    job = await job_queries.get_job(db, job_id, caller=caller, today=business_day(utc_now()))
    job_actions.ensure_own(caller, job)
    return PlacementPage(items=await _shown(db, await queries.list_of_job(db, job_id)))


@router.get("/placements")
async def list_placements(
    db: Read, caller: CallerDep, *, status: Status = None, q: Words = "", cursor: CursorText = None, limit: Limit = 50
) -> PlacementPage:
    """The pushes and placements of the region's workers, for its officials. 403 `officials-only`."""
    _ensure_official(caller.kind)
    found = await queries.list_of_regions(
        db,
        caller.regions,
        organisation_id=caller.organisation_id,
        status=status,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    return PlacementPage(
        items=await _shown(db, found[:limit]),
        next_cursor=encode_cursor(found[limit - 1].placement_id) if len(found) > limit else None,
    )


@router.get("/placements/export", response_class=Response)
async def export_placements(
    request: Request, caller: CallerDep, *, status: Status = None, q: Words = "", sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table, masked as it is. 403 `officials-only`."""
    _ensure_official(caller.kind)

    async def read(db: Read, after: UUID | None, limit: int) -> Sequence[PlacementSchema]:
        found = await queries.list_of_regions(
            db, caller.regions, organisation_id=caller.organisation_id, status=status, q=q, after=after, limit=limit
        )
        return await _shown(db, found)

    batches = sheet_batches(
        request.app.state.database,
        read,
        key=lambda each: each.placement_id,
        row=lambda each: (
            each.job.title,
            each.job.employer_name,
            f"{each.candidate.birth_from_year}–{each.candidate.birth_from_year + labour_rules.BAND_YEARS - 1}",
            "、".join(data.skills()[skill].zh for skill in each.candidate.skills),
            each.score,
            _STATUS_ZH[each.status],
            each.placed_on,
            each.ended_on,
        ),
    )
    return await sheet_response(sheet, name="就业匹配", head=_HEADS, batches=batches)


@router.get("/placement-counts")
async def count_placements(db: Read, caller: CallerDep) -> PlacementCounts:
    """How many were placed, by county and month, in the caller's regions. 403 `officials-only`."""
    _ensure_official(caller.kind)
    rows = [row for region in caller.regions for row in await queries.list_counts(db, region)]
    return PlacementCounts(items=[PlacementCount.model_validate(row) for row in rows])


@router.post("/placements/{placement_id}/{verb}")
async def move_placement(
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    placement_id: UUID,
    verb: Literal["accept", "decline", "place", "end"],
    response: Response,
) -> PlacementSchema:
    """The office accepts or declines; office or employer say that the person began to work there, and ended.

    404 `placement-unknown`; 403 `not-your-worker`; 409 `placement-status`, `worker-status`, `job-full`.
    """
    placement = await actions.move_placement(
        db, placement_id=placement_id, verb=verb, expected_revision=expected, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(placement.revision)
    return (await _shown(db, [placement]))[0]


async def _shown(db: Read, placements: Sequence[Placement]) -> list[PlacementSchema]:
    jobs = await job_queries.list_jobs_by_id(db, {each.job_id for each in placements})
    workers = await labour_queries.list_workers_by_id(db, {each.worker_id for each in placements})
    return [
        PlacementSchema(
            placement_id=each.placement_id,
            job=JobSchema.model_validate(jobs[each.job_id]),
            candidate=Candidate.model_validate(workers[each.worker_id]),
            score=each.score,
            reasons=[ReasonSchema.model_validate(reason) for reason in each.reasons],
            status=each.status,
            placed_on=each.placed_on,
            ended_on=each.ended_on,
            revision=each.revision,
            pushed_at=each.pushed_at,
        )
        for each in placements
    ]


def _ensure_official(kind: str) -> None:
    if kind != "official":
        raise Forbidden("This is for officials of the region.", code="officials-only")
