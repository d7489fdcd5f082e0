"""Counts of linked households over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from catalog.authority import region_prefix
from catalog.fields import DivisionCode
from catalog.household.schemas import CountPage, Group, YearIncome, count_of
from catalog.household.scope import scope_of
from catalog.linkage import data, queries, rules
from catalog.linkage.schemas import Year
from shared.auth import CallerDep
from shared.clock import business_day, utc_now
from shared.db import Read

router = APIRouter(prefix="/v1", tags=["linkage"])


@router.get("/linkage-summary")
async def summarise_linkages(
    db: Read,
    caller: CallerDep,
    *,
    group: Group = "village",
    year: Annotated[Year | None, Query()] = None,
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
) -> CountPage:
    """Exact counts of a year (this one if none is named) for insiders, each household once in its group."""
    asked = year or business_day(utc_now()).year
    scope = scope_of(caller, supplier_id, county)
    own = scope["supplier_id"]
    found = await queries.count_households(
        db,
        group=group,
        first=date(asked, 1, 1),
        until=date(asked + 1, 1, 1),
        supplier_ids=None if own is None else [own],
        prefixes=scope["prefixes"],
    )
    totals = await queries.list_income_totals(db, supplier_id=own, prefixes=scope["prefixes"])
    return CountPage(
        year=asked,
        group=group,
        items=[count_of(group, key, found[key]) for key in sorted(found)],
        incomes=[
            YearIncome(year=each, wage_fen=wage, asset_fen=asset, operating_fen=operating)
            for each, wage, asset, operating in totals
        ],
        small_count=data.small_count(),
    )


@router.get("/linkage-counts")
async def list_public_counts(
    db: Read,
    *,
    group: Group = "county",
    year: Annotated[Year | None, Query()] = None,
    county: Annotated[DivisionCode | None, Query()] = None,
) -> CountPage:
    """What everybody may know: counts of a year by county, village or supplier, small ones suppressed."""
    asked = year or business_day(utc_now()).year
    found = await queries.count_households(
        db,
        group=group,
        first=date(asked, 1, 1),
        until=date(asked + 1, 1, 1),
        prefixes=None if county is None else [region_prefix(county)],
    )
    told = rules.told_to_public(
        {key: summary.household_count for key, summary in found.items()}, threshold=data.small_count()
    )
    items = []
    for key in sorted(found):
        item = count_of(group, key, found[key])
        if told[key] is None:
            item = item.model_copy(update={"household_count": None, "person_count": None, "is_suppressed": True})
        items.append(item)
    return CountPage(year=asked, group=group, items=items, small_count=data.small_count())
