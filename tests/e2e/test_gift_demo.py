"""The demo's campaign of the autumn over real services: claimed, sent, signed for, paid, filed; loaded once."""

import asyncio
from datetime import timedelta
from pathlib import Path

from deploy.demo.gift_archive import CAMPAIGN, MEMBERS, load_archive
from deploy.demo.institutions import load_units
from deploy.demo.market import load_carriers
from services.orders.tests.conftest import CLAIM_CODE_KEY
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from tests.e2e.house import House


async def test_the_demos_campaign_of_the_autumn_is_whole(house: House, tmp_path: Path):
    orders, logistics = house["orders"].database, house["logistics"].database
    now = utc_now() + timedelta(days=120)  # the demo sells in its past, and these packs have a price from today on only
    async with orders.begin() as db:
        for number in range(12):
            await listed_sku(db, price_fen=6_400 + 50 * (number % 5), category="dried")
    await load_units(orders, now=now, advance=lambda _: None)
    await load_carriers(logistics, now=now, advance=lambda _: None)
    environment = {"ORDERS_FILES_URL": f"file://{tmp_path}", "ORDERS_CLAIM_CODE_KEY": CLAIM_CODE_KEY}

    async def hear(is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await house.drain("logistics")
            await house.drain("orders")

    for _ in range(2):
        told: list[int] = []
        is_over = asyncio.Event()
        hearing = asyncio.create_task(hear(is_over))
        try:
            async with asyncio.timeout(120):
                await load_archive(orders, logistics, environment, now=now, advance=told.append)
        finally:
            is_over.set()
            await hearing
        assert told == [1, 1]
    [campaign] = await house["orders"].rows("SELECT status FROM gift_campaigns WHERE campaign_id = :id", id=CAMPAIGN)
    assert campaign["status"] == "ARCHIVED"
    [claims] = await house["orders"].rows(
        "SELECT count(*) AS gifts, count(signed_at) AS signed FROM gift_claims WHERE campaign_id = :id", id=CAMPAIGN
    )
    assert claims == {"gifts": MEMBERS, "signed": MEMBERS - 8}
    parcels = await house["orders"].rows(
        "SELECT DISTINCT status FROM gift_parcels WHERE campaign_id = :id", id=CAMPAIGN
    )
    assert parcels == [{"status": "DELIVERED"}]
    stages = await house["orders"].rows(
        "SELECT DISTINCT stage FROM unit_orders JOIN gift_parcels USING (order_id) WHERE campaign_id = :id", id=CAMPAIGN
    )
    assert stages == [{"stage": "COMPLETED"}]
