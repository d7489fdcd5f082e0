"""How cold a lot was kept on its way, for whoever scans its code."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.held_lot.models import ShipmentLot
from services.logistics.tests.factories import Way, on_its_way, push, with_carrier
from shared.trace_codes import check_character

CODE = "4203250000012611200001" + check_character("4203250000012611200001")
T0 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
async def carrier(db: AsyncSession) -> None:
    await with_carrier(db)


async def carrying(db: AsyncSession, **given: Any) -> Way:
    """A shipment on its way whose goods are of the lot."""
    way = await on_its_way(db, **given)
    sku_id = way.event.parts[0].lines[0].sku_id
    db.add(ShipmentLot(shipment_id=way.shipment_id, sku_id=sku_id, lot_code=CODE, quantity=1))
    await db.flush()
    return way


async def measured(
    client: httpx2.AsyncClient, waybill: str, *runs: tuple[int, int, float], device: str = "dev-1"
) -> None:
    """Readings minute by minute: (from, until, degrees)."""
    minutes = {number: value for first, last, value in runs for number in range(first, last)}
    readings = {
        "at": [(T0 + timedelta(minutes=number)).isoformat() for number in minutes],
        "temperature_c": list(minutes.values()),
    }
    answer = await push(client, "readings", {"waybill_number": waybill, "device_id": device, "readings": readings})
    assert answer.status_code == 202, answer.text


async def told(client: httpx2.AsyncClient, code: str = CODE) -> Any:
    answer = await client.get(f"/v1/traces/{code}/temperatures")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("carrier")
async def test_all_parcels_of_the_lot_are_summed_up_and_no_other(client: httpx2.AsyncClient, db: AsyncSession):
    warm, cold, other = await carrying(db), await carrying(db), await on_its_way(db)
    await carrying(db)
    await measured(client, warm.waybill, (0, 60, 2.0), (60, 100, 7.0), (100, 200, 2.5))
    await measured(client, warm.waybill, (0, 60, 2.0), (60, 90, 6.0), (90, 200, 2.5), device="dev-2")
    await measured(client, cold.waybill, (0, 100, 1.0), (185, 300, 3.0))
    await measured(client, other.waybill, (0, 100, 30.0))
    found = await told(client, CODE[:6].lower() + " " + CODE[6:])
    assert (found["code"], found["parcel_count"], found["measured_count"]) == (CODE, 3, 2)
    assert (found["min_c"], found["max_c"], found["reading_count"]) == (1.0, 7.0, 615)
    assert (found["out_minutes"], found["gap_minutes"], found["worst_severity"]) == (40, 86, "major")
    assert (found["temperature_range"]["min_c"], found["temperature_range"]["max_c"]) == (0, 4)


@pytest.mark.usefixtures("carrier")
async def test_what_a_device_measures_after_delivery_is_nobody_s(client: httpx2.AsyncClient, db: AsyncSession):
    way = await carrying(db)
    await measured(client, way.waybill, (0, 61, 2.0), (61, 120, 21.0))
    delivered = {
        "waybill_number": way.waybill,
        "status": "DELIVERED",
        "occurred_at": (T0 + timedelta(minutes=60)).isoformat(),
    }
    await push(client, "tracking", {"updates": [delivered]})
    found = await told(client)
    assert (found["max_c"], found["reading_count"], found["out_minutes"]) == (2.0, 61, 0)


@pytest.mark.usefixtures("carrier")
async def test_a_lot_that_was_not_sent_or_not_measured_says_so(client: httpx2.AsyncClient, db: AsyncSession):
    found = await told(client)
    assert (found["parcel_count"], found["measured_count"], found["min_c"], found["out_minutes"]) == (0, 0, None, None)
    await carrying(db)
    found = await told(client)
    assert (found["parcel_count"], found["measured_count"], found["temperature_range"]) == (1, 0, None)
    wrong = await client.get(f"/v1/traces/{CODE[:-1]}{'0' if CODE[-1] != '0' else '1'}/temperatures")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "trace-code-invalid")
    assert (await client.get(f"/v1/traces/{uuid4().hex}/temperatures")).status_code == 422
