"""A year of past orders, the same at every load: who bought what when, paid, shipped and delivered."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, INSTITUTION
from deploy.demo.market import Advance, in_batches, missing
from deploy.demo.paying import pay_order
from deploy.demo.quality import SENT_OF_LOTS
from deploy.demo.tables import DemoSku, demo_id, products, skus
from logistics.dispatch import actions as dispatch_actions
from logistics.dispatch.rules import PlannedParcel
from logistics.tracking import actions as tracking_actions
from logistics.tracking.actions import SaidUpdate
from orders.order import actions as order_actions
from orders.order.rules import Address, Buyer, WantedLine
from shared.auth import Caller
from shared.clock import SHANGHAI
from shared.db import Database
from shared.ids import new_id

ORDERS = 900
PEOPLE = 260
_PAYMENT_WINDOW = timedelta(minutes=30)
_CITIES = (  # where the demo's buyers live: county, how many of a hundred
    ("110105", 14),
    ("310115", 14),
    ("440305", 12),
    ("330106", 10),
    ("320102", 9),
    ("510104", 9),
    ("420106", 8),
    ("430104", 8),
    ("370102", 8),
    ("120101", 8),
)
_STEPS = (  # status, hours after dispatch, what the carrier says
    ("PICKED_UP", 0.5, "快件已揽收"),
    ("IN_TRANSIT", 9.0, "已发往目的地"),
    ("ARRIVED_CITY", 30.0, "到达派件城市"),
    ("OUT_FOR_DELIVERY", 45.0, "派送员正在派送"),
    ("DELIVERED", 50.0, "已签收，感谢使用"),
)


@dataclass(frozen=True)
class PastOrder:
    """One order of the demo's past."""

    order_id: UUID
    buyer: Buyer
    lines: tuple[WantedLine, ...]
    county_code: str
    placed_at: datetime


def past_orders(now: datetime) -> list[PastOrder]:
    """The year before `now`, oldest first: more at the holidays, more of what is in season, growing over the year."""
    chance = random.Random(832)  # noqa: S311 - a demo wants the same year every time
    packs: dict[str, list[DemoSku]] = {}
    for sku in skus():
        packs.setdefault(sku.product_key, []).append(sku)
    orders = []
    for number in range(ORDERS):
        placed_at = _instant(chance, now, number)
        in_season = [each for each in products() if each.is_in_season(placed_at.astimezone(SHANGHAI).month)]
        buyer, is_bulk = _buyer(chance, number)
        chosen = chance.sample(in_season, k=chance.choices((1, 2, 3), (5, 3, 2))[0])
        lines = tuple(
            WantedLine(
                chance.choice(packs[product.key]).sku_id,
                chance.randint(12, 60) if is_bulk else chance.choices((1, 2, 3, 4), (60, 25, 10, 5))[0],
            )
            for product in chosen
        )
        county = chance.choices([code for code, _ in _CITIES], [weight for _, weight in _CITIES])[0]
        orders.append(PastOrder(demo_id("order", str(number)), buyer, lines, county, placed_at))
    return sorted([_oldest(now, packs), *orders], key=lambda each: each.placed_at)


def _oldest(now: datetime, packs: Mapping[str, Sequence[DemoSku]]) -> PastOrder:
    """The demo consumer's first order: the points that it brought expire in a few weeks."""
    placed_at = now - timedelta(days=345)
    month = placed_at.astimezone(SHANGHAI).month
    product = next(each for each in products() if each.is_in_season(month))
    lines = (WantedLine(packs[product.key][0].sku_id, 6),)
    return PastOrder(demo_id("order", "oldest"), Buyer(CONSUMER.person_id, "consumer"), lines, "110105", placed_at)


def _instant(chance: random.Random, now: datetime, number: int) -> datetime:
    """A waking hour of some day of the past year; the weeks before a holiday sell twice as much."""
    while True:
        days = 365 * (1 - chance.random() ** 0.8)
        moment = (now - timedelta(days=max(days, 0.2))).astimezone(SHANGHAI)
        if moment.month in (1, 9) or chance.random() < 0.55 or number < len(_FIXED_DAYS):  # noqa: PLR2004
            break
    if number < len(_FIXED_DAYS):  # the demo consumer's own orders, so that her pages are never empty
        moment = (now - timedelta(days=_FIXED_DAYS[number])).astimezone(SHANGHAI)
    return moment.replace(hour=chance.randint(7, 22), minute=chance.randint(0, 59), second=chance.randint(0, 59))


_FIXED_DAYS = (4, 6, 19, 40, 88, 160, 250)


def _buyer(chance: random.Random, number: int) -> tuple[Buyer, bool]:
    if number < len(_FIXED_DAYS):
        return Buyer(CONSUMER.person_id, "consumer"), False
    if number % 12 == 0:
        return Buyer(INSTITUTION.person_id, "institution", INSTITUTION.organisation_id), True
    if number % 17 == 0:
        organisation = demo_id("organisation", f"past-{chance.randint(1, 25)}")
        return Buyer(demo_id("person", f"handler-{organisation}"), "institution", organisation), True
    return Buyer(demo_id("person", f"past-{chance.randint(1, PEOPLE)}"), "consumer"), False


