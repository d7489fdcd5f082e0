"""Shipments: made when an order is paid, cancelled with it, delivered with its last parcel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.parcel import actions as parcel_actions
from logistics.parcel import queries as parcel_queries
from logistics.shipment import rules
from logistics.shipment.models import Shipment, ShipmentLine
from logistics.shipment.queries import get_first, list_lines, lock_shipments, lock_shipments_of_order
from logistics.shipment.rules import CANCELLED, DELIVERED, DISPATCHED, LOST, PENDING, PaidLine
from shared.events.logistics import ParcelsArrived, ShipmentCreated, ShipmentDelivered, ShipmentLost
from shared.outbox import publish

_ADDRESSED = (
    "order_id", "order_number", "supplier_order_id", "supplier_id", "supplier_name", "ship_from_county_code",
    "buyer_id", "organisation_id", "recipient", "phone", "county_code", "address_detail", "pickup_point_id",
    "pickup_point_name", "hides_address",
)  # fmt: skip
_GOODS = ("sku_id", "product_id", "product_title", "specification", "temperature_class", "net_weight_g")


@dataclass(frozen=True, slots=True)
class PaidOrder:
    """What all shipments of an order share."""

    order_id: UUID
    order_number: str
    buyer_id: UUID
    organisation_id: UUID | None
    recipient: str
    phone: str
    county_code: str
    address_detail: str
    pickup_point_id: UUID | None = None
    pickup_point_name: str = ""
    hides_address: bool = False


@dataclass(frozen=True, slots=True)
class PaidPart:
    """One supplier's part of a paid order; `shipment_id` is the id that its shipment shall have."""

    shipment_id: UUID
    supplier_order_id: UUID
    supplier_id: UUID
    supplier_name: str
    ship_from_county_code: str
    lines: tuple[PaidLine, ...]


async def create_shipments(db: AsyncSession, *, order: PaidOrder, parts: Sequence[PaidPart], now: datetime) -> None:
    """One shipment for each part that has none yet: a part told of twice is one shipment. Publishes ShipmentCreated."""
    shipments = [
        {**_shared(order, part, now=now), "shipment_id": part.shipment_id, "kind": rules.FIRST} for part in parts
    ]
    statement = insert(Shipment).values(shipments)
    statement = statement.on_conflict_do_nothing(
        index_elements=["supplier_order_id"], index_where=text("kind = 'FIRST'")
    )
    made = set(await db.scalars(statement.returning(Shipment.shipment_id)))
    new_parts = [part for part in parts if part.shipment_id in made]
    if not new_parts:
        return
    lines = [row for part in new_parts for row in _line_rows(part.shipment_id, part.lines)]
    await db.execute(insert(ShipmentLine), lines)
    events = [
        ShipmentCreated(
            shipment_id=part.shipment_id,
            order_id=order.order_id,
            supplier_order_id=part.supplier_order_id,
            supplier_id=part.supplier_id,
            created_at=now,
        )
        for part in new_parts
    ]
    await publish(db, *events, now=now)


def _shared(order: PaidOrder, part: PaidPart, *, now: datetime) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "order_number": order.order_number,
        "buyer_id": order.buyer_id,
        "organisation_id": order.organisation_id,
        "recipient": order.recipient,
        "phone": order.phone,
        "county_code": order.county_code,
        "address_detail": order.address_detail,
        "pickup_point_id": order.pickup_point_id,
        "pickup_point_name": order.pickup_point_name,
        "hides_address": order.hides_address,
        "supplier_order_id": part.supplier_order_id,
        "supplier_id": part.supplier_id,
        "supplier_name": part.supplier_name,
        "ship_from_county_code": part.ship_from_county_code,
        "status": PENDING,
        "created_at": now,
    }


def _line_rows(shipment_id: UUID, lines: Sequence[PaidLine]) -> list[dict[str, Any]]:
    return [
        {
            "shipment_id": shipment_id,
            "sku_id": line.sku_id,
            "product_id": line.product_id,
            "product_title": line.product_title,
            "specification": line.specification,
            "temperature_class": line.temperature_class,
            "net_weight_g": line.net_weight_g,
            "quantity": line.quantity,
        }
        for line in rules.lines_by_sku(lines)
    ]


