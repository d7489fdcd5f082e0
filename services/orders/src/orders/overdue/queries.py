"""Everything late in one list. Who sees an order sees what is late of it; what a dispute pauses is not late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.overdue.rules import SUPPLIERS, Kind, Side, deadlines
from orders.unit_order import queries as unit_order_queries
from orders.unit_order import rules as unit_order_rules
from shared.auth import Caller

# One row for each thing that waits, with the last day on which it is in time.
_WAITING = """
    SELECT waits.kind, own.order_id, placed.order_number, own.stage, waits.due_on, own.unit_id, unit.name AS unit_name,
           unit.parent_id, unit.organisation_id, part.supplier_id, part.supplier_name,
           CASE WHEN own.accepted_at IS NULL THEN placed.payable_fen ELSE own.accepted_fen END AS amount_fen
    FROM unit_orders AS own JOIN orders AS placed USING (order_id) JOIN supplier_orders AS part USING (order_id)
    JOIN budget_units AS unit ON unit.unit_id = own.unit_id
    LEFT JOIN LATERAL (
        SELECT max(invoice.entered_at) AS entered_at FROM unit_invoices AS invoice
        WHERE invoice.order_id = own.order_id AND invoice.status = 'SUBMITTED'
    ) AS submitted ON own.stage = 'ACCEPTED'
    CROSS JOIN LATERAL (VALUES
        ('CONFIRM', CASE WHEN own.stage = 'PENDING_CONFIRM'
                         THEN day_of(own.remind_at) - 1 END),
        ('SHIP', CASE WHEN own.stage = 'CONFIRMED'
                      THEN day_of(own.confirmed_at) + CAST(:ship_days AS integer) END),
        ('ACCEPT', CASE WHEN own.stage = 'DELIVERED'
                        THEN day_of(own.delivered_at) + CAST(:accept_days AS integer) END),
        ('INVOICE', CASE WHEN own.stage = 'ACCEPTED' AND submitted.entered_at IS NULL
                         THEN day_of(own.accepted_at) + CAST(:invoice_days AS integer) END),
        ('INVOICE_CHECK', CASE WHEN own.stage = 'ACCEPTED'
                               THEN day_of(submitted.entered_at)
                                    + CAST(:invoice_check_days AS integer) END),
        ('PAYMENT', CASE WHEN own.stage IN ('ACCEPTED', 'INVOICE_CHECKED') AND own.accepted_fen > 0
                         THEN own.due_on END),
        ('REVIEW', CASE WHEN own.stage = 'SETTLED'
                        THEN day_of(own.settled_at) + CAST(:review_days AS integer) END)
    ) AS waits (kind, due_on)
    WHERE own.ended_at IS NULL AND own.stage <> 'COMPLETED' AND NOT own.is_disputed AND waits.due_on < :today
"""
_ASKED = """
    SELECT 'APPROVAL' AS kind, own.case_id AS order_id, own.title AS order_number, own.status AS stage,
           day_of(own.due_at) AS due_on, own.unit_id, unit.name AS unit_name, unit.parent_id,
           unit.organisation_id, part.supplier_id, '' AS supplier_name, own.amount_fen
    FROM approval_cases AS own JOIN budget_units AS unit USING (unit_id)
    CROSS JOIN (SELECT CAST(NULL AS uuid) AS supplier_id) AS part
    WHERE own.status = 'PENDING' AND day_of(own.due_at) < :today
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the list is wanted. `wanted` is part of a number or of either side's name."""

    today: date
    kind: Kind | None = None
    side: Side | None = None
    unit_id: UUID | None = None
    least_days: int = 1
    wanted: str = ""


