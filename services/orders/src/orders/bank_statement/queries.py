"""Reads of bank statements. A supplier sees its own account's, operators all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orders.bank_statement.models import BankFinding, BankLine, BankStatement
from shared.auth import Caller
from shared.errors import NotFound

LineState = Literal["OPEN", "PARTLY", "MATCHED", "SET_ASIDE"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the lines is wanted. `wanted` is part of a remark, a payer or the bank's number."""

    statement_id: UUID | None = None
    state: LineState | None = None
    wanted: str = ""


def no_such_line() -> NotFound:
    """The refusal of a transfer that is not there, or on another's account."""
    return NotFound("There is no such transfer, or it is not on your account.", code="bank-line-not-found")


def no_such_statement() -> NotFound:
    """The same for a file."""
    return NotFound("There is no such statement, or it is not yours.", code="bank-statement-not-found")


def is_own(caller: Caller, supplier_id: UUID | None) -> bool:
    """Whether the account is the caller's to see."""
    if caller.is_operator:
        return True
    return caller.kind == "supplier" and caller.organisation_id is not None and caller.organisation_id == supplier_id


async def get_own_line(db: AsyncSession, line_id: UUID, caller: Caller) -> BankLine:
    """The transfer, for whose account it is on. 404 `bank-line-not-found`."""
    found = await db.get(BankLine, line_id, populate_existing=True)
    if found is None or not is_own(caller, found.supplier_id):
        raise no_such_line()
    return found


async def lock_line(db: AsyncSession, line_id: UUID) -> BankLine:
    """It, held until the transaction ends."""
    chosen = select(BankLine).where(BankLine.line_id == line_id).with_for_update(key_share=True)
    return (await db.scalars(chosen.execution_options(populate_existing=True))).one()


async def list_lines_of(db: AsyncSession, line_ids: Sequence[UUID]) -> Sequence[BankLine]:
    """These transfers, not held."""
    return (await db.scalars(select(BankLine).where(BankLine.line_id.in_(line_ids)))).all()


async def lock_open_lines(db: AsyncSession, line_ids: Sequence[UUID]) -> Sequence[BankLine]:
    """Of these transfers those of which something is left, held, by their id."""
    chosen = (
        select(BankLine)
        .where(BankLine.line_id.in_(line_ids), _is_open())
        .order_by(BankLine.line_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await db.scalars(chosen)).all()


async def list_open_ids(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Transfers of which something is left, by their id."""
    chosen = select(BankLine.line_id).where(_is_open())
    if after is not None:
        chosen = chosen.where(BankLine.line_id > after)
    return (await db.scalars(chosen.order_by(BankLine.line_id).limit(limit))).all()


async def find_of_file(db: AsyncSession, supplier_id: UUID | None, sha256: str) -> BankStatement | None:
    """The statement that these bytes were taken as before."""
    found: BankStatement | None = await db.scalar(
        select(BankStatement).where(
            BankStatement.supplier_id.is_not_distinct_from(supplier_id), BankStatement.sha256 == sha256
        )
    )
    return found


async def get_own_statement(db: AsyncSession, statement_id: UUID, caller: Caller) -> BankStatement:
    """The file, for whose account it is of. 404 `bank-statement-not-found`."""
    found = await db.get(BankStatement, statement_id)
    if found is None or not is_own(caller, found.supplier_id):
        raise no_such_statement()
    return found


async def list_statements(
    db: AsyncSession, caller: Caller, *, wanted: str, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[BankStatement]:
    """Files, the latest first."""
    chosen = select(BankStatement)
    if not caller.is_operator:
        chosen = chosen.where(BankStatement.supplier_id == caller.organisation_id)
    if wanted:
        chosen = chosen.where(BankStatement.file_name.icontains(wanted, autoescape=True))
    if after is not None:
        chosen = chosen.where(tuple_(BankStatement.imported_at, BankStatement.statement_id) < tuple_(*after))
    order = (BankStatement.imported_at.desc(), BankStatement.statement_id.desc())
    return (await db.scalars(chosen.order_by(*order).limit(limit))).all()


async def list_findings(db: AsyncSession, statement_id: UUID, *, after: int = 0, limit: int) -> Sequence[BankFinding]:
    """Lines that were not taken, from the top of the file."""
    chosen = select(BankFinding).where(BankFinding.statement_id == statement_id, BankFinding.row_number > after)
    return (await db.scalars(chosen.order_by(BankFinding.row_number).limit(limit))).all()


async def list_lines(
    db: AsyncSession, caller: Caller, *, filters: Filters, after: tuple[date, UUID] | None, limit: int
) -> Sequence[BankLine]:
    """Transfers, the latest first."""
    chosen = select(BankLine)
    if not caller.is_operator:
        chosen = chosen.where(BankLine.supplier_id == caller.organisation_id)
    if filters.statement_id is not None:
        chosen = chosen.where(BankLine.statement_id == filters.statement_id)
    if filters.state is not None:
        chosen = chosen.where(_of_state(filters.state))
    if filters.wanted:
        columns = (BankLine.remark, BankLine.payer, BankLine.bank_number)
        chosen = chosen.where(or_(*(each.icontains(filters.wanted, autoescape=True) for each in columns)))
    if after is not None:
        chosen = chosen.where(tuple_(BankLine.received_on, BankLine.line_id) < tuple_(*after))
    order = (BankLine.received_on.desc(), BankLine.line_id.desc())
    return (await db.scalars(chosen.order_by(*order).limit(limit))).all()


def state_of(line: BankLine) -> LineState:
    """How much of the transfer is booked."""
    if line.is_set_aside:
        return "SET_ASIDE"
    if line.matched_fen == line.amount_fen:
        return "MATCHED"
    return "PARTLY" if line.matched_fen else "OPEN"


def _is_open() -> ColumnElement[Any]:
    return and_(BankLine.matched_fen < BankLine.amount_fen, ~BankLine.is_set_aside)


def _of_state(state: LineState) -> ColumnElement[Any]:
    match state:
        case "SET_ASIDE":
            return BankLine.is_set_aside.is_(True)
        case "MATCHED":
            return BankLine.matched_fen == BankLine.amount_fen
        case "PARTLY":
            return and_(_is_open(), BankLine.matched_fen > 0)
        case "OPEN":
            return and_(_is_open(), BankLine.matched_fen == 0)
