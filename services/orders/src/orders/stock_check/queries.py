"""Reads of checks and findings."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import NotFound

_CHECKS = text("""
    SELECT check_id, started_at, finished_at, sku_count, finding_count,
           (SELECT count(*) FROM stock_findings AS finding
            WHERE finding.check_id = run.check_id AND finding.status = 'OPEN') AS open_count
    FROM stock_checks AS run
    WHERE CAST(:after AS uuid) IS NULL OR check_id < :after
    ORDER BY check_id DESC LIMIT :limit
""")
_FINDINGS = text("""
    SELECT finding.finding_id, finding.check_id, finding.sku_id, sku.product_title, sku.specification, sku.supplier_id,
           sku.supplier_name, finding.figures, finding.status, finding.found_at, finding.ended_at, finding.ended_by,
           finding.reason, finding.adjusted_by
    FROM stock_findings AS finding LEFT JOIN sellable_skus AS sku USING (sku_id)
    WHERE (CAST(:check_id AS uuid) IS NULL OR finding.check_id = :check_id)
      AND (CAST(:status AS text) IS NULL OR finding.status = :status)
      AND (CAST(:finding_id AS uuid) IS NULL OR finding.finding_id = :finding_id)
      AND (CAST(:after AS uuid) IS NULL OR finding.finding_id < :after)
    ORDER BY finding.finding_id DESC LIMIT :limit
""")
_LOCK_FINDING = text("""
    SELECT finding_id, sku_id, status FROM stock_findings WHERE finding_id = :finding_id FOR NO KEY UPDATE
""")
_UNFINISHED = text("""
    SELECT check_id FROM stock_checks WHERE finished_at IS NULL ORDER BY started_at LIMIT 1
""")
_LOCK_CHECK = text("""
    SELECT looked_to FROM stock_checks WHERE check_id = :check_id AND finished_at IS NULL FOR NO KEY UPDATE
""")
_NEXT_SKUS = text("""
    SELECT sku_id FROM (
        (SELECT sku_id FROM stock_levels WHERE sku_id > :after ORDER BY sku_id LIMIT :limit)
        UNION
        (SELECT sku_id FROM stock_ledger WHERE sku_id > :after GROUP BY sku_id ORDER BY sku_id LIMIT :limit)
    ) AS known ORDER BY sku_id LIMIT :limit
""")


async def list_checks(db: AsyncSession, *, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Runs of the check, the latest first; `open_count` of their findings are open still."""
    rows = await db.execute(_CHECKS, {"after": after, "limit": limit})
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public way to a row's names


async def list_findings(
    db: AsyncSession, *, check_id: UUID | None, status: str | None, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """SKUs that did not agree, the latest first."""
    values = {"check_id": check_id, "status": status, "after": after, "limit": limit, "finding_id": None}
    return [dict(row._mapping) for row in await db.execute(_FINDINGS, values)]  # noqa: SLF001


async def get_finding(db: AsyncSession, finding_id: UUID) -> dict[str, Any]:
    """One. NotFound `finding-not-found`."""
    values = {"check_id": None, "status": None, "after": None, "limit": 1, "finding_id": finding_id}
    row = (await db.execute(_FINDINGS, values)).first()
    if row is None:
        raise _no_such_finding()
    return dict(row._mapping)  # noqa: SLF001


async def lock_finding(db: AsyncSession, finding_id: UUID) -> tuple[UUID, str]:
    """Its SKU and status, locked. NotFound `finding-not-found`."""
    row = (await db.execute(_LOCK_FINDING, {"finding_id": finding_id})).first()
    if row is None:
        raise _no_such_finding()
    return row.sku_id, row.status


async def find_unfinished(db: AsyncSession) -> UUID | None:
    """A check that was cut off."""
    found: UUID | None = await db.scalar(_UNFINISHED)
    return found


async def lock_check(db: AsyncSession, check_id: UUID) -> tuple[bool, UUID | None]:
    """Whether the check is still running, and the last SKU that it looked at; locked."""
    row = (await db.execute(_LOCK_CHECK, {"check_id": check_id})).first()
    return (False, None) if row is None else (True, row.looked_to)


async def list_skus_after(db: AsyncSession, after: UUID | None, *, limit: int) -> list[UUID]:
    """The next SKUs that have stock or a ledger, by id."""
    return list(await db.scalars(_NEXT_SKUS, {"after": after or UUID(int=0), "limit": limit}))


def _no_such_finding() -> NotFound:
    return NotFound("There is no such finding.", code="finding-not-found", field="finding_id")
