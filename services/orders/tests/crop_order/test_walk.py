"""From the offer to the settled order: three units, a short harvest, deposits credited; all figures by hand.

One pack at 30.00 yuan. A orders 100 (3,000.00; deposit 20 % = 600.00), B 60 (1,800.00; 360.00), C 40 (1,200.00;
240.00): 200 in all. 90 are harvested: exactly 45, 27 and 18. A and B agreed on at least 40 %, C on at least 50 %: 18 of
40 is less, so C waits for its word.
"""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions as acceptance_actions
from orders.crop_order import growing, paying, sharing
from orders.order import queries as order_queries
from orders.purchase import queries as purchase_queries
from orders.sku import queries as sku_queries
from services.orders.tests.acceptance.checking import check_of
from services.orders.tests.crop_order.cropping import (
    TODAY,
    Parties,
    Side,
    a_side,
    budget_of,
    declared,
    fresh,
    grown,
    parties,
)
from services.orders.tests.factories import NOW
from services.orders.tests.settlement.settling import Owed, accept, bring, enter, paid_of, statement_file
from services.orders.tests.unit_order.buying import Bought
from services.orders.tests.unit_order.buying import bring as deliver


async def deal_of(db: AsyncSession, those: Parties, side: Side, purchase_id: object) -> Bought:
    """The order that a share became."""
    [placed] = await purchase_queries.list_orders(db, purchase_id)  # type: ignore[arg-type]
    order = await order_queries.lock_order(db, placed.order_id)
    return Bought(
        placed.order_id,
        order["parts"][0]["supplier_order_id"],
        side.unit.unit_id,
        side.unit.organisation_id,
        those.sku.supplier_id,
        (those.sku.sku_id,),
        placed.payable_fen,
        purchase_id,  # type: ignore[arg-type]
    )


async def test_a_short_harvest_is_shared_and_one_leaves_its_share(db: AsyncSession):
    those = await parties(db)
    a, b, c = those.side, await a_side(db), await a_side(db)
    first = await grown(db, those, a, least_share_bp=4000)
    second = await grown(db, those, b, quantity=60, least_share_bp=4000)
    third = await grown(db, those, c, quantity=40, least_share_bp=5000)
    assert await budget_of(db, a) == (240_000, 60_000)
    assert await budget_of(db, b) == (144_000, 36_000)
    assert await budget_of(db, c) == (96_000, 24_000)

    harvest = await declared(db, those, 90)
    first, second, third = await fresh(db, first), await fresh(db, second), await fresh(db, third)
    assert (harvest.order_count, harvest.ordered_count, harvest.harvested_count, harvest.shared_count) == (
        3, 200, 90, 90
    )  # fmt: skip
    assert [each.allocated_count for each in (first, second, third)] == [45, 27, 18]
    assert [each.status for each in (first, second, third)] == ["DELIVERING", "DELIVERING", "HARVESTED"]
    # A's share costs 1,350.00, B's 810.00, each committed as a purchase; the deposit counts there, and nothing twice.
    assert await budget_of(db, a) == (135_000, 0)
    assert await budget_of(db, b) == (81_000, 0)
    assert await budget_of(db, c) == (96_000, 24_000)

    # C leaves its 18: 960.00 are free, 240.00 stay consumed until the supplier paid them back. They go on sale.
    third = await growing.cancel_crop_order(
        db,
        crop_order_id=third.crop_order_id,
        reason="太少",
        expected_revision=third.revision,
        caller=c.handler,
        now=NOW,
    )
    assert (third.status, third.owed_back_fen, third.refunded_fen) == ("CANCELLED", 24_000, 0)
    assert await budget_of(db, c) == (0, 24_000)
    free = (await sku_queries.list_for_sale(db, [those.sku.sku_id]))[those.sku.sku_id].available
    assert free == 18
    third = await paying.record_refund(
        db,
        crop_order_id=third.crop_order_id,
        received_on=TODAY,
        voucher="TK-1",
        expected_revision=third.revision,
        caller=c.financier,
        now=NOW,
    )
    assert (third.refunded_fen, await budget_of(db, c)) == (24_000, (0, 0))


