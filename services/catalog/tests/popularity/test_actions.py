"""What was sold lately decides the order of lists."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text

from catalog.handlers import ORDERS_HANDLERS
from catalog.popularity import actions
from catalog.search import actions as search_actions
from shared.clock import business_day
from shared.events.orders import DeliveryAddress, OrderCancelled, OrderPaid, SoldLine, SoldPart
from shared.testing import NOW, deliver

TODAY = business_day(NOW)


async def sold_counts(db):
    rows = await db.execute(text("SELECT product_id, sold_count FROM product_cards"))
    return {row.product_id: row.sold_count for row in rows}


def paid(*lines, order_id=None, paid_at=NOW):
    """An order of (product id, quantity) lines, each line a part of its own supplier."""
    return OrderPaid(
        order_id=order_id or uuid4(),
        order_number="202611220001",
        mode="RETAIL",
        buyer_id=uuid4(),
        buyer_kind="consumer",
        payable_fen=4990,
        address=DeliveryAddress(recipient="小美", phone="13800000000", county_code="110101", detail="1 号"),
        placed_at=paid_at,
        paid_at=paid_at,
        parts=tuple(
            SoldPart(
                supplier_order_id=uuid4(),
                supplier_id=uuid4(),
                supplier_name="合作社",
                ship_from_county_code="420325",
                payable_fen=4990,
                lines=(
                    SoldLine(
                        line_id=uuid4(),
                        sku_id=uuid4(),
                        product_id=product_id,
                        product_title="红富士苹果",
                        specification="5kg",
                        category="fruit",
                        origin_county_code="420325",
                        temperature_class="POME",
                        net_weight_g=5000,
                        quantity=quantity,
                        unit_price_fen=4990,
                        payable_fen=4990 * quantity,
                    ),
                ),
            )
            for product_id, quantity in lines
        ),
    )


async def test_a_paid_order_counts_once_and_a_cancelled_one_no_more(db, make):
    apple = (await make.listed_product(db)).product_id
    pear = (await make.listed_product(db, title="砀山梨")).product_id
    event = paid((apple, 2), (pear, 1), (apple, 3))
    for _ in range(2):
        await deliver(db, ORDERS_HANDLERS, event)
    await deliver(db, ORDERS_HANDLERS, paid((pear, 7)))
    assert await sold_counts(db) == {apple: 5, pear: 8}
    for _ in range(2):
        await deliver(
            db,
            ORDERS_HANDLERS,
            OrderCancelled(order_id=event.order_id, order_number="1", reason="", was_paid=True, cancelled_at=NOW),
        )
    assert await sold_counts(db) == {apple: 0, pear: 7}


async def test_a_card_that_is_rendered_anew_keeps_its_sales(db, make):
    apple = (await make.listed_product(db)).product_id
    await deliver(db, ORDERS_HANDLERS, paid((apple, 4)))
    await search_actions.refresh_cards(db, product_ids=[apple], now=NOW)
    assert await sold_counts(db) == {apple: 4}


async def test_after_thirty_days_a_sale_counts_no_more(db, make):
    apple = (await make.listed_product(db)).product_id
    await deliver(db, ORDERS_HANDLERS, paid((apple, 4), paid_at=NOW - timedelta(days=29)))
    await deliver(db, ORDERS_HANDLERS, paid((apple, 1)))
    await deliver(db, ORDERS_HANDLERS, paid((apple, 9), paid_at=NOW - timedelta(days=30)))
    assert await sold_counts(db) == {apple: 5}
    assert await actions.forget_old_sales(db, today=TODAY) == 0
    await search_actions.refresh_cards(db, product_ids=[apple], now=NOW + timedelta(days=1))
    assert await actions.forget_old_sales(db, today=TODAY + timedelta(days=1)) == 1
    assert await sold_counts(db) == {apple: 1}
    assert await actions.forget_old_sales(db, today=TODAY + timedelta(days=1)) == 0


async def test_what_sold_most_comes_first_and_the_pages_join(client, db, make):
    made = [(await make.listed_product(db, title=f"{each}号苹果")).product_id for each in "甲乙丙丁"]
    await deliver(db, ORDERS_HANDLERS, paid((made[2], 5), (made[0], 9)))
    first = (await client.get("/v1/products?sort=sales&limit=3")).json()
    rest = (await client.get(f"/v1/products?sort=sales&limit=3&cursor={first['next_cursor']}")).json()
    found = [(card["title"], card["sold_count"]) for card in [*first["items"], *rest["items"]]]
    assert found[:2] == [("甲号苹果", 9), ("丙号苹果", 5)]
    assert sorted(found[2:]) == [("丁号苹果", 0), ("乙号苹果", 0)]
    assert rest["next_cursor"] is None
    by_text = (await client.get("/v1/products?sort=sales&q=苹果&limit=1")).json()
    assert by_text["items"][0]["title"] == "甲号苹果"


async def test_sales_and_a_new_card_beside_each_other_lose_nothing(fresh_database, make):
    async with fresh_database.begin() as db:
        apple = (await make.listed_product(db)).product_id

    async def sell():
        async with fresh_database.begin() as db:
            await deliver(db, ORDERS_HANDLERS, paid((apple, 1)))

    async def render():
        async with fresh_database.begin() as db:
            await db.execute(text("SELECT FROM products WHERE product_id = :id FOR UPDATE"), {"id": apple})
            await search_actions.refresh_cards(db, product_ids=[apple], now=NOW)

    await asyncio.gather(*(each() for _ in range(8) for each in (sell, render)))
    async with fresh_database.read() as db:
        assert await sold_counts(db) == {apple: 8}
