"""Approvals over HTTP: what waits for me, deciding, tiers and delegations."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions, deciding, queries, rules, schemas
from orders.trail import queries as trail_queries
from orders.trail.schemas import TrailItem
from orders.unit import queries as unit_queries
from shared.auth import Caller, CallerDep
from shared.clock import parse_instant, utc_now
from shared.db import Db, Read
from shared.errors import BadRequest, Forbidden, Refusal
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])
tier_router = APIRouter(prefix="/v1/approval-tiers", tags=["approvals"])
delegation_router = APIRouter(prefix="/v1/approval-delegations", tags=["approvals"])
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a title.")]
View = Annotated[
    Literal["waiting", "asked", "overdue", "all"],
    Query(description="What the caller may decide now, what the caller asked for, what is late, or all of the unit's."),
]
_BATCH = 500
_HEAD = (
    "编号",
    "事项",
    "类别",
    "经费来源",
    "金额(元)",
    "档次",
    "状态",
    "步骤",
    "提交时间",
    "办理期限",
    "超时",
    "办结时间",
)


@router.get("")
async def list_cases(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    view: View = "waiting",
    status: schemas.Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.CaseItem]:
    """Approvals of the caller's unit, the latest first. 403 `unit-needed`."""
    found = await _listed(db, caller, q=q, view=view, status=status, after=_after(cursor), limit=limit + 1)
    items = [schemas.CaseItem.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    next_cursor = None if last is None else encode_cursor(last.asked_at.isoformat(), str(last.case_id))
    return Page[schemas.CaseItem](items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_cases(
    request: Request,
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    view: View = "all",
    status: schemas.Status | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table. 403 `unit-needed`."""
    await _own_unit(db, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await _listed(own, caller, q=q, view=view, status=status, after=after, limit=_BATCH)
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = (found[-1].asked_at, found[-1].case_id)

    return await sheet_response(sheet, name="审批", head=_HEAD, batches=batches())


@router.get("/{case_id}")
async def get_case(case_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.CaseOut:
    """One with its steps, for those who see its unit. 404 `approval-unknown`."""
    case = await queries.get_case_for(db, case_id, caller)
    response.headers["ETag"] = etag_of(case.revision)
    return await _out(db, case, caller)


@router.post("/{case_id}/approve", response_model=schemas.CaseOut)
async def approve_case(
    case_id: UUID, body: schemas.DecisionIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """Yes to this step. 403 `unit-needed`, `duty-missing`, `approval-own-request`; 404 `approval-unknown`; 409
    `approval-status`, `approval-decided-before`, `unit-closed`; 412 `stale`; 428 `precondition-missing`."""
    case = await deciding.decide(
        db,
        case_id=case_id,
        verdict="APPROVE",
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, case, caller))


@router.post("/{case_id}/refuse", response_model=schemas.CaseOut)
async def refuse_case(
    case_id: UUID, body: schemas.RefusalIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """No: it ends here. 403 `unit-needed`, `duty-missing`, `approval-own-request`; 404 `approval-unknown`; 409
    `approval-status`, `approval-decided-before`, `unit-closed`; 412 `stale`; 428 `precondition-missing`."""
    case = await deciding.decide(
        db,
        case_id=case_id,
        verdict="REFUSE",
        reason=body.reason,
        expected_revision=expected,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, case, caller))


@router.get("/{case_id}/trail")
async def list_trail(case_id: UUID, caller: CallerDep, db: Read) -> Page[TrailItem]:
    """Who did what to it, and when. 404 `approval-unknown`."""
    await queries.get_case_for(db, case_id, caller)
    rows = await trail_queries.list_trail(db, case_id)
    return Page[TrailItem](items=[TrailItem.model_validate(each) for each in rows])


@tier_router.get("")
async def get_tiers(caller: CallerDep, db: Read, response: Response) -> schemas.TiersOut:
    """The tiers of the caller's unit. 403 `unit-needed`."""
    unit_id = await _own_unit(db, caller)
    found = await _tiers(db, unit_id)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@tier_router.put("")
async def write_tiers(
    body: schemas.TiersIn, caller: CallerDep, db: Db, expected: IfMatch, response: Response
) -> schemas.TiersOut:
    """Write the tiers of the caller's unit (its administrator). 403 `unit-needed`, `duty-missing`; 409 `unit-closed`;
    412 `stale`; 422 `approval-tiers-open`, `approval-tier-empty`; 428 `precondition-missing`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    if "admin" not in caller.roles:
        raise Forbidden("This is for the unit's administrator.", code="duty-missing", duties=["admin"])
    scheme = await actions.write_tiers(
        db,
        unit_id=unit.unit_id,
        tiers=body.as_tiers(),
        expected_revision=expected,
        by=caller.person_id,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(scheme.revision)
    return await _tiers(db, unit.unit_id)


@delegation_router.get("")
async def list_delegations(
    caller: CallerDep, db: Read, *, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.DelegationOut]:
    """Who decides for whom in the caller's unit, the latest first. 403 `unit-needed`."""
    unit_id = await _own_unit(db, caller)
    found = await queries.list_delegations(db, unit_id, before=_before(cursor), limit=limit + 1)
    items = [schemas.DelegationOut.model_validate(each) for each in found[:limit]]
    next_cursor = encode_cursor(str(items[-1].delegation_id)) if len(found) > limit else None
    return Page[schemas.DelegationOut](items=items, next_cursor=next_cursor)


@delegation_router.post("", status_code=201, response_model=schemas.DelegationOut)
async def delegate(body: schemas.DelegationIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Let somebody of the unit decide for the caller. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`; 422
    `delegation-to-oneself`, `delegation-dates`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    made = await actions.delegate(
        db, delegation_id=new_id(), unit_id=unit.unit_id, caller=caller, **body.model_dump(), now=utc_now()
    )
    return await once.answer(db, schemas.DelegationOut.model_validate(made), status=201)


@delegation_router.post("/{delegation_id}/revoke", response_model=schemas.DelegationOut)
async def revoke(delegation_id: UUID, caller: CallerDep, db: Db, once: Once) -> Response:
    """End it now (who gave it, or the unit's administrator). 403 `unit-needed`; 404 `delegation-unknown`; 409
    `unit-closed`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    ended = await actions.revoke(db, delegation_id=delegation_id, unit_id=unit.unit_id, caller=caller, now=utc_now())
    return await once.answer(db, schemas.DelegationOut.model_validate(ended))


async def _own_unit(db: AsyncSession, caller: Caller) -> UUID:
    unit = await unit_queries.find_acting_unit(db, caller)
    if unit is None:
        raise Forbidden("Act for an institution that is registered as a budget unit.", code="unit-needed")
    return unit.unit_id


async def _listed(
    db: AsyncSession,
    caller: Caller,
    *,
    q: str | None,
    view: str,
    status: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    return await queries.list_cases(
        db,
        [await _own_unit(db, caller)],
        waiting_for=caller if view == "waiting" else None,
        asked_by=caller.person_id if view == "asked" else None,
        is_overdue=view == "overdue",
        status=status,
        wanted=q,
        after=after,
        limit=limit,
        now=utc_now(),
    )


async def _out(db: AsyncSession, case: Any, caller: Caller) -> schemas.CaseOut:
    decisions = await queries.list_decisions(db, case.case_id)
    obstacle = ""
    try:
        await deciding.ensure_may_decide(db, case, decisions, caller=caller, now=utc_now())
    except Refusal as refusal:
        obstacle = refusal.code
    return schemas.CaseOut.of(case, decisions, obstacle=obstacle)


async def _tiers(db: AsyncSession, unit_id: UUID) -> schemas.TiersOut:
    scheme = await queries.find_scheme(db, unit_id)
    tiers = await queries.list_tiers(db, unit_id)
    return schemas.TiersOut(
        revision=0 if scheme is None else scheme.revision,
        is_default=scheme is None,
        source=rules.defaults()["source"] if scheme is None else "",
        tiers=[schemas.TierIn.model_validate(each) for each in tiers],
    )


def _row(case: Any) -> list[Any]:
    return [
        str(case.case_id),
        case.title,
        case.subject_kind,
        case.fund,
        case.amount_fen / 100,
        case.tier_name,
        case.status,
        f"{case.step_number}/{len(case.steps)}",
        case.asked_at,
        case.due_at,
        case.is_escalated,
        case.closed_at,
    ]


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        asked_at, case_id = (str(each) for each in decode_cursor(cursor, size=2))
        return parse_instant(asked_at), UUID(case_id)
    except (ValueError, OverflowError) as error:
        raise _no_cursor() from error


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, size=1)[0]))
    except (ValueError, OverflowError) as error:
        raise _no_cursor() from error


def _no_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
