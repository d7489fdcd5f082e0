"""Reporting what is still to sell, and taking off what was sold."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees
from catalog.product import data as product_data
from catalog.product import rules as product_rules
from catalog.region import queries as region_queries
from catalog.supply.rules import plain
from catalog.survey import queries, rules
from catalog.survey.models import SurveyAbsorption, SurveyReport
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day

SUBJECT = "survey-report"


async def report_need(
    db: AsyncSession,
    *,
    report_id: UUID,
    county_code: str,
    township: str,
    village: str,
    product_name: str,
    category: str,
    quantity_g: int,
    until_on: date,
    office_name: str,
    caller: Caller,
    now: datetime,
    year: int | None = None,
    note: str = "",
) -> SurveyReport:
    """What a village still has to sell of a product, counted now. It takes the place of an earlier count of the same
    month; two at the same moment: the later to commit counts. `year` is the harvest's, this year if omitted.

    422 `county-unknown`, `category-unknown`, `until-past`; 403 for who is no official of the region.
    """
    county = await region_queries.get_county_code(db, county_code, field="county_code")
    ensure_oversees(caller, county, "township", "agriculture", "assistance")
    product_rules.ensure_known(category, frozenset(product_data.categories()), field="category")
    today = business_day(now)
    rules.ensure_until(until_on, today=today)
    report = SurveyReport(
        report_id=report_id,
        county_code=county,
        township=plain(township),
        village=plain(village),
        product_name=plain(product_name),
        category=category,
        year=year or today.year,
        period=rules.period_of(today),
        quantity_g=quantity_g,
        absorbed_g=0,
        until_on=until_on,
        office_name=office_name,
        note=note,
        organisation_id=caller.organisation_id,
        is_latest=True,
        revision=1,
        reported_at=now,
    )
    await _supersede(db, report)
    db.add(report)
    await db.flush()
    await trail_actions.record(
        db, subject_kind=SUBJECT, subject_id=report_id, verb="report", caller=caller, now=now, reason=f"{quantity_g} g"
    )
    return report


async def _supersede(db: AsyncSession, report: SurveyReport) -> None:
    """Let the counts before stand aside; others who report the same wait."""
    same = {
        name: getattr(report, name) for name in ("county_code", "township", "village", "product_name", "year", "period")
    }
    key = "survey|" + "|".join(str(value) for value in same.values())
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    earlier = [getattr(SurveyReport, name) == value for name, value in same.items()]
    await db.execute(
        update(SurveyReport)
        .where(*earlier, SurveyReport.is_latest)
        .values(is_latest=False, revision=SurveyReport.revision + 1)
    )


async def take_off(
    db: AsyncSession,
    *,
    report_id: UUID,
    absorption_id: UUID,
    kind: str,
    quantity_g: int,
    buyer_name: str,
    happened_on: date,
    caller: Caller,
    now: datetime,
) -> SurveyReport:
    """Mark a part as `sold` on the market or `absorbed` by an assistance purchase. 409 `more-than-left`,
    `report-superseded`."""
    report = await queries.lock_report(db, report_id, caller=caller)
    ensure_oversees(caller, report.county_code, "township", "agriculture", "assistance")
    rules.ensure_latest(is_latest=report.is_latest)
    report.absorbed_g = rules.absorbed_after(
        quantity_g=report.quantity_g, absorbed_g=report.absorbed_g, taken_g=quantity_g
    )
    report.revision += 1
    db.add(
        SurveyAbsorption(
            absorption_id=absorption_id,
            report_id=report_id,
            kind=kind,
            quantity_g=quantity_g,
            buyer_name=buyer_name,
            happened_on=happened_on,
            recorded_at=now,
        )
    )
    await db.flush()
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=report_id,
        verb=kind,
        caller=caller,
        now=now,
        reason=f"{quantity_g} g",
    )
    return report
