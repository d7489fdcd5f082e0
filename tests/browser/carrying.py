"""A carrier's system as the browser tests use it: it signs as partners do and pushes to the public address."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx2

from deploy.demo.accounts import OPERATOR
from deploy.demo.carrier import MINUTES, DemoCarrier, a_day_of_readings, a_journey
from deploy.demo.visitor import signed_in

CARRIER = "sf-demo"


def carry(address: str, waybill: str, *, has_readings: bool = False) -> None:
    """The whole journey of a parcel until it is signed for; with the day of its readings (an excursion, a gap)."""
    # Playwright runs a loop of its own in this thread.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: asyncio.run(_carry(address, waybill, has_readings=has_readings))).result()


async def _carry(address: str, waybill: str, *, has_readings: bool) -> None:
    async with signed_in(address, OPERATOR) as operator:
        made = await operator.post(f"/api/logistics/v1/carriers/{CARRIER}/secrets", json={})
        assert made.status_code == 201, made.text
        secret = made.json()["secret"]
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=MINUTES)
    async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
        carrier = DemoCarrier(client, CARRIER, secret)
        told = await carrier.push("tracking", {"updates": a_journey(waybill, start)})
        assert told.status_code == 202, told.text
        if not has_readings:
            return
        for readings in a_day_of_readings(start):
            body = {"waybill_number": waybill, "device_id": "demo-1", "readings": readings}
            assert (await carrier.push("readings", body)).status_code == 202
