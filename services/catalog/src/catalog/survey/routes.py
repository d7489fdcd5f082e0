"""Sales-need surveys over HTTP, for officials."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.survey import actions, queries
from catalog.survey.models import SurveyReport
from catalog.survey.schemas import AbsorptionIn, AbsorptionSchema, ReportDetail, ReportIn, ReportPage, ReportSchema
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/survey-reports", tags=["surveys"])

_HEADS = ("区划代码", "乡镇", "村", "品名", "类别", "年度", "期", "待售(克)", "已消纳(克)", "期限", "上报单位", "备注")
_BATCH = 500

Period = Annotated[str | None, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="A month: 2026-11.")]
Region = Annotated[DivisionCode | None, Query()]
Latest = Annotated[bool, Query(description="Only the counts that stand; false for their history too.")]


@router.post("", status_code=201, response_model=ReportSchema)
async def report_need(db: Db, caller: CallerDep, once: Once, body: ReportIn) -> Response:
    """Report what a village still has to sell; the latest report of a month counts.

    403 `officials-only`, `not-your-region`, `role-missing`; 422 `county-unknown`, `category-unknown`, `until-past`.
    """
    report = await actions.report_need(db, report_id=new_id(), **body.model_dump(), caller=caller, now=utc_now())
    return await once.answer(db, ReportSchema.model_validate(report), status=201)


@router.get("")
async def list_reports(
    db: Read,
    caller: CallerDep,
    *,
    region: Region = None,
    period: Period = None,
    q: Annotated[Line, Query()] = "",
    latest: Latest = True,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> ReportPage:
    """The reports of the caller's regions, the newest first. 403 `officials-only`."""
    _ensure_official(caller)
    found = await queries.list_reports(
        db, caller=caller, region=region, period=period, q=q, is_latest=latest, after=cursor_id(cursor), limit=limit + 1
    )
    return ReportPage(
        items=[ReportSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].report_id) if len(found) > limit else None,
    )


@router.get("/export", response_class=Response)
async def export_reports(
    request: Request,
    caller: CallerDep,
    *,
    region: Region = None,
    period: Period = None,
    q: Annotated[Line, Query()] = "",
    latest: Latest = True,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table, whole."""
    _ensure_official(caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_reports(
                    db, caller=caller, region=region, period=period, q=q, is_latest=latest, after=after, limit=_BATCH
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].report_id

    return await sheet_response(sheet, name="销售需求摸底", head=_HEADS, batches=batches())


def _row(report: SurveyReport) -> list[Any]:
    return [
        report.county_code,
        report.township,
        report.village,
        report.product_name,
        report.category,
        report.year,
        report.period,
        report.quantity_g,
        report.absorbed_g,
        report.until_on,
        report.office_name,
        report.note,
    ]


@router.get("/{report_id}")
async def get_report(db: Read, caller: CallerDep, report_id: UUID) -> ReportDetail:
    """A report with what was taken off it. 404 `report-unknown`, also for who may not know of it."""
    _ensure_official(caller)
    return await _detail(db, await queries.get_report(db, report_id, caller=caller))


@router.post("/{report_id}/take-off", status_code=201, response_model=ReportDetail)
async def take_off(db: Db, caller: CallerDep, once: Once, report_id: UUID, body: AbsorptionIn) -> Response:
    """Mark a part of a report as sold or absorbed. 404 `report-unknown`; 409 `more-than-left`, `report-superseded`."""
    report = await actions.take_off(
        db, report_id=report_id, absorption_id=new_id(), **body.model_dump(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _detail(db, report), status=201)


async def _detail(db: Read, report: SurveyReport) -> ReportDetail:
    taken = await queries.list_absorptions(db, report.report_id)
    absorptions = [AbsorptionSchema.model_validate(each) for each in taken]
    return ReportDetail(**ReportSchema.model_validate(report).model_dump(), absorptions=absorptions)


def _ensure_official(caller: Caller) -> None:
    if caller.kind != "official" and not caller.is_operator:
        raise Forbidden("Surveys are for officials of the region.", code="officials-only")
