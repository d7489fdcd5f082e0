"""The analyst's first dashboard: each chart answers a question, names its unit, time and source, and has its table."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.charts import chart_of, figures_of
from gateway.pages.counties import TOP_COUNTIES, county_table
from gateway.pages.periods import PERIODS, Selection, selection_of
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Forbidden

router = APIRouter(default_response_class=Response)

_ANALYSTS = frozenset({"analyst", "official", "operator"})
_MEASURES = ["sales_fen", "orders", "weight_g", "buyers"]
_QUESTIONS = {
    "by_month": "month",
    "by_province": "origin_province",
    "by_category": "category",
    "by_buyer": "buyer_kind",
    "by_designation": "designation",
}
_EXPORTS = {**_QUESTIONS, "top_counties": "origin_county"}


async def selection(request: Request) -> Selection:
    """What the address chooses."""
    return selection_of(request.query_params, today=business_day(utc_now()))


SelectionDep = Annotated[Selection, Depends(selection)]


def ensure_analyst(visitor: Visitor) -> None:
    """403 `analysts-only` for everybody else."""
    if visitor.kind not in _ANALYSTS:
        raise Forbidden("Sales are for analysts, officials and operators.", code="analysts-only")


def question(chosen: Selection, dimension: str, **more: Any) -> dict[str, Any]:
    """A body for analytics: all measures by one dimension, for what was chosen."""
    return {
        "measures": _MEASURES,
        "dimensions": [dimension] if dimension else [],
        "filters": chosen.filters,
        "from": chosen.first.isoformat(),
        "to": chosen.last.isoformat(),
        "limit": 100,
        **more,
    }


@router.get("/dashboard")
async def get_dashboard(page: PageDep, services: Services, visitor: SignedIn, chosen: SelectionDep) -> Response:
    """Sales by month, province, category, buyer and designation, and the counties that sell most."""
    ensure_analyst(visitor)
    counties = question(chosen, "origin_county", order=[chosen.county_order], limit=TOP_COUNTIES)
    bodies = [question(chosen, dimension) for dimension in _QUESTIONS.values()]
    answers = await asyncio.gather(
        services.analytics.get("/v1/meta", visitor=visitor),
        *(services.analytics.post("/v1/query", visitor=visitor, json=body) for body in [*bodies, counties]),
    )
    meta, *found, top = answers
    by_name = dict(zip(_QUESTIONS, found, strict=True))
    charts = [
        chart_of(name, dimension, answer, chosen, page)
        for (name, dimension), answer in zip(_QUESTIONS.items(), found, strict=True)
    ]
    return page.render(
        "dashboard.html",
        chosen=chosen,
        is_empty=not top["rows"],
        periods=[Choice(each, getattr(page.t.dashboard, f"period_{each}"), each == chosen.period) for each in PERIODS],
        provinces=options_of(meta, "origin_province", chosen.province, page),
        categories=options_of(meta, "category", chosen.category, page),
        buyer_kinds=options_of(meta, "buyer_kind", chosen.buyer_kind, page),
        figures=figures_of(by_name["by_month"]["totals"] or {}, by_name["by_designation"]["rows"], page),
        charts=charts,
        counties=county_table(top, chosen, page),
        as_of=page.t.charts.source(as_of=as_of_text(top, page)),
    )


def options_of(meta: dict[str, Any], dimension: str, chosen: str, page: Page) -> list[Choice]:
    """The values of a dimension that occur, in the visitor's language."""
    found = next((each for each in meta["dimensions"] if each["name"] == dimension), None)
    names = page.t.names["province"] if dimension == "origin_province" else {}
    return [
        Choice(each["value"], names.get(each["value"][:2]) or each["label"][page.language], each["value"] == chosen)
        for each in (found["values"] if found else None) or []
    ]


def as_of_text(answer: dict[str, Any], page: Page) -> str:
    """How fresh the figures are."""
    applied_at = answer["as_of"]["applied_at"]
    return page.time(applied_at) if applied_at else "—"


@router.get("/dashboard/{name}.csv")
async def get_csv(page: PageDep, services: Services, visitor: SignedIn, chosen: SelectionDep, name: str) -> Response:
    """One of the tables, whole, as analytics writes it: UTF-8 with its mark, safe to open in a spreadsheet."""
    ensure_analyst(visitor)
    dimension = _EXPORTS.get(name, "")
    more = {"order": [chosen.county_order]} if name == "top_counties" else {}
    answer = await services.analytics.answer(
        "POST",
        "/v1/query",
        visitor=visitor,
        json=question(chosen, dimension, **more),
        headers={"Accept": "text/csv", "Accept-Language": page.language},
        timeout=60.0,
    )
    return Response(
        answer.body,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="zhunong-{dimension or "total"}.csv"'},
    )
