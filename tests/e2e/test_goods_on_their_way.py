"""Goods on their way: what carriers push, in any order, becomes one true state; temperatures become excursions."""

import random
from datetime import datetime, timedelta
from typing import Any

from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import Carrier, Headers, Market

MINUTE = timedelta(minutes=1)


async def sent_parcel(house: House, market: Market, buyer: Headers, **product: Any) -> tuple[Carrier, str, str]:
    """A bought, paid and dispatched pack: its carrier, waybill number and parcel id."""
    pack = await market.pack(await market.supplier(), stock=5, **product)
    order = await market.buy(buyer, (pack, 2))
    await house.drain()
    carrier = await market.carrier()
    [shipment] = await market.shipments(buyer, order)
    waybill_number = await market.dispatch(carrier, shipment)
    await house.drain()
    [shipment] = await market.shipments(buyer, order)
    return carrier, waybill_number, shipment["parcels"][0]["parcel_id"]


def a_day(start: datetime) -> list[tuple[datetime, float]]:
    """One-minute readings at 2 °C: from 10:00 on 6 °C for 45 minutes, from 15:00 on none for 85."""
    readings = []
    for minute in range(24 * 60):
        if 600 <= minute < 645:
            readings.append((start + minute * MINUTE, 6.0))
        elif not 900 < minute < 985:
            readings.append((start + minute * MINUTE, 2.0))
    return readings


