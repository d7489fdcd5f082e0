"""Calling deliveries from a contract: planned by its calendar or by hand, changed or skipped, and placed as purchases
that its approval covers. Locks: the contract, then the call-off, then the contract's lines."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from orders.contract import actions, queries, rules
from orders.contract.models import CallOff, CallOffLine, Contract
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase.rules import PurchaseLine
from orders.sku import queries as sku_queries
from orders.sku.rules import unit_price_fen, unsellable_reason
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.rules import ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict
from shared.etag import ensure_fresh
from shared.ids import new_id
from shared.workdays import is_working_day

PLANNED_AHEAD: Final = timedelta(days=21)
"""How far ahead the calendar shows deliveries, so that a handler can change or skip them."""


def is_rest_day(day: date) -> bool:
    """A public holiday, or a weekend that nobody works: a school canteen is closed."""
    return not is_working_day(day)


async def plan_call_offs(db: AsyncSession, *, contract_id: UUID, now: datetime) -> int:
    """Put the days of the contract's calendar into its list of deliveries, with the usual quantities. Days that are
    there already, in whatever state, stay as they are. Answers with how many are new."""
    contract = await queries.lock_contract(db, contract_id)
    if contract.status != "SIGNED":
        return 0
    lines = [line for line in await queries.list_lines(db, contract_id) if line.usual_count]
    if not lines:
        return 0
    first_on = business_day(now) + timedelta(days=contract.lead_days)
    calendar = await queries.get_calendar(db, contract)
    made = 0
    for day in calendar.days(first_on, first_on + PLANNED_AHEAD, is_rest_day=is_rest_day):
        quantities = {line.line_id: line.usual_count for line in lines}
        made += await _plan(db, contract, day, quantities, actor="clock", person_id=None, now=now) is not None
    return made


async def call_off(
    db: AsyncSession,
    *,
    contract_id: UUID,
    deliver_on: date,
    quantities: Mapping[UUID, int],
    caller: Caller,
    now: datetime,
) -> CallOff:
    """A handler plans a delivery; without quantities, the usual. 409 `contract-not-in-force`, `call-off-too-late`,
    `not-a-delivery-day`, `call-off-there` (change that one), `contract-exhausted`; 422 `line-unknown`,
    `call-off-empty`."""
    contract = await _lock_own(db, contract_id, caller)
    lines = await queries.list_lines(db, contract_id)
    calendar = await queries.get_calendar(db, contract)
    rules.ensure_callable(
        contract.status,
        calendar,
        deliver_on,
        lead_days=contract.lead_days,
        on=business_day(now),
        is_rest_day=is_rest_day,
    )
    wanted = dict(quantities) or {line.line_id: line.usual_count for line in lines}
    rules.ensure_within(queries.rule_lines(lines), wanted)
    planned = await _plan(db, contract, deliver_on, wanted, actor="unit", person_id=caller.person_id, now=now)
    if planned is None:
        raise Conflict("There is a delivery on that day already: change it.", code="call-off-there", field="deliver_on")
    return planned


async def change_call_off(
    db: AsyncSession,
    *,
    call_off_id: UUID,
    verb: str,
    expected_revision: int,
    quantities: Mapping[UUID, int],
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> CallOff:
    """Change (with quantities), skip or resume one that is planned. 409 `call-off-status`, `contract-exhausted`;
    412 `stale`; 422 `line-unknown`, `call-off-empty`."""
    planned = await queries.get_call_off(db, call_off_id)
    await _lock_own(db, planned.contract_id, caller)
    planned = await queries.lock_call_off(db, call_off_id)
    ensure_fresh(expected_revision, planned.revision)
    before = planned.status
    planned.status = rules.call_status_after(verb, before)
    if verb == "change":
        rules.ensure_within(queries.rule_lines(await queries.list_lines(db, planned.contract_id)), quantities)
        for line in await queries.list_call_off_lines(db, [call_off_id]):
            await db.delete(line)
        await db.flush()
        _write_lines(db, call_off_id, quantities)
    planned.problem = ""
    await _changed(db, planned, verb, before=before, actor="unit", person_id=caller.person_id, now=now, reason=reason)
    return planned


async def place_call_off(
    db: AsyncSession, *, call_off_id: UUID, caller: Caller | None, expected_revision: int | None, now: datetime
) -> CallOff:
    """Make the purchase and the order: by a handler, or by the clock (no caller) when the supplier should have it.

    409 `call-off-status`, `contract-not-in-force`, `contract-exhausted`, `sku-not-listed`, `budget-exceeded`,
    `stock-short`; 412 `stale`. Nothing is written then.
    """
    planned = await queries.get_call_off(db, call_off_id)
    contract = (
        await queries.lock_contract(db, planned.contract_id)
        if caller is None
        else await _lock_own(db, planned.contract_id, caller)
    )
    planned = await queries.lock_call_off(db, call_off_id)
    if expected_revision is not None:
        ensure_fresh(expected_revision, planned.revision)
    before = planned.status
    after = rules.call_status_after("place", before)
    if contract.status != "SIGNED":
        raise Conflict("The contract is not in force any more.", code="contract-not-in-force")
    wanted = await _priced(db, contract, planned, now=now)
    planned.status, planned.purchase_id, planned.placed_at, planned.problem = after, new_id(), now, ""
    await _changed(
        db,
        planned,
        "place",
        before=before,
        actor="clock" if caller is None else "unit",
        person_id=None if caller is None else caller.person_id,
        now=now,
    )
    by = None if caller is None else caller.person_id
    await purchase_actions.draft_purchase(
        db,
        purchase_id=planned.purchase_id,
        unit_id=contract.unit_id,
        way="CALL_OFF",
        fund=actions.fund_of(contract),
        lines=wanted,
        title=f"{contract.title} {planned.deliver_on.isoformat()}",
        caller_id=by,
        address=Address(contract.recipient, contract.phone, contract.county_code, contract.address_detail),
        source_id=call_off_id,
        now=now,
    )
    await purchase_actions.submit_purchase(
        db,
        purchase_id=planned.purchase_id,
        expected_revision=None,
        case_id=new_id(),
        by=by,
        is_approved_by=("contract", contract.contract_id),
        now=now,
    )
    await ordering.order_purchase(
        db, purchase_id=planned.purchase_id, expected_revision=None, by=by or contract.drafted_by, now=now
    )
    return planned


async def fall_through(db: AsyncSession, *, call_off_id: UUID, now: datetime) -> None:
    """Nothing comes of its order: its pieces may be called again, also for the same day. Once; one that is not placed
    stays as it is."""
    contract_id = (await queries.get_call_off(db, call_off_id)).contract_id
    await queries.lock_contract(db, contract_id)
    planned = await queries.lock_call_off(db, call_off_id)
    if planned.status != "PLACED":
        return
    agreed = {line.line_id: line for line in await queries.lock_lines(db, contract_id)}
    for line in await queries.list_call_off_lines(db, [call_off_id]):
        agreed[line.line_id].called_count -= line.quantity
    before, planned.status = planned.status, rules.call_status_after("fall-through", planned.status)
    await _changed(db, planned, "fall-through", before=before, actor="rule", person_id=None, now=now)


async def note_problem(db: AsyncSession, *, call_off_id: UUID, code: str, now: datetime) -> None:
    """The clock could not place it: its handler sees why."""
    planned = await queries.lock_call_off(db, call_off_id)
    if planned.status != "PLANNED" or planned.problem == code:
        return
    planned.problem = code
    planned.revision += 1
    planned.changed_at = now
    await db.flush()


async def _priced(db: AsyncSession, contract: Contract, planned: CallOff, *, now: datetime) -> list[PurchaseLine]:
    """What it brings at which price; the pieces are taken from the contract's lines."""
    lines = await queries.lock_lines(db, contract.contract_id)
    called = [line for line in await queries.list_call_off_lines(db, [planned.call_off_id]) if line.quantity]
    rules.ensure_within(queries.rule_lines(lines), {line.line_id: line.quantity for line in called})
    by_id = {line.line_id: line for line in lines}
    skus = await sku_queries.list_for_sale(db, [by_id[line.line_id].sku_id for line in called])
    wanted = []
    for line in called:
        agreed = by_id[line.line_id]
        sku = skus.get(agreed.sku_id)
        reason = unsellable_reason(sku, now)
        if sku is None or reason:
            refused = [{"sku_id": str(agreed.sku_id), "reason": reason}]
            raise Conflict("This pack is not on sale any more.", code="sku-not-listed", field="lines", skus=refused)
        listed_fen = unit_price_fen(sku, group="institution", quantity=line.quantity, now=now)
        line.unit_price_fen = rules.call_price_fen(
            actions.price_rule_of(contract), agreed.unit_price_fen, float_bp=contract.float_bp, listed_fen=listed_fen
        )
        agreed.called_count += line.quantity
        wanted.append(PurchaseLine(agreed.sku_id, line.quantity, line.unit_price_fen))
    await db.flush()
    return wanted


