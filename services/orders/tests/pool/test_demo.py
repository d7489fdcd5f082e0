"""The demo's joint purchases and absorptions go through the real actions, and loading them again adds nothing."""

from datetime import timedelta

from sqlalchemy import text

from deploy.demo.accounts import supplier_account
from deploy.demo.buying import load_buying
from deploy.demo.institutions import load_units
from deploy.demo.pooled import ABSORPTIONS, COUNT, load_pooled
from deploy.demo.tables import demo_id
from orders.love_purchase import actions as love_actions
from services.orders.tests.factories import listed_sku
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.ids import new_id

FIGURES = text("""
    SELECT (SELECT array_agg(status ORDER BY title) FROM joint_purchases), (SELECT count(*) FROM joint_shares),
           (SELECT array_agg(status ORDER BY reason) FROM absorptions), (SELECT count(*) FROM absorption_pledges),
           (SELECT count(*) FROM purchases WHERE way IN ('JOINT', 'ABSORPTION')),
           (SELECT count(*) FROM unit_orders WHERE way = 'JOINT')
""")


async def test_the_demos_pools_are_loaded_once(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        sold_since = now - timedelta(days=90)
        supplier_id = supplier_account("fuping-zaohua").organisation_id
        await listed_sku(db, supplier_id=supplier_id, stock=400, listed_at=sold_since)
        for each in ABSORPTIONS:
            sku = await listed_sku(db, sku_id=new_id(), stock=100, listed_at=sold_since)
            facts = {
                "sku_id": sku.sku_id, "reason": "滞销", "reason_en": "", "source": "", "target_count": 50,
                "closes_at": now + timedelta(days=20),
            }  # fmt: skip
            await love_actions.flag_harvest(
                db, love_purchase_id=demo_id("love", each.flag), facts=facts, caller=Caller(new_id(), kind="operator"),
                now=now,
            )  # fmt: skip
    await load_units(fresh_database, now=now, advance=lambda _: None)
    await load_buying(fresh_database, now=now, advance=lambda _: None)
    seen = []
    for _ in range(2):
        told: list[int] = []
        await load_pooled(fresh_database, now=now, advance=told.append)
        assert sum(told) == COUNT
        async with fresh_database.read() as db:
            seen.append(tuple((await db.execute(FIGURES)).one()))
    assert seen[0] == seen[1]
    joints, shares, absorptions, pledges, purchases, orders = seen[0]
    assert sorted(joints) == ["CANCELLED", "CLOSED", "DRAFT", "FAILED", "OFFERED", "OPEN", "ORDERED"]
    assert sorted(absorptions) == ["CLOSED", "PUBLISHED", "RESPONDING"]
    assert (shares, pledges, purchases, orders) == (7, 3, 7, 2)
