"""A few suppliers with a second site, lots with dates, a campaign's hold, and the first stock check; invented."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.market import missing
from deploy.demo.tables import DemoProduct, DemoSku, demo_id, products, skus, suppliers
from orders.hold import actions as hold_actions
from orders.lot import actions as lot_actions
from orders.site import actions as site_actions
from orders.stock import actions as stock_actions
from orders.stock_check import jobs as stock_check_jobs
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

SITES = {
    "fuping-zaohua": ("京南分仓", "110115"),
    "zanhuang-hebian": ("石家庄分仓", "130102"),
    "pingquan-shanyuan": ("北京分仓", "110111"),
    "fangxian-shennong": ("武汉分仓", "420112"),
}
_LOTS = (("早批", 24, 0.2), ("晚批", 36, 0.8))
"""Name, pieces, and which part of its shelf life a lot still has."""
_OVER = 3
"""Pieces of a lot whose last day was yesterday, of each supplier's first pack."""


async def load_places(orders: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """A supplier a transaction; one that has its site is passed over."""
    of_supplier = {each.key: [row for row in products() if row.supplier_key == each.key] for each in suppliers()}
    new = await missing(orders, "stock_sites", "site_id", (demo_id("site", key) for key in SITES))
    for key in SITES:
        if demo_id("site", key) in new:
            async with orders.begin() as db:
                await _open(db, key, of_supplier[key], now=now)
        advance(1)
    async with orders.read() as db:
        is_checked = await db.scalar(text("SELECT EXISTS (SELECT FROM stock_checks)"))
    if not is_checked:
        await stock_check_jobs.check_stock(orders)


async def _open(db: AsyncSession, key: str, own: list[DemoProduct], *, now: datetime) -> None:
    name, county_code = SITES[key]
    supplier_id = demo_id("supplier", key)
    site_id = await site_actions.open_site(
        db,
        site_id=demo_id("site", key),
        supplier_id=supplier_id,
        name=name,
        county_code=county_code,
        temperature_classes=sorted({each.temperature_class for each in own}),
        now=now,
    )
    shelf_lives = {each.key: each.shelf_life_days for each in own}
    packs = [each for each in skus() if each.product_key in shelf_lives]
    for pack in packs:
        for lot, pieces, left in _LOTS:
            days_left = max(2, round(shelf_lives[pack.product_key] * left))
            await _receive(db, pack, f"{lot}{now:%m%d}", pieces, days_left, site_id=site_id, now=now)
    await _receive(db, packs[0], f"旧批{now:%m%d}", _OVER, -1, site_id=site_id, now=now)
    await hold_actions.hold(
        db,
        holder_id=demo_id("hold", key),
        purpose="campaign",
        title="年货节预留",
        quantities={packs[0].sku_id: 10},
        expires_at=now + timedelta(weeks=4),
        caller=Caller(demo_id("person", key), supplier_id, "supplier"),
        now=now,
    )


async def _receive(
    db: AsyncSession, pack: DemoSku, lot: str, pieces: int, days_left: int, *, site_id: UUID, now: datetime
) -> None:
    today = business_day(now)
    number = await lot_actions.keep_lot(
        db,
        sku_id=pack.sku_id,
        lot_number=lot,
        harvested_on=today - timedelta(days=20),
        expires_on=today + timedelta(days=days_left),
        now=now,
    )
    await stock_actions.receive_stock(
        db,
        sku_id=pack.sku_id,
        quantity=pieces,
        reference="分批入库",
        recorded_by=None,
        now=now,
        site_id=site_id,
        lot_number=number,
    )
