"""The demo's orders on account are placed by the real actions, and checked once they have come."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from deploy.demo import unit_orders
from deploy.demo.accounts import FINANCE_OFFICE
from deploy.demo.institutions import load_units
from deploy.demo.tables import skus
from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.unit_order import queries
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database

STAGES = "SELECT array_agg(stage ORDER BY stage) FROM unit_orders"


async def test_the_demos_orders_on_account_go_their_way(fresh_database: Database) -> None:
    now = utc_now()
    assert FINANCE_OFFICE.regions
    await load_units(fresh_database, now=now, advance=lambda _: None)
    keys = {each.sku_key for each in unit_orders.ORDERS}
    async with fresh_database.begin() as db:
        for each in skus():
            if each.key in keys:
                await listed_sku(db, sku_id=each.sku_id, stock=500, price_valid_from=now - timedelta(days=400))
        for each in unit_orders.ORDERS:
            await unit_orders.place(db, each, now=now)
    for each in unit_orders.ORDERS:
        if each.reached not in {"delivered", "accepted", "disputed"}:
            continue
        async with fresh_database.begin() as db:  # in the demo logistics tells
            [own] = await queries.list_of_purchase(db, each.purchase_id)
            [part] = (await order_queries.lock_order(db, own.order_id))["parts"]
            [line] = part["lines"]
            step = {"order_id": own.order_id, "supplier_order_id": UUID(part["supplier_order_id"])}
            await order_actions.mark_shipped(
                db, **step, quantities={UUID(line["sku_id"]): line["quantity"]}, shipped_at=now
            )
            await order_actions.mark_delivered(db, **step, delivered_at=now)
            if each.reached != "delivered":
                await unit_orders.check(db, each, now=now)
                await unit_orders.check(db, each, now=now)
    async with fresh_database.read() as db:
        stages = await db.scalar(text(STAGES))
        assert stages == [
            *["ACCEPTED"] * 2,
            *["CONFIRMED"] * 2,
            "DELIVERED",
            *["PENDING_CONFIRM"] * 2,
            "REFUSED",
        ]
        assert await db.scalar(text("SELECT count(*) FROM disputes WHERE status = 'OPEN'")) == 1
