"""What orders take of promotions and give back: budgets, turns, coupons, gifts; on real PostgreSQL."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery import actions as delivery_actions
from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order.rules import PaymentEffect
from orders.payment import settling
from orders.price.differences import Seen, seen_of
from orders.promotion import actions
from orders.stock import queries as stock_queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku
from services.orders.tests.payment.payment_factories import opened_payment, paid_trade
from services.orders.tests.promotion.promotion_factories import (
    LEDGER_DIFFERS,
    OPERATOR,
    bought,
    budget,
    claimed_coupon,
    running_promotion,
)
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict

AFTER = NOW + WINDOW + timedelta(minutes=1)


async def pay(db: AsyncSession, order_id: object, payable_fen: int, **given: object) -> PaymentEffect:
    return await order_actions.settle_payment(
        db,
        order_id=order_id,  # type: ignore[arg-type]
        payment_id=uuid4(),
        paid_fen=payable_fen,
        paid_at=given.get("at", NOW),  # type: ignore[arg-type]
        now=given.get("at", NOW),  # type: ignore[arg-type]
    )


async def test_an_order_holds_the_budget_keeps_it_when_paid_and_gives_it_back_when_cancelled(db: AsyncSession):
    promotion = await running_promotion(db, budget_fen=5000)
    sku = await listed_sku(db, stock=20, price_fen=3000)
    draft = await bought(db, (sku.sku_id, 2))
    assert (draft.discount_fen, draft.payable_fen) == (1000, 5000)
    assert await budget(db, promotion) == (4000, 1000, 0)
    order = await order_queries.lock_order(db, draft.order_id)
    [line] = order["parts"][0]["lines"]
    assert (line["discount_fen"], [step["step"] for step in line["price_trace"]]) == (1000, ["list", "amount-off"])
    payment_id = await opened_payment(
        db, order_id=draft.order_id, amount_fen=draft.payable_fen, buyer_id=draft.buyer.person_id
    )
    await settling.take_trade(db, paid_trade(payment_id, draft.payable_fen), provider="sandbox", now=NOW)
    assert await budget(db, promotion) == (4000, 0, 1000)
    caller = Caller(draft.buyer.person_id)
    await order_actions.cancel_order(db, order_id=draft.order_id, reason="不要了", caller=caller, now=NOW)
    assert await budget(db, promotion) == (5000, 0, 0)
    other = await bought(db, (sku.sku_id, 2))
    await order_actions.expire_unpaid(db, now=AFTER)
    assert (await order_queries.lock_order(db, other.order_id))["status"] == "CANCELLED"
    assert await budget(db, promotion) == (5000, 0, 0)
    assert await db.scalar(LEDGER_DIFFERS) == 0


async def test_an_order_taken_up_again_takes_its_promotion_again_or_its_money_goes_back(db: AsyncSession):
    promotion = await running_promotion(db, budget_fen=1000)
    sku = await listed_sku(db, stock=20, price_fen=3000)
    first = await bought(db, (sku.sku_id, 2))
    await order_actions.expire_unpaid(db, now=AFTER)
    late = AFTER + timedelta(minutes=1)
    assert await pay(db, first.order_id, first.payable_fen, at=late) == PaymentEffect("paid")
    assert await budget(db, promotion) == (0, 0, 1000)
    second = await running_promotion(db, budget_fen=1000, terms={"steps": [{"from_fen": 5000, "off_fen": 999}]})
    lost = await bought(db, (sku.sku_id, 2))
    await order_actions.expire_unpaid(db, now=AFTER)
    taker = await bought(db, (sku.sku_id, 2), now=AFTER)
    assert taker.discount_fen == 999
    assert (await pay(db, lost.order_id, lost.payable_fen, at=late)).outcome == "refund-due"
    assert await budget(db, second) == (1, 999, 0)
    assert await db.scalar(LEDGER_DIFFERS) == 0


async def test_a_person_takes_part_as_often_as_the_cap_says(db: AsyncSession):
    await running_promotion(db, person_cap=1)
    sku = await listed_sku(db, stock=20, price_fen=3000)
    me = uuid4()
    first = await bought(db, (sku.sku_id, 2), buyer_id=me)
    assert (await bought(db, (sku.sku_id, 2), buyer_id=me)).discount_fen == 0
    assert (await bought(db, (sku.sku_id, 2))).discount_fen == 1000
    await order_actions.cancel_order(db, order_id=first.order_id, reason="不要了", caller=Caller(me), now=NOW)
    assert (await bought(db, (sku.sku_id, 2), buyer_id=me)).discount_fen == 1000


async def test_a_coupon_is_used_once_and_comes_back_with_the_cancelled_order(db: AsyncSession):
    coupon_kind = await running_promotion(db, "coupon", terms={"from_fen": 100, "off_fen": 500}, is_claimable=True)
    sku = await listed_sku(db, stock=20, price_fen=3000)
    me, status = uuid4(), text("SELECT status FROM coupons WHERE coupon_id = :coupon_id")
    coupon_id = await claimed_coupon(db, coupon_kind, me)
    assert (await bought(db, (sku.sku_id, 1), coupon_ids=(coupon_id,))).discount_fen == 0  # somebody else's
    first = await bought(db, (sku.sku_id, 1), buyer_id=me, coupon_ids=(coupon_id,))
    assert (first.discount_fen, await db.scalar(status, {"coupon_id": coupon_id})) == (500, "HELD")
    assert (await bought(db, (sku.sku_id, 1), buyer_id=me, coupon_ids=(coupon_id,))).discount_fen == 0
    await order_actions.cancel_order(db, order_id=first.order_id, reason="不要了", caller=Caller(me), now=NOW)
    assert await db.scalar(status, {"coupon_id": coupon_id}) == "CLAIMED"
    again = await bought(db, (sku.sku_id, 1), buyer_id=me, coupon_ids=(coupon_id,))
    await pay(db, again.order_id, again.payable_fen)
    assert await db.scalar(status, {"coupon_id": coupon_id}) == "USED"


async def test_a_gift_is_held_and_sold_for_nothing(db: AsyncSession):
    sku, honey = await listed_sku(db, stock=20, price_fen=3000), await listed_sku(db, stock=1, price_fen=800)
    terms = {"from_fen": 5000, "gifts": [{"sku_id": str(honey.sku_id), "quantity": 1}]}
    promotion = await running_promotion(db, "gift", terms=terms, budget_fen=10_000)
    draft = await bought(db, (sku.sku_id, 2))
    gifts = [line for line in draft.lines if line.is_gift]
    assert [(line.sku.sku_id, line.payable_fen) for line in gifts] == [(honey.sku_id, 0)]
    assert (draft.payable_fen, (await stock_queries.get_count(db, honey.sku_id)).held) == (6000, 1)
    assert await budget(db, promotion) == (9200, 800, 0)
    assert not [line for line in (await bought(db, (sku.sku_id, 2))).lines if line.is_gift]  # none left


async def test_what_changed_since_it_was_seen_is_told_by_kind(db: AsyncSession):
    promotion = await running_promotion(db)
    sku = await listed_sku(db, stock=20, price_fen=3000)
    seen = seen_of((await bought(db, (sku.sku_id, 2))).priced)
    await actions.move_promotion(
        db,
        promotion_id=promotion.promotion_id,
        verb="pause",
        expected_revision=promotion.revision,
        reason="",
        caller=OPERATOR,
        now=NOW,
    )
    tariff = {"first_g": 1000, "first_fen": 700, "step_g": 1000, "step_fen": 100}
    await delivery_actions.set_tariffs(db, supplier_id=sku.supplier_id, tariffs=[tariff])
    with pytest.raises(Conflict) as refusal:
        await bought(db, (sku.sku_id, 2), seen_payable_fen=5000, seen=seen)
    assert (refusal.value.code, refusal.value.extra["payable_fen"]) == ("price-changed", 6700)
    told = {each["kind"]: (each["seen_fen"], each["fen"]) for each in refusal.value.extra["differences"]}
    assert told == {"promotion": (1000, None), "delivery": (0, 700)}
    draft = await bought(db, (sku.sku_id, 2), seen_payable_fen=6700, seen=Seen())
    assert [part.delivery_fen for part in draft.parts] == [700]


async def test_where_nothing_is_brought_nothing_is_ordered(db: AsyncSession):
    sku = await listed_sku(db, stock=20)
    tariff = {"region_prefix": "11", "is_served": False, "first_g": 0, "first_fen": 0, "step_g": 1, "step_fen": 0}
    await delivery_actions.set_tariffs(db, supplier_id=None, tariffs=[tariff])
    with pytest.raises(Conflict) as refusal:
        await bought(db, (sku.sku_id, 1))
    assert refusal.value.code == "region-not-served"
    assert refusal.value.extra["skus"] == [{"sku_id": str(sku.sku_id), "product_title": "房县香菇"}]
    assert (await stock_queries.get_count(db, sku.sku_id)).held == 0


async def test_of_many_buyers_for_the_last_budget_and_one_turn_each_gets_what_is_there(fresh_database: Database):
    async with fresh_database.begin() as db:
        promotion = await running_promotion(db, budget_fen=2500, person_cap=1)
        sku = await listed_sku(db, stock=100, price_fen=3000)
    twin = uuid4()

    async def buy(buyer_id: object) -> int:
        async with fresh_database.read() as db:
            return (await bought(db, (sku.sku_id, 2), buyer_id=buyer_id)).discount_fen  # type: ignore[arg-type]

    buyers = [twin, twin, twin, *(uuid4() for _ in range(5))]
    found = await asyncio.gather(*(buy(each) for each in buyers), return_exceptions=True)
    discounts = [each for each in found if isinstance(each, int)]
    refused = [each.code for each in found if isinstance(each, Conflict)]
    assert len(discounts) + len(refused) == len(buyers)
    assert set(refused) <= {"promotion-changed"}
    assert sorted(discounts)[-2:] == [1000, 1000]
    assert sum(discounts) == 2000
    assert (
        sum(each for each, buyer in zip(found, buyers, strict=True) if buyer == twin and isinstance(each, int)) <= 1000
    )
    async with fresh_database.read() as db:
        assert await budget(db, promotion) == (500, 2000, 0)
        assert await db.scalar(LEDGER_DIFFERS) == 0


async def test_two_orders_with_one_coupon_use_it_once(fresh_database: Database):
    me = uuid4()
    async with fresh_database.begin() as db:
        promotion = await running_promotion(db, "coupon", terms={"off_fen": 500}, is_claimable=True)
        sku = await listed_sku(db, stock=100, price_fen=3000)
        coupon_id = await claimed_coupon(db, promotion, me)

    async def buy() -> int:
        async with fresh_database.read() as db:
            draft = await bought(db, (sku.sku_id, 1), buyer_id=me, coupon_ids=(coupon_id,), seen_payable_fen=2500)
        return draft.discount_fen

    found = await asyncio.gather(*(buy() for _ in range(5)), return_exceptions=True)
    assert [each for each in found if isinstance(each, int)] == [500]
    assert {each.code for each in found if isinstance(each, Conflict)} == {"price-changed"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE promotion_balances SET balance_fen = balance_fen - 5001",
        "UPDATE promotion_takings SET taken_count = cap_count + 1",
        "UPDATE promotion_entries SET fen = 1",
        "DELETE FROM promotion_entries",
        "UPDATE coupons SET status = 'USED' WHERE order_id IS NULL",
    ],
)
async def test_the_database_refuses_what_may_never_be(db: AsyncSession, statement: str):
    await running_promotion(db, budget_fen=5000, person_cap=1)
    coupon_kind = await running_promotion(db, "coupon", terms={"off_fen": 500}, is_claimable=True)
    sku = await listed_sku(db, stock=20, price_fen=3000)
    await bought(db, (sku.sku_id, 2))
    await claimed_coupon(db, coupon_kind, uuid4())
    with pytest.raises(DBAPIError):
        await db.execute(text(statement))
