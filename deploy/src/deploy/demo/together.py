"""Group buys and love purchases of the demo: open ones, one that formed, one that failed, and harvests in search of
buyers. All invented; made by the actions of orders, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, OPERATOR, supplier_account
from deploy.demo.market import missing
from deploy.demo.paying import pay_order
from deploy.demo.tables import demo_id
from orders.group_buy import actions as group_buy_actions
from orders.love_purchase import actions as love_purchase_actions
from orders.order import actions as order_actions
from orders.order.rules import Address, Buyer, WantedLine
from shared.auth import Caller
from shared.clock import business_day, day_range
from shared.db import Database
from shared.ids import new_id

_WINDOW: Final = timedelta(minutes=30)
_TO: Final = Address("演示收货人", "13800000000", "110105", "演示路 1 号")
# What an earlier day gave back has arrived long since; the provider of the demo does not know these payments.
_ARRIVED: Final = text("""
    UPDATE refunds SET status = 'SUCCEEDED', succeeded_at = :now, provider_refund_id = 'demo'
    WHERE status = 'REQUESTED' AND payment_id IN (
        SELECT payment_id FROM payments JOIN group_buy_joins USING (order_id) WHERE group_buy_id = :group_buy_id
    )
""")


@dataclass(frozen=True)
class DemoGroup:
    """A group buy: opened so many days ago, ending in so many days, with orders of so many pieces that are paid. The
    first of them is the demo's consumer's if `is_hers`."""

    key: str
    supplier: str
    sku: str
    title: str
    title_en: str
    price_fen: int
    least: int
    most: int
    opened: int
    ends: int
    pieces: tuple[int, ...]
    is_hers: bool = False


@dataclass(frozen=True)
class DemoHarvest:
    """A harvest that is flagged, with orders of so many pieces that are paid."""

    key: str
    sku: str
    reason: str
    reason_en: str
    target: int
    days: int
    pieces: tuple[int, ...]


GROUPS: Final = (
    DemoGroup(
        "jujubes", "fuping-zaohua", "fuping-dazao-1000g-bag", "阜平大枣 邻里拼团", "Fuping jujubes with neighbours",
        1880, 20, 60, 2, 3, (3, 4, 2, 5, 4), is_hers=True,
    ),
    DemoGroup(
        "red-rice", "fangxian-shennong", "fangxian-red-rice-1000g-vacuum-pack", "冷水红米 食堂团",
        "Cold-spring red rice for canteens", 1380, 80, 300, 1, 9, (10, 6),
    ),
    DemoGroup(
        "honey", "fuping-zaohua", "fuping-zaohua-honey-500g-bottle", "枣花蜜 尝鲜团", "A first taste of jujube honey",
        2680, 10, 40, 4, 2, (2, 3, 4, 2, 1),
    ),
    DemoGroup(
        "wood-ear", "fangxian-shennong", "fangxian-wood-ear-250g-bag", "段木黑木耳 开春团", "Log-grown wood ear",
        2480, 30, 60, 7, -1, (2, 3, 1),
    ),
)  # fmt: skip
HARVESTS: Final = (
    DemoHarvest(
        "big-jujubes", "fuping-dazao-2500g-carton", "今年大枣增产三成，整箱的还压在库里。",
        "A third more jujubes than last year; whole cartons are still in store.", 300, 21, (12, 20, 6),
    ),
    DemoHarvest(
        "flower-shiitake", "fangxian-huagu-500g-gift-box", "礼盒订单取消，花菇要在春节前卖出去。",
        "Gift boxes whose orders were cancelled; they should be sold before the Spring Festival.", 150, 30, (8, 5),
    ),
    DemoHarvest(
        "white-fungus", "fangxian-yin-er-100g-bag", "银耳集中采收，收购商压价，合作社想直接卖给大家。",
        "All white fungus was picked at once and dealers pay little; the growers would rather sell it to you.",
        400, 14, (),
    ),
)  # fmt: skip
COUNT: Final = len(GROUPS) + len(HARVESTS)


async def load_together(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """One group or harvest a transaction; what is there already is left as it is."""
    ids = {demo_id("group", each.key): each for each in GROUPS}
    new = await missing(database, "group_buys", "group_buy_id", ids)
    for group_buy_id, group in ids.items():
        if group_buy_id in new:
            async with database.begin() as db:
                await _load_group(db, group_buy_id, group, now=now)
        advance(1)
    flags = {demo_id("love", each.key): each for each in HARVESTS}
    new = await missing(database, "love_purchases", "love_purchase_id", flags)
    for love_purchase_id, harvest in flags.items():
        if love_purchase_id in new:
            async with database.begin() as db:
                await _load_harvest(db, love_purchase_id, harvest, now=now)
        advance(1)


async def _load_group(db: AsyncSession, group_buy_id: UUID, group: DemoGroup, *, now: datetime) -> None:
    account = supplier_account(group.supplier)
    caller = Caller(account.person_id, account.organisation_id, "supplier", frozenset(account.roles))
    opened_at = now - timedelta(days=group.opened)
    closes_at = day_range(business_day(now) + timedelta(days=group.ends))[1]
    facts = {
        "sku_id": demo_id("sku", group.sku),
        "title": group.title,
        "title_en": group.title_en,
        "price_fen": group.price_fen,
        "min_count": group.least,
        "max_count": group.most,
        "person_cap": None,
        "closes_at": closes_at,
    }
    await group_buy_actions.create_group_buy(db, group_buy_id=group_buy_id, facts=facts, caller=caller, now=opened_at)
    await group_buy_actions.move_group_buy(
        db,
        group_buy_id=group_buy_id,
        verb="open",
        expected_revision=1,
        reason="",
        caller=caller,
        now=opened_at,
    )
    for number, pieces in enumerate(group.pieces):
        hers = CONSUMER.person_id if group.is_hers and not number else demo_id("neighbour", f"{group.key}-{number}")
        await _join(db, group_buy_id, Buyer(hers, "consumer"), pieces, at=opened_at + timedelta(hours=2 + number))
    if closes_at <= now:
        await group_buy_actions.fail_due(db, now=closes_at)
        await group_buy_actions.refund_ended(db, now=closes_at)
        await db.execute(_ARRIVED, {"group_buy_id": group_buy_id, "now": closes_at})
    await group_buy_actions.announce_formed(db, now=now)


async def _join(db: AsyncSession, group_buy_id: UUID, buyer: Buyer, pieces: int, *, at: datetime) -> None:
    wanted: dict[str, Any] = {
        "group_buy_id": group_buy_id,
        "quantity": pieces,
        "next_id": new_id,
        "buyer": buyer,
        "address": _TO,
        "note": "",
        "payment_window": _WINDOW,
    }
    quoted = await group_buy_actions.draft_join(db, **wanted, order_id=new_id(), now=at)
    placed = await group_buy_actions.join_group(
        db,
        **wanted,
        order_id=new_id(),
        now=at,
        seen_payable_fen=quoted.payable_fen,
        render=lambda _: b"{}",
        once=None,
    )
    await pay_order(db, placed.draft, payment_id=demo_id("payment", str(placed.draft.order_id)))


async def _load_harvest(db: AsyncSession, love_purchase_id: UUID, harvest: DemoHarvest, *, now: datetime) -> None:
    flagged_at = now - timedelta(days=3)
    facts = {
        "sku_id": demo_id("sku", harvest.sku),
        "reason": harvest.reason,
        "reason_en": harvest.reason_en,
        "source": f"供需登记 {business_day(now).year} 年（演示）",
        "target_count": harvest.target,
        "closes_at": day_range(business_day(now) + timedelta(days=harvest.days))[1],
    }
    caller = Caller(OPERATOR.person_id, OPERATOR.organisation_id, "operator", frozenset(OPERATOR.roles))
    await love_purchase_actions.flag_harvest(
        db, love_purchase_id=love_purchase_id, facts=facts, caller=caller, now=flagged_at
    )
    for number, pieces in enumerate(harvest.pieces):
        placed = await order_actions.place_order(
            db,
            order_id=new_id(),
            next_id=new_id,
            buyer=Buyer(demo_id("neighbour", f"{harvest.key}-{number}"), "consumer"),
            wanted=[WantedLine(demo_id("sku", harvest.sku), pieces)],
            address=_TO,
            note="",
            seen_payable_fen=None,
            now=flagged_at + timedelta(hours=3 * (number + 1)),
            payment_window=_WINDOW,
        )
        await pay_order(db, placed.draft, payment_id=demo_id("payment", str(placed.draft.order_id)))