async def list_overdue(
    db: AsyncSession,
    caller: Caller,
    *,
    filters: Filters,
    after: tuple[date, UUID, str] | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """What is late of what the caller may see, the longest late first."""
    conditions, values = await unit_order_queries.get_scope(db, caller)
    scope = " AND ".join(conditions)
    narrowed = ["late.due_on <= CAST(:today AS date) - CAST(:least_days AS integer)"]
    values = {
        **values,
        **_days(filters.today),
        "today": filters.today,
        "least_days": filters.least_days,
        "limit": limit,
    }
    if filters.kind is not None:
        narrowed.append("late.kind = :kind")
        values["kind"] = filters.kind
    if filters.side is not None:
        narrowed.append("(late.kind = ANY(CAST(:suppliers AS text[]))) = CAST(:is_suppliers AS boolean)")
        values |= {"suppliers": sorted(SUPPLIERS), "is_suppliers": filters.side == "supplier"}
    if filters.unit_id is not None:
        narrowed.append("late.unit_id = :unit_id")
        values["unit_id"] = filters.unit_id
    if filters.wanted:
        narrowed.append(
            "(late.order_number ILIKE :pattern OR late.unit_name ILIKE :pattern OR late.supplier_name ILIKE :pattern)"
        )
        values["pattern"] = f"%{unit_order_queries.escaped(filters.wanted)}%"
    if after is not None:
        narrowed.append("(late.due_on, late.order_id, late.kind) > (:last_on, :last_id, :last_kind)")
        values |= {"last_on": after[0], "last_id": after[1], "last_kind": after[2]}
    statement = f"""
        SELECT late.*, CAST(:today AS date) - late.due_on AS days_late
        FROM ({_WAITING} AND {scope} UNION ALL {_ASKED} AND {scope}) AS late
        WHERE {" AND ".join(narrowed)}
        ORDER BY late.due_on, late.order_id, late.kind
        LIMIT :limit
    """  # noqa: S608 - all parts are ours
    return (await db.execute(text(statement), values)).all()


async def list_to_tell(db: AsyncSession, *, today: date) -> Sequence[Row[Any]]:
    """Organisations whom something late concerns: who is to act, and whoever supervises a unit that is; by kind with
    how many and the longest. Those who were told today are left out."""
    statement = f"""
        WITH late AS ({_WAITING} UNION ALL {_ASKED}),
        concerned AS (
            SELECT late.supplier_id AS organisation_id, 'supplier' AS side, late.* FROM late
            WHERE late.kind = ANY(CAST(:suppliers AS text[]))
            UNION ALL
            SELECT late.organisation_id, 'unit', late.* FROM late
            WHERE late.kind <> ALL(CAST(:suppliers AS text[])) AND late.organisation_id IS NOT NULL
            UNION ALL
            SELECT lead.organisation_id, 'lead', late.*
            FROM late JOIN budget_units AS lead ON lead.unit_id = late.parent_id
            WHERE late.kind <> ALL(CAST(:suppliers AS text[])) AND lead.organisation_id IS NOT NULL
        )
        SELECT told.organisation_id, told.side, count(*) AS late_count,
               count(*) FILTER (WHERE told.kind = 'PAYMENT') AS payment_count,
               coalesce(sum(told.amount_fen) FILTER (WHERE told.kind = 'PAYMENT'), 0) AS payment_fen,
               max(CAST(:today AS date) - told.due_on) AS most_days
        FROM concerned AS told(organisation_id, side, kind, order_id, order_number, stage, due_on, unit_id, unit_name,
                               parent_id, own_organisation_id, supplier_id, supplier_name, amount_fen)
        WHERE NOT EXISTS (
            SELECT FROM overdue_notices AS notice
            WHERE notice.organisation_id = told.organisation_id AND notice.told_on = :today
        )
        GROUP BY told.organisation_id, told.side
        ORDER BY told.organisation_id, told.side
    """  # noqa: S608 - all parts are ours
    return (await db.execute(text(statement), {**_days(today), "today": today, "suppliers": sorted(SUPPLIERS)})).all()


def _days(today: date) -> dict[str, int]:
    """The terms that hold everywhere this year."""
    handling = unit_order_rules.handling_terms("", today)
    own = {f"{kind.lower()}_days": each.days for kind, each in deadlines().items()}
    return {**own, "ship_days": handling.ship_days, "accept_days": handling.check_days}
