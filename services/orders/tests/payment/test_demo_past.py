"""The demo's past was paid at no cashier; told of it, the practice cashier gives it back as any other."""

import asyncio

from sqlalchemy import text

from deploy.demo.cashbook import load_cashbook
from deploy.payment_sandbox.process import RunningSandbox
from orders.payment import actions
from orders.payment.channels import Channels
from services.orders.tests.factories import listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from shared.clock import utc_now
from shared.db import Database


async def test_what_the_past_paid_is_given_back(fresh_database: Database, sandbox: RunningSandbox, channels: Channels):
    async with fresh_database.begin() as db:
        sku = await listed_sku(db, stock=1, price_fen=8000)
        draft = await placed_order(db, (sku.sku_id, 1))
        await captured_payment(db, order_id=draft.order_id, payable_fen=8000, buyer_id=draft.buyer.person_id)
        await db.execute(text("UPDATE payments SET transaction_id = 'demo-' || order_id"))
    entered: list[int] = []
    for _ in range(2):
        await load_cashbook(fresh_database, {"ORDERS_PAYMENT_SANDBOX_URL": sandbox.url}, advance=entered.append)
    assert entered == [1, 1]
    async with fresh_database.begin() as db:
        await actions.request_refund(db, order_id=draft.order_id, amount_fen=3000, reason="claim", now=utc_now())
        refund_id = await db.scalar(text("SELECT refund_id FROM refunds"))
    for _ in range(100):
        await actions.send_refund(fresh_database, channels, refund_id, now=utc_now())
        async with fresh_database.read() as db:
            status = await db.scalar(text("SELECT status FROM refunds"))
            alarms = await db.scalar(text("SELECT count(*) FROM payments WHERE alarm IS NOT NULL"))
        if status == "SUCCEEDED":
            break
        await asyncio.sleep(0.05)
    assert (status, alarms) == ("SUCCEEDED", 0)
