"""Absorptions over HTTP: a county's officials ask, units pledge, everybody concerned sees what came of it."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from orders.absorption import actions, queries, schemas
from orders.absorption.rules import Level
from orders.pool.schemas import ReasonIn, ShareIn, ShareItem
from orders.pool.sheets import SHARE_HEAD, share_row
from orders.quotation.routes import BATCH, after
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep, require_kind
from shared.clock import utc_now
from shared.db import Db, Read
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/absorptions", tags=["absorptions"])
OfficialCaller = Annotated[Caller, Depends(require_kind("official"))]
Words = Annotated[str, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a name or reason.")]
OwnOnly = Annotated[bool, Query(description="Only the caller's unit's.")]
_HEAD = (
    "编号", "县区代码", "供应商", "商品", "规格", "预警级别", "状态", "原因", "依据", "单价（元）",
    "计划消纳件数", "已认购件数", "已下单件数", "已验收件数", "消纳额（元）", "消纳率", "参与单位数",
    "截止时间", "发布时间", "处置结果",
)  # fmt: skip
_LEVELS = {"BLUE": "蓝色", "YELLOW": "黄色", "ORANGE": "橙色", "RED": "红色"}
_STATUSES = {"PUBLISHED": "已发布", "RESPONDING": "响应中", "ABSORBED": "已消纳", "CLOSED": "已结束"}


@router.get("")
async def list_absorptions(
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    level: Level | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> Page[schemas.AbsorptionItem]:
    """All for units and operators, an official's regions, a supplier's own goods; the newest first. 403
    `kind-not-allowed`."""
    found = await queries.list_absorptions(
        db, caller, wanted=q.strip(), status=status, level=level, after=after(cursor), limit=limit + 1
    )
    items = [schemas.AbsorptionItem.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].absorption_id)) if more else None)


@router.get("/export", response_class=Response)
async def export_absorptions(
    request: Request,
    caller: CallerDep,
    db: Read,
    *,
    q: Words = "",
    status: schemas.Status | None = None,
    level: Level | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`."""
    await queries.list_absorptions(db, caller, limit=1)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_absorptions(
                    own, caller, wanted=q.strip(), status=status, level=level, after=last, limit=BATCH
                )
            yield [_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].absorption_id

    return await sheet_response(sheet, name="应急消纳", head=_HEAD, batches=batches())


@router.get("/flags")
async def list_flags(caller: OfficialCaller, db: Read, limit: Limit = 50) -> schemas.FlagList:
    """Flagged harvests of the caller's regions that units may be asked for. 403 `kind-not-allowed`."""
    found = await queries.list_flags(db, caller, limit=limit)
    return schemas.FlagList(items=[schemas.Flag.model_validate(each) for each in found])


@router.post("", status_code=201, response_model=schemas.AbsorptionItem)
async def publish_absorption(body: schemas.AbsorptionIn, caller: OfficialCaller, db: Db, once: Once) -> Response:
    """Ask units to absorb a flagged harvest. 403 `kind-not-allowed`, `region-not-yours`; 409 `absorption-open`; 422
    `flag-unknown`, `sku-unknown`, `price-above-listed`, `deadline-too-near`, `deadline-too-far`."""
    made = await actions.publish_absorption(
        db,
        absorption_id=new_id(),
        love_purchase_id=body.love_purchase_id,
        facts=body.facts(),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, made.absorption_id), status=201)


@router.get("/{absorption_id}")
async def get_absorption(
    absorption_id: UUID, caller: CallerDep, db: Read, response: Response
) -> schemas.AbsorptionItem:
    """One with how far it has come. 403 `kind-not-allowed`; 404 `absorption-unknown`."""
    found = await _item(db, caller, absorption_id)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.put("/{absorption_id}")
async def edit_absorption(
    absorption_id: UUID,
    body: schemas.AbsorptionChange,
    caller: OfficialCaller,
    db: Db,
    expected: IfMatch,
    response: Response,
) -> schemas.AbsorptionItem:
    """Another urgency, reason, quantity or end. 403 `kind-not-allowed`; 404 `absorption-unknown`; 409
    `absorption-status`, `pledged-already`; 412 `stale`; 422 `deadline-too-near`, `deadline-too-far`; 428
    `precondition-missing`."""
    await actions.edit_absorption(
        db,
        absorption_id=absorption_id,
        expected_revision=expected,
        facts=body.facts(),
        caller=caller,
        now=utc_now(),
    )
    found = await _item(db, caller, absorption_id)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.post("/{absorption_id}/close", response_model=schemas.AbsorptionItem)
