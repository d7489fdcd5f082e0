"""The labour register over HTTP."""

from collections import defaultdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.job import queries as job_queries
from catalog.labour import actions, data, queries, rules
from catalog.labour.models import Worker
from catalog.labour.schemas import (
    CountyCount,
    LabourCounts,
    SkillPage,
    SkillSchema,
    WhyIn,
    WishIn,
    WorkerIn,
    WorkerPage,
    WorkerSchema,
    WorkerStatus,
)
from catalog.newest import sheet_batches
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from catalog.workshop import queries as workshop_queries
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Unavailable
from shared.etag import IfMatch, etag_of
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/labour", tags=["labour"])

_HEADS = (
    "编号",
    "区划代码",
    "乡镇",
    "村",
    "出生年段",
    "身体状况",
    "专长",
    "意向地",
    "意向工种",
    "期望月薪(分)",
    "状态",
)

Region = Annotated[DivisionCode | None, Query()]
Status = Annotated[WorkerStatus | None, Query()]
SkillChoice = Annotated[Line | None, Query(description="Who can do this.")]
Words = Annotated[Line, Query(description="Part of the township or the village.")]


@router.get("/skills")
async def list_skills() -> SkillPage:
    """What people can do and jobs ask for."""
    return SkillPage(items=[SkillSchema.model_validate(each) for each in data.skills().values()])


@router.get("/counts")
async def count_workers(db: Read, *, region: Region = None) -> LabourCounts:
    """For everybody: how many look for work and how many found it, by county. A count below five is null."""
    smallest = data.smallest_public_count()
    by_county: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await queries.list_counts(db, region=region):
        by_county[row["county_code"]][row["status"]] = row["count"]
    counties = []
    for code, counts in by_county.items():
        seeking = rules.public_count(counts.get("SEEKING", 0) + counts.get("MATCHED", 0), smallest=smallest)
        employed = rules.public_count(counts.get("EMPLOYED", 0), smallest=smallest)
        if seeking is not None or employed is not None:
            counties.append(CountyCount(county_code=code, seeking=seeking, employed=employed))
    places = await job_queries.count_open_places(db, region=region, today=business_day(utc_now()))
    return LabourCounts(
        smallest=smallest,
        counties=counties,
        seeking=sum(each.seeking or 0 for each in counties),
        employed=sum(each.employed or 0 for each in counties),
        open_places=places,
        workshop_count=await workshop_queries.count_workshops(db, region=region),
    )


@router.post("/workers", status_code=201)
async def register_worker(
    request: Request, db: Db, caller: CallerDep, body: WorkerIn, response: Response
) -> WorkerSchema:
    """Register a person (the township's or assistance office). The identity number becomes a keyed hash and a band of
    five birth years and is then forgotten. It takes no Idempotency-Key: that would keep a hash of the request, number
    and all; the person is in the register once, so a second try is 409 `worker-registered`.

    422 `identity-number-invalid`, `too-young`, `skill-unknown`, `county-unknown`; 503 `worker-secret-missing`.
    """
    now = utc_now()
    number = rules.plain_number(body.identity_number.get_secret_value())
    worker = await actions.register_worker(
        db,
        worker_id=new_id(),
        worker_key=rules.worker_key(_secret(request), number),
        birth_from_year=rules.birth_band(number, today=business_day(now)),
        facts=body.model_dump(exclude={"identity_number"}),
        caller=caller,
        now=now,
    )
    return _tagged(worker, response)


def _secret(request: Request) -> bytes:
    secret = request.app.state.settings.worker_secret
    if secret is None:
        raise Unavailable(
            "The labour register has no secret to make keys with: set CATALOG_WORKER_SECRET.",
            code="worker-secret-missing",
        )
    found: str = secret.get_secret_value()
    return found.encode()


@router.get("/workers")
async def list_workers(
    db: Read,
    caller: CallerDep,
    *,
    region: Region = None,
    status: Status = None,
    skill: SkillChoice = None,
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> WorkerPage:
    """The workers of the caller's region, the newest first. 403 `officials-only`."""
    found = await queries.list_workers(
        db, caller=caller, region=region, status=status, skill=skill, q=q, after=cursor_id(cursor), limit=limit + 1
    )
    return WorkerPage(
        items=[WorkerSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].worker_id) if len(found) > limit else None,
    )


@router.get("/workers/export", response_class=Response)
async def export_workers(
    request: Request,
    caller: CallerDep,
    *,
    region: Region = None,
    status: Status = None,
    skill: SkillChoice = None,
    q: Words = "",
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, masked as it is."""
    queries.visible_to(caller)  # refuse before the first byte

    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_workers(
            db, caller=caller, region=region, status=status, skill=skill, q=q, after=after, limit=limit
        ),
        key=lambda each: each.worker_id,
        row=_row,
    )
    return await sheet_response(sheet, name="劳动力资源库", head=_HEADS, batches=batches)


def _row(worker: Worker) -> list[Any]:
    return [
        str(worker.worker_id),
        worker.county_code,
        worker.township,
        worker.village,
        f"{worker.birth_from_year}–{worker.birth_from_year + rules.BAND_YEARS - 1}",
        worker.health,
        "、".join(data.skills()[each].zh for each in worker.skills),
        worker.wish_place,
        "、".join(data.skills()[each].zh for each in worker.wish_skills),
        worker.wage_from_fen,
        worker.status,
    ]


@router.get("/workers/{worker_id}")
async def get_worker(db: Read, caller: CallerDep, worker_id: UUID, response: Response) -> WorkerSchema:
    """One worker. 404 `worker-unknown`, also for who may not know of the person; 403 `officials-only`."""
    return _tagged(await queries.get_worker(db, worker_id, caller=caller), response)


@router.put("/workers/{worker_id}")
async def edit_worker(
    db: Db, caller: CallerDep, expected: IfMatch, worker_id: UUID, body: WishIn, response: Response
) -> WorkerSchema:
    """Change health, skills and wish. 422 `skill-unknown`."""
    worker = await actions.edit_worker(
        db, worker_id=worker_id, expected_revision=expected, facts=body.model_dump(), caller=caller, now=utc_now()
    )
    return _tagged(worker, response)


@router.get("/workers/{worker_id}/trail")
async def list_trail(db: Read, caller: CallerDep, worker_id: UUID) -> Page[TrailItem]:
    """The history of a worker's search."""
    await queries.get_worker(db, worker_id, caller=caller)
    rows = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=worker_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/workers/{worker_id}/{verb}")
async def move_worker(
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    worker_id: UUID,
    verb: Literal["seek", "employ", "withdraw"],
    body: WhyIn,
    response: Response,
) -> WorkerSchema:
    """Looks for work again, found some without us, or looks no more. 409 `worker-status`, `worker-placed`."""
    worker = await actions.move_worker(
        db,
        worker_id=worker_id,
        verb=verb,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
        reason=body.reason,
    )
    return _tagged(worker, response)


def _tagged(worker: Worker, response: Response) -> WorkerSchema:
    response.headers["ETag"] = etag_of(worker.revision)
    return WorkerSchema.model_validate(worker)
