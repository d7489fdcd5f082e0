"""Filings over HTTP: a unit's own, the desks of lead units and finance offices, and who has not filed in time."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.reserved_share import actions, overdue, queries, rules, schemas
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from orders.unit.schemas import Mode
from shared.auth import Caller, CallerDep
from shared.clock import business_day, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/reserved-shares", tags=["reserved shares"])
_BATCH = 500
_HEAD = (
    "年度", "单位", "主管单位", "区划代码", "版本", "状态", "有效", "食堂模式", "代填单位",
    "食堂年采购总额（元）", "预留比例（%）", "食堂预留额（元）", "工会有独立经费", "工会年采购总额（元）",
    "会员人数", "工会预留额（元）", "预留总额（元）", "联系人",
    "电话", "备注", "更正理由", "提交时间", "锁定时间",
)  # fmt: skip
_OVERDUE_HEAD = ("单位", "主管单位", "区划代码", "已激活", "填报状态", "截止日", "逾期天数")
MODES = {
    "OWN": "自办食堂",
    "OUTSOURCED": "外包食堂",
    "SHARED_REP": "共用食堂（代表填报）",
    "SHARED_MEMBER": "共用食堂（成员）",
    "NONE": "无食堂",
}
_STATUSES = {
    "DRAFT": "草稿",
    "SUBMITTED": "已提交",
    "LEAD_REVIEW": "主管审核中",
    "RETURNED": "已退回",
    "LEAD_APPROVED": "主管已同意",
    "FINANCE_CONFIRMED": "财政已确认",
    "LOCKED": "已锁定",
}
Year = Annotated[int, Query(ge=2000, le=2100)]


def _filters(
    *,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    status: schemas.Status | None = None,
    unit_id: UUID | None = None,
    mode: Mode | None = None,
    wanted: Annotated[str, Query(alias="q", max_length=60, pattern=r"^[^\x00]*$")] = "",
) -> queries.Filters:
    return queries.Filters(year, status, unit_id, mode, wanted)


Narrowed = Annotated[queries.Filters, Depends(_filters)]


@router.get("")
async def list_shares(
    caller: CallerDep, db: Read, filters: Narrowed, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.ShareItem]:
    """Those of units that the caller sees, the newest first. 403 `unit-needed`."""
    found = await queries.list_shares(db, caller, filters, after=_after_id(cursor), limit=limit + 1)
    items = [schemas.ShareItem.model_validate(each) for each in found[:limit]]
    next_cursor = encode_cursor(str(items[-1].share_id)) if len(found) > limit else None
    return Page[schemas.ShareItem](items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_shares(
    request: Request, caller: CallerDep, filters: Narrowed, sheet: SheetFormat = "xlsx"
) -> Response:
    """The same list as a table, sums in yuan. 403 `unit-needed`."""
    await _ensure_sees(request, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_shares(db, caller, filters, after=after, limit=_BATCH)
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].share_id

    return await sheet_response(sheet, name="预留份额填报", head=_HEAD, batches=batches())


@router.get("/overdue")
async def list_overdue(
    caller: CallerDep, db: Read, year: Year, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.OverdueItem]:
    """Units that have not filed in time, by name. 403 `unit-needed`."""
    today = business_day(utc_now())
    found = await overdue.list_overdue(db, caller, year=year, today=today, after=_after_name(cursor), limit=limit + 1)
    items = [_overdue(each, year, today) for each in found[:limit]]
    next_cursor = encode_cursor(items[-1].name, str(items[-1].unit_id)) if len(found) > limit else None
    return Page[schemas.OverdueItem](items=items, next_cursor=next_cursor)


@router.get("/overdue/export", response_class=Response)
async def export_overdue(request: Request, caller: CallerDep, year: Year, sheet: SheetFormat = "xlsx") -> Response:
    """The same list as a table. 403 `unit-needed`."""
    await _ensure_sees(request, caller)
    today = business_day(utc_now())

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[str, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await overdue.list_overdue(db, caller, year=year, today=today, after=after, limit=_BATCH)
            if found:
                yield [_overdue_row(_overdue(each, year, today)) for each in found]
            if len(found) < _BATCH:
                return
            after = (found[-1].name, found[-1].unit_id)

    return await sheet_response(sheet, name="逾期未填报", head=_OVERDUE_HEAD, batches=batches())


@router.get("/mine")
async def list_own(caller: CallerDep, db: Read, year: Year) -> schemas.OwnShares:
    """The acting unit's own filings, and what one of the year is held to. 403 `unit-needed`; 409 `unit-closed`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    found = await queries.list_shares(db, caller, queries.Filters(unit_id=unit.unit_id), after=None, limit=100)
    canteen = await unit_queries.find_canteen(db, unit.unit_id, year)
    last = await queries.find_in_force(db, unit.unit_id, year - 1)
    return schemas.OwnShares(
        items=[schemas.ShareItem.model_validate(each) for each in found],
        rule=schemas.RuleItem.of(unit.county_code, year),
        canteen_mode=cast("Mode", canteen.mode) if canteen is not None else None,
        last_year_canteen_fen=last[0] if last else None,
        last_year_union_fen=last[1] if last else None,
    )


