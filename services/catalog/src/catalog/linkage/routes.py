"""Linkages over HTTP: suppliers and townships enter, the county's assistance office confirms, everybody sees counts."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, may_edit, may_see, oversees
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.household.scope import scope_of, secret_of
from catalog.linkage import actions, queries, rules
from catalog.linkage.actions import Entry, Household
from catalog.linkage.schemas import (
    IncomeIn,
    LinkageDetail,
    LinkageIn,
    LinkagePage,
    LinkageSchema,
    ReasonIn,
    Status,
    Way,
    Year,
)
from catalog.supplier import queries as supplier_queries
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, Invalid
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["linkage"])

_HEAD = (
    "供应商", "方式", "县码", "乡镇", "村", "起", "止", "户数", "人数", "是否估算", "累计增收（元）", "状态",
    "确认时间",
)  # fmt: skip
_WAYS = {
    "purchase": "收购",
    "employment": "务工",
    "land_lease": "土地流转",
    "dividend": "分红",
    "shareholding": "股份合作",
    "long_term_order": "长期订单",
}
_EXPORT_BATCH = 500


@router.post("/linkages", status_code=201, response_model=LinkageDetail)
async def create_linkage(request: Request, db: Db, caller: CallerDep, once: Once, body: LinkageIn) -> Response:
    """Enter a linkage as a draft: a supplier its own, a township of the county or an operator for a supplier.

    403 `not-your-supplier`; 409 `linkage-exists`; 422 `county-unknown`, `village-missing`, `period-empty`,
    `household-twice`, `household-number-empty`, `document-unknown`, `supplier-missing`; 404 `supplier-unknown`.
    """
    supplier_id = body.supplier_id or (caller.organisation_id if caller.kind == "supplier" else None)
    if supplier_id is None:
        raise Invalid("Say which supplier it is.", code="supplier-missing", field="supplier_id")
    _ensure_may_enter(caller, supplier_id, body.county_code)
    linkage = await actions.create_linkage(
        db,
        linkage_id=new_id(),
        supplier_id=supplier_id,
        entry=await _entry(request, db, body),
        caller=caller,
        now=utc_now(),
    )
    response = await once.answer(db, await _detail(db, linkage.linkage_id), status=201)
    response.headers["ETag"] = etag_of(linkage.revision)
    return response


@router.get("/linkages")
async def list_linkages(
    db: Read,
    caller: CallerDep,
    *,
    q: Annotated[Line | None, Query(description="Part of a township's or village's name.")] = None,
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    status: Status | None = None,
    way: Way | None = None,
    year: Annotated[Year | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> LinkagePage:
    """Linkages in order of entry: a supplier's own, an official's region's, all for operators. 403 for others."""
    found = await queries.list_linkages(
        db,
        **scope_of(caller, supplier_id, county),
        status=status,
        way=way,
        year=year,
        q=q,
        after=cursor_id(cursor),
        limit=limit + 1,
    )
    names = await _names(db, found)
    return LinkagePage(
        items=[LinkageSchema.of(row, names[row.linkage.supplier_id]) for row in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].linkage.linkage_id) if len(found) > limit else None,
    )


@router.get("/linkages/export", response_class=Response)
async def export_linkages(
    request: Request,
    caller: CallerDep,
    *,
    form: SheetFormat = "csv",
    q: Annotated[Line | None, Query()] = None,
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    status: Status | None = None,
    way: Way | None = None,
    year: Annotated[Year | None, Query()] = None,
) -> Response:
    """The list as a file, with the same filters. No household is in it, only counts."""
    scope = scope_of(caller, supplier_id, county)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_linkages(
                    db, **scope, status=status, way=way, year=year, q=q, after=after, limit=_EXPORT_BATCH
                )
                names = await _names(db, found)
            yield [_sheet_row(row, names[row.linkage.supplier_id]) for row in found]
            if len(found) < _EXPORT_BATCH:
                return
            after = found[-1].linkage.linkage_id

    return await sheet_response(form, name="联农带农", head=_HEAD, batches=batches())


@router.get("/linkages/{linkage_id}")
async def get_linkage(db: Read, caller: CallerDep, linkage_id: UUID, response: Response) -> LinkageDetail:
    """The linkage to its supplier, to officials of the village's county and to operators; 404 for others."""
    linkage = await queries.get_linkage(db, linkage_id)
    if not may_see(caller, supplier_id=linkage.supplier_id, county_code=linkage.county_code):
        raise queries.unknown_linkage()
    response.headers["ETag"] = etag_of(linkage.revision)
    return await _detail(db, linkage_id)


@router.put("/linkages/{linkage_id}")
async def edit_linkage(
    request: Request,
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    linkage_id: UUID,
    body: LinkageIn,
    response: Response,
) -> LinkageDetail:
    """Replace a draft or returned linkage; `households` null keeps them, if the village stays the same.

    409 `linkage-status`, `linkage-exists`; 422 as creating, `household-numbers-needed`; 428, 412.
    """
    linkage = await queries.get_linkage(db, linkage_id)
    _ensure_may_enter(caller, linkage.supplier_id, linkage.county_code)
    if not may_edit(caller, linkage.supplier_id):
        ensure_oversees(caller, body.county_code, "township", "assistance")
    entry = await _entry(request, db, body, kept=linkage_id)
    edited = await actions.edit_linkage(
        db, linkage_id=linkage_id, expected_revision=expected, entry=entry, caller=caller, now=utc_now()
    )
    response.headers["ETag"] = etag_of(edited.revision)
    return await _detail(db, linkage_id)


