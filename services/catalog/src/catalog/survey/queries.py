"""Reading what villages counted. It is for officials of the region and operators; the public sees sums only, in the
harvest."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.supply.queries import within
from catalog.survey.models import SurveyAbsorption, SurveyReport
from shared.auth import Caller
from shared.errors import NotFound


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """The reports of an official's regions; all to operators; none to anybody else."""
    if caller.is_operator:
        return true()
    if caller.kind != "official":
        return false()
    return or_(false(), *(within(SurveyReport.county_code, each) for each in caller.regions))


async def list_reports(
    db: AsyncSession,
    *,
    caller: Caller,
    region: str | None,
    period: str | None,
    q: str,
    is_latest: bool,
    after: UUID | None,
    limit: int,
) -> Sequence[SurveyReport]:
    """Reports, the newest first."""
    query = select(SurveyReport).where(visible_to(caller)).order_by(SurveyReport.report_id.desc()).limit(limit)
    if region is not None:
        query = query.where(within(SurveyReport.county_code, region))
    if period is not None:
        query = query.where(SurveyReport.period == period)
    if q:
        words = SurveyReport.product_name + " " + SurveyReport.township + " " + SurveyReport.village
        query = query.where(func.strpos(func.lower(words), q.lower()) > 0)
    if is_latest:
        query = query.where(SurveyReport.is_latest)
    if after is not None:
        query = query.where(SurveyReport.report_id < after)
    return (await db.scalars(query)).all()


async def get_report(db: AsyncSession, report_id: UUID, *, caller: Caller) -> SurveyReport:
    """The report; 404 `report-unknown`, also for who may not see it."""
    report = await db.scalar(select(SurveyReport).where(SurveyReport.report_id == report_id, visible_to(caller)))
    if report is None:
        raise _unknown()
    return report


async def lock_report(db: AsyncSession, report_id: UUID, *, caller: Caller) -> SurveyReport:
    """The report, held until the transaction ends; 404 `report-unknown`."""
    report = await db.scalar(
        select(SurveyReport)
        .where(SurveyReport.report_id == report_id, visible_to(caller))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if report is None:
        raise _unknown()
    return report


def _unknown() -> NotFound:
    return NotFound("There is no such report.", code="report-unknown", field="report_id")


async def list_absorptions(db: AsyncSession, report_id: UUID) -> Sequence[SurveyAbsorption]:
    """What was sold or absorbed of a report, the oldest first."""
    rows = await db.scalars(
        select(SurveyAbsorption).where(SurveyAbsorption.report_id == report_id).order_by(SurveyAbsorption.absorption_id)
    )
    return rows.all()
