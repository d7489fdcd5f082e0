"""The supply register over HTTP: the entries, from the village to the county's confirmation."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from catalog.cursors import cursor_name_and_id
from catalog.fields import DivisionCode, Line, Month
from catalog.region import queries as region_queries
from catalog.region.queries import Place
from catalog.supply import actions, data, queries
from catalog.supply.models import SupplyEntry
from catalog.supply.queries import EntryFilters
from catalog.supply.schemas import (
    EntryIn,
    EntryPage,
    EntryPublic,
    EntrySchema,
    ReasonIn,
    SalesIn,
    ScaleUnitPage,
    ScaleUnitSchema,
    Status,
    Year,
)
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["supply register"])

_HEADS = (
    "区划代码",
    "省",
    "市",
    "县",
    "乡镇",
    "村",
    "企业",
    "品名",
    "类别",
    "年度",
    "规模",
    "规模单位",
    "年产量(克)",
    "上市起月",
    "上市止月",
    "最低价(分/500克)",
    "最高价(分/500克)",
    "经营主体",
    "联系方式",
    "预计带动人数",
    "已售(克)",
    "状态",
)
_BATCH = 500


def _filters(
    *,
    q: Annotated[Line, Query(description="In product, township, village, enterprise or operator.")] = "",
    region: Annotated[DivisionCode | None, Query(description="A province, city or county.")] = None,
    township: Annotated[Line | None, Query()] = None,
    category: Annotated[Line | None, Query()] = None,
    year: Annotated[Year | None, Query()] = None,
    month: Annotated[Month | None, Query(description="In season in this month.")] = None,
    status: Annotated[Status | None, Query()] = None,
    own: Annotated[bool, Query(description="Only what the caller keeps.")] = False,
) -> EntryFilters:
    return EntryFilters(q, region, township, category, year, month, status, is_own=own)


Filters = Annotated[EntryFilters, Depends(_filters)]


@router.get("/scale-units")
async def list_scale_units() -> ScaleUnitPage:
    """The units in which villages say how large a crop or herd is."""
    units = [ScaleUnitSchema.model_validate(each, from_attributes=True) for each in data.scale_units().values()]
    return ScaleUnitPage(items=units)


@router.post("/supply-entries", status_code=201, response_model=EntrySchema)
async def create_entry(db: Db, caller: CallerDep, once: Once, body: EntryIn) -> Response:
    """Enter a draft: officials of the region, or the supplier that runs it.

    409 `supply-exists`; 422 `holder-missing`, `category-unknown`, `scale-unit-unknown`, `price-range-reversed`,
    `county-unknown`; 403 `officials-only`, `not-your-region`, `role-missing`.
    """
    entry = await actions.create_entry(db, entry_id=new_id(), given=body.model_dump(), caller=caller, now=utc_now())
    shown = EntrySchema.of(entry, (await _places(db, [entry]))[entry.county_code])
    response = await once.answer(db, shown, status=201)
    response.headers["ETag"] = etag_of(entry.revision)
    return response


@router.get("/supply-entries")
async def list_entries(
    db: Read, caller: OptionalCaller, filters: Filters, *, cursor: CursorText = None, limit: Limit = 50
) -> EntryPage:
    """Entries by county: those confirmed for everybody, all of a region for its officials, the own for suppliers."""
    found = await queries.list_entries(db, filters, caller=caller, after=cursor_name_and_id(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    places = await _places(db, found)
    return EntryPage(
        items=[_seen(each, places, caller) for each in found[:limit]],
        next_cursor=encode_cursor(last.county_code, last.entry_id) if last else None,
        total=await queries.count_entries(db, filters, caller=caller),
    )


@router.get("/supply-entries/export", response_class=Response)
async def export_entries(
    request: Request, caller: OptionalCaller, filters: Filters, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table, whole."""
    return await sheet_response(sheet, name="农业供给侧产品库", head=_HEADS, batches=_batches(request, filters, caller))


async def _batches(request: Request, filters: EntryFilters, caller: Caller | None) -> AsyncIterator[Sequence[Any]]:
    after: tuple[str, UUID] | None = None
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_entries(db, filters, caller=caller, after=after, limit=_BATCH)
            places = await _places(db, found)
        if found:
            yield [_row(_seen(each, places, caller), each.status) for each in found]
        if len(found) < _BATCH:
            return
        after = (found[-1].county_code, found[-1].entry_id)


def _row(entry: EntryPublic, status: str) -> list[Any]:
    unit = data.scale_units().get(entry.scale_unit)
    return [
        entry.county_code,
        entry.province,
        entry.city,
        entry.county,
        entry.township,
        entry.village,
        entry.enterprise,
        entry.product_name,
        entry.category,
        entry.year,
        entry.scale_value,
        unit.zh if unit else entry.scale_unit,
        entry.yearly_output_g,
        entry.season_from_month,
        entry.season_to_month,
        entry.price_from_fen,
        entry.price_to_fen,
        entry.operator_name,
        entry.contact,
        entry.expected_persons_count,
        entry.sold_g,
        status,
    ]


