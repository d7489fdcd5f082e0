"""Units over HTTP: lists, one of them with its history, and what a finance office does to them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from orders.claim_code.rules import in_groups
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import actions, activation, importing, listing, queries, rules, schemas
from orders.unit.sheet import COLUMNS, KINDS, limits, read_units
from shared.auth import CallerDep
from shared.bodies import read_body
from shared.clock import business_day, utc_now
from shared.db import Db, Read, Transactions
from shared.errors import BadRequest, Refusal, TooLarge
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/units", tags=["units"])
_BATCH = 500
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")
        },
    }
}
_HEAD = (
    "单位名称", "统一社会信用代码", "单位性质", "区划代码", "主管单位", "状态", "并入", "已激活", "食堂模式",
    "有工会", "工会有独立经费", "工会名称", "工会代码", "下属单位数",
)  # fmt: skip
_KINDS = {code: name for name, code in reversed(KINDS.items())}
_MODES = {
    "OWN": "自办食堂",
    "OUTSOURCED": "外包食堂",
    "SHARED_REP": "共用食堂（代表填报）",
    "SHARED_MEMBER": "共用食堂（成员）",
    "NONE": "无食堂",
}
_STATUSES = {"ACTIVE": "在册", "MERGED": "已合并", "CLOSED": "已撤销"}
Wanted = Annotated[str, Query(alias="q", max_length=60, pattern=r"^[^\x00]*$", description="Part of name or code.")]
Year = Annotated[int, Path(ge=2000, le=2100)]


def _filters(
    *,
    wanted: Wanted = "",
    status: schemas.Status | None = None,
    kind: schemas.Kind | None = None,
    county: Annotated[str | None, Query(pattern=r"^[0-9]{2,6}$", description="Division code, or its start.")] = None,
    parent_id: UUID | None = None,
    is_activated: bool | None = None,
) -> listing.Filters:
    return listing.Filters(wanted, status, kind, county, parent_id, is_activated)


Narrowed = Annotated[listing.Filters, Depends(_filters)]


@router.get("")
async def list_units(
    caller: CallerDep, db: Read, filters: Narrowed, cursor: CursorText = None, limit: Limit = 50
) -> schemas.UnitPage:
    """By name: a finance office's units, a lead unit's own and those below it, a unit itself. 403 `unit-needed`."""
    year = business_day(utc_now()).year
    found = await listing.list_units(db, caller, filters, year=year, after=_after(cursor), limit=limit + 1)
    total, activated = await listing.count_units(db, caller, filters)
    items = [schemas.UnitItem.model_validate(each) for each in found[:limit]]
    next_cursor = encode_cursor(items[-1].name, str(items[-1].unit_id)) if len(found) > limit else None
    return schemas.UnitPage(items=items, next_cursor=next_cursor, total=total, activated=activated)


@router.get("/export", response_class=Response)
async def export_units(request: Request, caller: CallerDep, filters: Narrowed, sheet: SheetFormat = "xlsx") -> Response:
    """The same list as a table. 403 `unit-needed`."""
    year = business_day(utc_now()).year
    async with request.app.state.database.read() as db:
        await listing.load_scope(db, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[str, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await listing.list_units(db, caller, filters, year=year, after=after, limit=_BATCH)
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = (found[-1].name, found[-1].unit_id)

    return await sheet_response(sheet, name="预算单位", head=_HEAD, batches=batches())


@router.get("/directory")
async def search_directory(
    _: CallerDep,
    db: Read,
    wanted: Annotated[str, Query(alias="q", min_length=2, max_length=60, pattern=r"^[^\x00]*$")],
    canteen_year: Annotated[int | None, Query(ge=2000, le=2100, description="Only who files for others.")] = None,
) -> Page[schemas.DirectoryItem]:
    """Active units by a part of the name or the whole code, twenty at most: to name one's own, or who shares."""
    rows = await listing.search_directory(db, wanted, canteen_year=canteen_year, limit=20)
    return Page[schemas.DirectoryItem](items=[schemas.DirectoryItem.model_validate(each) for each in rows])


