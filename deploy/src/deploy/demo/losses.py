"""Parcels of the demo that do not arrive: one paid back, of which the carrier bears eighty per cent; one sent again;
one that its buyer misses and nobody has answered yet. All invented; made by the actions, once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, SERVICE
from deploy.demo.market import missing
from deploy.demo.paying import pay_order
from deploy.demo.tables import demo_id
from logistics.dispatch import actions as dispatch_actions
from logistics.dispatch.rules import PlannedParcel
from logistics.loss import actions as logistics_loss
from orders.loss import actions as loss_actions
from orders.loss import queries as loss_queries
from orders.order import actions as order_actions
from orders.order.rules import Address, Buyer, WantedLine
from shared.auth import Caller
from shared.db import Database
from shared.ids import new_id


@dataclass(frozen=True)
class Astray:
    """An order whose parcel does not arrive: how long ago it was bought, of which SKU, and what becomes of it."""

    key: str
    sku_key: str
    ago: timedelta
    remedy: Literal["refund", "send_again"] | None
    evidence: str

    @property
    def order_id(self) -> UUID:
        """Its order's id."""
        return demo_id("order", f"astray-{self.key}")


_ASTRAY: Final = (
    Astray("refunded", "fuping-dazao-1000g-bag", timedelta(days=16), "refund", "承运商书面确认：分拨中心遗失"),
    Astray("again", "fuping-dazao-500g-bag", timedelta(days=14), "send_again", "物流停滞十天，查件无果"),
    Astray("missed", "fuping-dazao-500g-bag", timedelta(days=20), None, "快递说放在门口，没有看到"),
)
COUNT: Final = 2 * len(_ASTRAY)
_AGENT: Final = Caller(SERVICE.person_id, SERVICE.organisation_id, "operator", frozenset(SERVICE.roles))
_BUYER: Final = Caller(CONSUMER.person_id, CONSUMER.organisation_id, CONSUMER.kind, frozenset(CONSUMER.roles))
_TO: Final = Address("演示收货人", "13800000000", "110105", "演示路 1 号")
_CARRIER_BP: Final = 8_000
_SHIPMENT: Final = text("""
    SELECT shipment_id, supplier_id, status, (SELECT jsonb_object_agg(sku_id, quantity) FROM shipment_lines AS line
                                              WHERE line.shipment_id = shipments.shipment_id) AS quantities
    FROM shipments WHERE order_id = :order_id AND exchange_id IS NULL
""")
_SENT_PART: Final = text("""
    SELECT supplier_order_id FROM supplier_orders WHERE order_id = :order_id AND fulfilment = 'SHIPPED'
""")


async def load_sent(orders: Database, logistics: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Bought, paid, and left; what is there already is left as it is."""
    new = await missing(orders, "orders", "order_id", [each.order_id for each in _ASTRAY])
    for each in _ASTRAY:
        if each.order_id in new:
            async with orders.begin() as db:
                await _buy(db, each, now=now - each.ago)
        await _send(logistics, each, now=now - each.ago + timedelta(hours=20))
        advance(1)


async def load_losses(orders: Database, logistics: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """What became of them, once the cashier knows their payments."""
    for each in _ASTRAY:
        if each.remedy is None:
            await _miss(orders, each, now=now - timedelta(hours=7))
        else:
            await _lose(orders, logistics, each, each.remedy, now=now - timedelta(days=2))
        advance(1)


async def _buy(db: AsyncSession, each: Astray, *, now: datetime) -> None:
    placed = await order_actions.place_order(
        db,
        order_id=each.order_id,
        next_id=new_id,
        buyer=Buyer(CONSUMER.person_id, "consumer"),
        wanted=[WantedLine(demo_id("sku", each.sku_key), 2)],
        address=_TO,
        note="",
        seen_payable_fen=None,
        now=now,
        payment_window=timedelta(minutes=30),
    )
    await pay_order(db, placed.draft, payment_id=demo_id("payment", f"astray-{each.key}"))


async def _send(logistics: Database, each: Astray, *, now: datetime) -> None:
    while True:
        async with logistics.begin() as db:
            row = (await db.execute(_SHIPMENT, {"order_id": each.order_id})).one_or_none()
            if row is not None:
                break
        await asyncio.sleep(0.2)
    if row.status != "PENDING":
        return
    async with logistics.begin() as db:
        await dispatch_actions.dispatch_shipment(
            db,
            shipment_id=row.shipment_id,
            caller=Caller(demo_id("person", "warehouse"), row.supplier_id, "supplier"),
            parcels=[
                PlannedParcel(
                    "sf-demo",
                    f"SF{row.shipment_id.int % 10**12:012d}",
                    {UUID(sku): quantity for sku, quantity in row.quantities.items()},
                    {},
                )
            ],
            now=now,
            new_id=new_id,
        )


async def _lose(
    orders: Database,
    logistics: Database,
    each: Astray,
    remedy: Literal["refund", "send_again"],
    *,
    now: datetime,
) -> None:
    loss_id = demo_id("loss", each.key)
    await _until_sent(orders, each)
    async with logistics.begin() as db:
        row = (await db.execute(_SHIPMENT, {"order_id": each.order_id})).one()
        if row.status != "LOST":
            await logistics_loss.declare_lost(
                db,
                loss_id=loss_id,
                shipment_id=row.shipment_id,
                parcel_ids=[],
                remedy=remedy,
                evidence=each.evidence,
                caller=_AGENT,
                now=now,
            )
    if remedy == "send_again":
        return
    while True:
        async with orders.read() as db:
            if await loss_queries.is_known(db, loss_id):
                break
        await asyncio.sleep(0.2)
    async with orders.begin() as db:
        found = await loss_queries.lock_loss(db, loss_id)
        if found.carrier_bp != _CARRIER_BP:
            await loss_actions.decide_share(
                db,
                loss_id=loss_id,
                carrier_bp=_CARRIER_BP,
                reason="运输合同约定承运商赔八成，其余商家承担",
                expected_revision=found.revision,
                caller=_AGENT,
                now=now + timedelta(hours=5),
            )


async def _miss(orders: Database, each: Astray, *, now: datetime) -> None:
    await _until_sent(orders, each)
    async with orders.begin() as db:
        part_id = await db.scalar(_SENT_PART, {"order_id": each.order_id})
        if part_id is not None and await loss_queries.find_report(db, part_id) is None:
            await loss_actions.report_missing(
                db, order_id=each.order_id, supplier_order_id=part_id, note=each.evidence, caller=_BUYER, now=now
            )


async def _until_sent(orders: Database, each: Astray) -> None:
    """Until orders has heard that the parcel left, which it does once."""
    sent = text("SELECT EXISTS (SELECT FROM supplier_orders WHERE order_id = :id AND shipped_at IS NOT NULL)")
    while True:
        async with orders.read() as db:
            if await db.scalar(sent, {"id": each.order_id}):
                return
        await asyncio.sleep(0.2)
