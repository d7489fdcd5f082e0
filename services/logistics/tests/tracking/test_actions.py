"""Tracking on real PostgreSQL: parcels of one shipment, and pushes at the same moment."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.tracking import actions
from logistics.tracking.actions import Heard, SaidUpdate
from services.logistics.tests.factories import CARRIER, Way, on_its_way, said, with_carrier
from shared.db import Database
from shared.events.logistics import ParcelsArrived, ShipmentDelivered
from shared.ids import new_id
from shared.testing import NOW, published


async def hear(db: AsyncSession, *updates: SaidUpdate) -> Heard:
    return await actions.record_updates(db, carrier_code=CARRIER, updates=updates, now=NOW, new_id=new_id)


async def states(db: AsyncSession, way: Way) -> list[str]:
    rows = await db.execute(text("SELECT waybill_number, status FROM parcels"))
    by_waybill = {row.waybill_number: row.status for row in rows}
    return [by_waybill[each] for each in way.waybills]


@pytest.fixture
async def way(db: AsyncSession) -> Way:
    await with_carrier(db)
    return await on_its_way(db, parcels=2)


async def test_a_shipment_is_delivered_with_its_last_parcel_and_says_so_once(db: AsyncSession, way: Way):
    first, second = way.waybills
    await hear(db, said(second, "DELIVERED", NOW + timedelta(hours=6)))
    assert await published(db, ShipmentDelivered) == []
    await hear(db, said(first, "DELIVERED", NOW + timedelta(hours=5)))
    await hear(db, said(first, "DELIVERED", NOW + timedelta(hours=7)), said(second, "IN_TRANSIT", NOW))
    (event,) = await published(db, ShipmentDelivered)
    assert isinstance(event, ShipmentDelivered)
    assert (event.shipment_id, event.delivered_at) == (way.shipment_id, NOW + timedelta(hours=6))


async def some_arrived(db: AsyncSession) -> list[tuple[tuple[str, ...], int, int, bool]]:
    return [
        (each.waybill_numbers, each.arrived_count, each.parcel_count, each.is_all_sent)
        for each in await published(db, ParcelsArrived)
        if isinstance(each, ParcelsArrived)
    ]


async def test_of_three_parcels_each_arrival_is_told_once_whatever_is_pushed_again(db: AsyncSession):
    await with_carrier(db)
    first, second, third = (await on_its_way(db, parcels=3)).waybills
    arrival = said(second, "DELIVERED", NOW + timedelta(hours=6))
    await hear(db, arrival)
    await hear(db, said(second, "IN_TRANSIT", NOW + timedelta(hours=1)), said(first, "PICKED_UP", NOW))
    await hear(db, arrival, said(second, "DELIVERED", NOW + timedelta(hours=5)))
    assert await some_arrived(db) == [((second,), 1, 3, True)]
    await hear(db, said(first, "DELIVERED", NOW + timedelta(hours=4)), arrival)
    assert await some_arrived(db) == [((second,), 1, 3, True), ((first,), 2, 3, True)]
    assert await published(db, ShipmentDelivered) == []
    for hours in (8, 7):
        await hear(db, said(third, "DELIVERED", NOW + timedelta(hours=hours)), arrival)
    assert len(await some_arrived(db)) == 2, "the last is told as the whole shipment"
    assert len(await published(db, ShipmentDelivered)) == 1


async def test_two_of_three_that_arrive_in_one_push_are_told_together(db: AsyncSession):
    await with_carrier(db)
    first, second, _ = (await on_its_way(db, parcels=3)).waybills
    await hear(db, *(said(each, "DELIVERED", NOW + timedelta(hours=6)) for each in (second, first)))
    assert await some_arrived(db) == [(tuple(sorted((first, second))), 2, 3, True)]


async def test_a_shipment_of_one_parcel_is_told_by_its_delivery_alone(db: AsyncSession):
    await with_carrier(db)
    only = (await on_its_way(db, parcels=1)).waybill
    await hear(db, said(only, "DELIVERED", NOW + timedelta(hours=6)))
    assert (await some_arrived(db), len(await published(db, ShipmentDelivered))) == ([], 1)


async def test_what_arrives_before_all_has_left_is_told_as_such(db: AsyncSession):
    await with_carrier(db)
    way = await on_its_way(db, parcels=1)
    await db.execute(text("UPDATE shipments SET status = 'PENDING', dispatched_at = NULL"))
    for _ in range(2):
        await hear(db, said(way.waybill, "DELIVERED", NOW + timedelta(hours=6)))
    assert await some_arrived(db) == [((way.waybill,), 1, 1, False)]
    assert await published(db, ShipmentDelivered) == []


async def test_the_second_parcels_news_do_not_touch_the_first(db: AsyncSession, way: Way):
    first, second = way.waybills
    await hear(db, said(first, "OUT_FOR_DELIVERY", NOW + timedelta(hours=2)))
    await hear(db, said(second, "PICKED_UP", NOW + timedelta(hours=3)))
    assert await states(db, way) == ["OUT_FOR_DELIVERY", "PICKED_UP"]
    assert await db.scalar(text("SELECT count(*) FROM tracking_updates")) == 2


async def test_a_late_update_is_kept_though_the_parcel_stays_delivered(db: AsyncSession, way: Way):
    first = way.waybill
    await hear(db, said(first, "DELIVERED", NOW + timedelta(hours=5)))
    assert await hear(db, said(first, "IN_TRANSIT", NOW + timedelta(hours=1))) == Heard(1, 0, ())
    assert (await states(db, way))[0] == "DELIVERED"
    assert await db.scalar(text("SELECT count(*) FROM tracking_updates")) == 2


async def test_the_whole_list_pushed_again_newest_first_doubles_nothing(db: AsyncSession, way: Way):
    moment = NOW + timedelta(hours=1)
    whole = [said(way.waybill, word, moment) for word in ("1002", "1", "103")]
    whole.append(said(way.waybill, "5", NOW + timedelta(hours=3)))
    assert await hear(db, *whole) == Heard(4, 0, ())
    longer = [said(way.waybill, "3", NOW + timedelta(hours=4)), *reversed(whole)]
    assert await hear(db, *longer) == Heard(1, 4, ())
    assert await hear(db, *longer, *longer) == Heard(0, 10, ())
    assert (await states(db, way))[0] == "DELIVERED"


async def test_a_repetition_is_known_by_the_carriers_own_id(db: AsyncSession, way: Way):
    update = said(way.waybill, "IN_TRANSIT", NOW, event_id="e-1")
    corrected_clock = said(way.waybill, "IN_TRANSIT", NOW + timedelta(seconds=1), event_id="e-1")
    assert await hear(db, update) == Heard(1, 0, ())
    assert await hear(db, corrected_clock) == Heard(0, 1, ())


async def test_pushes_for_one_shipment_at_once_lose_nothing(fresh_database: Database):
    async with fresh_database.begin() as db:
        await with_carrier(db)
        ways = [await on_its_way(db, parcels=2) for _ in range(5)]

    async def push(*updates: SaidUpdate) -> Heard:
        async with fresh_database.begin() as db:
            return await hear(db, *updates)

    words = ["PICKED_UP", "IN_TRANSIT", "ARRIVED_CITY", "OUT_FOR_DELIVERY", "DELIVERED"]
    pushes = []
    for hour, word in enumerate(words):
        for column in (0, 1):
            updates = [said(way.waybills[column], word, NOW + timedelta(hours=hour)) for way in ways]
            pushes += [push(*updates), push(*reversed(updates))]
    answers = await asyncio.gather(*pushes)
    assert sum(each.accepted for each in answers) == sum(each.repeated for each in answers) == 50
    async with fresh_database.begin() as db:
        for way in ways:
            assert await states(db, way) == ["DELIVERED", "DELIVERED"]
        assert await db.scalar(text("SELECT count(*) FROM shipments WHERE status = 'DELIVERED'")) == 5
        events = await published(db, ShipmentDelivered)
        assert len(events) == 5
        assert len(await some_arrived(db)) <= 5, "at most the first of two, once a shipment"


async def test_news_and_the_dispatch_that_makes_the_parcel_known_meet_whoever_is_first(fresh_database: Database):
    async with fresh_database.begin() as db:
        await with_carrier(db)

    async def push(waybill: str) -> None:
        async with fresh_database.begin() as db:
            await hear(db, said(waybill, "PICKED_UP", NOW))

    async def leave(waybill: str) -> Way:
        async with fresh_database.begin() as db:
            return await on_its_way(db, waybill=waybill)

    waybills = [f"SF-RACE-{number}" for number in range(12)]
    await asyncio.gather(*(each for waybill in waybills for each in (push(waybill), leave(waybill))))
    async with fresh_database.begin() as db:
        found = await db.execute(text("SELECT status, count(*) AS parcels FROM parcels GROUP BY status"))
        assert [(row.status, row.parcels) for row in found] == [("PICKED_UP", 12)]
