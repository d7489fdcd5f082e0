"""Sharing what was settled, taking back what was refunded, and paying out.

A share is stored at the moment of settlement and never computed again; a line is shared once under a contract however
often its event comes and whoever hears it, for the database holds the key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.document import queries as document_queries
from catalog.profit_contract import actions as contract_actions
from catalog.profit_contract import queries as contract_queries
from catalog.profit_contract.rules import Contract
from catalog.profit_share import queries, rules
from catalog.profit_share.models import ProfitPayout, ProfitPayoutLine, ProfitPortion, ProfitShare
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.events.catalog import ProfitPortion as PortionTold
from shared.events.catalog import ProfitShared
from shared.ids import new_id
from shared.outbox import publish


@dataclass(frozen=True)
class SettledLine:
    """A line whose money is the supplier's now."""

    line_id: UUID
    product_id: UUID
    payable_fen: int


async def share_settled(
    db: AsyncSession,
    *,
    order_id: UUID,
    supplier_order_id: UUID,
    supplier_id: UUID,
    lines: Sequence[SettledLine],
    settled_at: datetime,
    now: datetime,
) -> int:
    """Share a settled part of an order under each contract in force on that day; how many lines were shared now (a
    line that was shared before is left as it is)."""
    count = 0
    for contract in await contract_queries.list_running(db, supplier_id, on=business_day(settled_at)):
        rows = [
            {
                "share_id": new_id(),
                "contract_id": contract.contract_id,
                "order_id": order_id,
                "supplier_order_id": supplier_order_id,
                "line_id": line.line_id,
                "product_id": line.product_id,
                "refund_id": None,
                "payable_fen": line.payable_fen,
                "share_fen": rules.share_fen(line.payable_fen, contract.terms),
                "period_on": rules.month_of(business_day(settled_at)),
                "happened_at": settled_at,
                "stored_at": now,
            }
            for line in lines
            if contract.product_id in {None, line.product_id}
        ]
        new = await _insert_shares(db, rows)
        told: dict[str, int] = {}
        for row in new:
            parts = rules.portions(row["share_fen"], contract.beneficiaries)
            await _insert_portions(db, row["share_id"], parts, told)
        if new:
            await _publish(db, contract, new, told, now=settled_at)
        count += len(new)
    return count


async def reverse_shares(
    db: AsyncSession, *, refund_id: UUID, refunds: Mapping[UUID, int], refunded_at: datetime, now: datetime
) -> int:
    """Take back by negative entries what lines gave whose money goes back to the buyer: `refunds` is fen by line. The
    same refund again changes nothing; refunds together never take back more than was given. How many entries."""
    count = 0
    shared = await queries.lock_line_shares(db, sorted(refunds))
    found = await contract_queries.list_contracts_by_id(db, {contract_id for contract_id, _ in shared})
    contracts = {each.contract_id: each for each in found}
    for (contract_id, line_id), entries in shared.items():
        original, earlier = entries[0], entries[1:]
        if any(each.refund_id == refund_id for each in earlier):
            continue
        refunded_before = -sum(each.payable_fen for each in earlier)
        before = -sum(each.share_fen for each in earlier)
        refunded = min(refunded_before + refunds[line_id], original.payable_fen)
        after = rules.reversed_fen(original.share_fen, payable_fen=original.payable_fen, refunded_fen=refunded)
        row = {
            "share_id": new_id(),
            "contract_id": contract_id,
            "order_id": original.order_id,
            "supplier_order_id": original.supplier_order_id,
            "line_id": line_id,
            "product_id": original.product_id,
            "refund_id": refund_id,
            "payable_fen": refunded_before - refunded,
            "share_fen": before - after,
            "period_on": rules.month_of(business_day(refunded_at)),
            "happened_at": refunded_at,
            "stored_at": now,
        }
        parts = await queries.list_portions(db, original.share_id)
        new = await _insert_shares(db, [row])
        told: dict[str, int] = {}
        for each in new:
            back = rules.reversal_portions(parts, before_fen=before, after_fen=after)
            await _insert_portions(db, each["share_id"], back, told)
            await _publish(db, contracts[contract_id], [each], told, now=refunded_at, is_reversal=True)
        count += len(new)
    return count


async def pay_out(
    db: AsyncSession,
    *,
    payout_id: UUID,
    contract_id: UUID,
    period_on: date,
    paid_on: date,
    reference: str,
    document_id: UUID | None,
    caller: Caller | None,
    now: datetime,
) -> ProfitPayout:
    """Mark as paid all that the contract gave up to and including a month that is over, with the proof of it.

    409 `payout-exists`, `payout-nothing-due`; 422 `period-not-over`, `period-not-a-month`, `paid-in-future`,
    `document-unknown`.
    """
    contract = await contract_queries.lock_contract(db, contract_id)
    rules.ensure_month_over(period_on, business_day(now))
    if paid_on > business_day(now):
        raise Invalid("The day of payment has not come yet.", code="paid-in-future", field="paid_on")
    if document_id is not None:
        await document_queries.ensure_documents_of(
            db, [document_id], organisation_id=contract.supplier_id, field="document_id"
        )
    if await queries.has_payout(db, contract_id, period_on=period_on):
        raise Conflict("This month was paid out already.", code="payout-exists", field="period_on")
    shares = await queries.lock_unpaid(db, contract_id, until=period_on)
    amount = sum(each.share_fen for each in shares)
    rules.ensure_due(amount)
    payout = ProfitPayout(
        payout_id=payout_id,
        contract_id=contract_id,
        period_on=period_on,
        amount_fen=amount,
        paid_on=paid_on,
        document_id=document_id,
        reference=reference,
        recorded_at=now,
    )
    db.add(payout)
    await db.flush()
    lines = [{"share_id": each.share_id, "payout_id": payout_id} for each in shares]
    await db.execute(insert(ProfitPayoutLine), lines)
    told = f"{period_on:%Y-%m}: {amount} fen, {reference}"
    await contract_actions.record(db, contract, "payout", caller, now, before=contract.status, reason=told)
    return payout


async def _insert_shares(db: AsyncSession, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the rows that were not there yet, now stored."""
    if not rows:
        return []
    stored = await db.scalars(
        postgresql.insert(ProfitShare).values(rows).on_conflict_do_nothing().returning(ProfitShare.share_id)
    )
    new = set(stored)
    return [row for row in rows if row["share_id"] in new]


async def _insert_portions(
    db: AsyncSession, share_id: UUID, parts: Sequence[tuple[str, int]], told: dict[str, int]
) -> None:
    """Store the portions (none of zero) and add them to what will be told."""
    rows = [{"share_id": share_id, "household_key": key, "portion_fen": part} for key, part in parts if part]
    if rows:
        await db.execute(insert(ProfitPortion), rows)
    for key, part in parts:
        told[key] = told.get(key, 0) + part


async def _publish(
    db: AsyncSession,
    contract: Contract,
    rows: Sequence[Mapping[str, Any]],
    told: Mapping[str, int],
    *,
    now: datetime,
    is_reversal: bool = False,
) -> None:
    event = ProfitShared(
        contract_id=contract.contract_id,
        supplier_id=contract.supplier_id,
        county_code=contract.county_code,
        township=contract.township,
        village=contract.village,
        order_id=rows[0]["order_id"],
        supplier_order_id=rows[0]["supplier_order_id"],
        share_fen=sum(row["share_fen"] for row in rows),
        portions=tuple(PortionTold(household_key=key, portion_fen=part) for key, part in sorted(told.items())),
        is_reversal=is_reversal,
        shared_at=now,
    )
    await publish(db, event, now=now)
