"""A contract from its draft to its end. Locks: the contract, then its lines, then call-offs."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from orders.approval import actions as approval_actions
from orders.approval.rules import Outcome
from orders.contract import queries, rules
from orders.contract.models import Contract, ContractBreak, ContractLine
from orders.order.naming import order_number
from orders.sku import queries as sku_queries
from orders.sku.rules import SaleSku, unsellable_reason
from orders.trail import actions as trail_actions
from orders.trail.actions import Actor
from orders.unit import queries as unit_queries
from orders.unit.models import BudgetUnit
from orders.unit.rules import Fund, ensure_duty
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.etag import ensure_fresh
from shared.ids import new_id


async def draft_contract(
    db: AsyncSession,
    *,
    contract_id: UUID,
    facts: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    breaks: Sequence[rules.Break],
    caller: Caller,
    now: datetime,
) -> Contract:
    """A handler drafts it for its unit. 403 `unit-needed`, `duty-missing`; 409 `sku-not-listed`; 422 `term-invalid`,
    `break-invalid`, `suppliers-differ`, `sku-twice`."""
    ensure_duty(caller, "handler", "union")
    unit = await unit_queries.get_acting_unit(db, caller)
    skus = await _checked(db, facts, lines, breaks, now)
    contract = Contract(
        contract_id=contract_id,
        contract_number=f"HT-{order_number(contract_id, business_day(now))}",
        revision=1,
        status="DRAFT",
        unit_id=unit.unit_id,
        supplier_id=skus[0].supplier_id,
        supplier_name=skus[0].supplier_name,
        drafted_by=caller.person_id,
        created_at=now,
        changed_at=now,
        **facts,
    )
    db.add(contract)
    await db.flush()
    await _write_parts(db, contract_id, lines, skus, breaks)
    await _record(db, contract, "draft", before=None, actor="unit", person_id=caller.person_id, now=now)
    return contract


async def edit_contract(
    db: AsyncSession,
    *,
    contract_id: UUID,
    expected_revision: int,
    facts: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    breaks: Sequence[rules.Break],
    caller: Caller,
    now: datetime,
) -> Contract:
    """Everything may change while it is a draft. 409 `contract-status`; 412 `stale`; what `draft_contract` refuses."""
    contract, _ = await _lock_own(db, contract_id, caller, expected_revision)
    before = contract.status
    contract.status = rules.status_after("edit", before)
    skus = await _checked(db, facts, lines, breaks, now)
    for name, value in facts.items():
        setattr(contract, name, value)
    contract.supplier_id, contract.supplier_name = skus[0].supplier_id, skus[0].supplier_name
    await db.execute(delete(ContractLine).where(ContractLine.contract_id == contract_id))
    await db.execute(delete(ContractBreak).where(ContractBreak.contract_id == contract_id))
    await _write_parts(db, contract_id, lines, skus, breaks)
    await _changed(db, contract, "edit", before=before, actor="unit", person_id=caller.person_id, now=now)
    return contract


async def submit_contract(
    db: AsyncSession, *, contract_id: UUID, expected_revision: int, caller: Caller, now: datetime
) -> Contract:
    """To the unit's approval, at what it may cost at most. Nothing is committed of a budget yet: each call-off does,
    in its own year. 409 `contract-status`; 412 `stale`; what opening a case refuses."""
    contract, _ = await _lock_own(db, contract_id, caller, expected_revision)
    before = contract.status
    contract.status = rules.status_after("submit", before)
    lines = await queries.list_lines(db, contract_id)
    skus = await sku_queries.list_for_sale(db, [line.sku_id for line in lines])
    await _changed(db, contract, "submit", before=before, actor="unit", person_id=caller.person_id, now=now)
    case = await approval_actions.open_case(
        db,
        case_id=new_id(),
        subject_kind="contract",
        subject_id=contract_id,
        title=contract.title,
        digest=digest_of(contract, lines),
        unit_id=contract.unit_id,
        fund=fund_of(contract),
        amount_fen=sum(line.unit_price_fen * line.most_count for line in lines),
        categories=sorted({sku.category for sku in skus.values()}),
        asked_by=caller.person_id,
        now=now,
    )
    if case.status == "APPROVED":
        await settle_approval(
            db, subject_id=contract_id, digest=case.digest, outcome="APPROVED", reason="", by=None, now=now
        )
    return contract


async def settle_approval(
    db: AsyncSession,
    *,
    subject_id: UUID,
    digest: str,
    outcome: Outcome,
    reason: str,
    by: UUID | None,
    now: datetime,
) -> None:
    """The unit's approvers agreed: it is offered to its supplier. They did not, or not in time: it is a draft again,
    with their reason in its trail. 409 `contract-status`, `basket-changed`."""
    contract = await queries.lock_contract(db, subject_id)
    before = contract.status
    is_approved = outcome == "APPROVED"
    verb = "approve" if is_approved else "refuse"
    contract.status = rules.status_after(verb, before)
    if is_approved and digest != digest_of(contract, await queries.list_lines(db, subject_id)):
        raise Conflict("The contract is not the one that was approved.", code="basket-changed")
    actor: Actor = "clock" if outcome == "EXPIRED" else "unit"
    await _changed(db, contract, verb, before=before, actor=actor, person_id=by, now=now, reason=reason)


async def move_contract(
    db: AsyncSession,
    *,
    contract_id: UUID,
    verb: str,
    expected_revision: int,
    caller: Caller,
    now: datetime,
    reason: str = "",
) -> Contract:
    """withdraw, abandon, terminate (the unit's), sign, decline (the supplier's). A terminated contract is called no
    more; what was called is delivered. 409 `contract-status`, `term-over`; 412 `stale`."""
    is_suppliers = verb in {"sign", "decline"}
    contract, _ = (
        await _lock_offered(db, contract_id, caller, expected_revision)
        if is_suppliers
        else await _lock_own(db, contract_id, caller, expected_revision)
    )
    before = contract.status
    contract.status = rules.status_after(verb, before)
    if verb == "sign":
        if contract.valid_until_on < business_day(now):
            raise Conflict("The contract's term is over. Ask the unit to change it.", code="term-over")
        contract.signed_at, contract.signed_by = now, caller.person_id
    if verb == "terminate":
        contract.ended_at = now
    if verb == "withdraw" and before == "APPROVING":
        await approval_actions.close_case(
            db,
            subject_kind="contract",
            subject_id=contract_id,
            verb="withdraw",
            reason=reason,
            by=caller.person_id,
            now=now,
        )
    actor: Actor = "supplier" if is_suppliers else "unit"
    await _changed(db, contract, verb, before=before, actor=actor, person_id=caller.person_id, now=now, reason=reason)
    return contract


async def expire_contract(db: AsyncSession, *, contract_id: UUID, now: datetime) -> None:
    """Its last day is over. Nothing happens to one that ended meanwhile, or that goes on."""
    contract = await queries.lock_contract(db, contract_id)
    if contract.status != "SIGNED" or contract.valid_until_on >= business_day(now):
        return
    contract.status, contract.ended_at = rules.status_after("expire", contract.status), now
    await _changed(db, contract, "expire", before="SIGNED", actor="clock", person_id=None, now=now)


def fund_of(contract: Contract) -> Fund:
    """What pays it."""
    fund: Fund = contract.fund  # type: ignore[assignment]  # a CHECK holds the same three
    return fund


def price_rule_of(contract: Contract) -> rules.PriceRule:
    """How its prices are made."""
    rule: rules.PriceRule = contract.price_rule  # type: ignore[assignment]  # a CHECK holds the same two
    return rule


def digest_of(contract: Contract, lines: Sequence[ContractLine]) -> str:
    """What an approval is bound to: whatever may cost something."""
    said = {
        "supplier": contract.supplier_id,
        "fund": contract.fund,
        "rule": contract.price_rule,
        "float": contract.float_bp,
        "term": [contract.valid_from_on, contract.valid_until_on],
        "payment": contract.payment_days,
        "lines": [[each.sku_id, each.unit_price_fen, each.most_count] for each in lines],
    }
    return hashlib.sha256(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def _checked(
    db: AsyncSession,
    facts: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    breaks: Sequence[rules.Break],
    now: datetime,
) -> list[SaleSku]:
    first_on: date = facts["valid_from_on"]
    rules.ensure_term(first_on, facts["valid_until_on"], on=business_day(now))
    rules.ensure_breaks(breaks)
    if facts["price_rule"] == "FIXED" and facts["float_bp"]:
        raise Invalid("A fixed price does not float.", code="price-rule-invalid", field="float_bp")
    found = await sku_queries.list_for_sale(db, [line["sku_id"] for line in lines])
    refused = [
        {"sku_id": str(line["sku_id"]), "reason": reason}
        for line in lines
        if (reason := unsellable_reason(found.get(line["sku_id"]), now))
    ]
    if refused:
        raise Conflict("Some products are not on sale.", code="sku-not-listed", field="lines", skus=refused)
    skus = [found[line["sku_id"]] for line in lines]
    if len({sku.sku_id for sku in skus}) < len(skus):
        raise Invalid("Name each pack once.", code="sku-twice", field="lines")
    if len({sku.supplier_id for sku in skus}) > 1:
        raise Invalid("A contract is with one supplier.", code="suppliers-differ", field="lines")
    return skus


async def _write_parts(
    db: AsyncSession,
    contract_id: UUID,
    lines: Sequence[Mapping[str, Any]],
    skus: Sequence[SaleSku],
    breaks: Sequence[rules.Break],
) -> None:
    db.add_all(
        ContractLine(
            line_id=new_id(),
            contract_id=contract_id,
            line_number=number,
            product_title=sku.product_title,
            specification=sku.specification,
            **line,
        )
        for number, (line, sku) in enumerate(zip(lines, skus, strict=True), 1)
    )
    once = {each.first_on: each for each in breaks}
    db.add_all(
        ContractBreak(contract_id=contract_id, first_on=each.first_on, last_on=each.last_on, reason=each.reason)
        for each in once.values()
    )
    await db.flush()


async def _lock_own(
    db: AsyncSession, contract_id: UUID, caller: Caller, expected_revision: int
) -> tuple[Contract, BudgetUnit]:
    ensure_duty(caller, "handler", "union")
    unit = await unit_queries.get_acting_unit(db, caller)
    contract = await queries.lock_contract(db, contract_id)
    if contract.unit_id != unit.unit_id:
        raise queries.contract_unknown()
    ensure_fresh(expected_revision, contract.revision)
    return contract, unit


async def _lock_offered(
    db: AsyncSession, contract_id: UUID, caller: Caller, expected_revision: int
) -> tuple[Contract, None]:
    await queries.get_contract_for(db, caller, contract_id)
    contract = await queries.lock_contract(db, contract_id)
    if caller.kind != "supplier" or contract.supplier_id != caller.organisation_id:
        raise queries.contract_unknown()
    ensure_fresh(expected_revision, contract.revision)
    return contract, None


async def _changed(
    db: AsyncSession,
    contract: Contract,
    verb: str,
    *,
    before: str,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    contract.revision += 1
    contract.changed_at = now
    await db.flush()
    await _record(db, contract, verb, before=before, actor=actor, person_id=person_id, now=now, reason=reason)


async def _record(
    db: AsyncSession,
    contract: Contract,
    verb: str,
    *,
    before: str | None,
    actor: Actor,
    person_id: UUID | None,
    now: datetime,
    reason: str = "",
) -> None:
    await trail_actions.record(
        db,
        subject_kind="contract",
        subject_id=contract.contract_id,
        verb=verb,
        from_status=before,
        to_status=contract.status,
        reason=reason,
        actor=actor,
        person_id=person_id,
        now=now,
    )
