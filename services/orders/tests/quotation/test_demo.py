"""The demo's quotations and auctions go through the real actions, and loading them again adds nothing."""

from pathlib import Path

from sqlalchemy import text

from deploy.demo.bidding import COUNT, bidders, load_bidding
from deploy.demo.institutions import load_units
from services.orders.tests.conftest import SEALING_KEY
from services.orders.tests.factories import listed_sku
from shared.clock import utc_now
from shared.db import Database

FIGURES = """
    SELECT (SELECT array_agg(status ORDER BY title) FROM quotations), (SELECT count(*) FROM quotation_bids),
           (SELECT count(*) FROM quotation_offers), (SELECT count(*) FROM purchases),
           (SELECT array_agg(bid_count ORDER BY title) FROM auctions),
           (SELECT count(*) FROM quotation_bid_files), (SELECT count(name) FROM quotation_bid_files)
"""


async def test_the_demos_bidding_is_loaded_once(fresh_database: Database, tmp_path: Path) -> None:
    now, environment = utc_now(), {"ORDERS_SEALING_KEY": SEALING_KEY, "ORDERS_FILES_URL": f"file://{tmp_path}"}
    async with fresh_database.begin() as db:
        for supplier_id, packs in bidders().items():
            for each in packs:
                await listed_sku(db, sku_id=each.sku_id, supplier_id=supplier_id, supplier_name=each.product_key)
    await load_units(fresh_database, now=now, advance=lambda _: None)
    seen = []
    for _ in range(2):
        told: list[int] = []
        await load_bidding(fresh_database, environment, now=now, advance=told.append)
        assert sum(told) == COUNT
        async with fresh_database.read() as db:
            seen.append(tuple((await db.execute(text(FIGURES))).one()))
    assert seen[0] == seen[1]
    statuses, bids, offers, purchases, lots, files, told_files = seen[0]
    assert sorted(statuses) == ["AWARDED", "OPEN", "OPEN", "OPENED"]
    assert (bids, offers, purchases, lots) == (9, 12, 1, [6, 6])
    assert (files, told_files) == (11, 6)  # what is opened tells what stands beside it
