"""Inspection reports over HTTP: a supplier submits, the county's agriculture or market supervision or an operator
decides."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, ensure_oversees, may_edit, may_see
from catalog.certificate.schemas import ReasonIn
from catalog.cursors import cursor_instant_and_id
from catalog.fields import DivisionCode, Line
from catalog.inspection import actions, queries, rules
from catalog.inspection.models import Inspection
from catalog.inspection.queries import InspectionFilter
from catalog.inspection.schemas import (
    InspectionDetail,
    InspectionIn,
    InspectionPage,
    InspectionStatus,
    InspectionSummary,
)
from catalog.product import queries as product_queries
from catalog.trail import queries as trail_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["inspections"])

_HEAD = [
    "品名",
    "报告编号",
    "检测机构",
    "CMA 编号",
    "抽样",
    "签发",
    "有效期至",
    "结论",
    "状态",
    "说明",
    "互认依据",
    "产地区划",
]
_STATUSES_ZH = {
    "SUBMITTED": "待审",
    "ACCEPTED": "已采信",
    "REFUSED": "未采信",
    "WITHDRAWN": "已撤回",
    "EXPIRED": "已到期",
}
_EXPORT_BATCH = 500


def _wanted(
    *,
    status: InspectionStatus | None = None,
    is_passed: bool | None = None,
    product_id: UUID | None = None,
    county: DivisionCode | None = None,
    until: Annotated[date | None, Query(description="Accepted, with the last day on this day or earlier.")] = None,
    q: Annotated[Line, Query(max_length=64, description="In number, laboratory or product.")] = "",
) -> InspectionFilter:
    return InspectionFilter(status, is_passed, product_id, county, until, q or None)


Wanted = Annotated[InspectionFilter, Depends(_wanted)]


@router.get("/inspections")
async def list_inspections(
    db: Read, caller: CallerDep, wanted: Wanted, *, cursor: CursorText = None, limit: Limit = 20
) -> InspectionPage:
    """Reports, the latest first: a supplier sees its own, an official those of the own regions, an operator all."""
    after = cursor_instant_and_id(cursor)
    found = await queries.list_visible(db, caller, wanted=wanted, after=after, limit=limit + 1)
    last = found[limit - 1].inspection if len(found) > limit else None
    return InspectionPage(
        items=[InspectionSummary.of(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.submitted_at.isoformat(), last.inspection_id) if last else None,
    )


@router.get("/inspections/export", response_class=Response)
async def export_inspections(
    request: Request, caller: CallerDep, wanted: Wanted, sheet_format: SheetFormat = "csv"
) -> Response:
    """The same list as a table, whole."""
    return await sheet_response(sheet_format, name="检测报告", head=_HEAD, batches=_rows(request, caller, wanted))


@router.get("/inspections/{inspection_id}")
async def get_inspection(db: Read, caller: CallerDep, inspection_id: UUID, response: Response) -> InspectionDetail:
    """The report with its items and trail; the ETag is for deciding. 404 `inspection-unknown`."""
    found = await queries.get_inspection(db, inspection_id)
    if not may_see(caller, supplier_id=found.supplier_id, county_code=found.county_code):
        raise queries.unknown_inspection()
    response.headers["ETag"] = etag_of(found.revision)
    return await _detail(db, found)


@router.post("/inspections", status_code=201, response_model=InspectionDetail)
async def submit_inspection(db: Db, caller: CallerDep, once: Once, body: InspectionIn) -> Response:
    """Submit a report on an own product.

    403 `not-your-supplier`; 404 `product-unknown`; 409 `inspection-exists`; 422 `report-number-invalid`,
    `cma-number-invalid`, `report-days`, `report-over`, `document-unknown`, `lot-unknown`.
    """
    product = await product_queries.get_product(db, body.product_id)
    ensure_may_edit(caller, product.supplier_id)
    made = await actions.submit_inspection(
        db,
        inspection_id=new_id(),
        product_id=body.product_id,
        report=body.as_report(),
        findings=body.as_findings(),
        document_id=body.document_id,
        lot_id=body.lot_id,
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, await _detail(db, made), status=201)
    response.headers["ETag"] = etag_of(made.revision)
    return response


@router.post("/inspections/{inspection_id}/accept")
async def accept_inspection(
    db: Db, caller: CallerDep, expected: IfMatch, inspection_id: UUID, response: Response
) -> InspectionDetail:
    """It counts from now on: a passed one makes the product ready for canteens, a failed one ends that.

    403 `officials-only`, `not-your-region`, `role-missing`; 404; 409 `inspection-status`, `laboratory-not-recognised`;
    412; 422 `report-over`; 428.
    """
    await _ensure_may_decide(db, caller, inspection_id)
    return await _decided(db, inspection_id, "accept", expected, caller, response)


@router.post("/inspections/{inspection_id}/refuse")
async def refuse_inspection(
    db: Db, caller: CallerDep, expected: IfMatch, inspection_id: UUID, body: ReasonIn, response: Response
) -> InspectionDetail:
    """It does not count, and why; the supplier may submit anew. As for accepting."""
    await _ensure_may_decide(db, caller, inspection_id)
    return await _decided(db, inspection_id, "refuse", expected, caller, response, reason=body.reason)


@router.post("/inspections/{inspection_id}/withdraw")
async def withdraw_inspection(
    db: Db, caller: CallerDep, expected: IfMatch, inspection_id: UUID, body: ReasonIn, response: Response
) -> InspectionDetail:
    """It counts no longer: by who may decide, or by its supplier while it is not accepted or passed: what failed and
    was accepted is not taken back by who failed. 403 `failed-report-stays`; 409 `inspection-status`; 412; 428."""
    found = await queries.get_inspection(db, inspection_id)
    if not may_edit(caller, found.supplier_id):
        await _ensure_may_decide(db, caller, inspection_id)
    elif not caller.is_operator:
        rules.ensure_may_take_back(found.status, is_passed=found.is_passed)
    return await _decided(db, inspection_id, "withdraw", expected, caller, response, reason=body.reason)


async def _ensure_may_decide(db: AsyncSession, caller: Caller, inspection_id: UUID) -> None:
    found = await queries.get_inspection(db, inspection_id)
    ensure_oversees(caller, found.county_code, "agriculture", "market_supervision")


async def _decided(
    db: AsyncSession,
    inspection_id: UUID,
    verb: str,
    expected: int,
    caller: Caller,
    response: Response,
    *,
    reason: str = "",
) -> InspectionDetail:
    made = await actions.decide(
        db,
        inspection_id=inspection_id,
        verb=verb,
        expected_revision=expected,
        reason=reason,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(made.revision)
    return await _detail(db, made)


async def _detail(db: AsyncSession, inspection: Inspection) -> InspectionDetail:
    product = await product_queries.get_product(db, inspection.product_id)
    items = await queries.list_items(db, [inspection.inspection_id])
    trail = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=inspection.inspection_id)
    return InspectionDetail.told(
        inspection,
        product_title=product.title,
        items=items.get(inspection.inspection_id, []),
        trail=list(trail),
    )


async def _rows(request: Request, caller: Caller, wanted: InspectionFilter) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: tuple[datetime, UUID] | None = None
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_visible(db, caller, wanted=wanted, after=after, limit=_EXPORT_BATCH)
        if not found:
            return
        last = found[-1].inspection
        after = (last.submitted_at, last.inspection_id)
        yield [
            [
                row.product_title,
                row.inspection.report_number,
                row.inspection.laboratory_name,
                row.inspection.cma_number,
                row.inspection.sampled_on,
                row.inspection.issued_on,
                row.inspection.valid_until,
                "合格" if row.inspection.is_passed else "不合格",
                _STATUSES_ZH[row.inspection.status],
                row.inspection.status_reason,
                row.inspection.recognition,
                row.inspection.county_code,
            ]
            for row in found
        ]