@router.get("/template", response_class=Response)
async def get_template(_: CallerDep, sheet: SheetFormat = "xlsx") -> Response:
    """The file to fill in for an import."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        if False:
            yield []

    return await sheet_response(sheet, name="预算单位导入模板", head=tuple(COLUMNS.values()), batches=batches())


@router.get("/mine")
async def get_own(caller: CallerDep, db: Read, response: Response) -> schemas.UnitWhole:
    """The unit for which the caller acts, whatever became of it. 403 `unit-needed`."""
    own = await queries.find_acting_unit(db, caller)
    if own is None:
        raise queries.unit_needed()
    return await _whole(db, caller, own.unit_id, response)


@router.post("", status_code=201, response_model=schemas.UnitWhole)
async def enter_unit(body: schemas.EnterIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """A finance office enters a unit. 403 `finance-office-needed`, `region-not-yours`; 404 `unit-unknown`; 409
    `uscc-taken`, `unit-closed`; 422 `unit-uscc-invalid`, `uscc-is-a-unions`, `union-uscc-invalid`, `union-missing`."""
    unit = await actions.enter_unit(
        db, unit_id=new_id(), facts=body.facts(), parent_id=body.parent_id, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, caller, unit.unit_id), status=201)


@router.post("/register", status_code=201, response_model=schemas.UnitWhole)
async def register_unit(body: schemas.UnitIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """An institution's administrator registers it. 403 `unit-administrator-needed`; 409 `uscc-taken`: bind yourself to
    it, `organisation-bound`; 422 as entering."""
    unit = await actions.register_unit(db, unit_id=new_id(), facts=body.facts(), caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, caller, unit.unit_id), status=201)


async def try_activation_code(request: Request, body: schemas.BindIn, caller: CallerDep) -> Refusal | None:
    """What the code is refused with, in a transaction that ends before the request's own begins: a wrong code stays
    counted, and nobody holds two connections."""
    transactions: Transactions = request.app.state.database
    async with transactions.begin() as db:
        return await activation.try_code(db, uscc=body.uscc, typed=body.activation_code, caller=caller, now=utc_now())


@router.post("/bind", response_model=schemas.UnitWhole)
async def bind_unit(
    refusal: Annotated[Refusal | None, Depends(try_activation_code)],
    body: schemas.BindIn,
    caller: CallerDep,
    db: Db,
    once: Once,
) -> Response:
    """An institution's administrator takes over the unit that was entered with its code, by the activation code that
    it was given. 403 `unit-administrator-needed`; 404 `unit-unknown`; 409 `unit-bound`, `organisation-bound`; 422
    `activation-code-mistyped`, `activation-code-wrong`; 429 `too-many-attempts`."""
    if refusal is not None:  # not before: the answer to the same request sent twice is the first one's
        raise refusal
    unit = await actions.bind_unit(
        db, uscc=body.uscc, activation_code=body.activation_code, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, caller, unit.unit_id))


@router.post("/{unit_id}/activation-code", status_code=201)
async def issue_activation_code(unit_id: UUID, caller: CallerDep, db: Db, response: Response) -> schemas.ActivationOut:
    """A code by which the unit's people bind it, shown once; again voids the one before, so that no Idempotency-Key is
    needed. 403 `activation-not-yours`; 404 `unit-unknown`; 409 `unit-bound`, `unit-status`."""
    issued = await activation.issue_code(db, unit_id=unit_id, caller=caller, now=utc_now())
    response.headers["Cache-Control"] = "no-store"
    return schemas.ActivationOut(code=in_groups(issued.code), expires_at=issued.expires_at)


@router.post("/import", openapi_extra=_BODY)
async def import_units(request: Request, caller: CallerDep, db: Db) -> schemas.Imported:
    """A finance office enters many units by one file (xlsx, xls, ods or CSV; the bytes are the body): good rows are
    entered, each bad one is explained. The same file again changes nothing: no Idempotency-Key is needed.

    403 `finance-office-needed`; 413 `file-too-large`; 422 `file-empty`, `file-no-spreadsheet`, `file-damaged`,
    `file-binary`, `file-locked`, `file-inflates-too-large`, `encoding-unknown`, `row-unreadable`, `head-wrong`,
    `too-many-rows-at-once`, `too-many-rows`, `no-rows`, each with a sentence.
    """
    rules.ensure_finance_office(caller)
    most = limits()["most_bytes"]
    refusal = TooLarge(f"The file may have at most {most:,} bytes.", code="file-too-large", max_bytes=most)
    rows = await asyncio.to_thread(read_units, await read_body(request, max_bytes=most, refusal=refusal))
    entered, unchanged, wrong = await importing.enter_units(db, rows=rows, caller=caller, now=utc_now())
    total, activated = await listing.count_units(db, caller, listing.Filters(status="ACTIVE"))
    told = [
        schemas.WrongRow(
            row=each.row,
            name=each.name,
            column=each.column,
            value=each.value,
            code=each.code,
            sentence=each.sentence,
        )
        for each in wrong
    ]
    return schemas.Imported(entered=entered, unchanged=unchanged, wrong=told, total=total, activated=activated)


@router.get("/{unit_id}")
async def get_unit(unit_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.UnitWhole:
    """One that the caller sees, with its canteens. 404 `unit-unknown`."""
    return await _whole(db, caller, unit_id, response)


@router.put("/{unit_id}")
async def edit_unit(
    unit_id: UUID, body: schemas.EditIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.UnitWhole:
    """Rename or correct it; its own administrator may, but not code and county. 403 `finance-office-needed`,
    `region-not-yours`; 404 `unit-unknown`; 409 `unit-status`, `uscc-taken`; 412 `stale`; 422 as entering; 428
    `precondition-missing`."""
    await actions.edit_unit(
        db,
        unit_id=unit_id,
        expected_revision=expected,
        facts=body.facts(),
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await _whole(db, caller, unit_id, response)


@router.put("/{unit_id}/canteens/{year}")
async def say_canteen(
    unit_id: UUID,
    year: Year,
    body: schemas.CanteenIn,
    caller: CallerDep,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.UnitWhole:
    """How it eats in a year, by its handler or the finance office. 403 `duty-missing`, `finance-office-needed`; 404
    `unit-unknown`; 409 `unit-status`, `canteen-has-members`; 412 `stale`; 422 `canteen-representative-needed`,
    `canteen-contractor-needed`, `unit-uscc-invalid`; 428 `precondition-missing`."""
    canteen = rules.Canteen(**body.model_dump())
    await actions.say_canteen(
        db, unit_id=unit_id, year=year, canteen=canteen, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _whole(db, caller, unit_id, response)


@router.post("/{unit_id}/move", response_model=schemas.UnitWhole)
async def move_unit(
    unit_id: UUID, body: schemas.MoveIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Below another supervising unit. 403 `finance-office-needed`, `region-not-yours`; 404 `unit-unknown`; 409
    `unit-status`, `unit-ring`, `unit-closed`; 412 `stale`; 428 `precondition-missing`."""
    await actions.move_unit(
        db,
        unit_id=unit_id,
        expected_revision=expected,
        parent_id=body.parent_id,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, caller, unit_id))


