"""The daily check that ledger, counters, shelves and holds agree, and the repair of what does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import actions as stock_actions
from orders.stock import queries as stock_queries
from orders.stock_check import queries, rules
from shared.errors import Conflict
from shared.ids import new_id

_OPEN = text("INSERT INTO stock_checks (check_id, started_at) VALUES (:check_id, :now)")
_KEEP = text("""
    INSERT INTO stock_findings AS kept (finding_id, check_id, sku_id, figures, status, found_at)
    SELECT finding_id, :check_id, sku_id, figures, 'OPEN', :now
    FROM jsonb_to_recordset(CAST(:findings AS jsonb)) AS found (finding_id uuid, sku_id uuid, figures jsonb)
    ON CONFLICT (sku_id) WHERE status = 'OPEN' DO UPDATE
        SET figures = excluded.figures, check_id = excluded.check_id
""")
_PASS = text("""
    UPDATE stock_findings SET status = :status, ended_at = :now
    WHERE status = 'OPEN' AND sku_id = ANY(CAST(:sku_ids AS uuid[]))
""")
_GO_ON = text("""
    UPDATE stock_checks SET looked_to = coalesce(CAST(:looked_to AS uuid), looked_to), sku_count = sku_count + :skus,
        finding_count = finding_count + :findings, finished_at = CASE WHEN :is_last THEN CAST(:now AS timestamptz) END
    WHERE check_id = :check_id
""")
_END = text("""
    UPDATE stock_findings
    SET status = :status, ended_at = :now, ended_by = :ended_by, reason = :reason, adjusted_by = :adjusted_by
    WHERE finding_id = :finding_id
""")
_BOOKED = text("""
    SELECT coalesce(sum(CASE WHEN kind = 'shipped' THEN -quantity ELSE quantity END), 0)
    FROM stock_ledger WHERE sku_id = :sku_id AND site_id IS NOT NULL
""")
_EXPLAIN = text("""
    INSERT INTO stock_ledger (sku_id, kind, quantity, site_id, reference, recorded_by, recorded_at)
    SELECT :sku_id, 'adjusted', :change, default_site(:sku_id, :now), :reason, :recorded_by, :now
""")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: SKUs looked at, those that it changed, and those whose ledger cannot be true."""

    sku_count: int
    changed: tuple[UUID, ...]
    impossible: tuple[UUID, ...]
    last: UUID | None


async def open_check(db: AsyncSession, *, check_id: UUID, now: datetime) -> UUID:
    """The check that is not finished yet, or a new one."""
    unfinished = await queries.find_unfinished(db)
    if unfinished is None:
        await db.execute(_OPEN, {"check_id": check_id, "now": now})
    return unfinished or check_id


async def check_batch(db: AsyncSession, *, check_id: UUID, now: datetime, limit: int = 200) -> bool:
    """Look at the next SKUs; whether there are more. A finding that is gone is closed, one that stays is kept open."""
    is_running, after = await queries.lock_check(db, check_id)
    if not is_running:
        return False
    sku_ids = await queries.list_skus_after(db, after, limit=limit)
    differences = await stock_queries.list_differences(db, sku_ids)
    apart = {each["sku_id"] for each in differences}
    findings = [{"finding_id": new_id(), "sku_id": each["sku_id"], "figures": _figures(each)} for each in differences]
    if findings:
        text_of_findings = orjson.dumps(findings, default=str).decode()
        await db.execute(_KEEP, {"check_id": check_id, "findings": text_of_findings, "now": now})
    agreeing = [sku_id for sku_id in sku_ids if sku_id not in apart]
    await db.execute(_PASS, {"sku_ids": agreeing, "status": rules.status_after("pass", "OPEN"), "now": now})
    is_last = len(sku_ids) < limit
    await db.execute(
        _GO_ON,
        {
            "check_id": check_id,
            "looked_to": sku_ids[-1] if sku_ids else None,
            "skus": len(sku_ids),
            "findings": len(findings),
            "is_last": is_last,
            "now": now,
        },
    )
    return not is_last


async def repair(
    db: AsyncSession, *, finding_id: UUID, counted_on_hand: int | None, reason: str, repaired_by: UUID, now: datetime
) -> None:
    """Make counters, shelves and holds of the SKU what the ledger says. Where somebody counted the pieces and the
    ledger says otherwise, an adjustment with the reason corrects the ledger first.

    NotFound `finding-not-found`; Conflict `finding-status`, `ledger-impossible`, `stock-short` where the counted pieces
    are fewer than those promised.
    """
    sku_id, status = await queries.lock_finding(db, finding_id)
    after = rules.status_after("repair", status)
    booked = int(await db.scalar(_BOOKED, {"sku_id": sku_id}) or 0)
    change = 0 if counted_on_hand is None else counted_on_hand - booked
    if await _rebuild(db, [sku_id], now=now):
        if change:
            await stock_actions.adjust_stock(
                db, sku_id=sku_id, change=change, reason=reason, recorded_by=repaired_by, now=now
            )
    else:
        # The ledger alone cannot be true: what was counted is written into it before it is followed.
        values = {"sku_id": sku_id, "change": change, "reason": reason, "recorded_by": repaired_by, "now": now}
        if change:
            await db.execute(_EXPLAIN, values)
        if not change or not await _rebuild(db, [sku_id], now=now):
            raise Conflict(
                "The ledger of this SKU cannot be true. Count its pieces and give their number.",
                code="ledger-impossible",
                field="counted_on_hand",
                booked_on_hand=booked,
            )
    await db.execute(
        _END,
        {
            "finding_id": finding_id,
            "status": after,
            "now": now,
            "ended_by": repaired_by,
            "reason": reason,
            "adjusted_by": change,
        },
    )


async def rebuild_batch(db: AsyncSession, *, after: UUID | None, now: datetime, limit: int = 200) -> Rebuilt:
    """Recompute levels, shelves and holds of the next SKUs from the ledger; one whose ledger cannot be true stays."""
    sku_ids = await queries.list_skus_after(db, after, limit=limit)
    apart = [each["sku_id"] for each in await stock_queries.list_differences(db, sku_ids)]
    impossible = [sku_id for sku_id in apart if not await _rebuild(db, [sku_id], now=now)]
    changed = [sku_id for sku_id in apart if sku_id not in impossible]
    return Rebuilt(len(sku_ids), tuple(changed), tuple(impossible), sku_ids[-1] if len(sku_ids) == limit else None)


async def _rebuild(db: AsyncSession, sku_ids: Sequence[UUID], *, now: datetime) -> bool:
    """Whether the ledger could be followed."""
    try:
        async with db.begin_nested():
            await stock_actions.rebuild_stock(db, sku_ids=sku_ids, now=now)
    except IntegrityError:
        return False
    return True


def _figures(difference: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in difference.items() if name != "sku_id"}