async def test_deposits_pay_first_and_what_they_do_not_cover_comes_by_bank(db: AsyncSession, tmp_path: Path):
    those = await parties(db)
    a, b = those.side, await a_side(db)
    first = await grown(db, those, a, least_share_bp=4000)
    second = await grown(db, those, b, quantity=60, least_share_bp=4000)
    await declared(db, those, 72)
    first, second = await fresh(db, first), await fresh(db, second)
    assert [each.allocated_count for each in (first, second)] == [45, 27]
    # A gets its 45 and accepts them: 1,350.00 are owed, 600.00 are there, 750.00 come by bank.
    deal = await deal_of(db, those, a, first.purchase_id)
    assert deal.payable_fen == 135_000
    await deliver(db, deal, (45,))
    check = await check_of(db, deal)
    await acceptance_actions.accept_goods(
        db, order_id=deal.order_id, check=check, caller=a.handler, now=NOW + timedelta(hours=4)
    )
    first = await fresh(db, first)
    assert (first.credited_fen, first.owed_back_fen) == (60_000, 0)
    assert await budget_of(db, a) == (0, 135_000)
    code = await db.scalar(
        text("SELECT payment_code FROM unit_orders WHERE order_id = :order_id"), {"order_id": deal.order_id}
    )
    owed = Owed(deal, str(code))
    assert await paid_of(db, owed) == ("ACCEPTED", 60_000, 135_000)
    await enter(db, owed)
    await accept(db, owed)
    await bring(db, owed, statement_file(tmp_path, ("A", 75_000, owed.code)))
    assert await paid_of(db, owed) == ("SETTLED", 135_000, 135_000)

    # B accepts only 9 of its 27: 270.00. Its deposit of 360.00 pays all of it; 90.00 are owed back.
    deal = await deal_of(db, those, b, second.purchase_id)
    await deliver(db, deal, (27,))
    check = await check_of(db, deal, missing=18)
    await acceptance_actions.accept_goods(
        db, order_id=deal.order_id, check=check, caller=b.handler, now=NOW + timedelta(hours=4)
    )
    second = await fresh(db, second)
    assert (second.credited_fen, second.owed_back_fen) == (27_000, 9_000)
    # 270.00 for the goods and the 90.00 that are with the supplier for nothing.
    assert await budget_of(db, b) == (0, 36_000)
    second = await paying.record_refund(
        db,
        crop_order_id=second.crop_order_id,
        received_on=TODAY,
        voucher="TK-2",
        expected_revision=second.revision,
        caller=b.financier,
        now=NOW,
    )
    assert await budget_of(db, b) == (0, 27_000)
    by_code = await db.scalar(
        text("SELECT payment_code FROM unit_orders WHERE order_id = :order_id"), {"order_id": deal.order_id}
    )
    small = Owed(deal, str(by_code))
    assert await paid_of(db, small) == ("ACCEPTED", 27_000, 27_000)
    await enter(db, small)
    await accept(db, small)
    assert await paid_of(db, small) == ("SETTLED", 27_000, 27_000)


async def test_a_share_below_the_least_that_its_unit_takes_is_ordered_and_returns_what_of_the_deposit_it_does_not_need(
    db: AsyncSession,
):
    # 100 at 30.00, 600.00 ahead; 15 grow: 450.00, so 150.00 are owed back at once and 450.00 pay for the goods.
    those = await parties(db)
    crop = await grown(db, those)
    await declared(db, those, 15)
    crop = await fresh(db, crop)
    assert (crop.status, crop.allocated_count, crop.owed_back_fen) == ("HARVESTED", 15, 0)
    assert crop.decide_by is not None
    await sharing.take_silently(db, crop_order_id=crop.crop_order_id, now=crop.decide_by - timedelta(seconds=1))
    assert (await fresh(db, crop)).status == "HARVESTED"
    await sharing.take_silently(db, crop_order_id=crop.crop_order_id, now=crop.decide_by)
    crop = await fresh(db, crop)
    assert (crop.status, crop.owed_back_fen) == ("DELIVERING", 15_000)
    assert await budget_of(db, those.side) == (45_000, 15_000)
    assert crop.purchase_id is not None
    purchase = await purchase_queries.get_purchase(db, crop.purchase_id)
    assert (purchase.way, purchase.source_id, purchase.total_fen, purchase.approved_by_id, purchase.status) == (
        "CROP", crop.crop_order_id, 45_000, crop.crop_order_id, "ORDERED"
    )  # fmt: skip