def sold_quantities(orders: Sequence[PastOrder]) -> dict[UUID, int]:
    """How many pieces of each SKU the past takes."""
    sold: Counter[UUID] = Counter()
    for order in orders:
        for line in order.lines:
            sold[line.sku_id] += line.quantity
    return dict(sold)


async def load_orders(database: Database, orders: Sequence[PastOrder], *, advance: Advance) -> None:
    """Place and pay the past, each at its own time."""
    new = await missing(database, "orders", "order_id", (each.order_id for each in orders))

    async def place_and_pay(db: AsyncSession, order: PastOrder) -> None:
        placed = await order_actions.place_order(
            db,
            order_id=order.order_id,
            next_id=new_id,
            buyer=order.buyer,
            wanted=order.lines,
            address=Address("演示收货人", "13800000000", order.county_code, "演示路 1 号"),
            note="",
            seen_payable_fen=None,
            now=order.placed_at,
            payment_window=_PAYMENT_WINDOW,
        )
        await pay_order(db, placed.draft, payment_id=demo_id("payment", str(order.order_id)))

    await in_batches(database, [each for each in orders if each.order_id in new], place_and_pay, advance, size=20)


@dataclass(frozen=True)
class PastShipment:
    """What logistics made of a past order's part."""

    shipment_id: UUID
    supplier_id: UUID
    quantities: dict[UUID, int]
    sent_at: datetime


async def load_deliveries(
    logistics: Database, orders: Sequence[PastOrder], *, now: datetime, advance: Advance, lots: Mapping[UUID, str]
) -> None:
    """Ship and deliver all that is older than four days, once logistics has heard of it; the rest still waits. Lately
    sent goods name their lot, where `lots` has one for the SKU."""
    old = {each.order_id: each for each in orders if each.placed_at < now - timedelta(days=3.5)}
    await _wait_for_shipments(logistics, len(orders), {each.order_id for each in orders}, advance)
    async with logistics.read() as db:
        rows = await db.execute(
            text("""
                SELECT shipment_id, order_id, supplier_id,
                       (SELECT jsonb_object_agg(sku_id, quantity) FROM shipment_lines AS line
                        WHERE line.shipment_id = shipments.shipment_id) AS quantities
                FROM shipments WHERE order_id = ANY(:ids) AND status = 'PENDING' ORDER BY created_at, shipment_id
            """),
            {"ids": list(old)},
        )
        waiting = [
            PastShipment(
                row.shipment_id,
                row.supplier_id,
                {UUID(sku): quantity for sku, quantity in row.quantities.items()},
                old[UUID(str(row.order_id))].placed_at + timedelta(hours=20),
            )
            for row in rows
        ]

    async def ship(db: AsyncSession, shipment: PastShipment) -> None:
        await _ship_and_deliver(db, shipment, lots if shipment.sent_at > now - SENT_OF_LOTS else {})

    await in_batches(logistics, waiting, ship, advance, size=10)


async def _ship_and_deliver(db: AsyncSession, shipment: PastShipment, lots: Mapping[UUID, str]) -> None:
    of_lots = {(sku_id, lots[sku_id]): count for sku_id, count in shipment.quantities.items() if sku_id in lots}
    waybill = f"SF{shipment.shipment_id.int % 10**12:012d}"
    await dispatch_actions.dispatch_shipment(
        db,
        shipment_id=shipment.shipment_id,
        caller=Caller(demo_id("person", "warehouse"), shipment.supplier_id, "supplier"),
        parcels=[PlannedParcel("sf-demo", waybill, shipment.quantities, of_lots)],
        now=shipment.sent_at,
        new_id=new_id,
    )
    said = SaidUpdate(
        index=0,
        waybill_number=waybill,
        repeat_key="",
        leg=None,
        status="",
        carrier_status="",
        occurred_at=shipment.sent_at,
        occurred_zone="Asia/Shanghai",
        is_zone_assumed=False,
        place=None,
        description=None,
        event_id=None,
    )
    updates = [
        replace(
            said,
            index=index,
            repeat_key=f"demo-{waybill}-{index}",
            status=status,
            carrier_status=status,
            occurred_at=shipment.sent_at + timedelta(hours=hours),
            description=words,
            event_id=f"demo-{waybill}-{index}",
        )
        for index, (status, hours, words) in enumerate(_STEPS)
    ]
    await tracking_actions.record_updates(
        db, carrier_code="sf-demo", updates=updates, now=shipment.sent_at + timedelta(hours=51), new_id=new_id
    )


async def _wait_for_shipments(logistics: Database, count: int, ids: set[UUID], advance: Advance) -> None:
    """Until logistics has made a shipment for each order, from the feed."""
    seen = 0
    while True:
        async with logistics.read() as db:
            found = await db.scalar(
                text("SELECT count(DISTINCT order_id) FROM shipments WHERE order_id = ANY(:ids)"), {"ids": list(ids)}
            )
        advance(found - seen)
        seen = found
        if found >= count:
            return
        await asyncio.sleep(0.2)
