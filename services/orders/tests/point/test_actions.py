"""Points of orders on real PostgreSQL: earned once, spent, given back, taken back, expired."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order import shortfall
from orders.point import actions, queries
from services.orders.tests.after_sales import delivered_order, payment_of
from services.orders.tests.factories import NOW, WINDOW, listed_sku, placed_order
from services.orders.tests.payment.payment_factories import captured_payment
from services.orders.tests.point.point_factories import account, ensure_agreed, kinds, person_with, refund_pieces
from shared.auth import Caller
from shared.errors import Conflict

AFTER = NOW + WINDOW + timedelta(minutes=1)
NEXT_YEAR = NOW + timedelta(days=366, hours=12)


async def test_a_completed_order_earns_once_and_an_unfinished_one_nothing(db: AsyncSession):
    one, two = await listed_sku(db, stock=5, price_fen=5050), await listed_sku(db, stock=5, price_fen=1000)
    me = uuid4()
    draft = await placed_order(db, (one.sku_id, 1), (two.sku_id, 2), buyer_id=me)
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=me)
    for part in draft.parts:
        assert await account(db, me) == (0, 0)
        ids = {"order_id": draft.order_id, "supplier_order_id": part.supplier_order_id}
        pieces = {line.sku.sku_id: line.quantity for line in part.lines}
        await order_actions.mark_shipped(db, **ids, quantities=pieces, shipped_at=NOW)
        await order_actions.mark_delivered(db, **ids, delivered_at=NOW)
        await order_actions.mark_delivered(db, **ids, delivered_at=NOW)  # told twice
    assert await account(db, me) == (70, 0)
    with pytest.raises(DBAPIError, match="uq_point_lots_order_id"):
        async with db.begin_nested():
            await actions.earn_for_order(
                db, person_id=me, buyer_kind="consumer", order_id=draft.order_id, lot_id=uuid4(), now=NOW
            )
    await ensure_agreed(db)


async def test_a_canteen_earns_nothing(db: AsyncSession):
    sku, me = await listed_sku(db, stock=5), uuid4()
    await delivered_order(db, (sku.sku_id, 5), buyer_id=me, buyer_kind="institution")
    assert await account(db, me) == (0, 0)


async def test_points_pay_lines_by_the_largest_remainder_and_money_pays_the_rest(db: AsyncSession):
    me, _ = await person_with(db, 300)
    one, two = await listed_sku(db, stock=5, price_fen=999), await listed_sku(db, stock=5, price_fen=500)
    draft = await placed_order(db, (one.sku_id, 1), (two.sku_id, 1), buyer_id=me, use_points=100)
    assert [(line.points_fen, line.payable_fen) for line in draft.lines] == [(67, 932), (33, 467)]
    order = await order_queries.lock_order(db, draft.order_id)
    assert (order["points_fen"], order["payable_fen"]) == (100, 1399)
    assert [part["points_fen"] for part in order["parts"]] == [67, 33]
    assert [part["lines"][0]["points_fen"] for part in order["parts"]] == [67, 33]
    assert await account(db, me) == (200, 0)
    assert await kinds(db, me) == [("earned", 300), ("spent", -100)]
    paid = await captured_payment(db, order_id=draft.order_id, payable_fen=1399, buyer_id=me)
    sent = await db.scalar(
        text("SELECT data FROM outbox WHERE type = 'orders.order-paid.v1' AND subject = :id"),
        {"id": str(draft.order_id)},
    )
    assert paid
    assert [(part["points_fen"], part["payable_fen"]) for part in sent["parts"]] == [(67, 932), (33, 467)]
    assert [part["lines"][0]["points_fen"] for part in sent["parts"]] == [67, 33]
    await ensure_agreed(db)


async def test_more_points_than_there_are_or_than_half_the_goods_are_refused(db: AsyncSession):
    me, _ = await person_with(db, 300)
    sku = await listed_sku(db, stock=5, price_fen=500)
    for wanted, usable in ((251, 250), (10**15, 250)):
        with pytest.raises(Conflict) as refused:
            await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=wanted)
        assert (refused.value.code, refused.value.extra["usable_points"]) == ("points-changed", usable)
    with pytest.raises(Conflict, match="Fewer points"):
        await placed_order(db, (sku.sku_id, 5), buyer_id=me, use_points=301)
    assert await account(db, me) == (300, 0)


@pytest.mark.parametrize("way", ["buyer", "clock", "paid"])
async def test_a_cancelled_order_gives_its_points_back_whoever_cancels_it(db: AsyncSession, way: str):
    me, _ = await person_with(db, 300)
    sku = await listed_sku(db, stock=5, price_fen=1000)
    draft = await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=120)
    if way == "paid":
        await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=me)
    if way == "clock":
        await order_actions.expire_unpaid(db, now=AFTER)
    else:
        await order_actions.cancel_order(db, order_id=draft.order_id, reason="不要了", caller=Caller(me), now=AFTER)
    assert await account(db, me) == (300, 0)
    assert await kinds(db, me) == [("earned", 300), ("spent", -120), ("given-back", 120)]
    await ensure_agreed(db)


async def test_late_money_takes_an_order_up_again_only_while_its_points_are_there(db: AsyncSession):
    me, _ = await person_with(db, 300)
    sku = await listed_sku(db, stock=9, price_fen=1000)
    drafts = [await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=150) for _ in range(2)]
    await order_actions.expire_unpaid(db, now=AFTER)
    taker = await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=150, now=AFTER)
    outcomes = []
    for draft in drafts:
        effect = await order_actions.settle_payment(
            db, order_id=draft.order_id, payment_id=uuid4(), paid_fen=draft.payable_fen, paid_at=AFTER, now=AFTER
        )
        outcomes.append(effect.outcome)
    assert (taker.payable_fen, outcomes) == (850, ["paid", "refund-due"])
    assert await account(db, me) == (0, 0)
    await ensure_agreed(db)


async def test_refunded_pieces_give_back_what_paid_for_them_and_lose_what_they_earned(db: AsyncSession):
    me, _ = await person_with(db, 300)
    sku = await listed_sku(db, stock=5, price_fen=1000)
    draft = await delivered_order(db, (sku.sku_id, 3), buyer_id=me, use_points=200)
    assert await account(db, me) == (128, 0)  # 28.00 in money brought 28
    [line] = draft.lines
    await refund_pieces(db, line.line_id, 1, now=NOW)
    assert await kinds(db, me) == [
        ("earned", 300), ("spent", -200), ("earned", 28), ("clawed-back", -9), ("given-back", 66),
    ]  # fmt: skip
    await refund_pieces(db, line.line_id, 2, now=NOW)
    assert await account(db, me) == (300, 0)
    payment = await payment_of(db, draft.order_id)
    assert (payment.captured_fen, payment.refunded_fen) == (2800, 2800)
    await ensure_agreed(db)


async def test_what_cannot_be_taken_back_is_owed_and_taken_of_the_next_earning(db: AsyncSession):
    me, first = await person_with(db, 100)
    sku = await listed_sku(db, stock=5, price_fen=1000)
    await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=90)
    await refund_pieces(db, first.lines[0].line_id, 2, now=NOW)
    assert await account(db, me) == (0, 90)
    await person_with(db, 60, person_id=me)
    assert await account(db, me) == (0, 30)
    await person_with(db, 60, person_id=me)
    assert await account(db, me) == (30, 0)
    assert [kind for kind in await kinds(db, me) if kind[0] in {"owed", "settled"}] == [
        ("owed", -90), ("settled", -60), ("settled", -30),
    ]  # fmt: skip
    house = await ensure_agreed(db)
    assert (house.issued, house.redeemed, house.outstanding, house.owed) == (120, 90, 30, 0)


async def test_pieces_that_are_never_sent_give_their_points_back_and_earn_nothing(db: AsyncSession):
    me, _ = await person_with(db, 300)
    sku = await listed_sku(db, stock=5, price_fen=1000)
    draft = await placed_order(db, (sku.sku_id, 4), buyer_id=me, use_points=200)
    await captured_payment(db, order_id=draft.order_id, payable_fen=draft.payable_fen, buyer_id=me)
    [part] = draft.parts
    ids = {"order_id": draft.order_id, "supplier_order_id": part.supplier_order_id}
    given_up = {sku.sku_id: 1}
    await shortfall.give_up(db, **ids, shortfall_id=uuid4(), quantities=given_up, reason="short", now=NOW)
    assert await account(db, me) == (150, 0)
    await order_actions.mark_shipped(db, **ids, quantities={sku.sku_id: 3}, shipped_at=NOW)
    await order_actions.mark_delivered(db, **ids, delivered_at=NOW)
    assert await account(db, me) == (150 + 28, 0)  # of 38.00 paid 28.50 were kept
    await refund_pieces(db, draft.lines[0].line_id, 3, now=NOW)
    assert await account(db, me) == (300, 0)
    await ensure_agreed(db)


async def test_the_points_that_end_first_go_first_and_come_back_last(db: AsyncSession):
    me, _ = await person_with(db, 100)
    await person_with(db, 100, person_id=me, now=NOW + timedelta(days=10))
    sku = await listed_sku(db, stock=5, price_fen=1000)
    draft = await delivered_order(
        db, (sku.sku_id, 3), buyer_id=me, use_points=150, now=NOW + timedelta(days=11), delivered_at=NOW
    )
    later = NOW + timedelta(days=12)
    lots = [row.points for row in await queries.list_lots(db, me, now=later)]
    assert lots == [28, 50]  # of the delivery, whose instant is the first lot's, and of the second lot
    await refund_pieces(db, draft.lines[0].line_id, 1, now=later)
    assert [row.points for row in await queries.list_lots(db, me, now=later)] == [19, 100]
    await ensure_agreed(db)


async def test_what_expires_is_written_off_and_what_comes_back_later_lasts_its_days_of_grace(db: AsyncSession):
    me, _ = await person_with(db, 100)
    sku = await listed_sku(db, stock=5, price_fen=1000)
    draft = await delivered_order(db, (sku.sku_id, 1), buyer_id=me, use_points=40, delivered_at=NOW)
    assert await queries.find_spendable(db, me, now=NEXT_YEAR) == 0
    assert await actions.expire_points(db, now=NEXT_YEAR) == 1
    assert await actions.expire_points(db, now=NEXT_YEAR) == 0
    assert await account(db, me) == (0, 0)
    await refund_pieces(db, draft.lines[0].line_id, 1, now=NEXT_YEAR)
    assert await account(db, me) == (40, 9)
    assert [(row.points, row.last_at) for row in await queries.list_lots(db, me, now=NEXT_YEAR)] == [
        (40, NEXT_YEAR + timedelta(days=30) - timedelta(microseconds=1))
    ]
    await ensure_agreed(db)


async def test_an_order_cannot_spend_what_has_expired_though_the_night_has_not_written_it_off(db: AsyncSession):
    me, _ = await person_with(db, 100)
    sku = await listed_sku(db, stock=5, price_fen=1000)
    with pytest.raises(Conflict) as refused:
        await placed_order(db, (sku.sku_id, 1), buyer_id=me, use_points=1, now=NEXT_YEAR)
    assert refused.value.extra["usable_points"] == 0


async def test_an_end_that_is_near_is_announced_once(db: AsyncSession):
    me, _ = await person_with(db, 100)
    assert await actions.announce_expiring(db, now=NOW + timedelta(days=300)) == 0
    near = NOW + timedelta(days=340)
    assert await actions.announce_expiring(db, now=near) == 1
    assert await actions.announce_expiring(db, now=near) == 0
    told = await db.scalar(text("SELECT data FROM outbox WHERE type = 'orders.points-expiring.v1'"))
    assert (UUID(told["person_id"]), told["points"]) == (me, 100)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE point_entries SET points = points + 1",
        "DELETE FROM point_entries",
        "UPDATE point_accounts SET balance = -1",
        "UPDATE point_lots SET left_points = points + 1",
        "UPDATE point_lines SET clawed = earned + 1",
        "UPDATE orders SET points_fen = 1",
        (
            "INSERT INTO point_entries (person_id, kind, from_book, to_book, points, lot_id, order_id, recorded_at)"
            " SELECT person_id, 'earned', 'redeemed', 'points', 5, lot_id, order_id, now() FROM point_lots"
        ),
        (
            "INSERT INTO point_entries (person_id, kind, from_book, to_book, points, lot_id, order_id, recorded_at)"
            " SELECT person_id, 'spent', 'points', 'redeemed', 101, lot_id, order_id, now() FROM point_lots"
        ),
    ],
)
async def test_the_database_refuses_what_no_action_does(db: AsyncSession, statement: str):
    me, _ = await person_with(db, 100)
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(text(statement))
    assert await account(db, me) == (100, 0)
    await ensure_agreed(db)


async def test_a_counter_that_was_altered_is_found(db: AsyncSession):
    me, _ = await person_with(db, 100)
    await db.execute(text("UPDATE point_accounts SET balance = 99"))
    [apart] = await queries.list_apart(db, [me])
    assert (apart.counted, apart.booked, apart.in_lots) == (99, 100, 100)
