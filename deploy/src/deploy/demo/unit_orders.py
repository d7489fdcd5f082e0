"""Orders on account of the demo's school, as far as its supplier and its people have come with each: to be confirmed,
late, to be sent, on its way, to be checked, checked, disputed, refused. All invented; made by the actions, once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import UNIT_ACCOUNTS
from deploy.demo.history import PastOrder, load_deliveries
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import COUNTY
from logistics.dispatch import actions as dispatch_actions
from logistics.dispatch.rules import PlannedParcel
from orders.acceptance import actions as acceptance_actions
from orders.acceptance import queries as acceptance_queries
from orders.acceptance.actions import Check
from orders.acceptance.rules import CheckedLine
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.budget import actions as budget_actions
from orders.dispute import actions as dispute_actions
from orders.order.rules import Address, Buyer
from orders.purchase import actions as purchase_actions
from orders.purchase import ordering
from orders.purchase.rules import PurchaseLine
from orders.sku import queries as sku_queries
from orders.unit_order import actions
from orders.unit_order import queries as unit_order_queries
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database
from shared.ids import new_id


@dataclass(frozen=True)
class Ordered:
    """An order: how long ago, of how many pieces of which SKU, and how far it came."""

    key: str
    title: str
    sku_key: str
    pieces: int
    ago: timedelta
    reached: str

    @property
    def purchase_id(self) -> UUID:
        """Its purchase's id."""
        return demo_id("purchase", f"unit-order-{self.key}")


ORDERS: Final = (
    Ordered("new", "食堂红枣补货", "fuping-dazao-1000g-bag", 20, timedelta(hours=5), "placed"),
    Ordered("late", "食堂红枣粥用料", "fuping-dazao-500g-bag", 30, timedelta(days=9), "placed"),
    Ordered("unsent", "运动会加餐红枣", "fuping-dazao-1000g-bag", 15, timedelta(days=1), "confirmed"),
    Ordered("sent", "十二月红枣", "fuping-dazao-2500g-carton", 8, timedelta(days=2), "sent"),
    Ordered("there", "十一月红枣", "fuping-dazao-2500g-carton", 12, timedelta(days=5), "delivered"),
    Ordered("checked", "期中加餐红枣", "fuping-dazao-1000g-bag", 25, timedelta(days=8), "accepted"),
    Ordered("disputed", "秋游红枣小袋", "fuping-dazao-500g-bag", 40, timedelta(days=10), "disputed"),
    Ordered("refused", "国庆红枣礼盒", "fuping-dazao-2500g-carton", 5, timedelta(days=30), "refused"),
)
_ARRIVED: Final = frozenset({"delivered", "accepted", "disputed"})
_MISSING: Final = 2
_WAITING: Final = text("""
    SELECT shipment_id, supplier_id, (SELECT jsonb_object_agg(sku_id, quantity) FROM shipment_lines AS line
                                      WHERE line.shipment_id = shipments.shipment_id) AS quantities
    FROM shipments WHERE order_id = :order_id AND status = 'PENDING'
""")
_UNCHECKED: Final = text("""
    SELECT count(*) FROM unit_orders WHERE order_id = ANY(:order_ids) AND stage IN ('CONFIRMED', 'SHIPPED')
""")
_ADDRESS: Final = Address("食堂管理员", "0717-3810001", COUNTY, "鸣凤镇示范路 1 号学校食堂")


def _person(key: str) -> Caller:
    account = UNIT_ACCOUNTS[key]
    return Caller(account.person_id, account.organisation_id, "institution", frozenset(account.roles))


_HANDLER: Final = _person("canteen")


async def load_unit_orders(
    orders: Database, logistics: Database, *, now: datetime, advance: Callable[[int], None]
) -> None:
    """Buy, confirm, send, check; what is there already is left as it is."""
    new = await missing(orders, "purchases", "purchase_id", [each.purchase_id for each in ORDERS])
    for each in ORDERS:
        if each.purchase_id in new:
            async with orders.begin() as db:
                await place(db, each, now=now)
        advance(1)
    await _send(orders, logistics, now=now)
    for each in ORDERS:
        if each.reached in {"accepted", "disputed"}:
            async with orders.begin() as db:
                await check(db, each, now=now)


