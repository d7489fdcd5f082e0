"""Licences over HTTP."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import (
    ensure_may_edit,
    ensure_may_judge,
    may_see,
    region_pattern,
    seen_regions,
)
from catalog.cursors import cursor_day_and_id
from catalog.fields import DivisionCode, Line
from catalog.licence import actions, queries, rules
from catalog.licence.models import Licence
from catalog.licence.schemas import (
    DecisionIn,
    EndingLicence,
    EndingPage,
    LicenceIn,
    LicenceSchema,
    LicenceStatus,
    LicenceTypes,
    LicenceTypeSchema,
    licence_of,
)
from catalog.supplier import queries as supplier_queries
from catalog.supplier.rules import STATUS_NAMES
from shared.auth import Caller, CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import Forbidden
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["licences"])

Within = Annotated[int, Query(ge=0, le=3650, description="Days from today; those that have ended are always there.")]
_FIRST = (date.min, UUID(int=0))
_EXPORT_BATCH = 500
_HEAD = ("供应商", "县", "证照类型", "编号", "发证机关", "有效期至", "剩余天数", "状态", "供应商状态")


@router.get("/licence-types")
async def list_licence_types() -> LicenceTypes:
    """Types of licences, who needs which, and what each one's end stops."""
    kinds = ("enterprise", "cooperative", "family_farm", "village_collective", "agent")
    return LicenceTypes(
        items=[LicenceTypeSchema.of(each) for each in rules.licence_types().values()],
        required={kind: rules.required_types(kind) for kind in kinds},
        reminder_days=list(rules.reminder_days()),
    )


@router.post("/suppliers/{supplier_id}/licences", status_code=201, response_model=LicenceSchema)
async def file_licence(db: Db, caller: CallerDep, once: Once, supplier_id: UUID, body: LicenceIn) -> Response:
    """File a licence (the supplier itself, or an operator for it).

    403 `not-your-supplier`; 409 `supplier-under-review`, `supplier-exited`, `licence-exists`, `agents-only`; 422
    `licence-type-unknown`, `licence-end-missing`, `licence-period-empty`, `licence-ended`, `principal-missing`,
    `principal-not-expected`, `principal-unknown`, `document-unknown`.
    """
    ensure_may_edit(caller, supplier_id)
    licence = await actions.file_licence(
        db,
        licence_id=new_id(),
        supplier_id=supplier_id,
        type_id=body.type,
        **body.model_dump(exclude={"type"}),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, licence_of(licence), status=201)


@router.get("/suppliers/{supplier_id}/licences")
async def list_licences(db: Read, caller: CallerDep, supplier_id: UUID) -> list[LicenceSchema]:
    """All licences of a supplier, also refused and withdrawn ones, in the order of filing: to itself, officials of its
    county and operators. 404 `supplier-unknown` for everybody else."""
    supplier = await supplier_queries.get_supplier(db, supplier_id)
    if not may_see(caller, supplier_id=supplier_id, county_code=supplier.county_code):
        raise supplier_queries.unknown_supplier()
    return [licence_of(each) for each in await queries.list_licences(db, supplier_id)]


@router.post("/licences/{licence_id}/verify")
async def verify_licence(
    db: Db, caller: CallerDep, expected: IfMatch, licence_id: UUID, response: Response
) -> LicenceSchema:
    """It is what it says (officials of the county: agriculture or market supervision; the platform's reviewers).

    403 `own-organisation`, `not-your-region`, `role-missing`; 409 `licence-status`, `supplier-under-review`; 412.
    """
    return await _decide(db, caller, licence_id, "verify", expected=expected, response=response)


@router.post("/licences/{licence_id}/refuse")
async def refuse_licence(
    db: Db, caller: CallerDep, expected: IfMatch, licence_id: UUID, body: DecisionIn, response: Response
) -> LicenceSchema:
    """It does not count, and the supplier is told why. Who may, and refusals: as for verifying."""
    return await _decide(db, caller, licence_id, "refuse", expected=expected, response=response, reason=body.reason)


@router.post("/licences/{licence_id}/withdraw")
async def withdraw_licence(
    db: Db, caller: CallerDep, expected: IfMatch, licence_id: UUID, response: Response
) -> LicenceSchema:
    """Take a licence back (the supplier, or an operator for it); what it alone allowed to sell leaves the shelf.

    403 `not-your-supplier`; 404 `licence-unknown`; 409 `licence-status`, `supplier-under-review`; 412 `stale`.
    """
    ensure_may_edit(caller, (await queries.get_licence(db, licence_id)).supplier_id)
    licence = await actions.change_status(
        db, licence_id=licence_id, verb="withdraw", expected_revision=expected, caller=caller, now=utc_now()
    )
    return _tagged(licence, response)


