"""Reads of reserve purchases. Suppliers see what was published; an institution's people, those above it, the finance
office of its region and operators see all of theirs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserve_purchase.models import ReserveGrade, ReservePurchase
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.errors import NotFound

_SUMS = text("""
    SELECT origin_county_code, is_first,
           count(*) FILTER (WHERE status IN ('BOOKED', 'WEIGHED', 'TAKEN_IN')) AS appointment_count,
           coalesce(sum(piece_g * quantity) FILTER (WHERE status = 'BOOKED'), 0)::bigint AS booked_g,
           coalesce(sum(piece_g * accepted_count) FILTER (WHERE status IN ('WEIGHED', 'TAKEN_IN')), 0)::bigint
               AS weighed_g,
           coalesce(sum(unit_price_fen * accepted_count) FILTER (WHERE status IN ('WEIGHED', 'TAKEN_IN')), 0)::bigint
               AS money_fen
    FROM reserve_appointments WHERE reserve_purchase_id = :id
    GROUP BY origin_county_code, is_first ORDER BY origin_county_code
""")


def reserve_purchase_unknown() -> NotFound:
    """The refusal of one that does not exist, or not for this caller."""
    return NotFound("There is no such reserve purchase.", code="reserve-purchase-unknown", field="reserve_purchase_id")


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """What of all reserve purchases the caller sees."""
    if caller.is_operator:
        return true()
    if caller.kind == "supplier":
        return ReservePurchase.status.in_(("PUBLISHED", "ENDED"))
    return ReservePurchase.unit_id.in_(unit_queries.seen_units(caller))


async def get_purchase_for(db: AsyncSession, caller: Caller, reserve_purchase_id: UUID) -> ReservePurchase:
    """One that the caller sees. 404 `reserve-purchase-unknown`."""
    query = select(ReservePurchase).where(ReservePurchase.reserve_purchase_id == reserve_purchase_id, seen_by(caller))
    found: ReservePurchase | None = await db.scalar(query)
    if found is None:
        raise reserve_purchase_unknown()
    return found


async def lock_purchase(db: AsyncSession, reserve_purchase_id: UUID) -> ReservePurchase:
    """It, locked until the transaction ends and read anew. 404 `reserve-purchase-unknown`."""
    query = select(ReservePurchase).where(ReservePurchase.reserve_purchase_id == reserve_purchase_id).with_for_update()
    found: ReservePurchase | None = await db.scalar(query, execution_options={"populate_existing": True})
    if found is None:
        raise reserve_purchase_unknown()
    return found


async def list_grades(db: AsyncSession, reserve_purchase_id: UUID) -> Sequence[ReserveGrade]:
    """Its grades in their order."""
    query = select(ReserveGrade).where(ReserveGrade.reserve_purchase_id == reserve_purchase_id)
    return (await db.scalars(query.order_by(ReserveGrade.grade_number))).all()


async def list_sums(db: AsyncSession, reserve_purchase_id: UUID) -> Sequence[Row[Any]]:
    """By county of origin: who comes, what is booked, weighed and worth."""
    return (await db.execute(_SUMS, {"id": reserve_purchase_id})).all()


async def list_purchases(
    db: AsyncSession,
    caller: Caller,
    *,
    status: str | None = None,
    wanted: str | None = None,
    year: int | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[ReservePurchase]:
    """What the caller sees, the newest first. `wanted` is part of a number or a title."""
    query = select(ReservePurchase).where(seen_by(caller))
    if status is not None:
        query = query.where(ReservePurchase.status == status)
    if year is not None:
        query = query.where(ReservePurchase.year == year)
    if wanted:
        query = query.where(
            or_(
                ReservePurchase.filing_number.icontains(wanted, autoescape=True),
                ReservePurchase.title.icontains(wanted, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(ReservePurchase.reserve_purchase_id < after)
    return (await db.scalars(query.order_by(ReservePurchase.reserve_purchase_id.desc()).limit(limit))).all()
