"""Donations of the demo: recipients of two counties, one gift that arrived and was thanked for, one on its way. All of
them are invented."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, OPERATOR
from deploy.demo.history import PastOrder, load_deliveries
from deploy.demo.market import missing
from deploy.demo.paying import pay_order
from deploy.demo.tables import demo_id
from logistics.dispatch import actions as dispatch_actions
from logistics.dispatch.rules import PlannedParcel
from orders.donation import actions, queries
from orders.order import actions as order_actions
from orders.order.rules import Address, Buyer, WantedLine
from shared.auth import Caller
from shared.db import Database
from shared.ids import new_id

_KEEPER: Final = Caller(OPERATOR.person_id, OPERATOR.organisation_id, "operator")
_BUYER: Final = Buyer(CONSUMER.person_id, "consumer")
_WINDOW: Final = timedelta(minutes=30)
_THANKS: Final = "东西都收到了，老人们当天就吃上了，谢谢您！"
_RECIPIENTS: Final[dict[str, dict[str, Any]]] = {
    "fangxian-home": {
        "kind": "WELFARE_HOME",
        "name": "房县演示福利院",
        "name_en": "Fangxian demo welfare home",
        "county_code": "420325",
        "contact": "演示收货人",
        "phone": "13800000000",
        "detail": "城关镇演示路 8 号",
        "purpose": "六十多位老人的厨房，缺干货和杂粮。",
        "purpose_en": "The kitchen of some sixty old people lacks dried goods and grains.",
    },
    "fuping-school": {
        "kind": "SCHOOL",
        "name": "阜平演示寄宿小学",
        "name_en": "Fuping demo boarding school",
        "county_code": "130624",
        "contact": "演示收货人",
        "phone": "13800000000",
        "detail": "天生桥镇演示路 3 号",
        "purpose": "住校孩子的加餐：鲜果、坚果和蜂蜜。",
        "purpose_en": "Snacks for boarders: fruit, nuts and honey.",
    },
    "fangxian-village": {
        "kind": "VILLAGE",
        "name": "房县演示村互助食堂",
        "name_en": "Fangxian demo village kitchen",
        "county_code": "420325",
        "contact": "演示收货人",
        "phone": "13800000000",
        "detail": "军店镇演示路 5 号",
        "purpose": "村里独居老人的午饭。",
        "purpose_en": "Lunch for old people of the village who live alone.",
    },
}
_UNVERIFIED: Final = frozenset({"fangxian-village"})
_GIFTS: Final = {  # to whom, how long ago, what is written
    "gift-arrived": ("fangxian-home", timedelta(days=6), "祝爷爷奶奶们身体健康。"),
    "gift-on-its-way": ("fuping-school", timedelta(hours=40), "好好吃饭，好好读书。"),
}
COUNT: Final = len(_RECIPIENTS) + 2 * len(_GIFTS)
_SKUS: Final = text("""
    SELECT sku_id FROM sellable_skus JOIN stock_levels USING (sku_id)
    WHERE is_listed AND available >= 30 AND price_valid_from <= :now AND price_valid_until IS NULL
      AND upper(temperature_class) = 'AMBIENT'
    ORDER BY price_fen, sku_id LIMIT 2
""")
_SHIPMENTS: Final = text("""
    SELECT shipment_id, supplier_id, (SELECT jsonb_object_agg(sku_id, quantity) FROM shipment_lines AS line
                                      WHERE line.shipment_id = shipments.shipment_id) AS quantities
    FROM shipments WHERE order_id = :order_id AND status = 'PENDING'
""")
_IS_COMPLETE: Final = text("SELECT status = 'COMPLETED' FROM orders WHERE order_id = :order_id")
_IS_THANKED: Final = text("SELECT thanked_at IS NOT NULL FROM donations WHERE order_id = :order_id")


async def load_gifts(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """Recipients, and paid orders that go to them; what is there already is left as it is."""
    ids = {demo_id("recipient", key): key for key in _RECIPIENTS}
    new = await missing(database, "donation_recipients", "recipient_id", ids)
    async with database.begin() as db:
        for recipient_id, key in ids.items():
            if recipient_id in new:
                await _add(db, recipient_id, key, now=now - timedelta(days=30))
            advance(1)
    unplaced = await missing(database, "orders", "order_id", [demo_id("order", key) for key in _GIFTS])
    for number, (key, (taker, ago, message)) in enumerate(_GIFTS.items()):
        if demo_id("order", key) in unplaced:
            async with database.begin() as db:
                sku_ids = list(await db.scalars(_SKUS, {"now": now - ago}))
                await _give(db, key, sku_ids[number % len(sku_ids)], taker=taker, message=message, now=now - ago)
        advance(1)


async def load_arrivals(
    orders: Database, logistics: Database, *, now: datetime, advance: Callable[[int], None]
) -> None:
    """Send both as their supplier does, deliver the older one, and thank for it once orders has heard of it."""
    gifts = [
        PastOrder(demo_id("order", key), _BUYER, (), _RECIPIENTS[taker]["county_code"], now - ago)
        for key, (taker, ago, _) in _GIFTS.items()
    ]
    await load_deliveries(logistics, gifts, now=now, advance=lambda _: None, lots={})
    arrived, under_way = gifts
    async with logistics.begin() as db:
        for row in (await db.execute(_SHIPMENTS, {"order_id": under_way.order_id})).all():
            pieces = {UUID(sku): quantity for sku, quantity in row.quantities.items()}
            await dispatch_actions.dispatch_shipment(
                db,
                shipment_id=row.shipment_id,
                caller=Caller(demo_id("person", "warehouse"), row.supplier_id, "supplier"),
                parcels=[PlannedParcel("sf-demo", f"SF{row.shipment_id.int % 10**12:012d}", pieces, {})],
                now=under_way.placed_at + timedelta(hours=20),
                new_id=new_id,
            )
    advance(1)
    while True:
        async with orders.read() as db:
            if await db.scalar(_IS_COMPLETE, {"order_id": arrived.order_id}):
                break
        await asyncio.sleep(0.2)
    async with orders.begin() as db:
        if not await db.scalar(_IS_THANKED, {"order_id": arrived.order_id}):
            await actions.give_thanks(
                db, order_id=arrived.order_id, thanks=_THANKS, caller=_KEEPER, now=now - timedelta(days=2)
            )
    advance(1)


async def _add(db: AsyncSession, recipient_id: UUID, key: str, *, now: datetime) -> None:
    facts = _RECIPIENTS[key] | {"organisation_id": None}
    await actions.propose_recipient(db, recipient_id=recipient_id, facts=facts, caller=_KEEPER, now=now)
    if key not in _UNVERIFIED:
        await actions.verify_recipient(
            db, recipient_id=recipient_id, expected_revision=1, reason="电话核实", caller=_KEEPER, now=now
        )


async def _give(db: AsyncSession, key: str, sku_id: UUID, *, taker: str, message: str, now: datetime) -> None:
    gift = await queries.get_open(db, demo_id("recipient", taker), message=message)
    placed = await order_actions.place_order(
        db,
        order_id=demo_id("order", key),
        next_id=new_id,
        buyer=_BUYER,
        wanted=[WantedLine(sku_id, 5)],
        address=Address(gift.contact, gift.phone, gift.county_code, gift.detail),
        note="",
        seen_payable_fen=None,
        now=now,
        payment_window=_WINDOW,
        gift=gift,
    )
    await pay_order(db, placed.draft, payment_id=demo_id("payment", key))
