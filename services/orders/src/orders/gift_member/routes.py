"""Rosters over HTTP: a template, files, what is wrong with them, single members, and the list that is made public."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign import schemas as campaign_schemas
from orders.gift_campaign.routes import get_own_as_union
from orders.gift_member import actions, queries, rules, schemas
from orders.gift_member.models import GiftMember, GiftRosterError
from orders.gift_member.rules import COLUMNS, FileRow, roster_data, sentence
from orders.gift_member.sheet import read_rows
from orders.unit.rules import ensure_duty
from shared.auth import Caller, CallerDep
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Conflict, TooLarge
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/gift-campaigns", tags=["holiday gifts"])
Wanted = Annotated[
    str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a number, name or department.")
]
_BATCH = 1_000
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")
        },
    }
}
_COLUMNS = tuple(each.zh for each in COLUMNS)
_MEMBER_HEAD = ("会员编号", "姓名", "部门", "手机号", "入会日期", "可领取", "不可领取原因", "领取方式", "加入名册时间")
_REASONS = {
    "": "",
    "JOINED_AFTER_CUTOFF": "截止日后入会",
    "LEFT": "已调离或退会",
    "RETIRED": "离退休",
    "UNPAID_LEAVE": "停薪留职",
    "NO_DUES": "未缴会费",
}
_SHOWN = frozenset({"PUBLICITY", "ROSTER_LOCKED", "CLAIMING", "CLAIM_CLOSED", "FULFILLING", "ACCEPTED", "INVOICED",
                    "PAID", "ARCHIVED"})  # fmt: skip


@router.get("/{campaign_id}/roster-template", response_class=Response)
async def get_template(campaign_id: UUID, caller: CallerDep, db: Read, *, kind: SheetFormat = "xlsx") -> Response:
    """The file to fill in, with one row as an example. 403 `duty-missing`; 404 `gift-campaign-unknown`."""
    await get_own_as_union(db, campaign_id, caller)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        yield [("示例001", "张三", "办公室", "13800000000", "2020-09-01", "在册", "")]

    return await sheet_response(kind, name="会员名册模板", head=_COLUMNS, batches=batches())


@router.post("/{campaign_id}/roster-files", status_code=201, openapi_extra=_BODY)
async def upload_roster(
    request: Request,
    campaign_id: UUID,
    caller: CallerDep,
    db: Db,
    response: Response,
    *,
    name: Annotated[campaign_schemas.Name, Query(description="The file's name, as people will see it.")],
) -> schemas.RosterFileOut:
    """Take a roster in (xlsx, xls, ods or CSV; the bytes are the body): its good rows at once, each other with a
    sentence. The same bytes again answer 200 with the file of before: no Idempotency-Key is needed.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-campaign-status`; 413 `file-too-large`; 422
    `roster-file-empty`, `roster-file-no-spreadsheet`, `roster-file-damaged`, `roster-file-binary`,
    `roster-file-locked`, `roster-file-inflates-too-large`, `roster-encoding-unknown`, `roster-row-unreadable`,
    `roster-head-wrong`, `roster-too-many-rows-at-once`, `roster-too-many-rows`, `roster-no-rows`, with a sentence.
    """
    await get_own_as_union(db, campaign_id, caller)
    most = roster_data()["most_bytes"]
    refusal = TooLarge(f"The file may have at most {most:,} bytes.", code="file-too-large", max_bytes=most)
    content = await read_body(request, max_bytes=most, refusal=refusal)
    rows = await asyncio.to_thread(_rows_of, content)
    file, is_new = await actions.import_roster(
        db,
        file_id=new_id(),
        campaign_id=campaign_id,
        name=name,
        digest=hashlib.sha256(content).digest(),
        rows=rows,
        person_id=caller.person_id,
        now=utc_now(),
        new_id=new_id,
    )
    if not is_new:
        response.status_code = 200
    return schemas.RosterFileOut.model_validate(file)


@router.get("/{campaign_id}/roster-files")
async def list_files(campaign_id: UUID, caller: CallerDep, db: Read) -> Page[schemas.RosterFileOut]:
    """The files that were taken in, the latest first. 404 `gift-campaign-unknown`."""
    await campaign_queries.get_own(db, campaign_id, caller)
    found = await queries.list_files(db, campaign_id)
    return Page(items=[schemas.RosterFileOut.model_validate(each) for each in found])


@router.get("/{campaign_id}/roster-files/{file_id}/errors")
async def list_errors(
    campaign_id: UUID, file_id: UUID, caller: CallerDep, db: Read, *, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.RosterErrorOut]:
    """Rows that were not taken, in the order of the sheet. 403 `duty-missing`; 404 `gift-campaign-unknown`,
    `roster-file-unknown`."""
    await _ensure_reader(db, campaign_id, caller)
    await queries.get_file(db, campaign_id, file_id)
    found = await queries.list_errors(db, file_id, after=_after_row(cursor), limit=limit + 1)
    items = [_error(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].row_number) if len(found) > limit else None)


@router.get("/{campaign_id}/roster-files/{file_id}/corrections", response_class=Response)
async def get_corrections(
    request: Request, campaign_id: UUID, file_id: UUID, caller: CallerDep, db: Read, *, kind: SheetFormat = "xlsx"
) -> Response:
    """The rows that were not taken as a file to correct and upload: cell and sentence behind each. 403 `duty-missing`;
    404 `gift-campaign-unknown`, `roster-file-unknown`."""
    await _ensure_reader(db, campaign_id, caller)
    await queries.get_file(db, campaign_id, file_id)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after = 0
        while True:
            async with request.app.state.database.read() as reading:
                found = await queries.list_errors(reading, file_id, after=after, limit=_BATCH)
            yield [_correction(each) for each in found]
            if len(found) < _BATCH:
                return
            after = found[-1].row_number

    head = (*_COLUMNS, "原行号", "有误的格子", "怎么改", "What to do")
    return await sheet_response(kind, name="名册更正", head=head, batches=batches())


@router.get("/{campaign_id}/members")
async def list_members(
    campaign_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = "",
    is_eligible: bool | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.MemberOut]:
    """The roster by department and number, for the union and those who check it. 403 `duty-missing`; 404
    `gift-campaign-unknown`."""
    await _ensure_reader(db, campaign_id, caller)
    found = await queries.list_members(
        db, campaign_id, q=q.strip(), is_eligible=is_eligible, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.MemberOut.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=_next(found[:limit], len(found) > limit))


@router.get("/{campaign_id}/members/export", response_class=Response)
async def export_members(
    request: Request,
    campaign_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    kind: SheetFormat = "xlsx",
    q: Wanted = "",
    is_eligible: bool | None = None,
) -> Response:
    """The same list as a file. 403 `duty-missing`; 404 `gift-campaign-unknown`."""
    await _ensure_reader(db, campaign_id, caller)
    batches = _batches(request, campaign_id, q=q.strip(), is_eligible=is_eligible)

    async def rows() -> AsyncIterator[list[list[Any]]]:
        async for found in batches:
            yield [_member_row(each) for each in found]

    return await sheet_response(kind, name="会员名册", head=_MEMBER_HEAD, batches=rows())


@router.post("/{campaign_id}/members", status_code=201, response_model=schemas.MemberOut)
async def add_member(campaign_id: UUID, body: schemas.MemberIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """One member more, or the one of that number with other facts. 403 `duty-missing`; 404 `gift-campaign-unknown`; 409
    `gift-campaign-status`; 422 `roster-too-long`, `roster-phone-wrong`, `roster-standing-unknown`,
    `roster-handing-out-unknown`, `roster-handing-out-not-offered`, `roster-gift-taken`, `roster-over-yearly-cap`,
    each with a sentence."""
    await get_own_as_union(db, campaign_id, caller)
    member = await actions.add_member(
        db,
        campaign_id=campaign_id,
        cells=body.cells(),
        reason=body.reason,
        person_id=caller.person_id,
        now=utc_now(),
        new_id=new_id,
    )
    return await once.answer(db, schemas.MemberOut.model_validate(member), status=201)


@router.post("/{campaign_id}/members/{member_id}/remove", status_code=204)
async def remove_member(campaign_id: UUID, member_id: UUID, body: schemas.RemoveIn, caller: CallerDep, db: Db) -> None:
    """Take a member off the roster. 403 `duty-missing`; 404 `gift-campaign-unknown`, `gift-member-unknown`; 409
    `gift-campaign-status`."""
    await get_own_as_union(db, campaign_id, caller)
    await actions.remove_member(
        db,
        campaign_id=campaign_id,
        member_id=member_id,
        reason=body.reason,
        person_id=caller.person_id,
        now=utc_now(),
    )


@router.get("/{campaign_id}/publicity")
async def list_public(
    campaign_id: UUID, caller: CallerDep, db: Read, *, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.PublicMember]:
    """Who gets a gift, with masked names, for everybody in the unit once it is made public. 404
    `gift-campaign-unknown`; 409 `not-public-yet`."""
    campaign = await _public_campaign(db, campaign_id, caller)
    found = await queries.list_members(db, campaign_id, q="", is_eligible=True, after=_after(cursor), limit=limit + 1)
    items = [
        schemas.PublicMember(
            department=each.department, name_masked=rules.masked_name(each.name), per_head_fen=campaign.per_head_fen
        )
        for each in found[:limit]
    ]
    return Page(items=items, next_cursor=_next(found[:limit], len(found) > limit))


@router.get("/{campaign_id}/publicity/export", response_class=Response)
async def export_public(
    request: Request, campaign_id: UUID, caller: CallerDep, db: Read, *, kind: SheetFormat = "xlsx"
) -> Response:
    """The same list as a file, to be hung up. 404 `gift-campaign-unknown`; 409 `not-public-yet`."""
    campaign = await _public_campaign(db, campaign_id, caller)
    batches = _batches(request, campaign_id, q="", is_eligible=True)
    standard = campaign.per_head_fen / 100

    async def rows() -> AsyncIterator[list[list[Any]]]:
        async for found in batches:
            yield [[each.department, rules.masked_name(each.name), standard] for each in found]

    return await sheet_response(kind, name="慰问品公示名单", head=("部门", "姓名", "标准(元)"), batches=rows())


async def _public_campaign(db: Any, campaign_id: UUID, caller: Caller) -> Any:
    campaign = await campaign_queries.get_own(db, campaign_id, caller)
    if campaign.status not in _SHOWN:
        raise Conflict("The list is not public yet.", code="not-public-yet", status_now=campaign.status)
    return campaign


async def _ensure_reader(db: Any, campaign_id: UUID, caller: Caller) -> None:
    await campaign_queries.get_own(db, campaign_id, caller)
    ensure_duty(caller, "union", "approver", "finance", "auditor")


async def _batches(
    request: Request, campaign_id: UUID, *, q: str, is_eligible: bool | None
) -> AsyncIterator[Sequence[GiftMember]]:
    after: tuple[str, str] | None = None
    while True:
        async with request.app.state.database.read() as db:
            found = await queries.list_members(db, campaign_id, q=q, is_eligible=is_eligible, after=after, limit=_BATCH)
        yield found
        if len(found) < _BATCH:
            return
        after = found[-1].department, found[-1].member_no


def _rows_of(content: bytes) -> list[FileRow]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return read_rows(Path(file.name))


def _error(error: GiftRosterError) -> schemas.RosterErrorOut:
    return schemas.RosterErrorOut(
        row_number=error.row_number,
        column_key=error.column_key,
        code=error.code,
        sentence=sentence(error.code, error.facts, "zh"),
        sentence_en=sentence(error.code, error.facts, "en"),
    )


def _correction(error: GiftRosterError) -> list[Any]:
    names = {each.key: each.zh for each in COLUMNS}
    told = _error(error)
    typed = [error.cells.get(each.key, "") for each in COLUMNS]
    return [*typed, told.row_number, names[told.column_key], told.sentence, told.sentence_en]


def _member_row(member: GiftMember) -> list[Any]:
    return [
        member.member_no,
        member.name,
        member.department,
        member.phone_masked,
        member.joined_on,
        member.is_eligible,
        _REASONS[member.reason],
        "统一领取" if member.takes_whole_lot else "自选",
        member.added_at,
    ]


def _next(members: Sequence[GiftMember], has_more: bool) -> str | None:
    return encode_cursor(members[-1].department, members[-1].member_no) if has_more else None


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    department, member_no = decode_cursor(cursor, size=2)
    if "\x00" in f"{department}{member_no}":
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return str(department), str(member_no)


def _after_row(cursor: str | None) -> int:
    if cursor is None:
        return 0
    [row] = decode_cursor(cursor, size=1)
    if not isinstance(row, int) or not 0 <= row < 2**31:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        )
    return row