@router.post("", status_code=201, response_model=schemas.ShareWhole)
async def draft_share(body: schemas.DraftIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Begin a filing. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`, `filing-exists`, `canteen-mode-missing`;
    422 `filing-year-wrong`, `filing-has-no-canteen`."""
    share = await actions.draft_share(
        db, share_id=new_id(), year=body.year, facts=body.facts(), caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, caller, share.share_id), status=201)


@router.get("/{share_id}")
async def get_share(share_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.ShareWhole:
    """One with its rules, and what the caller may do with it. 404 `reserved-share-unknown`."""
    return await _whole(db, caller, share_id, response)


@router.put("/{share_id}")
async def edit_share(
    share_id: UUID, body: schemas.FactsIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.ShareWhole:
    """Other figures. 403 `own-unit-needed`, `duty-missing`; 404 `reserved-share-unknown`; 409 `reserved-share-status`,
    `canteen-mode-missing`, `unit-closed`; 412 `stale`; 422 `filing-has-no-canteen`; 428 `precondition-missing`."""
    await actions.edit_share(
        db, share_id=share_id, expected_revision=expected, facts=body.facts(), caller=caller, now=utc_now()
    )
    return await _whole(db, caller, share_id, response)


@router.post("/{share_id}/submit", response_model=schemas.ShareWhole)
async def submit_share(share_id: UUID, caller: CallerDep, db: Db, expected: IfMatch, once: Once) -> Response:
    """Hand it in. 403, 404, 409, 412, 428 as editing; 422 `filing-has-no-canteen`, `canteen-total-missing`,
    `ratio-too-low`, `below-last-year`, `union-has-no-funds`, `union-share-too-low`, `union-per-head-too-low`,
    `filing-contact-missing`."""
    await actions.submit_share(db, share_id=share_id, expected_revision=expected, caller=caller, now=utc_now())
    return await once.answer(db, await _whole(db, caller, share_id))


@router.post("/{share_id}/withdraw", response_model=schemas.ShareWhole)
async def withdraw_share(
    share_id: UUID, body: schemas.VerbIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Its unit takes it back before anybody looked. 403 `own-unit-needed`, `duty-missing`; 404
    `reserved-share-unknown`; 409 `reserved-share-status`, `unit-closed`; 412 `stale`; 428 `precondition-missing`."""
    return await _decide(db, once, caller, share_id, expected, "withdraw", body.reason)


@router.post("/{share_id}/review", response_model=schemas.ShareWhole)
async def review_share(
    share_id: UUID, body: schemas.VerbIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The lead unit takes it up; where no unit above has people, the finance office does. 403 `lead-unit-needed`,
    `duty-missing`, `finance-office-needed`, `region-not-yours`, `own-request`; 404 `reserved-share-unknown`; 409
    `reserved-share-status`; 412 `stale`; 428 `precondition-missing`."""
    return await _decide(db, once, caller, share_id, expected, "review", body.reason)


@router.post("/{share_id}/approve", response_model=schemas.ShareWhole)
async def approve_share(
    share_id: UUID, body: schemas.VerbIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The lead unit agrees. 403, 404, 409, 412, 428 as reviewing."""
    return await _decide(db, once, caller, share_id, expected, "approve", body.reason)


@router.post("/{share_id}/return", response_model=schemas.ShareWhole)
async def return_share(
    share_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Back to the unit with a reason, by whoever has it in hand. 403, 404, 409, 412, 428 as reviewing."""
    return await _decide(db, once, caller, share_id, expected, "return", body.reason)


@router.post("/{share_id}/confirm", response_model=schemas.ShareWhole)
async def confirm_share(
    share_id: UUID, body: schemas.VerbIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """The finance office confirms it. 403 `finance-office-needed`, `region-not-yours`, `own-request`; 404
    `reserved-share-unknown`; 409 `reserved-share-status`; 412 `stale`; 428 `precondition-missing`."""
    return await _decide(db, once, caller, share_id, expected, "confirm", body.reason)


@router.post("/{share_id}/lock", response_model=schemas.ShareWhole)
async def lock_share(
    share_id: UUID, body: schemas.VerbIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """It counts from now on, and replaces the version before. 403, 404, 409, 412, 428 as confirming."""
    return await _decide(db, once, caller, share_id, expected, "lock", body.reason)


@router.post("/{share_id}/correct", status_code=201, response_model=schemas.ShareWhole)
async def correct_share(
    share_id: UUID, body: schemas.ReasonIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """A new version of what is locked. 403 `own-unit-needed`, `duty-missing`; 404 `reserved-share-unknown`; 409
    `reserved-share-status`, `filing-exists`, `unit-closed`; 412 `stale`; 428 `precondition-missing`."""
    share = await actions.correct_share(
        db,
        share_id=share_id,
        new_share_id=new_id(),
        expected_revision=expected,
        reason=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _whole(db, caller, share.share_id), status=201)


@router.get("/{share_id}/trail")
async def list_trail(share_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `reserved-share-unknown`."""
    await queries.get_share(db, caller, share_id)
    rows = await trail_queries.list_trail(db, share_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _decide(
    db: Db, once: Once, caller: Caller, share_id: UUID, expected: int, verb: rules.Verb, reason: str
) -> Response:
    await actions.decide(
        db, share_id=share_id, expected_revision=expected, verb=verb, reason=reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _whole(db, caller, share_id))


async def _whole(db: Any, caller: Caller, share_id: UUID, response: Response | None = None) -> schemas.ShareWhole:
    found = await queries.get_share(db, caller, share_id)
    last = await queries.find_in_force(db, found["unit_id"], found["year"] - 1)
    if response is not None:
        response.headers["ETag"] = etag_of(found["revision"])
    return schemas.ShareWhole.model_validate(
        {
            **found,
            "rule": schemas.RuleItem.of(found["county_code"], found["year"]),
            "last_year_canteen_fen": last[0] if last else None,
            "last_year_union_fen": last[1] if last else None,
            "verbs": await actions.list_verbs(db, share_id=share_id, caller=caller),
        }
    )


async def _ensure_sees(request: Request, caller: Caller) -> None:
    async with request.app.state.database.read() as db:
        await queries.ensure_sees_any(db, caller)


def _overdue(row: Any, year: int, today: date) -> schemas.OverdueItem:
    deadline = rules.deadline_of(row.county_code, year) or today
    return schemas.OverdueItem.model_validate(
        {**row._asdict(), "deadline_on": deadline, "late_days": (today - deadline).days}
    )


def _overdue_row(item: schemas.OverdueItem) -> list[Any]:
    return [
        item.name,
        item.parent_name,
        item.county_code,
        item.is_activated,
        _STATUSES[item.status] if item.status else "未填报",
        item.deadline_on,
        item.late_days,
    ]


def _row(share: Any) -> list[Any]:
    return [
        share.year,
        share.unit_name,
        share.parent_name,
        share.county_code,
        share.version,
        _STATUSES[share.status],
        share.is_in_force,
        MODES[share.canteen_mode],
        share.shared_with_name,
        share.canteen_total_fen / 100,
        share.ratio_bp / 100,
        share.canteen_reserved_fen / 100,
        share.has_union_funds,
        share.union_total_fen / 100,
        share.union_member_count,
        share.union_reserved_fen / 100,
        share.reserved_fen / 100,
        share.contact,
        share.phone,
        share.note,
        share.correction_reason,
        share.submitted_at,
        share.locked_at,
    ]


def _after_id(cursor: str | None) -> UUID | None:
    return None if cursor is None else _uuid(decode_cursor(cursor, size=1)[0])


def _after_name(cursor: str | None) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    name, unit_id = decode_cursor(cursor, size=2)
    return str(name), _uuid(unit_id)


def _uuid(value: Any) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error
