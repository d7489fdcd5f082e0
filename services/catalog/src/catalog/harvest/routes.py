"""The harvest over HTTP, for everybody: what is in season where, and how much of it is unsold."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from catalog.fields import DivisionCode, Line, Month
from catalog.harvest import queries
from catalog.harvest.queries import ALL, Scope
from catalog.harvest.schemas import (
    AreaRow,
    Areas,
    CategoryMonthRow,
    Gap,
    GapRow,
    HarvestMonths,
    MonthRow,
    ScaleRow,
    Seasonal,
    SeasonalRow,
)
from catalog.region import queries as region_queries
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.sheets import Row, SheetFormat, sheet_response

router = APIRouter(prefix="/v1/harvest", tags=["supply register"])

_GAP_HEADS = ("品名", "年产量(克)", "未售(克)", "需求(克)", "余缺(克)")
_MOST_EXPORTED = 10_000

Many = Annotated[int, Query(ge=1, le=1000, description="How many rows at most.")]
MonthChoice = Annotated[Month | None, Query(description="This month in Shanghai if omitted.")]


async def _scope(
    db: Read,
    *,
    region: Annotated[DivisionCode | None, Query(description="A province, city or county.")] = None,
    category: Annotated[Line | None, Query()] = None,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="The last one with entries if omitted.")] = None,
) -> Scope:
    chosen = year or await queries.find_year(db, latest=business_day(utc_now()).year)
    return Scope(chosen, region or ALL, category)


InScope = Annotated[Scope, Depends(_scope)]


@router.get("/months")
async def list_months(db: Read, scope: InScope) -> HarvestMonths:
    """The year by month and by category and month."""
    return HarvestMonths(
        year=scope.year,
        months=[MonthRow.model_validate(row) for row in await queries.list_months(db, scope)],
        categories=[CategoryMonthRow.model_validate(row) for row in await queries.list_category_months(db, scope)],
    )


@router.get("/seasonal")
async def list_seasonal(
    db: Read,
    scope: InScope,
    *,
    month: MonthChoice = None,
    unsold: Annotated[bool, Query(description="Only what is not sold out.")] = False,
    limit: Many = 100,
) -> Seasonal:
    """What is harvested in a month, where, and how much of that month is unsold."""
    chosen = month or business_day(utc_now()).month
    rows = await queries.list_seasonal(db, scope, month=chosen, is_unsold=unsold, limit=limit + 1)
    return Seasonal(
        year=scope.year,
        month=chosen,
        rows=[SeasonalRow.model_validate(row) for row in rows[:limit]],
        is_truncated=len(rows) > limit,
    )


@router.get("/areas")
async def list_areas(
    db: Read,
    scope: InScope,
    *,
    level: Annotated[Literal["province", "city", "county"], Query()] = "province",
    month: MonthChoice = None,
) -> Areas:
    """The provinces, cities or counties of the scope with confirmed entries; of counties their scales too."""
    today = business_day(utc_now())
    chosen = month or today.month
    rows = await queries.list_areas(db, scope, level=level, month=chosen)
    places = await region_queries.list_places(db, [row["code"] for row in rows], day=today)
    scales = await queries.list_scales(db, scope) if level == "county" else []
    found = [
        AreaRow(
            **{**row, "in_season": row["in_season"] or []},
            name=places[row["code"]].county if row["code"] in places else row["code"],
            designations=list(places[row["code"]].designations) if row["code"] in places else [],
        )
        for row in rows
    ]
    return Areas(
        year=scope.year,
        month=chosen,
        level=level,
        rows=found,
        scales=[ScaleRow.model_validate(row) for row in scales],
    )


@router.get("/gap")
async def list_gap(db: Read, scope: InScope, *, limit: Many = 100) -> Gap:
    """Supply against demand that stands, by product; the largest surplus first."""
    rows = await queries.list_gap(db, scope, limit=limit + 1)
    return Gap(
        year=scope.year,
        rows=[GapRow(**row, gap_g=row["unsold_g"] - row["demand_g"]) for row in rows[:limit]],
        is_truncated=len(rows) > limit,
    )


@router.get("/gap/export", response_class=Response)
async def export_gap(request: Request, scope: InScope, *, sheet: SheetFormat = "xlsx") -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Row]]:
        async with request.app.state.database.read() as db:
            rows = await queries.list_gap(db, scope, limit=_MOST_EXPORTED)
        yield [
            (row["product_name"], row["output_g"], row["unsold_g"], row["demand_g"], row["unsold_g"] - row["demand_g"])
            for row in rows
        ]

    return await sheet_response(sheet, name="供需缺口", head=_GAP_HEADS, batches=batches())
