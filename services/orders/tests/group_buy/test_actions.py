"""A group forms, fails or is cancelled: what becomes of its orders, its money and its pieces."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.cart import actions as cart_actions
from orders.cart import queries as cart_queries
from orders.group_buy import actions
from orders.hold import actions as hold_actions
from orders.order import actions as order_actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.group_buy.group_factories import (
    DAY,
    PRICE_FEN,
    group_row,
    joined,
    opened_group,
    order_of,
    paid,
)
from services.orders.tests.payment.payment_factories import refunds_of
from shared.auth import Caller
from shared.errors import Conflict
from shared.events.orders import OrderCancelled, OrderPaid
from shared.testing import published

END = NOW + DAY


async def stock_of(db: AsyncSession, group_buy_id: UUID) -> tuple[int, int, int]:
    """(on hand, held, still set aside for the group)."""
    row = await group_row(db, group_buy_id)
    count = await stock_queries.get_count(db, row.sku_id)
    aside = await db.scalar(text("SELECT open_count FROM stock_holds WHERE holder_id = :id"), {"id": group_buy_id})
    assert await stock_queries.list_differences(db) == []
    return count.on_hand, count.held, int(aside or 0)


async def counts(db: AsyncSession, group_buy_id: UUID) -> tuple[str, int, int]:
    row = await group_row(db, group_buy_id)
    return row.status, row.taken_count, row.paid_count


async def test_a_join_costs_the_groups_price_and_says_why(db: AsyncSession):
    draft = await joined(db, await opened_group(db), 2)
    [line] = draft.lines
    assert (draft.mode, line.unit_price_fen, line.payable_fen) == ("GROUP_BUY", PRICE_FEN, 2 * PRICE_FEN)
    assert [(step.step, step.fen) for step in line.trace] == [("list", 7960), ("group-buy", -2000)]


async def test_pieces_come_out_of_what_is_set_aside_and_go_back_there(db: AsyncSession):
    group = await opened_group(db)
    assert await stock_of(db, group) == (20, 10, 10)
    draft = await joined(db, group, 3)
    assert await stock_of(db, group) == (20, 10, 7)
    await order_actions.cancel_order(
        db, order_id=draft.order_id, reason="no", caller=Caller(draft.buyer.person_id), now=NOW
    )
    assert await stock_of(db, group) == (20, 10, 10)
    assert await counts(db, group) == ("OPEN", 0, 0)


async def test_the_cart_is_left_alone(db: AsyncSession):
    sku, buyer_id = await listed_sku(db, stock=20), uuid4()
    group = await opened_group(db, sku)
    await cart_actions.put_line(db, person_id=buyer_id, sku_id=sku.sku_id, quantity=2, now=NOW)
    await joined(db, group, 1, buyer_id=buyer_id)
    assert [line.quantity for line in await cart_queries.list_lines(db, buyer_id)] == [2]


async def test_others_cannot_buy_what_is_set_aside(db: AsyncSession):
    sku = await listed_sku(db, stock=10)
    group = await opened_group(db, sku)
    with pytest.raises(Conflict) as refused:
        await placed_order(db, (sku.sku_id, 1))
    assert refused.value.code == "stock-short"
    assert (await joined(db, group, 10)).payable_fen == 10 * PRICE_FEN


async def test_without_a_maximum_it_goes_on_with_free_pieces(db: AsyncSession):
    group = await opened_group(db, max_count=None)
    assert await stock_of(db, group) == (20, 4, 4)
    draft = await joined(db, group, 6)
    assert await stock_of(db, group) == (20, 6, 0)
    await order_actions.cancel_order(
        db, order_id=draft.order_id, reason="no", caller=Caller(draft.buyer.person_id), now=NOW
    )
    assert await stock_of(db, group) == (20, 4, 4)


async def test_a_paid_order_waits_untold_until_the_group_forms(db: AsyncSession):
    group = await opened_group(db)
    one = await joined(db, group, 3)
    await paid(db, one)
    assert await order_of(db, one.order_id) == ("PAID", "AWAITING_GROUP", "PLACED PAID")
    assert await actions.announce_formed(db, now=NOW) == 0
    assert await published(db, OrderPaid) == []
    two = await joined(db, group, 1)
    assert await counts(db, group) == ("OPEN", 4, 3)
    await paid(db, two)
    assert await counts(db, group) == ("FORMED", 4, 4)
    assert await published(db, OrderPaid) == []
    assert await actions.announce_formed(db, now=NOW, limit=1) == 1
    assert await actions.announce_formed(db, now=NOW, limit=5) == 1
    assert await actions.announce_formed(db, now=NOW) == 0
    told = await published(db, OrderPaid)
    assert {event.order_id for event in told} == {one.order_id, two.order_id}
    assert {event.mode for event in told} == {"GROUP_BUY"}
    assert await order_of(db, one.order_id) == ("PAID", "PENDING_SHIPMENT", "PLACED PAID GROUP_FORMED")


async def test_who_pays_into_a_formed_group_is_told_of_at_once(db: AsyncSession):
    group = await opened_group(db)
    await paid(db, await joined(db, group, 4))
    late = await joined(db, group, 2, now=NOW + timedelta(hours=2))
    await paid(db, late, at=NOW + timedelta(hours=2))
    assert await order_of(db, late.order_id) == ("PAID", "PENDING_SHIPMENT", "PLACED PAID")
    assert [event.order_id for event in await published(db, OrderPaid)] == [late.order_id]
    assert await actions.announce_formed(db, now=NOW) == 1


async def test_what_is_sent_of_a_formed_group_leaves_the_stock(db: AsyncSession):
    group = await opened_group(db)
    draft = await joined(db, group, 4)
    await paid(db, draft)
    send = {
        "order_id": draft.order_id,
        "supplier_order_id": draft.parts[0].supplier_order_id,
        "quantities": {draft.lines[0].sku.sku_id: 4},
        "shipped_at": NOW,
    }
    with pytest.raises(Conflict) as refused:
        await order_actions.mark_shipped(db, **send)
    assert refused.value.code == "order-not-paid"
    await actions.announce_formed(db, now=NOW)
    await order_actions.mark_shipped(db, **send)
    assert await stock_of(db, group) == (16, 6, 6)


async def test_one_who_paid_may_leave_until_it_is_formed(db: AsyncSession):
    group = await opened_group(db)
    one, two = await joined(db, group, 3), await joined(db, group, 4)
    payment_id = await paid(db, one)
    await order_actions.cancel_order(
        db, order_id=one.order_id, reason="no", caller=Caller(one.buyer.person_id), now=NOW
    )
    assert await refunds_of(db, payment_id) == [(one.payable_fen, "no", "REQUESTED")]
    await paid(db, two)
    assert await counts(db, group) == ("FORMED", 4, 4)
    caller = Caller(two.buyer.person_id)
    with pytest.raises(Conflict) as refused:
        await order_actions.cancel_order(db, order_id=two.order_id, reason="no", caller=caller, now=NOW)
    assert refused.value.code == "group-formed"
    operator = Caller(uuid4(), kind="operator")
    await order_actions.cancel_order(db, order_id=two.order_id, reason="helped", caller=operator, now=NOW)
    assert await counts(db, group) == ("FORMED", 0, 0)
    assert await actions.announce_formed(db, now=NOW) == 0


async def test_failing_gives_all_money_and_all_pieces_back_once(db: AsyncSession):
    group = await opened_group(db)
    one, two = await joined(db, group, 2), await joined(db, group, 1, now=END - timedelta(minutes=10))
    payment_id = await paid(db, one)
    assert await actions.fail_due(db, now=END - timedelta(seconds=1)) is False
    assert await actions.fail_due(db, now=END) is True
    assert await actions.fail_due(db, now=END) is False
    assert (await group_row(db, group)).reached_count == 2
    assert await actions.refund_ended(db, now=END, limit=1) == 1
    assert await actions.refund_ended(db, now=END, limit=5) == 1
    assert await actions.refund_ended(db, now=END) == 0
    assert await refunds_of(db, payment_id) == [(one.payable_fen, "group-failed", "REQUESTED")]
    told = {event.order_id: (event.was_paid, event.refunded_fen) for event in await published(db, OrderCancelled)}
    assert told == {one.order_id: (True, one.payable_fen), two.order_id: (False, 0)}
    assert await published(db, OrderPaid) == []
    assert await counts(db, group) == ("FAILED", 0, 0)
    assert await stock_of(db, group) == (20, 0, 0)


async def test_an_order_in_a_group_waits_for_money_no_longer_than_the_group(db: AsyncSession):
    draft = await joined(db, await opened_group(db), now=END - timedelta(minutes=10))
    assert draft.payment_due_at == END
    assert (await joined(db, await opened_group(db))).payment_due_at == NOW + WINDOW


async def test_money_after_the_end_goes_back_at_once_and_money_before_counts(db: AsyncSession):
    group = await opened_group(db)
    late, due = await joined(db, group, 4, now=END - timedelta(minutes=5)), END + timedelta(seconds=1)
    payment_id = await paid(db, late, at=due)
    assert await refunds_of(db, payment_id) == [(late.payable_fen, "group-closed", "REQUESTED")]
    assert await counts(db, group) == ("OPEN", 4, 0)
    assert await actions.fail_due(db, now=due) is True
    assert await actions.refund_ended(db, now=due) == 1
    other = await opened_group(db)
    in_time = await joined(db, other, 4, now=END - timedelta(minutes=5))
    await paid(db, in_time, at=END - timedelta(seconds=1))
    assert await counts(db, other) == ("FORMED", 4, 4)


async def test_money_for_a_failed_group_goes_back(db: AsyncSession):
    group = await opened_group(db)
    draft = await joined(db, group, 4, now=END - timedelta(minutes=5))
    await actions.fail_due(db, now=END)
    await actions.refund_ended(db, now=END)
    payment_id = await paid(db, draft, at=END - timedelta(seconds=1))
    assert await refunds_of(db, payment_id) == [(draft.payable_fen, "order-cancelled", "REQUESTED")]
    assert await counts(db, group) == ("FAILED", 0, 0)


async def test_an_unpaid_order_gives_its_pieces_back_to_the_group(db: AsyncSession):
    group = await opened_group(db)
    await joined(db, group, 10)
    assert await order_actions.expire_unpaid(db, now=NOW + WINDOW) == 1
    assert await stock_of(db, group) == (20, 10, 10)
    assert await counts(db, group) == ("OPEN", 0, 0)
    await joined(db, group, 10, now=NOW + WINDOW)


async def test_cancelling_gives_everything_back(db: AsyncSession):
    group = await opened_group(db)
    draft = await joined(db, group, 2)
    payment_id = await paid(db, draft)
    row = await group_row(db, group)
    caller = Caller(uuid4(), row.supplier_id, "supplier")
    await actions.move_group_buy(
        db, group_buy_id=group, verb="cancel", expected_revision=2, reason="霜冻", caller=caller, now=NOW
    )
    assert await actions.refund_ended(db, now=NOW) == 1
    assert await refunds_of(db, payment_id) == [(draft.payable_fen, "group-cancelled", "REQUESTED")]
    assert await stock_of(db, group) == (20, 0, 0)
    with pytest.raises(Conflict) as refused:
        await joined(db, group)
    assert refused.value.code == "group-closed"


async def test_the_hold_of_a_formed_group_ends_with_its_time(db: AsyncSession):
    group = await opened_group(db)
    await paid(db, await joined(db, group, 4))
    assert await hold_actions.expire_holds(db, now=END) == 1
    assert await stock_of(db, group) == (20, 4, 0)
    with pytest.raises(Conflict) as refused:
        await joined(db, group, now=END)
    assert refused.value.code == "group-closed"


@pytest.mark.parametrize(("quantity", "code", "left"), [(11, "group-full", 10), (3, "group-cap", 2), (2, "", None)])
async def test_nobody_gets_more_than_there_is_or_than_one_may_have(
    db: AsyncSession, quantity: int, code: str, left: int | None
):
    group = await opened_group(db, person_cap=2 if quantity < 10 else None)
    if not code:
        assert (await joined(db, group, quantity)).lines[0].quantity == 2
        return
    with pytest.raises(Conflict) as refused:
        await joined(db, group, quantity)
    assert (refused.value.code, refused.value.extra["left"]) == (code, left)
    assert await counts(db, group) == ("OPEN", 0, 0)


async def test_the_cap_counts_all_orders_of_a_person(db: AsyncSession):
    group, buyer_id = await opened_group(db, person_cap=3), uuid4()
    await joined(db, group, 2, buyer_id=buyer_id)
    with pytest.raises(Conflict) as refused:
        await joined(db, group, 2, buyer_id=buyer_id)
    assert (refused.value.code, refused.value.extra["left"]) == ("group-cap", 1)
