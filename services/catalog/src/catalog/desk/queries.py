"""Reading what lies on a desk."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

SORTS = {
    "due_on": "to_char(coalesce(admission.due_on, '9999-12-31'), 'YYYY-MM-DD')",
    "submitted_at": "to_char(coalesce(admission.submitted_at, '9999-12-31'), 'YYYY-MM-DD HH24:MI:SS.US')",
    "name": "supplier.name",
}
_DESK = """
    SELECT admission.supplier_id, supplier.name, supplier.kind, supplier.county_code, supplier.uscc,
           supplier.uscc_check, supplier.status, admission.round, admission.submitted_at, admission.step_since,
           admission.due_on, admission.revision,
           region.province || coalesce(region.city, '') || region.name AS county,
           coalesce(CAST(admission.application ->> 'linked_household_count' AS bigint), 0) AS linked_household_count,
           opinion.parts AS opinion_parts,
           coalesce(admission.due_on < :today, false) AS is_overdue,
           {key} AS sort_key
    FROM admissions AS admission
    JOIN suppliers AS supplier USING (supplier_id)
    JOIN regions AS region ON region.code = supplier.county_code
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(part ORDER BY part), '{{}}') AS parts FROM admission_opinions AS given
        WHERE given.supplier_id = admission.supplier_id AND given.round = admission.round) AS opinion
    WHERE supplier.county_code ~ :regions AND supplier.county_code ~ :region
      AND admission.round >= :least_round
      AND (cardinality(CAST(:statuses AS text[])) = 0 OR supplier.status = ANY(:statuses))
      AND (CAST(:kind AS text) IS NULL OR supplier.kind = :kind)
      AND (NOT :is_overdue OR admission.due_on < :today)
      AND (NOT :is_awaited OR supplier.status = ANY(:awaited_statuses)
           OR (supplier.status = 'COUNTY_REVIEW' AND (
               ('production' = ANY(:awaited_parts) AND NOT 'production' = ANY(opinion.parts))
               OR ('linkage' = ANY(:awaited_parts)
                   AND (NOT 'linkage' = ANY(opinion.parts) OR 'production' = ANY(opinion.parts))))))
      AND strpos(lower(supplier.name || ' ' || supplier.name_en || ' ' || coalesce(supplier.uscc, '')), lower(:q)) > 0
      AND (CAST(:after_key AS text) IS NULL OR
           ({key}, admission.supplier_id) {after} (:after_key, CAST(:after_id AS uuid)))
    ORDER BY {key} {direction}, admission.supplier_id {direction}
    LIMIT :limit
"""


@dataclass(frozen=True)
class Awaited:
    """What waits for a caller: applications in these states, and opinions on these parts."""

    statuses: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


async def list_desk(
    db: AsyncSession,
    *,
    regions: str,
    region: str,
    statuses: Collection[str],
    kind: str | None,
    is_overdue: bool,
    awaited: Awaited | None,
    q: str,
    sort: str,
    today: date,
    least_round: int,
    after: tuple[str, UUID] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Applications as a desk lists them. `regions` (what the reader oversees) and `region` are patterns of division
    codes; `sort` is a key of SORTS, with "-" before it for descending."""
    is_down = sort.startswith("-")
    statement = _DESK.format(
        key=SORTS[sort.removeprefix("-")], after="<" if is_down else ">", direction="DESC" if is_down else "ASC"
    )
    values = {
        "regions": regions,
        "region": region,
        "statuses": list(statuses),
        "kind": kind,
        "is_overdue": is_overdue,
        "is_awaited": awaited is not None,
        "awaited_statuses": list(awaited.statuses) if awaited else [],
        "awaited_parts": list(awaited.parts) if awaited else [],
        "q": q,
        "today": today,
        "least_round": least_round,
        "after_key": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit,
    }
    return (await db.execute(text(statement), values)).mappings().all()
