"""Budgets over HTTP: granted by the finance duty of the unit, seen by its people, its lead unit and finance office."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from orders.budget import actions, queries, rules, schemas
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import BadRequest
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/budgets", tags=["budgets"])
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$", description="Part of a unit's name.")]
YearAsked = Annotated[int | None, Query(ge=2019, le=2100)]
FundAsked = Annotated[schemas.FundName | None, Query()]
_BATCH = 500
_YEARS = 10_000
_HEAD = ("预算编号", "单位", "区划代码", "年度", "经费来源", "下达(元)", "占用(元)", "支出(元)", "可用(元)")
_STATEMENT_HEAD = (
    "时间",
    "类别",
    "金额(元)",
    "下达累计(元)",
    "占用余额(元)",
    "支出累计(元)",
    "可用余额(元)",
    "采购单号",
    "事项",
    "说明",
)
_FUNDS = {"CANTEEN": "食堂", "UNION": "工会", "OTHER": "其他"}


@router.get("")
async def list_budgets(
    caller: CallerDep,
    db: Read,
    *,
    q: Wanted = None,
    year: YearAsked = None,
    fund: FundAsked = None,
    unit_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[schemas.BudgetOut]:
    """Those of the caller's unit and of the units below it, of a finance office's regions; an operator's all."""
    found = await queries.list_budgets(
        db, caller, year=year, fund=fund, unit_id=unit_id, wanted=q, after=_after(cursor), limit=limit + 1
    )
    items = [schemas.BudgetOut.model_validate(each) for each in found[:limit]]
    last = items[-1] if len(found) > limit else None
    next_cursor = None if last is None else encode_cursor(last.year, last.unit_name, str(last.budget_id))
    return Page[schemas.BudgetOut](items=items, next_cursor=next_cursor)


@router.get("/export", response_class=Response)
async def export_budgets(
    request: Request,
    caller: CallerDep,
    *,
    q: Wanted = None,
    year: YearAsked = None,
    fund: FundAsked = None,
    unit_id: UUID | None = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""

    async def batches() -> AsyncIterator[Sequence[Any]]:
        after: tuple[int, str, UUID] | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_budgets(
                    db, caller, year=year, fund=fund, unit_id=unit_id, wanted=q, after=after, limit=_BATCH
                )
            if found:
                yield [_row(each) for each in found]
            if len(found) < _BATCH:
                return
            after = (found[-1].year, found[-1].unit_name, found[-1].budget_id)

    return await sheet_response(sheet, name="预算", head=_HEAD, batches=batches())


@router.post("", status_code=201, response_model=schemas.BudgetOut)
async def grant_budget(body: schemas.GrantIn, caller: CallerDep, db: Db, once: Once) -> Response:
    """Grant money to the caller's unit. 403 `unit-needed`, `duty-missing`; 409 `unit-closed`, `budget-in-use`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "finance")
    budget = await actions.grant(
        db,
        unit_id=unit.unit_id,
        year=body.year,
        fund=body.fund,
        amount_fen=body.amount_fen,
        entry_id=new_id(),
        reason=body.reason,
        by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, budget.budget_id, caller), status=201)


@router.get("/{budget_id}")
async def get_budget(budget_id: UUID, caller: CallerDep, db: Read, response: Response) -> schemas.BudgetOut:
    """One of them. 404 `budget-unknown`."""
    found = await _out(db, budget_id, caller)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.post("/{budget_id}/adjust", response_model=schemas.BudgetOut)
async def adjust_budget(
    budget_id: UUID, body: schemas.AdjustIn, caller: CallerDep, db: Db, expected: IfMatch, once: Once
) -> Response:
    """More or less for it, down to what is used. 403 `unit-needed`, `duty-missing`; 404 `budget-unknown` (also another
    unit's); 409 `unit-closed`, `budget-in-use`; 412 `stale`; 428 `precondition-missing`."""
    unit = await unit_queries.get_acting_unit(db, caller)
    ensure_duty(caller, "finance")
    found = await _out(db, budget_id, caller)
    if found.unit_id != unit.unit_id:
        raise queries.budget_unknown()
    await actions.adjust(
        db,
        budget_id=budget_id,
        expected_revision=expected,
        amount_fen=body.amount_fen,
        entry_id=new_id(),
        reason=body.reason,
        by=caller.person_id,
        now=utc_now(),
    )
    return await once.answer(db, await _out(db, budget_id, caller))


@router.get("/{budget_id}/entries")
async def list_entries(
    budget_id: UUID, caller: CallerDep, db: Read, *, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.EntryOut]:
    """The statement, the latest first, each line with the balance after it. 404 `budget-unknown`."""
    await queries.get_budget(db, budget_id, caller)
    found = await queries.list_entries(db, budget_id, before=_before(cursor), limit=limit + 1)
    items = [schemas.EntryOut.model_validate(each) for each in found[:limit]]
    next_cursor = encode_cursor(found[limit - 1].position) if len(found) > limit else None
    return Page[schemas.EntryOut](items=items, next_cursor=next_cursor)


@router.get("/{budget_id}/entries/export", response_class=Response)
async def export_entries(
    request: Request, budget_id: UUID, caller: CallerDep, db: Read, *, sheet: SheetFormat = "xlsx"
) -> Response:
    """The whole statement as a table. 404 `budget-unknown`."""
    budget = await queries.get_budget(db, budget_id, caller)

    async def batches() -> AsyncIterator[Sequence[Any]]:
        before: int | None = None
        while True:
            async with request.app.state.database.read() as own:
                found = await queries.list_entries(own, budget_id, before=before, limit=_BATCH)
            if found:
                yield [_statement_row(each) for each in found]
            if len(found) < _BATCH:
                return
            before = found[-1].position

    name = f"预算流水-{budget.year}-{_FUNDS[budget.fund]}"
    return await sheet_response(sheet, name=name, head=_STATEMENT_HEAD, batches=batches())


async def _out(db: Any, budget_id: UUID, caller: Any) -> schemas.BudgetOut:
    return schemas.BudgetOut.model_validate(await queries.get_budget(db, budget_id, caller))


def _row(budget: Any) -> list[Any]:
    money = (budget.granted_fen, budget.committed_fen, budget.consumed_fen, budget.left_fen)
    return [
        str(budget.budget_id),
        budget.unit_name,
        budget.county_code,
        budget.year,
        _FUNDS[budget.fund],
        *(fen / 100 for fen in money),
    ]


def _statement_row(entry: Any) -> list[Any]:
    after = (entry.granted_after_fen, entry.committed_after_fen, entry.consumed_after_fen, entry.left_after_fen)
    return [
        entry.recorded_at,
        rules.ENTRY_NAMES[entry.kind],
        entry.amount_fen / 100,
        *(fen / 100 for fen in after),
        entry.reference_number,
        entry.reference_title,
        entry.reason,
    ]


def _after(cursor: str | None) -> tuple[int, str, UUID] | None:
    if cursor is None:
        return None
    year, name, budget_id = decode_cursor(cursor, size=3)
    if not isinstance(year, int) or not 0 <= year < _YEARS or "\x00" in str(name):
        raise _no_cursor()
    try:
        return year, str(name), UUID(str(budget_id))
    except ValueError as error:
        raise _no_cursor() from error


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    [position] = decode_cursor(cursor, size=1)
    if not isinstance(position, int) or not 0 <= position < 2**63:
        raise _no_cursor()
    return position


def _no_cursor() -> BadRequest:
    return BadRequest("The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor")