async def place(db: AsyncSession, each: Ordered, *, now: datetime) -> None:
    """A purchase, approved and ordered, and what its supplier said to it."""
    at, unit_id, head = now - each.ago, demo_id("unit", "canteen"), _person("canteen-head")
    purchase = await purchase_actions.draft_purchase(
        db,
        purchase_id=each.purchase_id,
        unit_id=unit_id,
        way="DIRECT",
        fund="CANTEEN",
        lines=[PurchaseLine(demo_id("sku", each.sku_key), each.pieces)],
        title=each.title,
        caller_id=_HANDLER.person_id,
        address=_ADDRESS,
        now=at,
    )
    await budget_actions.grant(
        db,
        unit_id=unit_id,
        year=business_day(at).year,
        fund="CANTEEN",
        amount_fen=purchase.total_fen,
        entry_id=demo_id("budget-entry", f"unit-order-{each.key}"),
        reason="追加",
        by=head.person_id,
        now=at,
    )
    await purchase_actions.submit_purchase(
        db,
        purchase_id=each.purchase_id,
        expected_revision=None,
        case_id=new_id(),
        by=_HANDLER.person_id,
        now=at,
    )
    await _approve(db, each.purchase_id, now=at)
    await ordering.order_purchase(
        db, purchase_id=each.purchase_id, expected_revision=None, by=_HANDLER.person_id, now=at
    )
    [own] = await unit_order_queries.list_of_purchase(db, each.purchase_id)
    sold = await sku_queries.list_for_sale(db, [demo_id("sku", each.sku_key)])
    seller = Caller(
        demo_id("person", "order-desk"),
        sold[demo_id("sku", each.sku_key)].supplier_id,
        "supplier",
        frozenset({"sales"}),
    )
    answered_at = at + timedelta(hours=3)
    if each.reached == "refused":
        await actions.refuse_order(db, order_id=own.order_id, reason="礼盒包装断货", caller=seller, now=answered_at)
    elif each.reached != "placed":
        await actions.confirm_order(db, order_id=own.order_id, caller=seller, now=answered_at)


async def _approve(db: AsyncSession, purchase_id: UUID, *, now: datetime) -> None:
    for key in ("canteen-head", "canteen-finance"):
        found = await approval_queries.list_cases_of(db, purchase_id)
        if found and found[0].status == "PENDING":
            await deciding.decide(
                db,
                case_id=found[0].case_id,
                verdict="APPROVE",
                reason="按食堂计划采购，同意",
                expected_revision=found[0].revision,
                caller=_person(key),
                now=now,
            )


async def _orders_of(orders: Database, reached: Sequence[str]) -> list[tuple[Ordered, UUID]]:
    async with orders.read() as db:
        return [
            (each, own.order_id)
            for each in ORDERS
            if each.reached in reached
            for own in await unit_order_queries.list_of_purchase(db, each.purchase_id)
        ]


async def _send(orders: Database, logistics: Database, *, now: datetime) -> None:
    """What arrived is sent and brought as all the demo's past is; one more only left. Then orders hears of it."""
    buyer = Buyer(_HANDLER.person_id, "institution", _HANDLER.organisation_id)
    brought = await _orders_of(orders, sorted(_ARRIVED))
    under_way = await _orders_of(orders, ["sent"])
    past = [PastOrder(order_id, buyer, (), COUNTY, now - each.ago) for each, order_id in [*brought, *under_way]]
    await load_deliveries(logistics, past, now=now, advance=lambda _: None, lots={})
    for each, order_id in under_way:
        async with logistics.begin() as db:
            for row in (await db.execute(_WAITING, {"order_id": order_id})).all():
                pieces = {UUID(sku): quantity for sku, quantity in row.quantities.items()}
                await dispatch_actions.dispatch_shipment(
                    db,
                    shipment_id=row.shipment_id,
                    caller=Caller(demo_id("person", "warehouse"), row.supplier_id, "supplier"),
                    parcels=[PlannedParcel("sf-demo", f"SF{row.shipment_id.int % 10**12:012d}", pieces, {})],
                    now=now - each.ago + timedelta(hours=20),
                    new_id=new_id,
                )
    while True:
        async with orders.read() as db:
            if not await db.scalar(_UNCHECKED, {"order_ids": [order_id for _, order_id in brought]}):
                return
        await asyncio.sleep(0.2)


async def check(db: AsyncSession, each: Ordered, *, now: datetime) -> None:
    """The handler checked the goods; of one the pieces did not add up, and the supplier does not agree."""
    [own] = await unit_order_queries.list_of_purchase(db, each.purchase_id)
    if own.stage != "DELIVERED":
        return
    is_short = each.reached == "disputed"
    lines = [
        CheckedLine(
            line.line_id,
            line.sent_count - (_MISSING if is_short else 0),
            missing_count=_MISSING if is_short else 0,
            note="清点少两件" if is_short else "",
        )
        for line in await acceptance_queries.list_sent_lines(db, own.order_id)
    ]
    await acceptance_actions.accept_goods(
        db, order_id=own.order_id, check=Check(lines, "GOOD", is_origin_right=True), caller=_HANDLER, now=now
    )
    if is_short:
        seen = await unit_order_queries.get_seen(db, own.order_id, _HANDLER)
        seller = Caller(demo_id("person", "order-desk"), seen.supplier_id, "supplier", frozenset({"sales"}))
        await dispute_actions.open_dispute(
            db,
            dispute_id=demo_id("dispute", each.key),
            order_id=own.order_id,
            reason="发货时装箱有录像，四十件齐全，请核实。",
            caller=seller,
            now=now,
        )