@router.post("/linkages/{linkage_id}/submit")
async def submit_linkage(db: Db, caller: CallerDep, linkage_id: UUID, response: Response) -> LinkageDetail:
    """Hand it to the county's assistance office. 409 `linkage-status`, `linkage-without-households`."""
    linkage = await queries.get_linkage(db, linkage_id)
    _ensure_may_enter(caller, linkage.supplier_id, linkage.county_code)
    return await _moved(db, response, linkage_id=linkage_id, verb="submit", caller=caller)


@router.post("/linkages/{linkage_id}/confirm")
async def confirm_linkage(
    db: Db, caller: CallerDep, expected: IfMatch, linkage_id: UUID, response: Response
) -> LinkageDetail:
    """Confirm what was seen (assistance office of the village's county): from now on its households count.

    403 `officials-only`, `not-your-region`, `role-missing`; 409 `linkage-status`; 428, 412.
    """
    ensure_oversees(caller, (await queries.get_linkage(db, linkage_id)).county_code, "assistance")
    return await _moved(db, response, linkage_id=linkage_id, verb="confirm", caller=caller, expected_revision=expected)


@router.post("/linkages/{linkage_id}/return")
async def return_linkage(
    db: Db, caller: CallerDep, expected: IfMatch, linkage_id: UUID, body: ReasonIn, response: Response
) -> LinkageDetail:
    """Send it back with the reason (assistance office); it may be mended and submitted again. As confirming."""
    ensure_oversees(caller, (await queries.get_linkage(db, linkage_id)).county_code, "assistance")
    return await _moved(
        db,
        response,
        linkage_id=linkage_id,
        verb="return",
        caller=caller,
        expected_revision=expected,
        reason=body.reason,
    )


@router.post("/linkages/{linkage_id}/end")
async def end_linkage(db: Db, caller: CallerDep, linkage_id: UUID, body: ReasonIn, response: Response) -> LinkageDetail:
    """It ends today (its supplier, or the assistance office). Days gone by still count. 409 `linkage-status`."""
    linkage = await queries.get_linkage(db, linkage_id)
    if not may_edit(caller, linkage.supplier_id):
        ensure_oversees(caller, linkage.county_code, "assistance")
    return await _moved(db, response, linkage_id=linkage_id, verb="end", caller=caller, reason=body.reason)


@router.put("/linkages/{linkage_id}/incomes")
async def set_income(db: Db, caller: CallerDep, linkage_id: UUID, body: IncomeIn, response: Response) -> LinkageDetail:
    """A further year's income of a confirmed linkage (assistance office). 409 `linkage-status`."""
    ensure_oversees(caller, (await queries.get_linkage(db, linkage_id)).county_code, "assistance")
    linkage = await actions.set_income(db, linkage_id=linkage_id, income=body.as_income(), caller=caller, now=utc_now())
    response.headers["ETag"] = etag_of(linkage.revision)
    return await _detail(db, linkage_id)


async def _moved(db: AsyncSession, response: Response, *, linkage_id: UUID, **move: Any) -> LinkageDetail:
    linkage = await actions.move_linkage(db, linkage_id=linkage_id, now=utc_now(), **move)
    response.headers["ETag"] = etag_of(linkage.revision)
    return await _detail(db, linkage_id)


async def _detail(db: AsyncSession, linkage_id: UUID) -> LinkageDetail:
    linkage = await queries.get_linkage(db, linkage_id)
    trail = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=linkage_id)
    return LinkageDetail.whole(
        await queries.get_row(db, linkage),
        (await supplier_queries.get_supplier(db, linkage.supplier_id)).name,
        households=await queries.list_households(db, linkage_id),
        incomes=await queries.list_incomes(db, linkage_id),
        trail=[TrailItem.model_validate(each) for each in trail],
    )


def _ensure_may_enter(caller: Caller, supplier_id: UUID, county_code: str) -> None:
    if not may_edit(caller, supplier_id) and not oversees(caller, county_code, "township", "assistance"):
        raise Forbidden("Only the supplier itself and the village's township may do this.", code="not-your-supplier")


async def _entry(request: Request, db: AsyncSession, body: LinkageIn, *, kept: UUID | None = None) -> Entry:
    """The entry with keys instead of numbers."""
    place = await actions.place_of(db, county_code=body.county_code, township=body.township, village=body.village)
    if body.households is not None:
        numbers = [(each.number, each.person_count) for each in body.households]
        households = actions.households_of(numbers, secret=secret_of(request), place=place)
    else:
        households = () if kept is None else await _kept_households(db, kept, place)
    return Entry(
        households=households,
        incomes=tuple(each.as_income() for each in body.incomes),
        **body.model_dump(exclude={"supplier_id", "households", "incomes"}),
    )


async def _kept_households(db: AsyncSession, linkage_id: UUID, place: rules.Village) -> tuple[Household, ...]:
    linkage = await queries.get_linkage(db, linkage_id)
    found = await queries.list_households(db, linkage_id)
    if found and place != rules.Village(linkage.county_code, linkage.township, linkage.village):
        raise Invalid(
            "In another village these are other households: send their numbers again.",
            code="household-numbers-needed",
            field="households",
        )
    return tuple(Household(each.household_key, each.person_count) for each in found)


async def _names(db: AsyncSession, found: Sequence[queries.LinkageRow]) -> dict[UUID, str]:
    suppliers = await supplier_queries.list_suppliers_by_id(db, {row.linkage.supplier_id for row in found})
    return {supplier_id: supplier.name for supplier_id, supplier in suppliers.items()}


def _sheet_row(row: queries.LinkageRow, supplier: str) -> list[Any]:
    each = row.linkage
    return [
        supplier, _WAYS[each.way], each.county_code, each.township, each.village, each.from_on, each.until_on,
        row.household_count, row.person_count, each.estimated_household_count > 0, row.income_fen / 100, each.status,
        each.confirmed_at,
    ]  # fmt: skip
