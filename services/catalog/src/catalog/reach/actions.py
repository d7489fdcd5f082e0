"""Noting what orders and logistics tell; in whatever order it comes, and however often, it has its effect once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.lot import actions as lot_actions
from catalog.reach import queries, rules
from catalog.reach.models import DispatchedPieces, PaidPart, ShipmentAlarm


@dataclass(frozen=True)
class Pieces:
    """Pieces of a SKU, of a lot if it was named."""

    sku_id: UUID
    quantity: int
    lot_code: str


@dataclass(frozen=True)
class PaidPartFacts:
    """One supplier's part of a paid order, without names and addresses."""

    supplier_order_id: UUID
    order_id: UUID
    order_number: str
    supplier_id: UUID
    buyer_id: UUID
    buyer_kind: str
    organisation_id: UUID | None
    county_code: str
    paid_at: datetime


async def note_paid(db: AsyncSession, parts: Sequence[PaidPartFacts]) -> None:
    """Whose order it was."""
    rows = [asdict(each) for each in parts]
    if rows:
        await db.execute(insert(PaidPart).values(rows).on_conflict_do_nothing())


async def note_dispatched(
    db: AsyncSession,
    *,
    shipment_id: UUID,
    order_id: UUID,
    supplier_order_id: UUID,
    pieces: Iterable[Pieces],
    dispatched_at: datetime,
) -> None:
    """What left in the shipment; if it is known already that it got warm on its way, its lots are held now."""
    quantities: Counter[tuple[UUID, str]] = Counter()
    for each in pieces:
        quantities[each.sku_id, each.lot_code] += each.quantity
    rows = [
        {
            "shipment_id": shipment_id,
            "sku_id": sku_id,
            "lot_code": lot_code,
            "order_id": order_id,
            "supplier_order_id": supplier_order_id,
            "quantity": quantity,
            "dispatched_at": dispatched_at,
        }
        for (sku_id, lot_code), quantity in quantities.items()
    ]
    # A shipment may leave in parts: a later one adds to the first; one that was read before is as old as what is kept.
    statement = insert(DispatchedPieces).values(rows)
    made = await db.scalars(
        statement.on_conflict_do_update(
            index_elements=["shipment_id", "sku_id", "lot_code"],
            set_={
                "quantity": DispatchedPieces.quantity + statement.excluded.quantity,
                "dispatched_at": statement.excluded.dispatched_at,
            },
            where=DispatchedPieces.dispatched_at < statement.excluded.dispatched_at,
        ).returning(DispatchedPieces.sku_id)
    )
    is_new = bool(made.all())
    alarmed = select(exists().where(ShipmentAlarm.shipment_id == shipment_id))
    if is_new and await db.scalar(alarmed):
        await _hold_lots(db, shipment_id, now=dispatched_at)


async def note_excursion(
    db: AsyncSession,
    *,
    excursion_id: UUID,
    shipment_id: UUID,
    severity: str,
    kind: str,
    started_at: datetime,
    now: datetime,
) -> None:
    """A grave excursion holds the lots of its shipment, once: who releases them afterwards has looked at it."""
    if severity not in rules.HOLDING_SEVERITIES:
        return
    row = {
        "excursion_id": excursion_id,
        "shipment_id": shipment_id,
        "severity": severity,
        "kind": kind,
        "started_at": started_at,
    }
    made = await db.scalar(
        insert(ShipmentAlarm).values(row).on_conflict_do_nothing().returning(ShipmentAlarm.excursion_id)
    )
    if made is not None:
        await _hold_lots(db, shipment_id, now=now)


async def _hold_lots(db: AsyncSession, shipment_id: UUID, *, now: datetime) -> None:
    lots = await queries.list_lots_of_shipment(db, shipment_id)
    await lot_actions.hold_open(db, lots, reason="运输途中严重超温 · a grave excursion on the way", now=now)