async def close_absorption(
    absorption_id: UUID, body: schemas.OutcomeIn, caller: OfficialCaller, db: Db, expected: IfMatch, once: Once
) -> Response:
    """End it and say what came of it. 403 `kind-not-allowed`; 404 `absorption-unknown`; 409 `absorption-status`; 412
    `stale`; 422 `reason-missing`; 428 `precondition-missing`."""
    await actions.close_absorption(
        db,
        absorption_id=absorption_id,
        expected_revision=expected,
        outcome=body.reason,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, absorption_id))


@router.post("/{absorption_id}/pledges", status_code=201, response_model=schemas.AbsorptionItem)
async def pledge(absorption_id: UUID, body: ShareIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Take so many pieces for the caller's unit: they are held, and its purchase is written. 403 `unit-needed`,
    `duty-missing`; 404 `absorption-unknown`; 409 `unit-closed`, `absorption-status`, `absorption-over`,
    `absorption-full`, `stock-short`, `sku-not-listed`; 422 `fund-without-union`."""
    await actions.pledge(
        db,
        absorption_id=absorption_id,
        share_id=new_id(),
        quantity=body.quantity,
        fund=body.fund,
        address=body.to(),
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _item(db, caller, absorption_id), status=201)


@router.get("/{absorption_id}/pledges")
async def list_pledges(
    absorption_id: UUID,
    caller: CallerDep,
    db: Read,
    *,
    is_own: OwnOnly = False,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[ShareItem]:
    """Who pledged what, and how far it has come. 403 `kind-not-allowed`; 404 `absorption-unknown`."""
    await queries.get_absorption_for(db, caller, absorption_id)
    unit_ids = await queries.list_own_ids(db, caller) if is_own else None
    found = await queries.list_pledges(db, absorption_id, unit_ids=unit_ids, after=after(cursor), limit=limit + 1)
    items = [ShareItem.model_validate(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(items[-1].share_id)) if len(found) > limit else None)


@router.get("/{absorption_id}/pledges/export", response_class=Response)
async def export_pledges(
    absorption_id: UUID,
    request: Request,
    caller: CallerDep,
    db: Read,
    *,
    is_own: OwnOnly = False,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `kind-not-allowed`; 404 `absorption-unknown`."""
    await queries.get_absorption_for(db, caller, absorption_id)
    unit_ids = await queries.list_own_ids(db, caller) if is_own else None

    async def batches() -> AsyncIterator[Sequence[Any]]:
        last: UUID | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_pledges(own, absorption_id, unit_ids=unit_ids, after=last, limit=BATCH)
            yield [share_row(each) for each in found]
            if len(found) < BATCH:
                return
            last = found[-1].share_id

    return await sheet_response(sheet, name="消纳响应单", head=SHARE_HEAD, batches=batches())


@router.post("/{absorption_id}/pledges/{share_id}/withdraw", response_model=schemas.AbsorptionItem)
async def withdraw_pledge(
    absorption_id: UUID, share_id: UUID, body: ReasonIn, caller: CallerDep, db: Db, once: Once
) -> Response:
    """Give a pledge back before it is ordered, and its purchase with it. 403 `unit-needed`, `duty-missing`; 404
    `pledge-unknown`; 409 `unit-closed`, `pledge-status`, `pledge-ordered`."""
    await actions.withdraw_pledge(
        db, absorption_id=absorption_id, share_id=share_id, reason=body.reason, caller=caller, now=utc_now()
    )
    return await once.answer(db, await _item(db, caller, absorption_id))


@router.get("/{absorption_id}/trail")
async def list_trail(absorption_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 403 `kind-not-allowed`; 404 `absorption-unknown`."""
    await queries.get_absorption_for(db, caller, absorption_id)
    rows = await trail_queries.list_trail(db, absorption_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


async def _item(db: Any, caller: Caller, absorption_id: UUID) -> schemas.AbsorptionItem:
    return schemas.AbsorptionItem.model_validate(await queries.get_absorption_for(db, caller, absorption_id))


def _row(found: Any) -> list[Any]:
    return [
        str(found.absorption_id),
        found.county_code,
        found.supplier_name,
        found.product_title,
        found.specification,
        _LEVELS[found.level],
        _STATUSES[found.status],
        found.reason,
        found.source,
        found.price_fen / 100,
        found.quantity,
        found.pledged_count,
        int(found.ordered_count),
        int(found.accepted_count),
        int(found.accepted_fen) / 100,
        f"{found.accepted_count * 100 / found.quantity:.1f}%",
        found.share_count,
        found.closes_at,
        found.published_at,
        found.outcome,
    ]
