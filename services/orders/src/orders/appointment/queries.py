"""Reads of appointments: a supplier its own, an institution's people and who is above them those with its points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.appointment.models import Appointment
from orders.unit_order.queries import escaped
from shared.auth import Caller
from shared.errors import NotFound

_SEEN = """
    SELECT made.*, filed.title, filed.unit_id, filed.filing_number, point.name AS point_name,
           point.county_code AS point_county_code, point.address_detail AS point_address, point.phone AS point_phone,
           point.opens_at, point.closes_at, grade.name AS grade_name,
           made.unit_price_fen * made.accepted_count AS money_fen,
           bought.purchase_id, own.order_id, own.stage
    FROM reserve_appointments AS made JOIN reserve_purchases AS filed USING (reserve_purchase_id)
    JOIN purchase_points AS point USING (point_id)
    LEFT JOIN reserve_grades AS grade
        ON grade.reserve_purchase_id = made.reserve_purchase_id AND grade.grade_number = made.grade_number
    LEFT JOIN purchases AS bought ON bought.way = 'RESERVE' AND bought.source_id = made.appointment_id
    LEFT JOIN unit_orders AS own ON own.purchase_id = bought.purchase_id
"""
_OWN_TREE = """
    filed.unit_id IN (
        WITH RECURSIVE tree AS (
            SELECT unit_id FROM budget_units WHERE organisation_id = :organisation_id
            UNION SELECT below.unit_id FROM budget_units AS below JOIN tree ON below.parent_id = tree.unit_id
        ) SELECT unit_id FROM tree
    )
"""
_OPEN = text("""
    SELECT made.appointment_id FROM reserve_appointments AS made
    LEFT JOIN purchases AS bought ON bought.way = 'RESERVE' AND bought.source_id = made.appointment_id
    LEFT JOIN unit_orders AS own ON own.purchase_id = bought.purchase_id
    WHERE made.appointment_id > :after
      AND ((made.status = 'BOOKED' AND made.day < :today)
           OR (made.status = 'WEIGHED' AND (own.ended_at IS NOT NULL OR own.stage = 'CONFIRMED')))
    ORDER BY made.appointment_id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the list is wanted. `wanted` is part of a ticket's number, of the product or of the supplier's name."""

    status: str | None = None
    reserve_purchase_id: UUID | None = None
    point_id: UUID | None = None
    day: date | None = None
    wanted: str | None = None


def appointment_unknown() -> NotFound:
    """The refusal of one that does not exist, or not for this caller."""
    return NotFound("There is no such appointment.", code="appointment-unknown", field="appointment_id")


async def get_appointment(db: AsyncSession, appointment_id: UUID) -> Appointment:
    """It, whoever asks. 404 `appointment-unknown`."""
    found = await db.get(Appointment, appointment_id)
    if found is None:
        raise appointment_unknown()
    return found


async def lock_appointment(db: AsyncSession, appointment_id: UUID) -> Appointment:
    """It, locked until the transaction ends and read anew. 404 `appointment-unknown`."""
    query = select(Appointment).where(Appointment.appointment_id == appointment_id).with_for_update()
    found: Appointment | None = await db.scalar(query, execution_options={"populate_existing": True})
    if found is None:
        raise appointment_unknown()
    return found


async def get_seen(db: AsyncSession, caller: Caller, appointment_id: UUID) -> Row[Any]:
    """One that the caller sees, with its place, grade and order. 404 `appointment-unknown`."""
    scope, values = _scope(caller)
    query = text(f"{_SEEN} WHERE made.appointment_id = :id AND {scope}")
    found = (await db.execute(query, values | {"id": appointment_id})).one_or_none()
    if found is None:
        raise appointment_unknown()
    return found


async def list_appointments(
    db: AsyncSession, caller: Caller, filters: Filters, *, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """What the caller sees, the newest first."""
    scope, values = _scope(caller)
    conditions = [scope]
    for column, value in (
        ("status", filters.status),
        ("reserve_purchase_id", filters.reserve_purchase_id),
        ("point_id", filters.point_id),
        ("day", filters.day),
    ):
        if value is not None:
            conditions.append(f"made.{column} = :{column}")
            values[column] = value
    if filters.wanted:
        conditions.append("(concat_ws(' ', made.ticket_number, made.product_title, made.supplier_name) ILIKE :wanted)")
        values["wanted"] = f"%{escaped(filters.wanted)}%"
    if after is not None:
        conditions.append("made.appointment_id < :after")
        values["after"] = after
    query = text(f"{_SEEN} WHERE {' AND '.join(conditions)} ORDER BY made.appointment_id DESC LIMIT :limit")
    return (await db.execute(query, values | {"limit": limit})).all()


async def list_to_follow(db: AsyncSession, *, today: date, after: UUID, limit: int) -> Sequence[UUID]:
    """Those that the clock moves on: nobody came, or the order went on where orders are kept."""
    return (await db.scalars(_OPEN, {"today": today, "after": after, "limit": limit})).all()


def _scope(caller: Caller) -> tuple[str, dict[str, Any]]:
    if caller.is_operator:
        return "true", {}
    if caller.organisation_id is None:
        return "false", {}
    if caller.kind == "supplier":
        return "made.supplier_id = :organisation_id", {"organisation_id": caller.organisation_id}
    if caller.kind == "institution":
        return _OWN_TREE, {"organisation_id": caller.organisation_id}
    return "false", {}
