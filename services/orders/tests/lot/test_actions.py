"""Lots on hold and lots that are over are not sold, and go out of the stock with a reason."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.handlers import CATALOG_HANDLERS
from orders.jobs import keep_unfit_lots_from_sale
from orders.lot import actions, rules
from orders.stock import queries
from services.orders.tests.factories import NOW, listed_sku, placed_order
from services.orders.tests.stock.shelving import TODAY, received, rows, shelves
from shared.db import Database
from shared.errors import Conflict, Invalid, NotFound
from shared.events.catalog import LotHeld, LotReleased
from shared.testing import deliver

SOON = TODAY + timedelta(days=5)
LOT_ID = UUID(int=11)


def held(*sku_ids: UUID, code: str = "B1", revision: int = 1) -> LotHeld:
    return LotHeld(
        lot_id=LOT_ID,
        code=code,
        supplier_id=uuid4(),
        county_code="420325",
        sku_ids=sku_ids,
        reason="residue",
        revision=revision,
        held_at=NOW,
    )


def released(*, code: str = "B1", revision: int = 2) -> LotReleased:
    return LotReleased(lot_id=LOT_ID, code=code, reason="passed", revision=revision, released_at=NOW)


async def available(db: AsyncSession, sku_id: UUID) -> int:
    assert await queries.list_differences(db) == []
    return (await queries.get_count(db, sku_id)).available


async def test_pieces_of_a_held_lot_are_not_sold_until_it_is_released(db: AsyncSession):
    sku, other = await listed_sku(db), await listed_sku(db)
    await received(db, sku.sku_id, 4, lot="B1", until=SOON)
    await received(db, sku.sku_id, 3)
    await received(db, other.sku_id, 4, lot="B1", until=SOON)
    await deliver(db, CATALOG_HANDLERS, held(sku.sku_id))
    assert (await available(db, sku.sku_id), await available(db, other.sku_id)) == (3, 4)
    await received(db, sku.sku_id, 2, lot="B1", until=SOON)
    assert await available(db, sku.sku_id) == 3, "more of it came in"
    await deliver(db, CATALOG_HANDLERS, released())
    assert await available(db, sku.sku_id) == 9
    await deliver(db, CATALOG_HANDLERS, held(sku.sku_id))
    assert await available(db, sku.sku_id) == 9, "an older word that comes late"


async def test_a_lot_that_was_held_before_it_came_is_on_hold_when_it_comes(db: AsyncSession):
    sku = await listed_sku(db)
    await deliver(db, CATALOG_HANDLERS, held(sku.sku_id))
    await received(db, sku.sku_id, 4, lot="B1", until=SOON)
    assert await available(db, sku.sku_id) == 0


async def test_what_orders_hold_of_a_held_lot_stays_theirs(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 4, lot="B1", until=SOON)
    draft = await placed_order(db, (sku.sku_id, 3))
    await deliver(db, CATALOG_HANDLERS, held(sku.sku_id))
    assert await available(db, sku.sku_id) == 0
    from orders.stock.actions import release_stock  # noqa: PLC0415 - the order is cancelled

    await release_stock(db, holder_ids=[draft.order_id], now=NOW)
    assert await available(db, sku.sku_id) == 3
    await actions.keep_from_sale(db, now=NOW)
    assert await available(db, sku.sku_id) == 0, "the hourly look takes what became free"


async def test_the_clock_ends_lots_in_batches(fresh_database: Database):
    over = date(2020, 1, 1)
    async with fresh_database.begin() as db:
        skus = [await listed_sku(db) for _ in range(3)]
        for sku in skus:
            await actions.keep_lot(db, sku_id=sku.sku_id, lot_number="OLD", harvested_on=None, expires_on=None, now=NOW)
            await received(db, sku.sku_id, 2, lot="OLD")
        await rows(db, "UPDATE stock_lots SET expires_on = :over RETURNING 1", over=over)
    await keep_unfit_lots_from_sale(fresh_database)
    await keep_unfit_lots_from_sale(fresh_database)
    async with fresh_database.begin() as db:
        assert [await available(db, sku.sku_id) for sku in skus] == [0, 0, 0]


async def write_off(db: AsyncSession, sku_id: UUID, lot: str) -> None:
    [(site_id,)] = await rows(db, "SELECT site_id FROM stock_sites")
    await actions.write_off(
        db, sku_id=sku_id, lot_number=lot, site_id=site_id, reason="过期销毁", recorded_by=None, now=NOW
    )


async def test_what_is_over_is_written_off_with_a_reason(db: AsyncSession):
    sku = await listed_sku(db, stock=2)
    await received(db, sku.sku_id, 4, lot="OLD", until=TODAY - timedelta(days=1))
    await received(db, sku.sku_id, 4, lot="NEW", until=TODAY)
    with pytest.raises(Conflict) as fit:
        await write_off(db, sku.sku_id, "NEW")
    assert fit.value.code == "lot-fit", "its last day is today"
    with pytest.raises(NotFound) as unknown:
        await write_off(db, sku.sku_id, "NONE")
    assert unknown.value.code == "lot-not-found"
    await write_off(db, sku.sku_id, "OLD")
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 2, ("主仓", "NEW"): 4}
    assert await available(db, sku.sku_id) == 6
    reasons = await rows(db, "SELECT reference, quantity FROM stock_ledger WHERE kind = 'adjusted'")
    assert reasons == [("过期销毁", -4)]


async def test_what_is_promised_to_orders_cannot_be_written_off(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 4, lot="B1", until=SOON)
    await placed_order(db, (sku.sku_id, 1))
    await deliver(db, CATALOG_HANDLERS, held(sku.sku_id))
    with pytest.raises(Conflict) as refusal:
        await write_off(db, sku.sku_id, "B1")
    assert refusal.value.code == "stock-short"
    assert await shelves(db, sku.sku_id) == {("主仓", "B1"): 4}
    assert await available(db, sku.sku_id) == 0


async def test_a_lot_keeps_the_days_that_it_was_entered_with(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 1, lot="B1", until=SOON)
    await received(db, sku.sku_id, 1, lot="B1")
    with pytest.raises(Conflict) as refusal:
        await received(db, sku.sku_id, 1, lot="B1", until=SOON + timedelta(days=1))
    assert refusal.value.code == "lot-differs"
    with pytest.raises(Invalid):
        rules.ensure_days(SOON, SOON - timedelta(days=1))
    assert rules.lot_number(" b 1 ") == "b 1"
