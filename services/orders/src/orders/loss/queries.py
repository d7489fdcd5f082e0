"""Reads of losses, and until when a part should have arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.calendar import is_rest_day
from orders.delivery.rules import day_after
from orders.loss import rules
from orders.loss.models import MissingReport, PartLoss
from shared.clock import business_day
from shared.errors import NotFound

_SENT = text("""
    SELECT part.supplier_order_id, part.fulfilment, part.shipped_at, promise.last_days,
           missing.reported_at, missing.note
    FROM supplier_orders AS part JOIN orders AS placed USING (order_id)
    LEFT JOIN LATERAL (
        SELECT last_days FROM delivery_promises
        WHERE starts_with(part.ship_from_county_code, from_prefix) AND starts_with(placed.county_code, to_prefix)
        ORDER BY length(to_prefix) + length(from_prefix) DESC, to_prefix DESC LIMIT 1
    ) AS promise ON true
    LEFT JOIN missing_reports AS missing USING (supplier_order_id)
    WHERE part.order_id = :order_id AND part.shipped_at IS NOT NULL AND part.fulfilment = ANY(:states)
    ORDER BY part.part_number
""")


@dataclass(frozen=True, slots=True)
class Awaited:
    """A part under way: until when it was promised, from when its buyer may say that nothing came, whether they did."""

    supplier_order_id: UUID
    promised_until: date | None
    reportable_from: date
    report: dict[str, Any] | None


async def is_known(db: AsyncSession, loss_id: UUID) -> bool:
    """Whether this loss was taken in already."""
    return await db.get(PartLoss, loss_id) is not None


async def lock_loss(db: AsyncSession, loss_id: UUID) -> PartLoss:
    """The loss, held until the transaction ends. 404 `loss-not-found`."""
    found = await db.scalar(select(PartLoss).where(PartLoss.loss_id == loss_id).with_for_update())
    if found is None:
        raise no_such_loss()
    return found


def no_such_loss() -> NotFound:
    """404 `loss-not-found`."""
    return NotFound("There is no such loss.", code="loss-not-found", field="loss_id")


async def list_losses(db: AsyncSession, order_id: UUID) -> Sequence[PartLoss]:
    """What of an order was lost, oldest first."""
    wanted = select(PartLoss).where(PartLoss.order_id == order_id)
    return (await db.scalars(wanted.order_by(PartLoss.declared_at, PartLoss.loss_id))).all()


async def find_report(db: AsyncSession, supplier_order_id: UUID) -> MissingReport | None:
    """What the buyer said of the part."""
    return await db.get(MissingReport, supplier_order_id)


async def list_awaited(db: AsyncSession, order_id: UUID) -> list[Awaited]:
    """The order's parts under way. The promise counts from the day after sending; carriers rest on holidays."""
    rows = await db.execute(_SENT, {"order_id": order_id, "states": sorted(rules.UNDER_WAY)})
    found = []
    for row in rows:
        shipped_on = business_day(row.shipped_at)
        until = None if row.last_days is None else day_after(shipped_on, row.last_days, is_rest_day)
        report = None if row.reported_at is None else {"note": row.note, "reported_at": row.reported_at}
        found.append(Awaited(row.supplier_order_id, until, rules.reportable_from(until, shipped_on), report))
    return found
