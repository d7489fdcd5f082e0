"""Feeds read again, twice, or from the beginning by new consumers change nothing that anybody sees."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from shared.clock import utc_now
from shared.consumer import Consumer, LockedElsewhere
from tests.e2e.house import House, Room
from tests.e2e.market import Headers, Market, Pack

ORDERS = ("sellable_skus", "stock_levels", "stock_ledger", "stock_holds", "orders", "supplier_orders", "order_changes")
LOGISTICS = ("shipments", "shipment_lines", "parcels", "outbox")
FACTS = ("sold_lines", "names", "cancelled_orders")


MOVE_BACK = text("UPDATE event_cursors SET cursor = :cursor WHERE consumer = :consumer")


def rooms(house: House) -> list[Room]:
    """Those that listen."""
    return [room for room in house.rooms.values() if room.app.state.service.subscriptions is not None]


async def once(consumer: Consumer) -> None:
    """One batch, unless another replica is at it."""
    try:
        await consumer.step(wait_seconds=0)
    except LockedElsewhere:
        return


async def everything(house: House) -> dict[str, list[Any]]:
    """All that the feeds ever wrote, and what was announced because of it."""
    found: dict[str, list[Any]] = {}
    for service, tables in (("orders", (*ORDERS, "outbox")), ("logistics", LOGISTICS)):
        for table in tables:
            rows = await house[service].rows(f"SELECT row_to_json({table})::text AS row FROM {table}")  # noqa: S608
            found[f"{service}.{table}"] = sorted(row["row"] for row in rows)
    warehouse = house["analytics"].app.state.figures.warehouse
    for table in FACTS:
        found[table] = sorted(map(str, await warehouse.read(f"SELECT * FROM {table} FINAL")))  # noqa: S608
    return found


async def trade(house: House, market: Market) -> tuple[Headers, list[Pack]]:
    """A delivered order of two suppliers, a cancelled one, one paid and cancelled, one delisted pack."""
    buyer, carrier = market.as_caller(person_id=uuid4()), await market.carrier()
    packs = [await market.pack(await market.supplier()), await market.pack(await market.supplier())]
    order = await market.buy(buyer, (packs[0], 2), (packs[1], 1))
    for _ in range(2):
        unwanted = await market.order(buyer, (packs[0], 1))
        path = f"/v1/orders/{unwanted['order_id']}/cancel"
        await market.must("orders", "POST", path, buyer, body={"reason": "changed my mind"})
    void = await market.buy(buyer, (packs[1], 3))
    await market.must("orders", "POST", f"/v1/orders/{void['order_id']}/cancel", buyer, body={"reason": "too many"})
    await house.drain()
    for shipment in await market.shipments(buyer, order):
        waybill_number = await market.dispatch(carrier, shipment)
        await market.track(carrier, waybill_number, ("DELIVERED", utc_now() - timedelta(minutes=1)))
    own = market.of_supplier(packs[0].supplier_id)
    await market.must("catalog", "POST", f"/v1/skus/{packs[0].sku_id}/delist", own, body={"reason": "sold out"})
    await house.drain()
    return buyer, packs


async def test_all_feeds_read_again_from_the_beginning_leave_every_figure_as_it_was(house: House, market: Market):
    _, packs = await trade(house, market)
    before = await everything(house)
    only = {"supplier": [pack.supplier_id for pack in packs]}
    figures = await market.figures(market.analyst, "sales_fen", "orders", "buyers", by=["product"], filters=only)
    assert (figures["totals"]["sales_fen"], figures["totals"]["orders"]) == (3 * 3980, 1)

    await house.rewind()
    assert await house.drain() > len(packs)

    after = await everything(house)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    again = await market.figures(market.analyst, "sales_fen", "orders", "buyers", by=["product"], filters=only)
    assert (again["rows"], again["totals"]) == (figures["rows"], figures["totals"])
    await market.ensure_books_agree()


async def test_every_batch_applied_twice_by_consumers_that_are_restarted_counts_once(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=700, stock=20)
    orders = [await market.buy(buyer, (pack, 1)) for _ in range(3)]
    cursors = {room.name: await room.rows("SELECT consumer, cursor FROM event_cursors") for room in rooms(house)}
    for _ in range(3):  # each round as after a crash: what was applied is fetched once more by somebody new
        for room in rooms(house):
            for row in cursors[room.name]:
                async with room.database.begin() as db:
                    await db.execute(MOVE_BACK, row)
        for consumer in house.consumers():
            await once(consumer)
    await house.drain()
    shipments = [await market.shipments(buyer, order) for order in orders]
    assert [len(each) for each in shipments] == [1, 1, 1]
    told = await market.figures(
        market.analyst, "sales_fen", "orders", "quantity", filters={"supplier": [pack.supplier_id]}
    )
    assert told["totals"] == {"sales_fen": 2100, "orders": 3, "quantity": 3}
    assert await market.stock(pack) == {"on_hand": 20, "held": 3, "available": 17}
    await market.ensure_books_agree()


async def test_two_replicas_of_every_consumer_side_by_side_apply_each_event_once(house: House, market: Market):
    buyer = market.as_caller()
    pack = await market.pack(await market.supplier(), price_fen=900, stock=20)
    orders = [await market.buy(buyer, (pack, 2)) for _ in range(4)]
    async with asyncio.TaskGroup() as replicas:
        for consumer in [*house.consumers(), *house.consumers(), *house.consumers()]:
            replicas.create_task(once(consumer))
    await house.drain()
    assert [len(await market.shipments(buyer, order)) for order in orders] == [1, 1, 1, 1]
    told = await market.figures(market.analyst, "sales_fen", "quantity", filters={"supplier": [pack.supplier_id]})
    assert told["totals"] == {"sales_fen": 7200, "quantity": 8}
    await market.ensure_books_agree()
