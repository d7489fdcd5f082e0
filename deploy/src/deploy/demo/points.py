"""Love-card points of the demo: earned by what was delivered; here one order spends some, one gave some back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER
from deploy.demo.market import missing
from deploy.demo.paying import pay_order
from deploy.demo.tables import demo_id
from orders.order import actions as order_actions
from orders.order.rules import Address, Buyer, WantedLine
from orders.point import actions, queries
from shared.auth import Caller
from shared.db import Database
from shared.ids import new_id

_WINDOW: Final = timedelta(minutes=30)
_AGO: Final = {"points-given-back": timedelta(days=3), "points-spent": timedelta(hours=20)}
_MOST: Final = 1000
_A_SKU: Final = text("""
    SELECT sku_id FROM sellable_skus JOIN stock_levels USING (sku_id)
    WHERE is_listed AND available >= 20 AND price_fen >= 3000 AND price_valid_until IS NULL
      AND upper(temperature_class) = 'AMBIENT'
    ORDER BY price_fen DESC, sku_id LIMIT 1
""")


async def load_points(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """What is there already is left as it is. The ends that are near are announced."""
    new = await missing(database, "orders", "order_id", [demo_id("order", key) for key in _AGO])
    for key, ago in _AGO.items():
        if demo_id("order", key) in new:
            async with database.begin() as db:
                await _buy(db, key, now=now - ago)
        advance(1)
    async with database.begin() as db:
        await actions.announce_expiring(db, now=now)
    advance(1)


COUNT: Final = len(_AGO) + 1


async def _buy(db: AsyncSession, key: str, *, now: datetime) -> None:
    """An order of the demo's consumer: she spends half of the points that end first, ten yuan's worth at most."""
    sku_id: UUID | None = await db.scalar(_A_SKU)
    lots = await queries.list_lots(db, CONSUMER.person_id, now=now)
    if sku_id is None or not lots:
        return
    placed = await order_actions.place_order(
        db,
        order_id=demo_id("order", key),
        next_id=new_id,
        buyer=Buyer(CONSUMER.person_id, "consumer"),
        wanted=[WantedLine(sku_id, 1)],
        address=Address("演示收货人", "13800000000", "110105", "演示路 1 号"),
        note="",
        seen_payable_fen=None,
        now=now,
        payment_window=_WINDOW,
        use_points=min(lots[0].points // 2, _MOST),
    )
    if key == "points-given-back":
        await order_actions.cancel_order(
            db,
            order_id=placed.draft.order_id,
            reason="想换一个规格",
            caller=Caller(CONSUMER.person_id),
            now=now + timedelta(minutes=9),
        )
        return
    await pay_order(db, placed.draft, payment_id=demo_id("payment", key))
