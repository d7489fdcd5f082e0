"""Reads of shipments, each limited to what the caller may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.shipment.models import Shipment, ShipmentLine
from logistics.shipment.rules import FIRST
from logistics.visibility import visible_to
from shared.auth import Caller
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class ShipmentFilter:
    """Which shipments a list is about; None is any."""

    order_id: UUID | None = None
    supplier_id: UUID | None = None
    status: str | None = None


def visible(caller: Caller) -> ColumnElement[bool]:
    """Which shipments the caller may see."""
    return visible_to(
        caller, buyer_id=Shipment.buyer_id, organisation_id=Shipment.organisation_id, supplier_id=Shipment.supplier_id
    )


async def get_visible(db: AsyncSession, shipment_id: UUID, caller: Caller) -> Shipment:
    """The shipment; 404 `shipment-not-found` also for one that is none of the caller's business."""
    return _found(await db.scalar(_one(shipment_id, caller)))


async def lock_visible(db: AsyncSession, shipment_id: UUID, caller: Caller) -> Shipment:
    """The same, locked until the transaction ends."""
    return _found(await db.scalar(_one(shipment_id, caller).with_for_update(key_share=True)))


async def get_first(db: AsyncSession, supplier_order_id: UUID, sku_id: UUID) -> tuple[Shipment, ShipmentLine]:
    """A part's first shipment and its line of the SKU. 404 `shipment-not-found`."""
    wanted = (
        select(Shipment, ShipmentLine)
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.shipment_id)
        .where(
            Shipment.supplier_order_id == supplier_order_id,
            Shipment.kind == FIRST,
            ShipmentLine.sku_id == sku_id,
        )
    )
    row = (await db.execute(wanted)).first()
    if row is None:
        raise NotFound("Nothing of it was sent before.", code="shipment-not-found", field="supplier_order_id")
    return row[0], row[1]


async def list_visible(
    db: AsyncSession, *, caller: Caller, wanted: ShipmentFilter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Shipment]:
    """The newest first, after the given place."""
    statement = select(Shipment).where(visible(caller))
    if wanted.order_id is not None:
        statement = statement.where(Shipment.order_id == wanted.order_id)
    if wanted.supplier_id is not None:
        statement = statement.where(Shipment.supplier_id == wanted.supplier_id)
    if wanted.status is not None:
        statement = statement.where(Shipment.status == wanted.status)
    if after is not None:
        statement = statement.where(tuple_(Shipment.created_at, Shipment.shipment_id) < after)
    ordered = statement.order_by(Shipment.created_at.desc(), Shipment.shipment_id.desc()).limit(limit)
    return (await db.scalars(ordered)).all()


async def list_lines(db: AsyncSession, shipment_ids: Sequence[UUID]) -> dict[UUID, list[ShipmentLine]]:
    """What each of these shipments must hold."""
    lines: dict[UUID, list[ShipmentLine]] = {}
    if shipment_ids:
        statement = (
            select(ShipmentLine)
            .where(ShipmentLine.shipment_id.in_(shipment_ids))
            .order_by(ShipmentLine.shipment_id, ShipmentLine.sku_id)
        )
        for line in await db.scalars(statement):
            lines.setdefault(line.shipment_id, []).append(line)
    return lines


async def list_by_ids(db: AsyncSession, shipment_ids: Sequence[UUID]) -> Sequence[Shipment]:
    """Shipments that the caller was found to see, in no order."""
    return (await db.scalars(select(Shipment).where(Shipment.shipment_id.in_(shipment_ids)))).all()


async def lock_shipments(db: AsyncSession, shipment_ids: Sequence[UUID]) -> Sequence[Shipment]:
    """These shipments, locked in the order of their ids."""
    return await _lock(db, select(Shipment).where(Shipment.shipment_id.in_(shipment_ids)))


async def lock_shipments_of_order(db: AsyncSession, order_id: UUID) -> Sequence[Shipment]:
    """An order's shipments, locked in the order of their ids."""
    return await _lock(db, select(Shipment).where(Shipment.order_id == order_id))


async def _lock(db: AsyncSession, statement: Select[Shipment]) -> Sequence[Shipment]:
    locking = statement.order_by(Shipment.shipment_id).with_for_update(key_share=True)
    found: Sequence[Shipment] = (await db.scalars(locking.execution_options(populate_existing=True))).all()
    return found


def _one(shipment_id: UUID, caller: Caller) -> Select[Shipment]:
    return select(Shipment).where(Shipment.shipment_id == shipment_id, visible(caller))


def _found(shipment: Shipment | None) -> Shipment:
    if shipment is None:
        raise NotFound("There is no such shipment among yours.", code="shipment-not-found")
    return shipment


def to_send(lines: Iterable[ShipmentLine]) -> dict[UUID, int]:
    """Pieces by SKU that have not left yet."""
    rest = {line.sku_id: line.quantity - line.dispatched_quantity for line in lines}
    return {sku_id: count for sku_id, count in rest.items() if count}
