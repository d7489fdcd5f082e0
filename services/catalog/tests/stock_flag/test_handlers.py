"""What orders says of its stock is on the card and narrows the list."""

from uuid import uuid4

from sqlalchemy import text

from catalog.handlers import ORDERS_HANDLERS
from catalog.search import actions as search_actions
from shared.events.orders import BackInStock, StockLow
from shared.testing import NOW, deliver


async def on_shelf(db):
    rows = await db.execute(text("SELECT product_id, is_in_stock FROM product_cards"))
    return {row.product_id: row.is_in_stock for row in rows}


async def pack_of(db, product_id):
    return await db.scalar(text("SELECT sku_id FROM skus WHERE product_id = :id"), {"id": product_id})


async def told(db, event, product_id, *, available, revision):
    signal = event(
        sku_id=await pack_of(db, product_id),
        product_id=product_id,
        supplier_id=uuid4(),
        available=available,
        low_at=10,
        revision=revision,
        noted_at=NOW,
    )
    await deliver(db, ORDERS_HANDLERS, signal)


async def test_the_latest_word_stands_also_after_the_card_was_rendered_anew(db, make):
    apple = (await make.listed_product(db)).product_id
    pear = (await make.listed_product(db, title="砀山梨")).product_id
    assert await on_shelf(db) == {apple: False, pear: False}
    await told(db, BackInStock, apple, available=40, revision=1)
    await told(db, StockLow, pear, available=3, revision=2)
    assert await on_shelf(db) == {apple: True, pear: True}
    await told(db, StockLow, apple, available=0, revision=5)
    await told(db, StockLow, apple, available=2, revision=4)
    assert await on_shelf(db) == {apple: False, pear: True}, "an older word that comes late"
    await search_actions.rebuild_cards(db, now=NOW)
    assert await on_shelf(db) == {apple: False, pear: True}
    low = await db.execute(text("SELECT product_id, is_low FROM stock_flags"))
    assert {row.product_id: row.is_low for row in low} == {apple: True, pear: True}


async def test_the_list_is_narrowed_to_what_can_be_bought_now(db, make, client):
    apple = (await make.listed_product(db)).product_id
    pear = (await make.listed_product(db, title="砀山梨")).product_id
    await told(db, BackInStock, apple, available=40, revision=1)
    for value, expected in (("true", apple), ("false", pear)):
        items = (await client.get(f"/v1/products?in_stock={value}")).json()["items"]
        assert [(each["product_id"], each["is_in_stock"]) for each in items] == [(str(expected), value == "true")]
    assert len((await client.get("/v1/products")).json()["items"]) == 2


async def test_a_word_of_a_pack_that_is_not_known_is_kept_for_later(db):
    unknown = BackInStock(
        sku_id=uuid4(), product_id=uuid4(), supplier_id=uuid4(), available=1, low_at=0, revision=1, noted_at=NOW
    )
    await deliver(db, ORDERS_HANDLERS, unknown)
    assert await db.scalar(text("SELECT count(*) FROM stock_flags")) == 1
