"""Shippers, transfers, write-offs and checks beside each other: no piece leaves twice, nobody waits in a circle."""

import asyncio
from datetime import timedelta
from uuid import UUID

from orders.stock import actions, queries
from orders.stock_check.jobs import check_stock
from services.orders.tests.factories import NOW, listed_sku, paid_order
from services.orders.tests.stock.shelving import TODAY, opened_site, received, rows
from shared.db import Database
from shared.errors import Conflict


async def test_no_piece_of_a_lot_is_taken_twice(fresh_database: Database):
    orders: list[UUID] = []
    async with fresh_database.begin() as db:
        one = await listed_sku(db)
        two = await listed_sku(db, supplier_id=one.supplier_id)
        far = await opened_site(db, one.supplier_id)
        for sku in (one, two):
            for number in range(10):
                until = TODAY + timedelta(days=number + 1)
                await received(db, sku.sku_id, 3, lot=f"L{number}", until=until, site_id=far if number % 2 else None)
        [(home,)] = await rows(db, "SELECT site_id FROM stock_sites WHERE is_default")
        for number in range(15):
            lines = [(one.sku_id, 2), (two.sku_id, 2)]
            draft, _ = await paid_order(db, *(lines if number % 2 else reversed(lines)))
            orders.append(draft.order_id)

    async def ship(order_id: UUID) -> None:
        async with fresh_database.begin() as db:
            await actions.ship_stock(db, holder_id=order_id, quantities={two.sku_id: 2, one.sku_id: 2}, now=NOW)

    async def move(number: int) -> str:
        sites = (home, far) if number % 2 else (far, home)
        try:
            async with fresh_database.begin() as db:
                await actions.transfer_stock(
                    db,
                    sku_id=(one if number % 3 else two).sku_id,
                    quantity=1,
                    from_site_id=sites[0],
                    to_site_id=sites[1],
                    reference="",
                    recorded_by=None,
                    now=NOW,
                )
        except Conflict as refusal:
            return refusal.code
        return "moved"

    moves = asyncio.gather(*(move(each) for each in range(12)))
    await asyncio.gather(*(ship(each) for each in orders), check_stock(fresh_database))
    assert set(await moves) <= {"moved", "place-short"}
    async with fresh_database.begin() as db:
        assert await queries.list_differences(db) == []
        assert await rows(db, "SELECT sum(on_hand)::int, min(on_hand) FROM stock_shelves") == [(0, 0)]
        sent = await rows(
            db,
            """SELECT DISTINCT sum(entry.quantity)::int FROM stock_ledger AS entry JOIN stock_lots USING (lot_id)
               WHERE kind = 'shipped' GROUP BY lot_id""",
        )
        assert sent == [(3,)]
        assert await rows(db, "SELECT count(*)::int FROM stock_findings") == [(0,)]
