"""Objections and repairs over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement

from catalog.authority import ensure_may_edit, ensure_oversees, may_see
from catalog.credit import queries as credit_queries
from catalog.credit.rules import SUPERVISORS
from catalog.credit_appeal import actions, queries
from catalog.credit_appeal.models import CreditAppeal
from catalog.credit_appeal.schemas import (
    AppealAnswerIn,
    AppealDetail,
    AppealIn,
    AppealKind,
    AppealPage,
    AppealSchema,
    AppealStatus,
)
from catalog.cursors import cursor_id
from catalog.fields import Line
from catalog.newest import cut, of_caller, sheet_batches
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, NotFound
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/credit-appeals", tags=["credit"])

_HEAD = ("供应商", "区县", "种类", "陈述", "状态", "答复", "提出时间")
_ZH = {
    "objection": "异议",
    "repair": "修复",
    "OPEN": "待处理",
    "GRANTED": "已采纳",
    "REFUSED": "未采纳",
    "WITHDRAWN": "已撤回",
}
Wanted = Annotated[Line | None, Query(description="Part of the supplier's name or of the statement.")]


@router.get("")
async def list_appeals(
    db: Read,
    caller: CallerDep,
    *,
    status: Annotated[list[AppealStatus] | None, Query()] = None,
    kind: AppealKind | None = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> AppealPage:
    """Objections and repairs, the newest first: a supplier's own, those of an official's region, all for operators.
    403 `officials-only` for everybody else."""
    seen = _seen(caller)
    found = await queries.list_appeals(
        db, seen=seen, statuses=status or (), kind=kind, q=q, after=cursor_id(cursor), limit=limit + 1
    )
    shown, next_cursor = cut(found, limit, lambda each: each.appeal_id)
    return AppealPage(items=[AppealSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_appeals(
    request: Request,
    caller: CallerDep,
    sheet: SheetFormat,
    *,
    status: Annotated[list[AppealStatus] | None, Query()] = None,
    kind: AppealKind | None = None,
    q: Wanted = None,
) -> Response:
    """The same list as a spreadsheet."""
    seen = _seen(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_appeals(
            db, seen=seen, statuses=status or (), kind=kind, q=q, after=after, limit=limit
        ),
        key=lambda each: each.appeal_id,
        row=lambda each: (
            each.supplier_name,
            each.county_code,
            _ZH[each.kind],
            each.statement,
            _ZH[each.status],
            each.answer,
            each.raised_at,
        ),
    )
    return await sheet_response(sheet, name="异议与修复", head=_HEAD, batches=batches)


def _seen(caller: Caller) -> ColumnElement[bool]:
    seen = of_caller(caller, supplier=CreditAppeal.supplier_id, county=CreditAppeal.county_code)
    if seen is None:
        raise Forbidden("Only suppliers and officials see objections and repairs.", code="officials-only")
    return seen


@router.post("", status_code=201, response_model=AppealSchema)
async def raise_appeal(db: Db, caller: CallerDep, once: Once, body: AppealIn) -> Response:
    """Object to an event or a placement, or ask for the repair of a placement (its supplier).

    404 `event-unknown`, `placement-unknown`; 409 `appeal-open`, `event-status`, `placement-status`,
    `objection-too-late`, `repair-not-possible`, `repair-too-early`, `repair-relapsed`; 422 `correction-missing`,
    `document-unknown`.
    """
    if body.subject_kind == "event":
        supplier_id = (await credit_queries.get_event(db, body.subject_id)).supplier_id
    else:
        supplier_id = (await credit_queries.get_placement(db, body.subject_id)).supplier_id
    ensure_may_edit(caller, supplier_id)
    appeal = await actions.raise_appeal(db, appeal_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, AppealSchema.model_validate(appeal), status=201)
    response.headers["ETag"] = etag_of(appeal.revision)
    return response


@router.get("/{appeal_id}")
async def get_appeal(db: Read, caller: CallerDep, appeal_id: UUID, response: Response) -> AppealDetail:
    """The objection or repair with its trail. 404 `appeal-unknown`, also for whom it does not concern."""
    found = await queries.get_appeal(db, appeal_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        raise NotFound("There is no such objection or repair.", code="appeal-unknown")
    response.headers["ETag"] = etag_of(found.revision)
    trail = await trail_queries.list_trail(db, subject_kind="credit-appeal", subject_id=appeal_id)
    return AppealDetail(
        **AppealSchema.model_validate(found).model_dump(), trail=[TrailItem.model_validate(each) for each in trail]
    )


@router.post("/{appeal_id}/grant")
async def grant_appeal(
    db: Db, caller: CallerDep, expected: IfMatch, appeal_id: UUID, body: AppealAnswerIn, response: Response
) -> AppealSchema:
    """Grant it (market supervision): the event is struck, the placement lifted or repaired, effects are taken back.

    403 `decided-before` for who reported or placed; 409 `appeal-status`.
    """
    return await _answered(db, caller, appeal_id, "grant", expected, body.answer, response)


@router.post("/{appeal_id}/refuse")
async def refuse_appeal(
    db: Db, caller: CallerDep, expected: IfMatch, appeal_id: UUID, body: AppealAnswerIn, response: Response
) -> AppealSchema:
    """Refuse it (market supervision). 403 `decided-before` for who reported or placed; 409 `appeal-status`."""
    return await _answered(db, caller, appeal_id, "refuse", expected, body.answer, response)


@router.post("/{appeal_id}/withdraw")
async def withdraw_appeal(
    db: Db, caller: CallerDep, expected: IfMatch, appeal_id: UUID, response: Response
) -> AppealSchema:
    """Take it back (its supplier). 409 `appeal-status`."""
    found = await queries.get_appeal(db, appeal_id)
    ensure_may_edit(caller, found.supplier_id)
    changed = await actions.withdraw_appeal(
        db, appeal_id=appeal_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(changed.revision)
    return AppealSchema.model_validate(changed)


async def _answered(
    db: Db, caller: CallerDep, appeal_id: UUID, verb: str, expected: int, answer: str, response: Response
) -> AppealSchema:
    found = await queries.get_appeal(db, appeal_id)
    ensure_oversees(caller, found.county_code, *SUPERVISORS)
    changed = await actions.answer_appeal(
        db,
        appeal_id=appeal_id,
        verb=verb,
        expected_revision=expected,
        answer=answer,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(changed.revision)
    return AppealSchema.model_validate(changed)