async def test_a_day_of_shuffled_readings_shows_the_excursion_and_the_gap_at_the_readings_own_times(
    house: House, market: Market
):
    buyer = market.as_caller()
    carrier, waybill_number, parcel_id = await sent_parcel(house, market, buyer, temperature_class="MUSHROOM")
    start = (utc_now() - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    readings = a_day(start)
    assert len(readings) == 1440 - 84
    random.Random(832).shuffle(readings)  # noqa: S311 - disorder, the same in every run
    taken = [await market.measure(carrier, waybill_number, readings[at : at + 300]) for at in range(0, 1356, 300)]
    assert sum(each["accepted"] for each in taken) == 1356
    again = await market.measure(carrier, waybill_number, readings[:700])
    assert (again["accepted"], again["repeated"], again["refused"]) == (0, 700, [])

    told = await market.must("logistics", "GET", f"/v1/parcels/{parcel_id}/temperatures", buyer)
    assert (told["reading_count"], told["out_count"]) == (1356, 45)
    [excursion] = told["excursions"]
    assert (excursion["kind"], excursion["extreme_c"], excursion["out_seconds"]) == ("high", 6.0, 2700)
    assert datetime.fromisoformat(excursion["started_at"]) == start + 600 * MINUTE
    assert datetime.fromisoformat(excursion["ended_at"]) == start + 645 * MINUTE
    assert excursion["severity"] == "major"  # 45 minutes is more than 30, and 2 °C over is less than 3
    [gap] = told["gaps"]
    assert datetime.fromisoformat(gap["started_at"]) == start + 900 * MINUTE
    assert datetime.fromisoformat(gap["ended_at"]) == start + 985 * MINUTE
    announced = await house["logistics"].rows(
        "SELECT CAST(data ->> 'excursion_id' AS text) AS id, count(*) AS count FROM outbox "
        "WHERE type = 'logistics.excursion-opened.v1' AND data ->> 'parcel_id' = :parcel_id GROUP BY 1",
        parcel_id=parcel_id,
    )
    assert {row["id"]: row["count"] for row in announced} == {excursion["excursion_id"]: 1, gap["excursion_id"]: 1}


async def test_a_gap_between_warm_and_cool_is_a_gap_and_no_long_warmth(house: House, market: Market):
    buyer = market.as_caller()
    carrier, waybill_number, parcel_id = await sent_parcel(house, market, buyer, temperature_class="MUSHROOM")
    start = (utc_now() - timedelta(hours=6)).replace(second=0, microsecond=0)
    warm = [(start + minute * MINUTE, 5.0) for minute in range(10)]
    cool = [(start + (9 + 85 + minute) * MINUTE, 2.0) for minute in range(10)]
    await market.measure(carrier, waybill_number, cool + warm)
    told = await market.must("logistics", "GET", f"/v1/parcels/{parcel_id}/temperatures", buyer)
    [excursion], [gap] = told["excursions"], told["gaps"]
    assert excursion["out_seconds"] == 540
    assert datetime.fromisoformat(excursion["ended_at"]) == start + 9 * MINUTE
    assert (datetime.fromisoformat(gap["ended_at"]) - datetime.fromisoformat(gap["started_at"])) == 85 * MINUTE
    assert gap["severity"] == "major"


async def test_a_parcel_that_was_delivered_stays_delivered_whatever_is_told_late(house: House, market: Market):
    buyer = market.as_caller()
    carrier, waybill_number, parcel_id = await sent_parcel(house, market, buyer)
    now = utc_now().replace(microsecond=0)
    steps = [
        ("PICKED_UP", now - timedelta(hours=30)),
        ("IN_TRANSIT", now - timedelta(hours=20)),
        ("OUT_FOR_DELIVERY", now - timedelta(hours=3)),
        ("DELIVERED", now - timedelta(hours=1)),
    ]
    shuffled = [steps[3], steps[0], steps[2], steps[0]]
    taken = await market.track(carrier, waybill_number, *shuffled)
    assert (taken["accepted"], taken["repeated"], taken["refused"]) == (3, 1, [])
    late = await market.track(carrier, waybill_number, steps[1])
    assert late["accepted"] == 1
    await house.drain()
    parcel = await market.must("logistics", "GET", f"/v1/parcels/{parcel_id}", buyer)
    assert parcel["status"] == "DELIVERED"
    assert datetime.fromisoformat(parcel["delivered_at"]) == steps[3][1]
    log = (await market.must("logistics", "GET", f"/v1/parcels/{parcel_id}/tracking", buyer))["items"]
    assert [each["status"] for each in log] == ["DELIVERED", "OUT_FOR_DELIVERY", "IN_TRANSIT", "PICKED_UP"]
    told = await house["logistics"].rows(
        "SELECT count(*) AS count FROM outbox WHERE type = 'logistics.shipment-delivered.v1' "
        "AND data ->> 'shipment_id' = CAST(:id AS text)",
        id=parcel["shipment_id"],
    )
    assert told == [{"count": 1}]
    order_id = (await market.must("logistics", "GET", f"/v1/shipments/{parcel['shipment_id']}", buyer))["order_id"]
    order = await market.must("orders", "GET", f"/v1/orders/{order_id}", buyer)
    assert order["status"] == "COMPLETED"
    assert datetime.fromisoformat(order["parts"][0]["delivered_at"]) == steps[3][1]


async def test_what_a_carrier_tells_before_the_dispatch_takes_effect_with_it(house: House, market: Market):
    buyer, carrier = market.as_caller(), await market.carrier()
    pack = await market.pack(await market.supplier(), stock=5, temperature_class="MUSHROOM")
    order = await market.buy(buyer, (pack, 1))
    await house.drain()
    now = utc_now().replace(microsecond=0)
    told = await market.track(carrier, "SFEARLY0001", ("PICKED_UP", now - timedelta(hours=1)))
    assert [each["code"] for each in told["refused"]] == ["waybill-unknown"]
    [shipment] = await market.shipments(buyer, order)
    lines = [{"sku_id": pack.sku_id, "quantity": 1}]
    body = {"parcels": [{"carrier_code": carrier.code, "waybill_number": "SFEARLY0001", "lines": lines}]}
    own = market.of_supplier(pack.supplier_id)
    await market.must("logistics", "POST", f"/v1/shipments/{shipment['shipment_id']}/dispatch", own, body=body)
    [shipment] = await market.shipments(buyer, order)
    assert [each["status"] for each in shipment["parcels"]] == ["PICKED_UP"]
