"""Orders on real PostgreSQL: placing, paying, cancelling, expiring, shipping."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import actions as cart_actions
from orders.cart import queries as cart_queries
from orders.order import actions, queries, rules
from orders.sku import actions as sku_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import ADDRESS, NOW, WINDOW, listed_sku, paid_order, placed_order
from shared.auth import Caller
from shared.errors import Conflict, NotFound
from shared.events.catalog import SkuDelisted
from shared.events.orders import OrderCancelled, OrderPaid, OrderPlaced
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
    assert await published(db) == []


async def test_a_sku_that_changes_between_decision_and_save_refuses(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    skus = await queries.load_sale(db, [sku.sku_id], once=None)
    await sku_actions.delist_sku(
        db, SkuDelisted(sku_id=sku.sku_id, reason="out of season", revision=2, delisted_at=LATER)
    )
    draft = rules.draft_order(
        [rules.WantedLine(sku.sku_id, 1)],
        skus,
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


async def test_a_payment_settles_the_order_and_tells_everything_that_was_sold(db: AsyncSession):
    mushrooms = await listed_sku(db, stock=10, price_fen=3980)
    tea = await listed_sku(db, stock=5, price_fen=12800, origin_county_code="422801", designations=())
    draft, payment_id = await paid_order(db, (mushrooms.sku_id, 2), (tea.sku_id, 1))
    assert await state(db, draft.order_id) == ("PAID", ["PENDING_SHIPMENT"] * 2)
    order = await queries.lock_order(db, draft.order_id)
    assert order["payment_id"] == str(payment_id)
    [event] = await published(db, OrderPaid)
    assert event.paid_at == NOW + timedelta(minutes=1)
    assert (event.payable_fen, event.placed_at, event.address.recipient) == (20760, NOW, "王小梅")
    assert [part.payable_fen for part in event.parts] == [7960, 12800]
    assert event.parts[0].ship_from_county_code == mushrooms.supplier_county_code
    [line] = event.parts[1].lines
    assert (line.sku_id, line.quantity, line.payable_fen, line.origin_county_code) == (tea.sku_id, 1, 12800, "422801")
    assert event.parts[0].lines[0].designations == ("assisted-832",)
    open_ended = await db.scalar(text("SELECT count(*) FROM stock_holds WHERE expires_at IS NULL AND open_count > 0"))
    assert open_ended == 2


async def settle(db: AsyncSession, order_id: UUID, payment_id: UUID, paid_fen: int) -> rules.PaymentEffect:
    return await actions.settle_payment(
        db, order_id=order_id, payment_id=payment_id, paid_fen=paid_fen, paid_at=LATER, now=LATER
    )


async def test_the_same_notice_five_times_pays_once(db: AsyncSession):
    draft, payment_id = await paid_order(db)
    for _ in range(4):
        effect = await settle(db, draft.order_id, payment_id, draft.payable_fen)
        assert effect == rules.PaymentEffect("already-paid")
    assert len(await published(db, OrderPaid)) == 1


async def test_a_second_channel_and_a_wrong_amount_get_their_money_back(db: AsyncSession):
    draft = await placed_order(db)
    effect = await settle(db, draft.order_id, uuid4(), draft.payable_fen - 1)
    assert effect == rules.PaymentEffect("refund-due", "amount-differs")
    assert (await state(db, draft.order_id))[0] == "PENDING_PAYMENT"
    await settle(db, draft.order_id, uuid4(), draft.payable_fen)
    effect = await settle(db, draft.order_id, uuid4(), draft.payable_fen)
    assert effect == rules.PaymentEffect("refund-due", "paid-by-another-payment")


async def test_a_payment_after_the_expiry_is_refunded_and_never_short(db: AsyncSession):
    draft = await placed_order(db)
    assert await actions.expire_unpaid(db, now=NOW + WINDOW) == 1
    effect = await settle(db, draft.order_id, uuid4(), draft.payable_fen)
    assert effect == rules.PaymentEffect("refund-due", "order-cancelled")
    assert await published(db, OrderPaid) == []


async def test_a_payment_after_the_window_and_before_the_expiry_wins(db: AsyncSession):
    draft = await placed_order(db)
    late = NOW + WINDOW + timedelta(seconds=20)
    effect = await actions.settle_payment(
        db, order_id=draft.order_id, payment_id=uuid4(), paid_fen=draft.payable_fen, paid_at=late, now=late
    )
    assert effect == rules.PaymentEffect("paid")
    assert await actions.expire_unpaid(db, now=late) == 0


async def test_settling_an_order_that_does_not_exist_is_not_found(db: AsyncSession):
    with pytest.raises(NotFound) as refusal:
        await settle(db, uuid4(), uuid4(), 100)
    assert refusal.value.code == "order-not-found"


async def test_expiry_takes_batches_of_what_is_overdue_and_gives_the_stock_back(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    overdue = [await placed_order(db, (sku.sku_id, 1)) for _ in range(3)]
    fresh = await placed_order(db, (sku.sku_id, 1), now=NOW + timedelta(minutes=10))
    assert await actions.expire_unpaid(db, now=NOW + WINDOW, limit=2) == 2
    assert await actions.expire_unpaid(db, now=NOW + WINDOW, limit=2) == 1
    assert await actions.expire_unpaid(db, now=NOW + WINDOW, limit=2) == 0
    assert {(await state(db, draft.order_id))[0] for draft in overdue} == {"CANCELLED"}
    assert (await state(db, fresh.order_id))[0] == "PENDING_PAYMENT"
    assert (await stock_queries.get_count(db, sku.sku_id)).held == 1
    assert await stock_queries.list_differences(db) == []
    events = await published(db, OrderCancelled)
    assert {event.order_id for event in events} == {draft.order_id for draft in overdue}
    assert {(event.reason, event.was_paid, event.refunded_fen) for event in events} == {("payment-overdue", False, 0)}


def caller_of(draft: rules.OrderDraft) -> Caller:
    return Caller(draft.buyer.person_id)


async def cancel(db: AsyncSession, draft: rules.OrderDraft, *, caller: Caller | None = None) -> OrderCancelled:
    return await actions.cancel_order(
        db, order_id=draft.order_id, reason="changed my mind", caller=caller or caller_of(draft), now=LATER
    )


async def test_cancelling_gives_the_stock_back_once(db: AsyncSession):
    sku = await listed_sku(db, stock=3)
    draft = await placed_order(db, (sku.sku_id, 3))
    await cancel(db, draft)
    assert await state(db, draft.order_id) == ("CANCELLED", ["CANCELLED"])
    with pytest.raises(Conflict) as refusal:
        await cancel(db, draft)
    assert refusal.value.code == "order-already-cancelled"
    assert (await stock_queries.get_count(db, sku.sku_id)).available == 3
    assert await stock_queries.list_differences(db) == []
    assert len(await published(db, OrderCancelled)) == 1


async def test_only_the_buyer_and_operators_may_cancel(db: AsyncSession):
    draft = await placed_order(db)
    with pytest.raises(NotFound) as refusal:
        await cancel(db, draft, caller=Caller(uuid4()))
    assert refusal.value.code == "order-not-found"
    assert (await state(db, draft.order_id))[0] == "PENDING_PAYMENT"
    await cancel(db, draft, caller=Caller(uuid4(), kind="operator"))
    assert (await state(db, draft.order_id))[0] == "CANCELLED"


async def ship(
    db: AsyncSession, draft: rules.OrderDraft, *, part: int = 0, quantities: dict[UUID, int] | None = None
) -> None:
    sold = draft.parts[part]
    await actions.mark_shipped(
        db,
        order_id=draft.order_id,
        supplier_order_id=sold.supplier_order_id,
        quantities=quantities or {line.sku.sku_id: line.quantity for line in sold.lines},
        shipped_at=LATER,
    )


async def deliver(db: AsyncSession, draft: rules.OrderDraft, *, part: int = 0, at: datetime = LATER) -> None:
    await actions.mark_delivered(
        db, order_id=draft.order_id, supplier_order_id=draft.parts[part].supplier_order_id, delivered_at=at
    )


async def test_on_hand_moves_when_the_goods_leave_and_not_before(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    draft, _ = await paid_order(db, (sku.sku_id, 4))
    assert (await stock_queries.get_count(db, sku.sku_id)).on_hand == 10
    await ship(db, draft)
    count = await stock_queries.get_count(db, sku.sku_id)
    assert (count.on_hand, count.held, count.available) == (6, 0, 6)
    await ship(db, draft)
    assert await stock_queries.get_count(db, sku.sku_id) == count
    assert await stock_queries.list_differences(db) == []


async def test_more_shipped_than_sold_is_refused_and_moves_nothing(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    draft, _ = await paid_order(db, (sku.sku_id, 4))
    with pytest.raises(Conflict) as refusal:
        await ship(db, draft, quantities={sku.sku_id: 5})
    assert refusal.value.code == "shipped-more-than-held"
    assert (await stock_queries.get_count(db, sku.sku_id)).on_hand == 10
    assert await state(db, draft.order_id) == ("PAID", ["PENDING_SHIPMENT"])


async def test_goods_of_an_unpaid_order_cannot_be_shipped(db: AsyncSession):
    draft = await placed_order(db)
    with pytest.raises(Conflict) as refusal:
        await ship(db, draft)
    assert refusal.value.code == "order-not-paid"


async def test_an_order_is_complete_when_its_last_part_arrived(db: AsyncSession):
    one, two = await listed_sku(db, stock=10), await listed_sku(db, stock=10)
    draft, _ = await paid_order(db, (one.sku_id, 1), (two.sku_id, 1))
    await ship(db, draft, part=0)
    await ship(db, draft, part=1)
    await deliver(db, draft, part=1)
    assert await state(db, draft.order_id) == ("PAID", ["SHIPPED", "DELIVERED"])
    await deliver(db, draft, part=1)
    await deliver(db, draft, part=0, at=LATER + timedelta(days=1))
    assert await state(db, draft.order_id) == ("COMPLETED", ["DELIVERED", "DELIVERED"])
    history = await db.scalars(
        text("SELECT change FROM order_changes WHERE order_id = :order_id ORDER BY change_id"),
        {"order_id": draft.order_id},
    )
    assert list(history) == ["PLACED", "PAID", "SHIPPED", "SHIPPED", "DELIVERED", "DELIVERED", "COMPLETED"]


async def test_what_left_cannot_be_cancelled(db: AsyncSession):
    one, two = await listed_sku(db, stock=10), await listed_sku(db, stock=10)
    draft, _ = await paid_order(db, (one.sku_id, 1), (two.sku_id, 1))
    await ship(db, draft, part=1)
    with pytest.raises(Conflict) as refusal:
        await cancel(db, draft)
    assert refusal.value.code == "order-shipped"
    assert await state(db, draft.order_id) == ("PAID", ["PENDING_SHIPMENT", "SHIPPED"])
    assert (await stock_queries.get_count(db, one.sku_id)).held == 1


async def test_goods_that_left_beside_the_cancellation_leave_the_books_too(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    draft = await placed_order(db, (sku.sku_id, 4))
    await cancel(db, draft)
    await ship(db, draft)
    assert await state(db, draft.order_id) == ("CANCELLED", ["CANCELLED"])
    count = await stock_queries.get_count(db, sku.sku_id)
    assert (count.on_hand, count.held) == (6, 0)
    assert await stock_queries.list_differences(db) == []
    last = await db.scalar(text("SELECT change FROM order_changes ORDER BY change_id DESC LIMIT 1"))
    assert last == "SHIPPED_AFTER_CANCEL"
    await deliver(db, draft)
    assert (await state(db, draft.order_id))[0] == "CANCELLED"


async def test_a_part_cannot_arrive_before_it_left(db: AsyncSession):
    draft, _ = await paid_order(db)
    with pytest.raises(Conflict) as refusal:
        await deliver(db, draft)
    assert refusal.value.code == "part-not-shipped"


async def test_only_an_order_that_waits_for_money_is_payable(db: AsyncSession):
    draft = await placed_order(db)
    payable = await queries.get_payable(db, draft.order_id, caller_of(draft), LATER)
    assert (payable.payable_fen, payable.description) == (7960, "房县香菇等2件")
    with pytest.raises(NotFound):
        await queries.get_payable(db, draft.order_id, Caller(uuid4()), LATER)
    with pytest.raises(Conflict) as refusal:
        await queries.get_payable(db, draft.order_id, caller_of(draft), NOW + WINDOW)
    assert refusal.value.code == "order-not-payable"
