"""Divisions and designations, for everybody."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from catalog.cursors import cursor_texts
from catalog.fields import Line
from catalog.region import queries
from catalog.region.schemas import DesignationPage, DesignationSchema, RegionDetail, RegionPage, RegionSchema
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.page import CursorText, encode_cursor

router = APIRouter(prefix="/v1", tags=["regions"])

Code = Annotated[str, Path(pattern=r"^[0-9]{6}$", description="Six-digit division code, of today or of old.")]
CodeFilter = Annotated[str | None, Query(pattern=r"^[0-9]{6}$")]
ManyLimit = Annotated[int, Query(ge=1, le=1000, description="How many items at most.")]


@router.get("/regions")
async def list_regions(
    db: Read,
    *,
    parent: CodeFilter = None,
    q: Annotated[Line | None, Query()] = None,
    cursor: CursorText = None,
    limit: ManyLimit = 100,
) -> RegionPage:
    """Divisions below `parent`, or whose name (today's or an old one) contains `q`; the provinces without either."""
    after = cursor_texts(cursor, size=1)[0] if cursor else ""
    found = await queries.list_regions(db, parent=parent, q=q, after=after, limit=limit + 1)
    next_cursor = encode_cursor(found[limit - 1].code) if len(found) > limit else None
    return RegionPage(items=[RegionSchema.of(region) for region in found[:limit]], next_cursor=next_cursor)


@router.get("/regions/{code}")
async def get_region(db: Read, code: Code) -> RegionDetail:
    """The division of today with this code; a code of old leads to its successor and the answer says so.

    404 `region-unknown`; 409 `region-split` with `candidates` where the area was divided.
    """
    return RegionDetail.of_resolved(code, await queries.get_region(db, code))


@router.get("/designations")
async def list_designations(
    db: Read,
    *,
    kind: Literal["assisted-832", "key-160"] | None = None,
    province: CodeFilter = None,
    on: Annotated[date | None, Query(description="The local day on which the entries hold; today if omitted.")] = None,
    cursor: CursorText = None,
    limit: ManyLimit = 100,
) -> DesignationPage:
    """The counties on the lists that held on a day, with exit year and source, by list and county code."""
    day = on or business_day(utc_now())
    after = cursor_texts(cursor, size=2) if cursor else ["", ""]
    found = await queries.list_designations(
        db, kind=kind, province_code=province, day=day, after=(after[0], after[1]), limit=limit + 1
    )
    total = await queries.count_designations(db, kind=kind, province_code=province, day=day)
    last = found[limit - 1][0] if len(found) > limit else None
    return DesignationPage(
        items=[DesignationSchema.of(designation, region) for designation, region in found[:limit]],
        next_cursor=encode_cursor(last.kind, last.county_code) if last else None,
        total=total,
    )
