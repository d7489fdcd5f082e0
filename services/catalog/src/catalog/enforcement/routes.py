"""Enforcement over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, may_see
from catalog.cursors import cursor_id
from catalog.enforcement import actions, queries
from catalog.enforcement.models import EnforcementCase
from catalog.enforcement.schemas import (
    CaseDetail,
    CaseIn,
    CasePage,
    CaseSchema,
    CaseStatus,
    ClosingIn,
    DropIn,
    MeasureIn,
    MeasureSchema,
    StepIn,
)
from catalog.fields import Line
from catalog.newest import cut, of_caller, sheet_batches
from catalog.supplier import queries as supplier_queries
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["enforcement"])

_HEAD = ("案由", "供应商", "县(区划代码)", "对象", "状态", "结果", "立案日期", "办结期限", "结论")
_ZH = {
    "supplier": "供应商",
    "product": "商品",
    "lot": "批次",
    "OPENED": "已立案",
    "INVESTIGATING": "调查中",
    "MEASURES": "已采取措施",
    "CLOSED": "已结案",
    "DROPPED": "已撤案",
    "violation": "违法成立",
    "corrected": "已改正",
    "no_violation": "未发现违法",
    "": "",
}
Statuses = Annotated[list[CaseStatus] | None, Query(alias="status")]


Wanted = Annotated[Line | None, Query(description="Part of the title, the supplier's name or the conclusion.")]


@router.get("/enforcement-cases")
async def list_cases(
    db: Read,
    caller: CallerDep,
    *,
    status: Statuses = None,
    supplier_id: UUID | None = None,
    q: Wanted = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> CasePage:
    """Cases, the newest first: a supplier's own, those of an official's region, all for operators.
    403 `officials-only`."""
    found = await queries.list_cases(
        db,
        seen=_seen(caller),
        statuses=status or (),
        supplier_id=supplier_id,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    shown, next_cursor = cut(found, limit, lambda each: each.case_id)
    return CasePage(items=[CaseSchema.model_validate(each) for each in shown], next_cursor=next_cursor)


@router.get("/enforcement-cases/export", response_class=Response)
async def export_cases(
    request: Request,
    caller: CallerDep,
    kind: SheetFormat,
    *,
    status: Statuses = None,
    supplier_id: UUID | None = None,
    q: Wanted = None,
) -> Response:
    """The same list as a spreadsheet."""
    seen = _seen(caller)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_cases(
            db, seen=seen, statuses=status or (), supplier_id=supplier_id, q=q, after=after, limit=limit
        ),
        key=lambda each: each.case_id,
        row=lambda each: (
            each.title,
            each.supplier_name,
            each.county_code,
            _ZH[each.subject_kind],
            _ZH[each.status],
            _ZH[each.result],
            each.opened_on,
            each.deadline_on,
            each.conclusion,
        ),
    )
    return await sheet_response(kind, name="执法案件", head=_HEAD, batches=batches)


@router.post("/enforcement-cases", status_code=201, response_model=CaseSchema)
async def open_case(db: Db, caller: CallerDep, once: Once, body: CaseIn) -> Response:
    """Open a case (market supervision of the supplier's county). 404 `supplier-unknown`, `product-unknown`; 422
    `product-missing`, `product-of-another`, `document-unknown`."""
    supplier = await supplier_queries.get_supplier(db, body.supplier_id)
    ensure_oversees(caller, supplier.county_code, "market_supervision")
    case = await actions.open_case(db, case_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    response = await once.answer(db, CaseSchema.model_validate(case), status=201)
    response.headers["ETag"] = etag_of(case.revision)
    return response


@router.get("/enforcement-cases/{case_id}")
async def get_case(db: Read, caller: CallerDep, case_id: UUID, response: Response) -> CaseDetail:
    """The case with measures and trail, for its supplier, officials of the county and operators. 404 `case-unknown`."""
    found = await queries.get_case(db, case_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        queries.known_case(None)
    today = business_day(utc_now())
    response.headers["ETag"] = etag_of(found.revision)
    return CaseDetail(
        **CaseSchema.model_validate(found).model_dump(),
        measures=[
            MeasureSchema.model_validate(each).model_copy(
                update={"is_overdue": each.status == "ORDERED" and each.deadline_on < today}
            )
            for each in await queries.list_measures(db, case_id)
        ],
        trail=[
            TrailItem.model_validate(each)
            for each in await trail_queries.list_trail(db, subject_kind="enforcement-case", subject_id=case_id)
        ],
    )


@router.post("/enforcement-cases/{case_id}/investigate")
async def investigate_case(
    db: Db, caller: CallerDep, expected: IfMatch, case_id: UUID, body: StepIn, response: Response
) -> CaseSchema:
    """Begin the investigation. 409 `case-status`."""
    await _ensure_may(db, caller, case_id)
    changed = await actions.move_case(
        db,
        case_id=case_id,
        verb="investigate",
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return _tagged(changed, response)


@router.post("/enforcement-cases/{case_id}/drop")
async def drop_case(
    db: Db, caller: CallerDep, expected: IfMatch, case_id: UUID, body: DropIn, response: Response
) -> CaseSchema:
    """Drop it before any measure, with the reason. 409 `case-status`."""
    await _ensure_may(db, caller, case_id)
    changed = await actions.move_case(
        db, case_id=case_id, verb="drop", expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return _tagged(changed, response)


@router.post("/enforcement-cases/{case_id}/measures", status_code=201, response_model=CaseSchema)
async def order_measure(
    db: Db, caller: CallerDep, once: Once, expected: IfMatch, case_id: UUID, body: MeasureIn
) -> Response:
    """Order a measure; seizure and delisting take products off the shelf at once. 409 `case-status`; 422
    `fine-missing`, `fine-not-expected`, `deadline-past`."""
    await _ensure_may(db, caller, case_id)
    changed = await actions.order_measure(
        db,
        measure_id=new_id(),
        case_id=case_id,
        expected_revision=expected,
        **body.model_dump(),
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, CaseSchema.model_validate(changed), status=201)
    response.headers["ETag"] = etag_of(changed.revision)
    return response


@router.post("/enforcement-measures/{measure_id}/meet")
async def meet_measure(
    db: Db, caller: CallerDep, expected: IfMatch, measure_id: UUID, body: DropIn, response: Response
) -> CaseSchema:
    """It was met. If-Match is the case's. 409 `measure-status`."""
    return await _ended(db, caller, measure_id, "meet", expected, body.reason, response)


@router.post("/enforcement-measures/{measure_id}/lift")
async def lift_measure(
    db: Db, caller: CallerDep, expected: IfMatch, measure_id: UUID, body: DropIn, response: Response
) -> CaseSchema:
    """It is taken back. If-Match is the case's. 409 `measure-status`."""
    return await _ended(db, caller, measure_id, "lift", expected, body.reason, response)


@router.post("/enforcement-cases/{case_id}/close")
async def close_case(
    db: Db, caller: CallerDep, expected: IfMatch, case_id: UUID, body: ClosingIn, response: Response
) -> CaseSchema:
    """Close it with its result. 409 `case-status`, `measure-standing`; 422 `result-unfounded`."""
    await _ensure_may(db, caller, case_id)
    changed = await actions.close_case(
        db, case_id=case_id, expected_revision=expected, **body.model_dump(), caller=caller, now=utc_now()
    )
    return _tagged(changed, response)


def _seen(caller: Caller) -> ColumnElement[bool]:
    seen = of_caller(caller, supplier=EnforcementCase.supplier_id, county=EnforcementCase.county_code)
    if seen is None:
        raise Forbidden("Only suppliers and officials see enforcement cases.", code="officials-only")
    return seen


async def _ensure_may(db: AsyncSession, caller: Caller, case_id: UUID) -> None:
    ensure_oversees(caller, (await queries.get_case(db, case_id)).county_code, "market_supervision")


async def _ended(
    db: AsyncSession, caller: Caller, measure_id: UUID, verb: str, expected: int, note: str, response: Response
) -> CaseSchema:
    await _ensure_may(db, caller, (await queries.get_measure(db, measure_id)).case_id)
    changed = await actions.end_measure(
        db, measure_id=measure_id, verb=verb, expected_revision=expected, note=note, caller=caller, now=utc_now()
    )
    return _tagged(changed, response)


def _tagged(case: EnforcementCase, response: Response) -> CaseSchema:
    response.headers["ETag"] = etag_of(case.revision)
    return CaseSchema.model_validate(case)
