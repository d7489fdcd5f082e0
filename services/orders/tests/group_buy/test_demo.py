"""The demo's group buys and love purchases: loaded once, with something of each kind to see, and the books balance."""

from deploy.demo.tables import demo_id, products, skus
from deploy.demo.together import COUNT, GROUPS, HARVESTS, load_together
from orders.stock import queries
from services.orders.tests.factories import listed_sku
from services.orders.tests.stock.shelving import rows
from shared.clock import utc_now
from shared.db import Database


async def test_groups_and_harvests_of_every_kind_are_there(fresh_database: Database):
    wanted = {each.sku for each in (*GROUPS, *HARVESTS)}
    makers = {each.key: each for each in products()}
    async with fresh_database.begin() as db:
        for pack in skus():
            if pack.key in wanted:
                await listed_sku(
                    db,
                    stock=pack.initial_stock,
                    sku_id=pack.sku_id,
                    supplier_id=demo_id("supplier", makers[pack.product_key].supplier_key),
                    price_fen=pack.price_fen,
                )
    now = utc_now()
    for _ in range(2):
        advanced: list[int] = []
        await load_together(fresh_database, now=now, advance=advanced.append)
        assert sum(advanced) == COUNT
    async with fresh_database.begin() as db:
        assert await queries.list_differences(db) == []
        found = await rows(db, "SELECT status, paid_count, min_count FROM group_buys ORDER BY status, paid_count")
        assert found == [("FAILED", 0, 30), ("FORMED", 12, 10), ("OPEN", 16, 80), ("OPEN", 18, 20)]
        assert await rows(db, "SELECT DISTINCT status FROM refunds") == [("SUCCEEDED",)]
        assert await rows(db, "SELECT absorbed_count FROM love_purchases ORDER BY 1") == [(0,), (13,), (38,)]
        untold = "SELECT count(*)::int FROM group_buys JOIN group_buy_joins AS j USING (group_buy_id)"
        assert await rows(db, f"{untold} WHERE group_buys.status = 'FORMED' AND NOT j.is_announced") == [(0,)]
