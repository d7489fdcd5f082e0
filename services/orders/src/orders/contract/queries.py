"""Reads of contracts and of what is called from them. Who sees a contract is decided here: the unit's people and the
units above it, its supplier once it was offered, the finance office of the region, operators."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from orders.contract.models import CallOff, CallOffLine, Contract, ContractBreak, ContractLine
from orders.contract.rules import Break, Calendar, Line
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku, unsellable_reason
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.errors import NotFound

_FALLEN = text("""
    SELECT call.call_off_id FROM call_offs AS call JOIN unit_orders AS own USING (purchase_id)
    WHERE call.status = 'PLACED' AND own.ended_at IS NOT NULL ORDER BY call.call_off_id LIMIT :limit
""")
_UNSEEN_BY_SUPPLIER = ("DRAFT", "APPROVING", "ABANDONED")


def contract_unknown() -> NotFound:
    """The refusal of a contract that does not exist, or not for this caller."""
    return NotFound("There is no such contract.", code="contract-unknown", field="contract_id")


def call_off_unknown() -> NotFound:
    """The refusal of a call-off that does not exist, or not for this caller."""
    return NotFound("There is no such call-off.", code="call-off-unknown", field="call_off_id")


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """What of all contracts the caller sees."""
    if caller.is_operator:
        return true()
    if caller.kind == "supplier":
        return (Contract.supplier_id == caller.organisation_id) & Contract.status.not_in(_UNSEEN_BY_SUPPLIER)
    return Contract.unit_id.in_(unit_queries.seen_units(caller))


async def get_contract_for(db: AsyncSession, caller: Caller, contract_id: UUID) -> Contract:
    """One that the caller sees. 404 `contract-unknown`."""
    found: Contract | None = await db.scalar(
        select(Contract).where(Contract.contract_id == contract_id, seen_by(caller))
    )
    if found is None:
        raise contract_unknown()
    return found


async def lock_contract(db: AsyncSession, contract_id: UUID) -> Contract:
    """The contract, locked until the transaction ends. 404 `contract-unknown`."""
    found: Contract | None = await db.scalar(
        select(Contract).where(Contract.contract_id == contract_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise contract_unknown()
    return found


async def list_contracts(
    db: AsyncSession,
    caller: Caller,
    *,
    status: str | None = None,
    wanted: str | None = None,
    unit_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Contract]:
    """What the caller sees, the newest first. `wanted` is part of a number, a title or the supplier's name."""
    query: Select[Contract] = select(Contract).where(seen_by(caller))
    if status is not None:
        query = query.where(Contract.status == status)
    if unit_id is not None:
        query = query.where(Contract.unit_id == unit_id)
    if wanted:
        query = query.where(
            or_(
                Contract.contract_number.icontains(wanted, autoescape=True),
                Contract.title.icontains(wanted, autoescape=True),
                Contract.supplier_name.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(Contract.contract_id < after)
    return (await db.scalars(query.order_by(Contract.contract_id.desc()).limit(limit))).all()


async def list_lines(db: AsyncSession, contract_id: UUID) -> Sequence[ContractLine]:
    """Its lines in their order."""
    query = select(ContractLine).where(ContractLine.contract_id == contract_id).order_by(ContractLine.line_number)
    return (await db.scalars(query)).all()


async def lock_lines(db: AsyncSession, contract_id: UUID) -> Sequence[ContractLine]:
    """The same, locked in their order and read anew."""
    query = (
        select(ContractLine)
        .where(ContractLine.contract_id == contract_id)
        .order_by(ContractLine.line_number)
        .with_for_update()
    )
    return (await db.scalars(query, execution_options={"populate_existing": True})).all()


async def list_breaks(db: AsyncSession, contract_id: UUID) -> Sequence[ContractBreak]:
    """Its days without deliveries."""
    query = select(ContractBreak).where(ContractBreak.contract_id == contract_id).order_by(ContractBreak.first_on)
    return (await db.scalars(query)).all()


async def get_calendar(db: AsyncSession, contract: Contract) -> Calendar:
    """On which days its goods come."""
    return Calendar(
        contract.valid_from_on,
        contract.valid_until_on,
        frozenset(contract.weekdays),
        contract.skips_holidays,
        tuple(Break(each.first_on, each.last_on, each.reason) for each in await list_breaks(db, contract.contract_id)),
    )


def rule_lines(lines: Sequence[ContractLine]) -> list[Line]:
    """Lines as the rules read them."""
    return [
        Line(each.line_id, each.sku_id, each.unit_price_fen, each.most_count, each.usual_count, each.called_count)
        for each in lines
    ]


async def get_call_off(db: AsyncSession, call_off_id: UUID) -> CallOff:
    """The call-off, whoever asks. 404 `call-off-unknown`."""
    found = await db.get(CallOff, call_off_id)
    if found is None:
        raise call_off_unknown()
    return found


async def lock_call_off(db: AsyncSession, call_off_id: UUID) -> CallOff:
    """The call-off, locked until the transaction ends. Lock its contract first. 404 `call-off-unknown`."""
    found: CallOff | None = await db.scalar(
        select(CallOff).where(CallOff.call_off_id == call_off_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise call_off_unknown()
    return found


async def list_call_offs(
    db: AsyncSession,
    caller: Caller,
    *,
    contract_id: UUID | None = None,
    status: str | None = None,
    first_on: date | None = None,
    last_on: date | None = None,
    wanted: str | None = None,
    after: tuple[date, UUID] | None = None,
    limit: int,
) -> Sequence[tuple[CallOff, Contract]]:
    """Deliveries of contracts that the caller sees, by day; with their contracts."""
    query = select(CallOff, Contract).join(Contract, Contract.contract_id == CallOff.contract_id)
    query = query.where(seen_by(caller))
    conditions: list[Any] = []
    if contract_id is not None:
        conditions.append(CallOff.contract_id == contract_id)
    if status is not None:
        conditions.append(CallOff.status == status)
    if first_on is not None:
        conditions.append(CallOff.deliver_on >= first_on)
    if last_on is not None:
        conditions.append(CallOff.deliver_on <= last_on)
    if wanted:
        conditions.append(
            or_(
                Contract.contract_number.icontains(wanted, autoescape=True),
                Contract.title.icontains(wanted, autoescape=True),
                Contract.supplier_name.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        day, call_off_id = after
        later = (CallOff.deliver_on == day) & (CallOff.call_off_id > call_off_id)
        conditions.append(or_(CallOff.deliver_on > day, later))
    query = query.where(*conditions).order_by(CallOff.deliver_on, CallOff.call_off_id).limit(limit)
    return [(row[0], row[1]) for row in await db.execute(query)]


async def list_call_off_lines(db: AsyncSession, call_off_ids: Sequence[UUID]) -> Sequence[CallOffLine]:
    """What these deliveries bring."""
    query = (
        select(CallOffLine)
        .join(ContractLine, ContractLine.line_id == CallOffLine.line_id)
        .where(CallOffLine.call_off_id.in_(call_off_ids))
        .order_by(CallOffLine.call_off_id, ContractLine.line_number)
    )
    return (await db.scalars(query)).all()


async def list_brought(db: AsyncSession, call_off_ids: Sequence[UUID]) -> Sequence[tuple[CallOffLine, ContractLine]]:
    """The same with the contract's lines."""
    query = (
        select(CallOffLine, ContractLine)
        .join(ContractLine, ContractLine.line_id == CallOffLine.line_id)
        .where(CallOffLine.call_off_id.in_(call_off_ids))
        .order_by(CallOffLine.call_off_id, ContractLine.line_number)
    )
    return [(row[0], row[1]) for row in await db.execute(query)]


async def list_due_call_offs(db: AsyncSession, *, on: date, after: UUID | None, limit: int) -> Sequence[UUID]:
    """What is planned for so soon that its supplier should have it by tomorrow, by id."""
    query = (
        select(CallOff.call_off_id)
        .join(Contract, Contract.contract_id == CallOff.contract_id)
        .where(
            CallOff.status == "PLANNED",
            Contract.status == "SIGNED",
            CallOff.deliver_on - Contract.lead_days - 1 <= on,
            CallOff.deliver_on >= on,
        )
    )
    if after is not None:
        query = query.where(CallOff.call_off_id > after)
    return (await db.scalars(query.order_by(CallOff.call_off_id).limit(limit))).all()


async def list_fallen_through(db: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """Placed deliveries of whose order nothing came: refused, lapsed or cancelled."""
    return (await db.scalars(_FALLEN, {"limit": limit})).all()


async def list_over_contracts(db: AsyncSession, *, on: date, limit: int) -> Sequence[UUID]:
    """Contracts in force whose last day lies before `on`."""
    query = select(Contract.contract_id).where(Contract.status == "SIGNED", Contract.valid_until_on < on)
    return (await db.scalars(query.order_by(Contract.contract_id).limit(limit))).all()


async def list_candidates(
    db: AsyncSession, *, supplier_id: UUID | None, wanted: str | None, now: datetime, limit: int
) -> Sequence[SaleSku]:
    """Packs on sale at `now`, of one supplier or of all, by name: what a contract may be made about."""
    found = await sku_queries.list_by_name(db, supplier_id=supplier_id, wanted=wanted, limit=limit)
    return [sku for sku in found if not unsellable_reason(sku, now)]


async def list_calendars(db: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Contracts in force that have a calendar, by id."""
    query = select(Contract.contract_id).where(Contract.status == "SIGNED", Contract.weekdays != [])
    if after is not None:
        query = query.where(Contract.contract_id > after)
    return (await db.scalars(query.order_by(Contract.contract_id).limit(limit))).all()
