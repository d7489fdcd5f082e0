"""Shares, statements and payouts over HTTP: the village sees what it gets, the supplier marks what it paid."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, ensure_oversees, may_see
from catalog.cursors import cursor_id, cursor_texts, invalid_cursor
from catalog.fields import DivisionCode, Line
from catalog.household.scope import scope_of, secret_of
from catalog.linkage import actions as linkage_actions
from catalog.linkage.rules import household_key
from catalog.profit_contract import queries as contract_queries
from catalog.profit_share import actions, queries
from catalog.profit_share.schemas import (
    LookupIn,
    LookupSchema,
    PayoutIn,
    PayoutList,
    PayoutSchema,
    SharePage,
    ShareSchema,
    StatementLine,
    StatementPage,
)
from catalog.supplier import queries as supplier_queries
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["profit sharing"])

_HEAD = ("月份", "供应商", "县码", "乡镇", "村", "户标识（空为村集体）", "应得（元）", "已发放（元）", "订单数")
_EXPORT_BATCH = 1000


@router.get("/profit-contracts/{contract_id}/shares")
async def list_shares(
    db: Read, caller: CallerDep, contract_id: UUID, *, cursor: CursorText = None, limit: Limit = 20
) -> SharePage:
    """The contract's shares line by line, the newest first. 404 `profit-contract-unknown` for who may not see it."""
    await _ensure_may_see(db, caller, contract_id)
    found = await queries.list_shares(db, contract_id, after=cursor_id(cursor), limit=limit + 1)
    return SharePage(
        items=[ShareSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].share_id) if len(found) > limit else None,
    )


@router.get("/profit-contracts/{contract_id}/payouts")
async def list_payouts(db: Read, caller: CallerDep, contract_id: UUID) -> PayoutList:
    """What was paid under the contract."""
    await _ensure_may_see(db, caller, contract_id)
    found = await queries.list_payouts(db, contract_id)
    return PayoutList(items=[PayoutSchema.model_validate(each) for each in found])


@router.post("/profit-contracts/{contract_id}/payouts", status_code=201, response_model=PayoutSchema)
async def pay_out(db: Db, caller: CallerDep, once: Once, contract_id: UUID, body: PayoutIn) -> Response:
    """Mark a month, and all before it that is unpaid, as paid (the supplier).

    409 `payout-exists`, `payout-nothing-due`; 422 `period-not-over`, `period-not-a-month`, `paid-in-future`,
    `document-unknown`.
    """
    ensure_may_edit(caller, (await contract_queries.get_contract(db, contract_id)).supplier_id)
    payout = await actions.pay_out(
        db, payout_id=new_id(), contract_id=contract_id, caller=caller, now=utc_now(), **body.model_dump()
    )
    return await once.answer(db, PayoutSchema.model_validate(payout), status=201)


@router.get("/profit-statements")
async def list_statement(
    db: Read,
    caller: CallerDep,
    *,
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    contract_id: UUID | None = None,
    township: Annotated[Line | None, Query()] = None,
    village: Annotated[Line | None, Query()] = None,
    first_on: Annotated[date | None, Query(description="The first month, by its first day.")] = None,
    last_on: Annotated[date | None, Query(description="The last month, by its first day.")] = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> StatementPage:
    """What households and collectives got, month by month, the newest first: to the supplier, to officials of the
    region and to operators."""
    rows = await queries.list_statement(
        db,
        **scope_of(caller, supplier_id, county),
        contract_id=contract_id,
        township=township,
        village=village,
        first_on=first_on,
        last_on=last_on,
        after=_statement_after(cursor),
        limit=limit + 1,
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return StatementPage(
        items=await _lines(db, rows[:limit]),
        next_cursor=encode_cursor(str(last.period_on), str(last.contract_id), last.household_key) if last else None,
    )


@router.get("/profit-statements/export", response_class=Response)
async def export_statement(
    request: Request,
    caller: CallerDep,
    *,
    form: SheetFormat = "csv",
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    contract_id: UUID | None = None,
    township: Annotated[Line | None, Query()] = None,
    village: Annotated[Line | None, Query()] = None,
    first_on: date | None = None,
    last_on: date | None = None,
) -> Response:
    """The statement as a file, with the same filters."""
    scope = scope_of(caller, supplier_id, county)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: tuple[date, UUID, str] | None = None
        while True:
            async with request.app.state.database.read() as db:
                rows = await queries.list_statement(
                    db,
                    **scope,
                    contract_id=contract_id,
                    township=township,
                    village=village,
                    first_on=first_on,
                    last_on=last_on,
                    after=after,
                    limit=_EXPORT_BATCH,
                )
                lines = await _lines(db, rows)
            yield [_sheet_row(each) for each in lines]
            if len(rows) < _EXPORT_BATCH:
                return
            after = (rows[-1].period_on, rows[-1].contract_id, rows[-1].household_key)

    return await sheet_response(form, name="利润分成到户", head=_HEAD, batches=batches())


@router.post("/household-lookups")
async def look_up_household(request: Request, db: Read, caller: CallerDep, body: LookupIn) -> LookupSchema:
    """One household's key and what it got, for its village's team (township or assistance office of the county). A POST
    so that the number stands in no address; it stores nothing.

    403 `officials-only`, `not-your-region`, `role-missing`; 422 `household-number-empty`, `county-unknown`.
    """
    ensure_oversees(caller, body.county_code, "township", "assistance")
    place = await linkage_actions.place_of(
        db, county_code=body.county_code, township=body.township, village=body.village
    )
    key = household_key(secret_of(request), place, body.number)
    rows = await queries.list_statement(db, supplier_id=None, prefixes=[place.county_code], household_key=key)
    return LookupSchema(household_key=key, items=await _lines(db, rows))


async def _ensure_may_see(db: AsyncSession, caller: Caller, contract_id: UUID) -> None:
    contract = await contract_queries.get_contract(db, contract_id)
    if not may_see(caller, supplier_id=contract.supplier_id, county_code=contract.county_code):
        raise contract_queries.unknown_contract()


async def _lines(db: AsyncSession, rows: Sequence[Any]) -> list[StatementLine]:
    suppliers = await supplier_queries.list_suppliers_by_id(db, {row.supplier_id for row in rows})
    return [
        StatementLine.model_validate({**row._mapping, "supplier_name": suppliers[row.supplier_id].name})  # noqa: SLF001
        for row in rows
    ]


def _statement_after(cursor: str | None) -> tuple[date, UUID, str] | None:
    if cursor is None:
        return None
    period, contract, key = cursor_texts(cursor, size=3)
    try:
        return date.fromisoformat(period), UUID(contract), key
    except ValueError as error:
        raise invalid_cursor() from error


def _sheet_row(each: StatementLine) -> list[Any]:
    return [
        each.period_on.strftime("%Y-%m"), each.supplier_name, each.county_code, each.township, each.village,
        each.household_key, each.amount_fen / 100, each.paid_fen / 100, each.order_count,
    ]  # fmt: skip