async def create_replacement(
    db: AsyncSession,
    *,
    shipment_id: UUID,
    exchange_id: UUID,
    supplier_order_id: UUID,
    sku_id: UUID,
    quantity: int,
    now: datetime,
) -> None:
    """Pieces of a part go again to where the first went; told twice it is one shipment. Publishes ShipmentCreated.

    NotFound `shipment-not-found` where the part had no first shipment with such goods.
    """
    first, line = await get_first(db, supplier_order_id, sku_id)
    own = {"shipment_id": shipment_id, "exchange_id": exchange_id, "kind": rules.REPLACEMENT, "status": PENDING}
    copied = {name: getattr(first, name) for name in _ADDRESSED}
    statement = insert(Shipment).values({**copied, **own, "created_at": now})
    statement = statement.on_conflict_do_nothing(index_elements=["exchange_id"])
    if await db.scalar(statement.returning(Shipment.shipment_id)) is None:
        return
    goods = {name: getattr(line, name) for name in _GOODS}
    await db.execute(insert(ShipmentLine), [{**goods, "shipment_id": shipment_id, "quantity": quantity}])
    event = ShipmentCreated(
        shipment_id=shipment_id,
        order_id=first.order_id,
        supplier_order_id=supplier_order_id,
        supplier_id=first.supplier_id,
        created_at=now,
        exchange_id=exchange_id,
    )
    await publish(db, event, now=now)


@dataclass(frozen=True, slots=True)
class GiftShipment:
    """A recipient's parcel of a unit's order; `shipment_id` is the id that its shipment shall have."""

    shipment_id: UUID
    gift_parcel_id: UUID
    order: PaidOrder


async def create_gift_shipments(
    db: AsyncSession, *, part: PaidPart, gifts: Sequence[GiftShipment], now: datetime
) -> None:
    """One shipment for each recipient's parcel that has none yet, in three statements however many they are; each holds
    the part's lines. Publishes ShipmentCreated for each."""
    if not gifts or not part.lines:
        return
    rows = [
        {
            **_shared(gift.order, part, now=now),
            "shipment_id": gift.shipment_id,
            "kind": rules.GIFT,
            "gift_parcel_id": gift.gift_parcel_id,
        }
        for gift in gifts
    ]
    statement = insert(Shipment).values(rows).on_conflict_do_nothing(index_elements=["gift_parcel_id"])
    made = set(await db.scalars(statement.returning(Shipment.shipment_id)))
    new = [gift for gift in gifts if gift.shipment_id in made]
    if not new:
        return
    lines = [row for gift in new for row in _line_rows(gift.shipment_id, part.lines)]
    await db.execute(insert(ShipmentLine), lines)
    events = [
        ShipmentCreated(
            shipment_id=gift.shipment_id,
            order_id=gift.order.order_id,
            supplier_order_id=part.supplier_order_id,
            supplier_id=part.supplier_id,
            created_at=now,
            gift_parcel_id=gift.gift_parcel_id,
        )
        for gift in new
    ]
    await publish(db, *events, now=now)


async def cancel_shipments(db: AsyncSession, *, order_id: UUID, cancelled_at: datetime) -> None:
    """The order is void: what has not left stays. What has left keeps its state and notes the cancellation."""
    for shipment in await lock_shipments_of_order(db, order_id):
        shipment.order_cancelled_at = cancelled_at
        if shipment.status == PENDING:
            shipment.status = CANCELLED
    await db.flush()


