"""Workshops over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import ensure_oversees
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.newest import cut, sheet_batches
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from catalog.workshop import actions, queries
from catalog.workshop.models import Workshop
from catalog.workshop.schemas import WorkshopIn, WorkshopPage, WorkshopSchema, WorkshopStatus
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/labour/workshops", tags=["labour"])

_HEADS = ("编号", "区划代码", "乡镇", "村", "名称", "做什么", "岗位数", "状态", "登记时间")
_STATUS_ZH = {"OPEN": "开工", "CLOSED": "停工"}

Region = Annotated[DivisionCode | None, Query()]
Status = Annotated[WorkshopStatus, Query(description="The open ones unless said otherwise.")]
Words = Annotated[Line, Query(max_length=64, description="In name, work, township or village.")]


@router.post("", status_code=201, response_model=WorkshopSchema)
async def open_workshop(db: Db, caller: CallerDep, once: Once, body: WorkshopIn) -> Response:
    """Note a village workshop (offices of its county). 403 `not-your-region`, `role-missing`, `officials-only`;
    404 `supplier-unknown`; 422 `county-unknown`."""
    made = await actions.open_workshop(db, workshop_id=new_id(), facts=body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, WorkshopSchema.model_validate(made), status=201)
    response.headers["ETag"] = etag_of(made.revision)
    return response


@router.get("")
async def list_workshops(
    db: Read,
    *,
    region: Region = None,
    status: Status = "OPEN",
    q: Words = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> WorkshopPage:
    """Village workshops, for everybody, the newest first."""
    found = await queries.list_workshops(
        db, region=region, status=status, q=q, after=cursor_id(cursor), limit=limit + 1
    )
    shown, next_cursor = cut(found, limit, lambda each: each.workshop_id)
    return WorkshopPage(items=[WorkshopSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_workshops(
    request: Request, *, region: Region = None, status: Status = "OPEN", q: Words = "", sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table."""
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_workshops(
            db, region=region, status=status, q=q, after=after, limit=limit
        ),
        key=lambda each: each.workshop_id,
        row=lambda each: (
            str(each.workshop_id),
            each.county_code,
            each.township,
            each.village,
            each.name,
            each.work,
            each.place_count,
            _STATUS_ZH[each.status],
            each.opened_at,
        ),
    )
    return await sheet_response(sheet, name="帮扶车间", head=_HEADS, batches=batches)


@router.get("/{workshop_id}")
async def get_workshop(db: Read, workshop_id: UUID, response: Response) -> WorkshopSchema:
    """A workshop. 404 `workshop-unknown`."""
    return _tagged(await queries.get_workshop(db, workshop_id), response)


@router.put("/{workshop_id}")
async def edit_workshop(
    db: Db, caller: CallerDep, expected: IfMatch, workshop_id: UUID, body: WorkshopIn, response: Response
) -> WorkshopSchema:
    """Replace what it says (offices of its county). 404 `workshop-unknown`; 412 `stale`; 422 `county-unknown`; 428."""
    changed = await actions.edit_workshop(
        db,
        workshop_id=workshop_id,
        expected_revision=expected,
        facts=body.model_dump(),
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.get("/{workshop_id}/trail")
async def list_trail(db: Read, caller: CallerDep, workshop_id: UUID) -> Page[TrailItem]:
    """What was done with it, for officials of its county and operators."""
    ensure_oversees(caller, (await queries.get_workshop(db, workshop_id)).county_code)
    rows = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=workshop_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@router.post("/{workshop_id}/{verb}")
async def move_workshop(
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    workshop_id: UUID,
    verb: Literal["close", "reopen"],
    response: Response,
) -> WorkshopSchema:
    """Close it, or open it again (offices of its county). 409 `workshop-status`, `workshop-has-jobs`; 412 `stale`."""
    moved = await actions.move_workshop(
        db, workshop_id=workshop_id, verb=verb, expected_revision=expected, caller=caller, now=utc_now()
    )
    return _tagged(moved, response)


def _tagged(workshop: Workshop, response: Response) -> WorkshopSchema:
    response.headers["ETag"] = etag_of(workshop.revision)
    return WorkshopSchema.model_validate(workshop)
