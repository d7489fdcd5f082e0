"""Reading contracts, shares, portions and payouts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.profit_share.models import (
    ProfitPayout,
    ProfitPayoutLine,
    ProfitPortion,
    ProfitShare,
)

_STATEMENT = """
    SELECT contract.contract_id, contract.supplier_id, contract.county_code, contract.township, contract.village,
           share.period_on, portion.household_key, sum(portion.portion_fen) AS amount_fen,
           coalesce(sum(portion.portion_fen) FILTER (WHERE paid.share_id IS NOT NULL), 0) AS paid_fen,
           count(DISTINCT share.supplier_order_id) AS order_count
    FROM profit_contracts AS contract
    JOIN profit_shares AS share USING (contract_id)
    JOIN profit_portions AS portion USING (share_id)
    LEFT JOIN profit_payout_lines AS paid USING (share_id)
    WHERE {conditions}
    GROUP BY contract.contract_id, share.period_on, portion.household_key
    ORDER BY share.period_on DESC, contract.contract_id, portion.household_key
    LIMIT :limit
"""


@dataclass(frozen=True)
class ContractSums:
    """What a contract gave so far, in fen, of how many parts of orders, and how much of it was paid."""

    share_fen: int = 0
    paid_fen: int = 0
    order_count: int = 0


async def list_sums(db: AsyncSession, contract_ids: Iterable[UUID]) -> dict[UUID, ContractSums]:
    """What each contract gave and paid; one that gave nothing yet is absent."""
    paid = func.coalesce(func.sum(ProfitShare.share_fen).filter(ProfitPayoutLine.share_id.is_not(None)), 0)
    rows = await db.execute(
        select(
            ProfitShare.contract_id,
            func.sum(ProfitShare.share_fen),
            paid,
            func.count(ProfitShare.supplier_order_id.distinct()),
        )
        .outerjoin(ProfitPayoutLine, ProfitPayoutLine.share_id == ProfitShare.share_id)
        .where(ProfitShare.contract_id.in_(list(contract_ids)))
        .group_by(ProfitShare.contract_id)
    )
    return {contract_id: ContractSums(int(share), int(done), orders) for contract_id, share, done, orders in rows}


async def list_shares(db: AsyncSession, contract_id: UUID, *, after: UUID | None, limit: int) -> Sequence[ProfitShare]:
    """The contract's shares, the newest first."""
    query = select(ProfitShare).where(ProfitShare.contract_id == contract_id)
    if after is not None:
        query = query.where(ProfitShare.share_id < after)
    return (await db.scalars(query.order_by(ProfitShare.share_id.desc()).limit(limit))).all()


async def lock_unpaid(db: AsyncSession, contract_id: UUID, *, until: date) -> Sequence[ProfitShare]:
    """The contract's shares up to and including that month that no payout holds; the contract itself is locked."""
    in_a_payout = exists().where(ProfitPayoutLine.share_id == ProfitShare.share_id)
    rows = await db.scalars(
        select(ProfitShare)
        .where(ProfitShare.contract_id == contract_id, ProfitShare.period_on <= until, ~in_a_payout)
        .order_by(ProfitShare.share_id)
        .with_for_update()
    )
    return rows.all()


async def has_payout(db: AsyncSession, contract_id: UUID, *, period_on: date) -> bool:
    """Whether the month was paid out already."""
    found = select(ProfitPayout.payout_id).where(
        ProfitPayout.contract_id == contract_id, ProfitPayout.period_on == period_on
    )
    return await db.scalar(found) is not None


async def list_payouts(db: AsyncSession, contract_id: UUID) -> Sequence[ProfitPayout]:
    """The contract's payouts, the newest month first."""
    rows = await db.scalars(
        select(ProfitPayout).where(ProfitPayout.contract_id == contract_id).order_by(ProfitPayout.period_on.desc())
    )
    return rows.all()


async def lock_line_shares(db: AsyncSession, line_ids: Iterable[UUID]) -> dict[tuple[UUID, UUID], list[ProfitShare]]:
    """All shares of these lines, the original first, by contract and line. The originals are held until the transaction
    ends, and what was taken back is read only then: who waited for another refund sees it."""
    ids = list(line_ids)
    await db.execute(
        select(ProfitShare.share_id)
        .where(ProfitShare.line_id.in_(ids), ProfitShare.refund_id.is_(None))
        .order_by(ProfitShare.share_id)
        .with_for_update()
    )
    is_refund = ProfitShare.refund_id.is_not(None)
    rows = await db.scalars(
        select(ProfitShare)
        .where(ProfitShare.line_id.in_(ids))
        .order_by(ProfitShare.contract_id, ProfitShare.line_id, is_refund, ProfitShare.share_id)
    )
    found: dict[tuple[UUID, UUID], list[ProfitShare]] = defaultdict(list)
    for row in rows:
        found[row.contract_id, row.line_id].append(row)
    return found


async def list_portions(db: AsyncSession, share_id: UUID) -> list[tuple[str, int]]:
    """Who got what of the share, in order of key."""
    rows = await db.execute(
        select(ProfitPortion.household_key, ProfitPortion.portion_fen)
        .where(ProfitPortion.share_id == share_id)
        .order_by(ProfitPortion.household_key)
    )
    return [(key, part) for key, part in rows]


async def list_statement(
    db: AsyncSession,
    *,
    supplier_id: UUID | None,
    prefixes: Collection[str] | None,
    contract_id: UUID | None = None,
    household_key: str | None = None,
    township: str | None = None,
    village: str | None = None,
    first_on: date | None = None,
    last_on: date | None = None,
    after: tuple[date, UUID, str] | None = None,
    limit: int = 500,
) -> Sequence[Any]:
    """What each household (by key) or collective got, month by month, the newest first, and how much of it was paid."""
    conditions, values = ["true"], dict[str, Any]({"limit": limit})

    def narrow(condition: str, **given: Any) -> None:
        if None not in given.values():
            conditions.append(condition)
            values.update(given)

    narrow("contract.supplier_id = :supplier_id", supplier_id=supplier_id)
    narrow(
        "contract.county_code LIKE ANY(:patterns)", patterns=None if prefixes is None else [f"{p}%" for p in prefixes]
    )
    narrow("contract.contract_id = :contract_id", contract_id=contract_id)
    narrow("portion.household_key = :household_key", household_key=household_key)
    narrow("contract.township = :township", township=township)
    narrow("contract.village = :village", village=village)
    narrow("share.period_on >= :first_on", first_on=first_on)
    narrow("share.period_on <= :last_on", last_on=last_on)
    if after is not None:
        conditions.append("""(share.period_on < :after_on OR (share.period_on = :after_on
            AND (contract.contract_id, portion.household_key) > (:after_id, :after_key)))""")
        values |= {"after_on": after[0], "after_id": after[1], "after_key": after[2]}
    return (await db.execute(text(_STATEMENT.format(conditions=" AND ".join(conditions))), values)).all()