@router.get("/supply-entries/{entry_id}")
async def get_entry(db: Read, caller: OptionalCaller, entry_id: UUID, response: Response) -> EntrySchema | EntryPublic:
    """One entry; who keeps it sees all of it and gets the ETag. 404 `supply-unknown`."""
    found = await queries.get_entry(db, entry_id, caller=caller)
    if actions.may_keep(caller, found):
        response.headers["ETag"] = etag_of(found.revision)
    return _seen(found, await _places(db, [found]), caller)


@router.put("/supply-entries/{entry_id}")
async def edit_entry(
    db: Db, caller: CallerDep, expected: IfMatch, entry_id: UUID, body: EntryIn, response: Response
) -> EntrySchema:
    """Replace what a draft or a returned entry says. 403 `not-your-entry`; 409 `supply-status`, `supply-exists`."""
    entry = await actions.edit_entry(
        db, entry_id=entry_id, expected_revision=expected, given=body.model_dump(), caller=caller, now=utc_now()
    )
    return await _tagged(db, entry.entry_id, caller, response)


@router.post("/supply-entries/{entry_id}/submit")
async def submit_entry(db: Db, caller: CallerDep, expected: IfMatch, entry_id: UUID, response: Response) -> EntrySchema:
    """Hand the entry to the county. 409 `supply-status`."""
    return await _moved(db, caller, entry_id, "submit", expected, response)


@router.post("/supply-entries/{entry_id}/confirm")
async def confirm_entry(
    db: Db, caller: CallerDep, expected: IfMatch, entry_id: UUID, response: Response
) -> EntrySchema:
    """The county's agriculture bureau confirms: from now on everybody sees it. 409 `supply-status`."""
    return await _moved(db, caller, entry_id, "confirm", expected, response)


@router.post("/supply-entries/{entry_id}/return")
async def return_entry(
    db: Db, caller: CallerDep, expected: IfMatch, entry_id: UUID, body: ReasonIn, response: Response
) -> EntrySchema:
    """The county's agriculture bureau sends it back with a reason. 409 `supply-status`."""
    return await _moved(db, caller, entry_id, "return", expected, response, body.reason)


@router.post("/supply-entries/{entry_id}/reopen")
async def reopen_entry(db: Db, caller: CallerDep, expected: IfMatch, entry_id: UUID, response: Response) -> EntrySchema:
    """Make a confirmed entry a draft again, to be changed and confirmed anew. 409 `supply-status`."""
    return await _moved(db, caller, entry_id, "reopen", expected, response)


@router.post("/supply-entries/{entry_id}/record-sales")
async def record_sales(
    db: Db, caller: CallerDep, expected: IfMatch, entry_id: UUID, body: SalesIn, response: Response
) -> EntrySchema:
    """Say how much was sold so far this year, in all. The state stays."""
    await actions.record_sales(
        db, entry_id=entry_id, expected_revision=expected, sold_g=body.sold_g, caller=caller, now=utc_now()
    )
    return await _tagged(db, entry_id, caller, response)


@router.get("/supply-entries/{entry_id}/trail")
async def list_trail(db: Read, caller: CallerDep, entry_id: UUID) -> Page[TrailItem]:
    """Who did what to the entry, for who keeps it. 403 `not-your-entry`."""
    found = await queries.get_entry(db, entry_id, caller=caller)
    if not actions.may_keep(caller, found):
        raise Forbidden("Only who keeps this entry may read this.", code="not-your-entry")
    rows = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=entry_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _moved(
    db: Db, caller: Caller, entry_id: UUID, verb: str, expected: int, response: Response, reason: str = ""
) -> EntrySchema:
    await actions.move_entry(
        db, entry_id=entry_id, verb=verb, expected_revision=expected, caller=caller, now=utc_now(), reason=reason
    )
    return await _tagged(db, entry_id, caller, response)


async def _tagged(db: Db, entry_id: UUID, caller: Caller, response: Response) -> EntrySchema:
    found = await queries.get_entry(db, entry_id, caller=caller)
    response.headers["ETag"] = etag_of(found.revision)
    return EntrySchema.of(found, (await _places(db, [found]))[found.county_code])


async def _places(db: Read, entries: Sequence[SupplyEntry]) -> dict[str, Place]:
    return await region_queries.list_places(db, [each.county_code for each in entries], day=business_day(utc_now()))


def _seen(entry: SupplyEntry, places: dict[str, Place], caller: Caller | None) -> EntrySchema | EntryPublic:
    schema = EntrySchema if actions.may_keep(caller, entry) else EntryPublic
    return schema.of(entry, places[entry.county_code])