async def _lock_own(db: AsyncSession, contract_id: UUID, caller: Caller) -> Contract:
    ensure_duty(caller, "handler", "union", "contractor")
    unit = await unit_queries.get_acting_unit(db, caller)
    contract = await queries.lock_contract(db, contract_id)
    if contract.unit_id != unit.unit_id:
        raise queries.contract_unknown()
    return contract


async def _plan(
    db: AsyncSession,
    contract: Contract,
    deliver_on: date,
    quantities: Mapping[UUID, int],
    *,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
) -> CallOff | None:
    call_off_id = new_id()
    made = await db.scalar(
        insert(CallOff)
        .values(
            call_off_id=call_off_id,
            contract_id=contract.contract_id,
            status="PLANNED",
            deliver_on=deliver_on,
            created_at=now,
            changed_at=now,
        )
        .on_conflict_do_nothing()
        .returning(CallOff.call_off_id)
    )
    if made is None:
        return None
    _write_lines(db, call_off_id, quantities)
    await db.flush()
    planned = await queries.get_call_off(db, call_off_id)
    await _record(db, planned, "plan", before=None, actor=actor, person_id=person_id, now=now, reason="")
    return planned


def _write_lines(db: AsyncSession, call_off_id: UUID, quantities: Mapping[UUID, int]) -> Sequence[CallOffLine]:
    made = [
        CallOffLine(call_off_id=call_off_id, line_id=line_id, quantity=quantity)
        for line_id, quantity in quantities.items()
    ]
    db.add_all(made)
    return made


async def _changed(
    db: AsyncSession,
    planned: CallOff,
    verb: str,
    *,
    before: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    planned.revision += 1
    planned.changed_at = now
    await db.flush()
    await _record(db, planned, verb, before=before, actor=actor, person_id=person_id, now=now, reason=reason)


async def _record(
    db: AsyncSession,
    planned: CallOff,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str,
) -> None:
    await trail_actions.record(
        db,
        subject_kind="call-off",
        subject_id=planned.call_off_id,
        verb=verb,
        from_status=before,
        to_status=planned.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
