"""Orders on real PostgreSQL: paying, cancelling, expiring, shipping."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions, queries, rules
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku, paid_order, placed_order
from shared.auth import Caller
from shared.errors import Conflict, NotFound
from shared.events.orders import OrderCancelled, OrderPaid
from shared.testing import published

LATER = NOW + timedelta(minutes=5)


async def state(db: AsyncSession, order_id: UUID) -> tuple[str, list[str]]:
    order = await queries.lock_order(db, order_id)
    return order["status"], [part["fulfilment"] for part in order["parts"]]


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
    await placed_order(db, (draft.lines[0].sku.sku_id, 9))  # of ten pieces; two were wanted
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