@router.get("/licences")
async def list_ending_licences(
    db: Read,
    caller: CallerDep,
    *,
    within: Within = 60,
    status: LicenceStatus = "VERIFIED",
    licence_type: Annotated[Line | None, Query(alias="type")] = None,
    region: Annotated[DivisionCode | None, Query()] = None,
    q: Annotated[Line, Query(description="In the supplier's name or the number.")] = "",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> EndingPage:
    """Licences of admitted suppliers in the caller's regions that end within so many days, the earliest first;
    with status FILED all that wait to be verified (officials and operators). 403 `officials-only`."""
    found = await _list(
        db,
        caller,
        within=within,
        status=status,
        type_id=licence_type,
        region=region,
        q=q,
        after=cursor_day_and_id(cursor) or _FIRST,
        limit=limit + 1,
    )
    last = found[limit - 1] if len(found) > limit else None
    return EndingPage(
        items=found[:limit],
        next_cursor=encode_cursor(_end(last).isoformat(), last.licence_id) if last else None,
    )


@router.get("/licences/export", response_class=Response)
async def export_ending_licences(
    request: Request,
    caller: CallerDep,
    *,
    sheet_format: SheetFormat = "csv",
    within: Within = 60,
    status: LicenceStatus = "VERIFIED",
    licence_type: Annotated[Line | None, Query(alias="type")] = None,
    region: Annotated[DivisionCode | None, Query()] = None,
    q: Annotated[Line, Query()] = "",
) -> Response:
    """The whole list as a file. 403 `officials-only`."""
    _ensure_may_list(caller)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after = _FIRST
        while True:
            async with request.app.state.database.read() as db:
                found = await _list(
                    db,
                    caller,
                    within=within,
                    status=status,
                    type_id=licence_type,
                    region=region,
                    q=q,
                    after=after,
                    limit=_EXPORT_BATCH,
                )
            if not found:
                return
            yield [_row(each) for each in found]
            after = (_end(found[-1]), found[-1].licence_id)

    return await sheet_response(sheet_format, name="到期证照", head=_HEAD, batches=batches())


def _row(each: EndingLicence) -> tuple[Any, ...]:
    known = rules.licence_types().get(each.type)
    return (
        each.supplier_name,
        each.county,
        known.zh if known else each.type,
        each.number,
        each.issuer,
        each.valid_until,
        each.days_left,
        rules.STATUS_NAMES[each.status],
        STATUS_NAMES[each.supplier_status],
    )


async def _list(
    db: Read, caller: Caller, *, within: int, region: str | None, after: tuple[date, UUID], **asked: Any
) -> list[EndingLicence]:
    _ensure_may_list(caller)
    on = business_day(utc_now())
    rows = await queries.list_ending(
        db,
        regions=seen_regions(caller),
        region=region_pattern([region]) if region else "^",
        last=on + timedelta(days=within),
        after=after,
        **asked,
    )
    return [EndingLicence.model_validate({**row, "days_left": _days_left(row["valid_until"], on)}) for row in rows]


def _days_left(valid_until: date | None, on: date) -> int | None:
    return None if valid_until is None else (valid_until - on).days


def _end(each: EndingLicence) -> date:
    """Its place in the list: what is open-ended comes last."""
    return each.valid_until or date(9999, 12, 31)


def _ensure_may_list(caller: Caller) -> None:
    if caller.kind != "official" and not caller.is_operator:
        raise Forbidden("Only officials of the region and operators see this list.", code="officials-only")


async def _decide(
    db: Db, caller: Caller, licence_id: UUID, verb: str, *, expected: int, response: Response, reason: str = ""
) -> LicenceSchema:
    licence = await queries.get_licence(db, licence_id)
    supplier = await supplier_queries.get_supplier(db, licence.supplier_id)
    await ensure_may_judge(
        db,
        caller,
        supplier_id=supplier.supplier_id,
        county_code=supplier.county_code,
        roles=("agriculture", "market_supervision"),
        is_open_to_platform=True,
    )
    decided = await actions.change_status(
        db, licence_id=licence_id, verb=verb, expected_revision=expected, caller=caller, reason=reason, now=utc_now()
    )
    return _tagged(decided, response)


def _tagged(licence: Licence, response: Response) -> LicenceSchema:
    response.headers["ETag"] = etag_of(licence.revision)
    return licence_of(licence)
