"""Units that have not filed in time: the deadline of each region is data, so the days are compared here."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share import rules
from orders.unit import listing
from shared.auth import Caller

_OVERDUE = """
    SELECT unit.unit_id, unit.name, unit.kind, unit.county_code, above.name AS parent_name,
           unit.organisation_id IS NOT NULL AS is_activated, share.status
    FROM budget_units AS unit LEFT JOIN budget_units AS above ON above.unit_id = unit.parent_id
    LEFT JOIN LATERAL (
        SELECT status FROM reserved_shares WHERE unit_id = unit.unit_id AND year = :year ORDER BY version DESC LIMIT 1
    ) AS share ON true
    WHERE {scope} AND unit.status = 'ACTIVE' AND unit.county_code = ANY(CAST(:counties AS text[]))
      AND coalesce(share.status, 'DRAFT') IN ('DRAFT', 'RETURNED')
      AND NOT EXISTS (SELECT FROM reserved_shares AS old WHERE old.unit_id = unit.unit_id AND old.year = :year
                      AND old.status = 'LOCKED' AND old.superseded_at IS NULL)
      {further}
    ORDER BY unit.name, unit.unit_id LIMIT :limit
"""


async def list_overdue(
    db: AsyncSession, caller: Caller, *, year: int, today: date, after: tuple[str, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Active units that the caller sees whose deadline is over and whose filing lies with them still, by name. What is
    locked already and being corrected is in time. 403 `unit-needed`."""
    scope, values = await listing.load_scope(db, caller)
    counties = await db.scalars(
        text(f"SELECT DISTINCT county_code FROM budget_units AS unit WHERE {scope}"),  # noqa: S608 - our own words
        values,
    )
    late = [each for each in counties if (day := rules.deadline_of(each, year)) is not None and day < today]
    further = "AND (unit.name, unit.unit_id) > (:after_name, :after_id)" if after is not None else ""
    if after is not None:
        values |= {"after_name": after[0], "after_id": after[1]}
    statement = text(_OVERDUE.format(scope=scope, further=further))
    return (await db.execute(statement, {**values, "year": year, "counties": late, "limit": limit})).all()