async def note_delivery(db: AsyncSession, *, shipment_ids: Sequence[UUID], now: datetime) -> None:
    """Parcels of these shipments were delivered, or lost: a shipment is delivered with its last parcel that is not
    lost, and lost where all are. Before that each arrival is told once, with how many are still awaited.

    Each shipment is locked before its parcels are counted, so of two pushes that deliver the last two parcels at once
    the second sees both. Publishes ShipmentDelivered, ShipmentLost or ParcelsArrived.
    """
    for shipment in await lock_shipments(db, shipment_ids):
        if shipment.status not in {PENDING, DISPATCHED}:
            continue
        awaited = await parcel_queries.list_delivery(db, shipment.shipment_id)
        if not awaited and shipment.status == DISPATCHED:
            await _lose(db, shipment, now=now)
            continue
        arrived_at = rules.arrived_at(awaited)
        if arrived_at is None or shipment.status == PENDING:
            await _tell_some(db, shipment, awaited, now=now)
            continue
        await db.execute(
            update(Shipment)
            .where(Shipment.shipment_id == shipment.shipment_id)
            .values(status=DELIVERED, delivered_at=arrived_at)
        )
        goods = (await list_lines(db, [shipment.shipment_id]))[shipment.shipment_id]
        event = ShipmentDelivered(
            shipment_id=shipment.shipment_id,
            order_id=shipment.order_id,
            supplier_order_id=shipment.supplier_order_id,
            delivered_at=arrived_at,
            exchange_id=shipment.exchange_id,
            gift_parcel_id=shipment.gift_parcel_id,
            supplier_name=shipment.supplier_name,
            sku_id=goods[0].sku_id,
            product_title=goods[0].product_title,
        )
        await publish(db, event, now=now)


async def _tell_some(
    db: AsyncSession, shipment: Shipment, awaited: Sequence[datetime | None], *, now: datetime
) -> None:
    arrived = await parcel_actions.tell_arrivals(db, shipment.shipment_id, now=now)
    if not arrived:
        return
    event = ParcelsArrived(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        supplier_order_id=shipment.supplier_order_id,
        waybill_numbers=tuple(sorted(each.waybill_number for each in arrived)),
        arrived_count=sum(each is not None for each in awaited),
        parcel_count=len(awaited),
        is_all_sent=shipment.status == DISPATCHED,
        arrived_at=max(each.delivered_at for each in arrived),
        exchange_id=shipment.exchange_id,
        gift_parcel_id=shipment.gift_parcel_id,
    )
    await publish(db, event, now=now)


async def _lose(db: AsyncSession, shipment: Shipment, *, now: datetime) -> None:
    shipment.status = LOST
    await db.flush()
    event = ShipmentLost(
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        supplier_order_id=shipment.supplier_order_id,
        noted_at=now,
        exchange_id=shipment.exchange_id,
        gift_parcel_id=shipment.gift_parcel_id,
    )
    await publish(db, event, now=now)


async def mark_dispatched(
    db: AsyncSession, shipment: Shipment, *, quantities: dict[UUID, int], is_last: bool, now: datetime
) -> None:
    """These quantities of the locked shipment left; with the last of them it is dispatched. A CHECK refuses that more
    leaves than was paid."""
    if is_last:
        shipment.status = DISPATCHED
        shipment.dispatched_at = now
        await db.flush()
    for sku_id, quantity in quantities.items():
        await db.execute(
            update(ShipmentLine)
            .where(ShipmentLine.shipment_id == shipment.shipment_id, ShipmentLine.sku_id == sku_id)
            .values(dispatched_quantity=ShipmentLine.dispatched_quantity + quantity)
        )


async def shorten(
    db: AsyncSession, shipment: Shipment, lines: Sequence[ShipmentLine], *, lost: Mapping[UUID, int], now: datetime
) -> None:
    """These pieces of the locked shipment need not be sent. A line of which nothing is left goes; when nothing is left
    to be sent the shipment is dispatched, and one of which nothing left at all is cancelled."""
    is_open = has_left = False
    for line in lines:
        line.quantity -= lost.get(line.sku_id, 0)
        is_open = is_open or line.quantity > line.dispatched_quantity
        has_left = has_left or line.dispatched_quantity > 0
        if line.quantity == 0:
            await db.delete(line)
    if not is_open and has_left:
        shipment.status = DISPATCHED
        shipment.dispatched_at = now
    elif not is_open:
        shipment.status = CANCELLED
        shipment.order_cancelled_at = now
    await db.flush()