@router.post("/{unit_id}/merge", response_model=schemas.UnitWhole)
async def merge_unit(
    unit_id: UUID, body: schemas.MergeIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Another takes it over. 403 `finance-office-needed`, `region-not-yours`; 404 `unit-unknown`; 409 `unit-status`,
    `unit-ring`, `unit-closed`; 412 `stale`; 428 `precondition-missing`."""
    await actions.merge_unit(
        db,
        unit_id=unit_id,
        expected_revision=expected,
        into_id=body.into_id,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, caller, unit_id))


@router.post("/{unit_id}/close", response_model=schemas.UnitWhole)
async def close_unit(
    unit_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """It exists no more. 403 `finance-office-needed`, `region-not-yours`; 404 `unit-unknown`; 409 `unit-status`,
    `unit-has-units`; 412 `stale`; 428 `precondition-missing`."""
    await actions.close_unit(
        db, unit_id=unit_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, caller, unit_id))


@router.post("/{unit_id}/unbind", response_model=schemas.UnitWhole)
async def unbind_unit(
    unit_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Take its account from it. 403 `finance-office-needed`, `region-not-yours`; 404 `unit-unknown`; 409
    `unit-not-bound`; 412 `stale`; 428 `precondition-missing`."""
    await actions.unbind_unit(
        db, unit_id=unit_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, caller, unit_id))


@router.get("/{unit_id}/history")
async def list_history(unit_id: UUID, caller: CallerDep, db: Read) -> Page[schemas.Period]:
    """What it was until when, the latest first. 404 `unit-unknown`."""
    await queries.get_unit_for(db, caller, unit_id)
    rows = await listing.list_periods(db, unit_id)
    return Page[schemas.Period](items=[schemas.Period.model_validate(each) for each in rows])


@router.get("/{unit_id}/trail")
async def list_trail(unit_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `unit-unknown`."""
    await queries.get_unit_for(db, caller, unit_id)
    rows = await trail_queries.list_trail(db, unit_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _whole(db: Any, caller: Any, unit_id: UUID, response: Response | None = None) -> schemas.UnitWhole:
    found = await listing.get_whole(db, caller, unit_id, year=business_day(utc_now()).year)
    whole = schemas.UnitWhole.model_validate(found)
    if response is not None:
        response.headers["ETag"] = etag_of(whole.revision)
    return whole


def _row(unit: Any) -> list[Any]:
    return [
        unit.name,
        unit.uscc,
        _KINDS[unit.kind],
        unit.county_code,
        unit.parent_name,
        _STATUSES[unit.status],
        unit.merged_into_name,
        unit.is_activated,
        _MODES.get(unit.canteen_mode or "", ""),
        unit.has_union,
        unit.has_union_funds,
        unit.union_name,
        unit.union_uscc,
        unit.below_count,
    ]


def _after(cursor: str | None) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    name, unit_id = decode_cursor(cursor, size=2)
    try:
        return str(name), UUID(str(unit_id))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
