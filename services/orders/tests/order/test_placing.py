"""Placing orders on real PostgreSQL, and what the database refuses to do to one."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import actions as cart_actions
from orders.cart import queries as cart_queries
from orders.order import actions, queries, rules
from orders.price import queries as price_queries
from orders.sku import actions as sku_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import ADDRESS, NOW, WINDOW, listed_sku, placed_order
from shared.errors import Conflict
from shared.events.catalog import SkuDelisted
from shared.events.orders import OrderPlaced
from shared.ids import new_id
from shared.testing import published

LATER = NOW + timedelta(minutes=5)


async def state(db: AsyncSession, order_id: UUID) -> tuple[str, list[str]]:
    order = await queries.lock_order(db, order_id)
    return order["status"], [part["fulfilment"] for part in order["parts"]]


async def place(db: AsyncSession, *lines: tuple[UUID, int], seen_payable_fen: int | None, buyer_id: UUID) -> Any:
    return await actions.place_order(
        db,
        order_id=new_id(),
        next_id=new_id,
        buyer=rules.Buyer(buyer_id, "consumer"),
        wanted=[rules.WantedLine(*line) for line in lines],
        address=ADDRESS,
        note="",
        seen_payable_fen=seen_payable_fen,
        now=NOW,
        payment_window=WINDOW,
    )


async def test_placing_splits_by_supplier_and_holds_the_stock(db: AsyncSession):
    mushrooms = await listed_sku(db, stock=10, price_fen=3980)
    tea = await listed_sku(db, stock=5, price_fen=12800)
    draft = await placed_order(db, (mushrooms.sku_id, 2), (tea.sku_id, 1))
    assert [part.payable_fen for part in draft.parts] == [7960, 12800]
    assert (await stock_queries.get_count(db, mushrooms.sku_id)).available == 8
    assert (await stock_queries.get_count(db, tea.sku_id)).held == 1
    assert await stock_queries.list_differences(db) == []
    assert await state(db, draft.order_id) == ("PENDING_PAYMENT", ["PENDING_PAYMENT"] * 2)
    [event] = await published(db, OrderPlaced)
    assert event == OrderPlaced(
        order_id=draft.order_id,
        order_number=draft.order_number,
        mode="RETAIL",
        buyer_id=draft.buyer.person_id,
        buyer_kind="consumer",
        payable_fen=20760,
        placed_at=NOW,
        payment_due_at=NOW + timedelta(minutes=30),
    )


async def test_lines_keep_the_facts_of_the_moment_of_sale(db: AsyncSession):
    sku = await listed_sku(db, stock=10, designations=("assisted-832", "key-160"))
    draft = await placed_order(db, (sku.sku_id, 2))
    await sku_actions.revise_sku(
        db, sku.model_copy(update={"revision": 2, "price_fen": 1, "product_title": "别名"}), revised_at=LATER
    )
    [line] = (await queries.lock_order(db, draft.order_id))["parts"][0]["lines"]
    assert (line["product_title"], line["unit_price_fen"], line["payable_fen"]) == ("房县香菇", 3980, 7960)
    assert (line["designations"], line["net_weight_g"]) == (["assisted-832", "key-160"], 500)


async def test_placing_empties_the_cart_of_what_was_ordered_only(db: AsyncSession):
    buyer_id = uuid4()
    ordered, kept = await listed_sku(db, stock=10), await listed_sku(db, stock=10)
    for sku in (ordered, kept):
        await cart_actions.put_line(db, person_id=buyer_id, sku_id=sku.sku_id, quantity=1, now=NOW)
    await placed_order(db, (ordered.sku_id, 1), buyer_id=buyer_id)
    assert [line.sku.sku_id for line in await cart_queries.list_lines(db, buyer_id)] == [kept.sku_id]


async def test_a_price_that_changed_since_the_cart_refuses_and_changes_nothing(db: AsyncSession):
    buyer_id = uuid4()
    sku = await listed_sku(db, stock=10, price_fen=3980)
    await cart_actions.put_line(db, person_id=buyer_id, sku_id=sku.sku_id, quantity=2, now=NOW)
    await sku_actions.revise_sku(db, sku.model_copy(update={"revision": 2, "price_fen": 4200}), revised_at=LATER)
    with pytest.raises(Conflict) as refusal:
        await place(db, (sku.sku_id, 2), seen_payable_fen=7960, buyer_id=buyer_id)
    assert refusal.value.code == "price-changed"
    assert refusal.value.extra["differences"] == [
        {
            "kind": "price",
            "sku_id": str(sku.sku_id),
            "product_title": "房县香菇",
            "quantity": 2,
            "seen_price_fen": 3980,
            "unit_price_fen": 4200,
            "amount_fen": 8400,
        }
    ]
    assert (await stock_queries.get_count(db, sku.sku_id)).held == 0
    assert await published(db, OrderPlaced) == []


async def test_too_little_stock_of_one_line_holds_none(db: AsyncSession):
    plenty, scarce = await listed_sku(db, stock=10), await listed_sku(db, stock=1)
    with pytest.raises(Conflict) as refusal:
        await placed_order(db, (plenty.sku_id, 2), (scarce.sku_id, 2))
    assert refusal.value.code == "stock-short"
    assert refusal.value.extra["shortages"] == [{"sku_id": str(scarce.sku_id), "wanted": 2, "available": 1}]
    assert (await stock_queries.get_count(db, plenty.sku_id)).held == 0
    assert await published(db, OrderPlaced) == []


async def test_a_sku_that_changes_between_decision_and_save_refuses(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    sale = await price_queries.load_sale(db, [sku.sku_id], person_id=uuid4())
    await sku_actions.delist_sku(
        db, SkuDelisted(sku_id=sku.sku_id, reason="out of season", revision=2, delisted_at=LATER)
    )
    draft = rules.draft_order(
        [rules.WantedLine(sku.sku_id, 1)],
        sale.skus,
        order_id=new_id(),
        next_id=new_id,
        buyer=rules.Buyer(uuid4(), "consumer"),
        address=ADDRESS,
        note="",
        placed_on=NOW.date(),
        now=NOW,
        payment_window=WINDOW,
    )
    with pytest.raises(Conflict) as refusal:
        await actions.save_placed(db, draft, answer=b"", once=None, now=NOW)
    assert refusal.value.code == "sku-changed"
    assert (await stock_queries.get_count(db, sku.sku_id)).held == 0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("goods_fen + 1, discount_fen, delivery_fen, payable_fen + 1", "do not sum"),
        ("goods_fen, discount_fen + 1, delivery_fen, payable_fen - 1", "do not sum"),
        ("goods_fen, discount_fen, delivery_fen + 1, payable_fen + 1", "do not sum"),
        ("goods_fen, discount_fen, delivery_fen, payable_fen", None),
    ],
)
async def test_the_database_refuses_an_order_to_which_its_parts_do_not_sum(
    db: AsyncSession, written: str, expected: str | None
):
    draft = await placed_order(db)
    copy = text(f"""
        WITH whole AS (
            INSERT INTO orders (order_id, order_number, mode, status, buyer_id, buyer_kind, goods_fen, discount_fen,
                                delivery_fen, payable_fen, recipient, phone, county_code, address_detail, placed_at,
                                payment_due_at)
            SELECT :copy_id, 'copy', mode, status, buyer_id, buyer_kind, {written},
                   recipient, phone, county_code, address_detail, placed_at, payment_due_at
            FROM orders WHERE order_id = :order_id
        ), part AS (
            INSERT INTO supplier_orders (supplier_order_id, order_id, part_number, supplier_id, supplier_name,
                ship_from_county_code, fulfilment, goods_fen, discount_fen, delivery_fen, payable_fen, placed_at)
            SELECT :part_id, :copy_id, 1, supplier_id, supplier_name, ship_from_county_code, fulfilment,
                   goods_fen, discount_fen, delivery_fen, payable_fen, placed_at
            FROM supplier_orders WHERE order_id = :order_id
        )
        INSERT INTO order_lines (line_id, supplier_order_id, line_number, sku_id, product_id, product_title,
            product_title_en, specification, specification_en, category, picture, origin_county_code, designations,
            temperature_class, net_weight_g, quantity, unit_price_fen, amount_fen, discount_fen, payable_fen)
        SELECT gen_random_uuid(), :part_id, 1, sku_id, product_id, product_title, product_title_en, specification,
            specification_en, category, picture, origin_county_code, designations, temperature_class, net_weight_g,
            quantity, unit_price_fen, amount_fen, line.discount_fen, line.payable_fen
        FROM order_lines AS line JOIN supplier_orders USING (supplier_order_id) WHERE order_id = :order_id
    """)  # noqa: S608 - the test's own text
    values = {"order_id": draft.order_id, "copy_id": uuid4(), "part_id": uuid4()}
    await db.execute(text("SET LOCAL orders.is_placing = 'yes'"))
    if expected is None:
        await db.execute(copy, values)
    else:
        with pytest.raises(DBAPIError, match=expected):
            await db.execute(copy, values)


@pytest.mark.parametrize("table", ["supplier_orders", "order_lines"])
async def test_the_database_refuses_to_add_to_an_order_that_stands(db: AsyncSession, table: str):
    await placed_order(db)
    with pytest.raises(DBAPIError, match="nothing is added"):
        await db.execute(text(f"INSERT INTO {table} SELECT * FROM {table}"))  # noqa: S608 - the test's own text


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET goods_fen = goods_fen + 1, payable_fen = payable_fen + 1",
        "UPDATE supplier_orders SET delivery_fen = 1, payable_fen = payable_fen + 1",
        "UPDATE order_lines SET quantity = quantity",
        "DELETE FROM order_lines",
        "UPDATE order_changes SET reason = 'other'",
        "DELETE FROM order_changes",
        "UPDATE stock_ledger SET quantity = 1",
        "DELETE FROM stock_ledger",
        "TRUNCATE stock_ledger",
    ],
)
async def test_the_database_refuses_to_rewrite_what_was_sold(db: AsyncSession, statement: str):
    await placed_order(db)
    with pytest.raises(DBAPIError, match="append-only"):
        await db.execute(text(statement))


async def test_the_statements_of_placing_are_not_planned_anew_for_each_order(db: AsyncSession):
    settings = text("SELECT proconfig FROM pg_proc WHERE proname = 'place_order'")
    assert await db.scalar(settings) == ["plan_cache_mode=force_generic_plan"]
