"""From where pieces leave, and where they go: sites, lots, and a level that is always the sum of its shelves."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.stock import actions, queries
from services.orders.tests.factories import NOW, listed_sku, paid_order
from services.orders.tests.stock.shelving import TODAY, opened_site, received, rows, shelves
from shared.errors import Conflict, NotFound
from shared.events.catalog import SkuListed

SOON, LATER, OVER = TODAY + timedelta(days=5), TODAY + timedelta(days=50), TODAY - timedelta(days=1)


async def shipped(db: AsyncSession, sku: SkuListed, quantity: int, lots: dict[str, int] | None = None) -> list[str]:
    """Sell and send so many; the lots they left of, in order."""
    draft, _ = await paid_order(db, (sku.sku_id, quantity))
    named = {(sku.sku_id, number): count for number, count in (lots or {}).items()}
    await actions.ship_stock(db, holder_id=draft.order_id, quantities={sku.sku_id: quantity}, now=NOW, lots=named)
    left = await rows(
        db,
        """SELECT coalesce(lot_number, '') FROM stock_ledger LEFT JOIN stock_lots USING (lot_id)
           WHERE kind = 'shipped' AND order_id = :id ORDER BY entry_id""",
        id=draft.order_id,
    )
    return [number for (number,) in left]


async def test_the_lot_that_ends_first_goes_first_and_pieces_of_no_lot_last(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 3)
    await received(db, sku.sku_id, 2, lot="LATER", until=LATER)
    await received(db, sku.sku_id, 2, lot="SOON", until=SOON)
    await received(db, sku.sku_id, 2, lot="UNDATED")
    assert await shipped(db, sku, 3) == ["SOON", "LATER"]
    assert await shipped(db, sku, 4) == ["LATER", "UNDATED", ""]
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 2}
    assert await queries.list_differences(db) == []


async def test_a_lot_that_is_over_stays_while_there_is_anything_else(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 4, lot="OLD", until=OVER)
    await received(db, sku.sku_id, 2)
    assert (await queries.get_count(db, sku.sku_id)).available == 2, "what is over is not sold"
    assert await shipped(db, sku, 2) == [""]
    assert await shelves(db, sku.sku_id) == {("主仓", "OLD"): 4}


async def test_what_the_supplier_names_leaves_and_the_rest_as_it_ends(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 5, lot="SOON", until=SOON)
    await received(db, sku.sku_id, 2, lot="LATER", until=LATER)
    assert await shipped(db, sku, 4, {"LATER": 3}) == ["LATER", "SOON", "SOON"]
    assert await shelves(db, sku.sku_id) == {("主仓", "SOON"): 3}


async def test_a_lot_that_nobody_received_is_booked_from_what_there_is(db: AsyncSession):
    sku = await listed_sku(db, stock=5)
    assert await shipped(db, sku, 2, {"UNKNOWN": 2}) == [""]


async def test_goods_leave_from_the_site_that_the_order_was_allocated_to(db: AsyncSession):
    sku = await listed_sku(db, stock=10)  # at the default site in 420322; the buyer is in 110105
    near = await opened_site(db, sku.supplier_id, county_code="110228")
    await received(db, sku.sku_id, 5, site_id=near)
    draft, _ = await paid_order(db, (sku.sku_id, 2))
    [part] = draft.parts
    plan = await rows(
        db,
        "SELECT site_id, quantity, open_count, distance FROM stock_allocations WHERE supplier_order_id = :id",
        id=part.supplier_order_id,
    )
    assert plan == [(near, 2, 2, 2)]
    await actions.ship_stock(db, holder_id=draft.order_id, quantities={sku.sku_id: 2}, now=NOW)
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 10, ("北仓", ""): 3}
    assert await rows(db, "SELECT sum(open_count)::int FROM stock_allocations") == [(0,)]


@pytest.mark.parametrize(
    ("county_code", "classes", "pieces", "expected"),
    [
        ("110105", (), 5, "near"),
        ("110105", ("FROZEN",), 5, "home"),  # it does not keep ambient goods
        ("110105", ("ambient",), 5, "near"),
        ("110105", (), 1, "home"),  # it cannot send all of it: one parcel is better than a near half
        ("420325", (), 5, "home"),  # no nearer than the default site
    ],
)
async def test_allocation_is_by_temperature_whole_lines_and_nearness(
    db: AsyncSession, county_code: str, classes: tuple[str, ...], pieces: int, expected: str
):
    sku = await listed_sku(db, stock=10)
    near = await opened_site(db, sku.supplier_id, county_code=county_code, classes=classes)
    await received(db, sku.sku_id, pieces, site_id=near)
    await paid_order(db, (sku.sku_id, 3))
    [(site_id, quantity)] = await rows(db, "SELECT site_id, quantity FROM stock_allocations")
    assert ("near" if site_id == near else "home", quantity) == (expected, 3)


async def test_what_no_site_has_whole_is_split_by_nearness(db: AsyncSession):
    sku = await listed_sku(db, stock=4)
    near = await opened_site(db, sku.supplier_id)
    await received(db, sku.sku_id, 3, site_id=near)
    await paid_order(db, (sku.sku_id, 6))
    plan = await rows(db, "SELECT site_id = :near, quantity FROM stock_allocations ORDER BY distance", near=near)
    assert plan == [(True, 3), (False, 3)]
    await paid_order(db, (sku.sku_id, 1))
    assert (await rows(db, "SELECT sum(quantity)::int FROM stock_allocations"))[0] == (7,)


async def test_a_transfer_takes_lots_along_and_changes_nothing_that_is_sold(db: AsyncSession):
    sku = await listed_sku(db)
    await received(db, sku.sku_id, 4, lot="SOON", until=SOON)
    await received(db, sku.sku_id, 4)
    [(home,)] = await rows(db, "SELECT site_id FROM stock_sites")
    far = await opened_site(db, sku.supplier_id)
    move = {"sku_id": sku.sku_id, "from_site_id": home, "to_site_id": far, "recorded_by": None, "now": NOW}
    await actions.transfer_stock(db, quantity=5, reference="调拨 1", **move)
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 3, ("北仓", "SOON"): 4, ("北仓", ""): 1}
    assert (await queries.get_count(db, sku.sku_id)).available == 8
    with pytest.raises(Conflict) as refusal:
        await actions.transfer_stock(db, quantity=4, reference="", **move)
    assert refusal.value.code == "place-short"
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 3, ("北仓", "SOON"): 4, ("北仓", ""): 1}
    moved = await rows(db, "SELECT sum(quantity)::int, count(*) FROM stock_ledger WHERE kind = 'moved'")
    assert moved == [(0, 4)]
    assert await queries.list_differences(db) == []


async def test_an_adjustment_takes_only_what_lies_where_it_says(db: AsyncSession):
    sku = await listed_sku(db, stock=3)
    far = await opened_site(db, sku.supplier_id)
    await received(db, sku.sku_id, 2, lot="SOON", until=SOON, site_id=far)
    adjust = {"sku_id": sku.sku_id, "reason": "count", "recorded_by": None, "now": NOW}
    for change, given, code in [
        (-3, {"site_id": far}, "place-short"),
        (-1, {"site_id": far, "lot_number": ""}, "place-short"),
        (-3, {"lot_number": "SOON"}, "place-short"),
        (-6, {}, "stock-short"),
    ]:
        with pytest.raises(Conflict) as refusal:
            await actions.adjust_stock(db, change=change, **given, **adjust)
        assert refusal.value.code == code
    with pytest.raises(NotFound) as unknown:
        await actions.adjust_stock(db, change=1, lot_number="NEVER", **adjust)
    assert unknown.value.code == "lot-not-found"
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 3, ("北仓", "SOON"): 2}
    await actions.adjust_stock(db, change=-2, lot_number="SOON", **adjust)
    assert await shelves(db, sku.sku_id) == {("主仓", ""): 3}


async def test_pieces_of_an_unknown_sku_are_refused(db: AsyncSession):
    with pytest.raises(NotFound) as refusal:
        await actions.receive_stock(db, sku_id=uuid4(), quantity=1, reference="", recorded_by=None, now=NOW)
    assert refusal.value.code == "sku-not-found"


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE stock_levels SET on_hand = on_hand + 1",
        "UPDATE stock_shelves SET on_hand = on_hand + 1",
        "DELETE FROM stock_shelves",
    ],
)
async def test_the_database_refuses_shelves_that_do_not_sum_to_their_level(db: AsyncSession, tampering: str):
    await listed_sku(db, stock=3)
    with pytest.raises(DBAPIError, match="do not sum to its level"):
        async with db.begin_nested():
            await db.execute(text(tampering))
            await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
