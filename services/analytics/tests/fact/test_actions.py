"""Facts in ClickHouse: figures that no repetition, order or crash changes; right before any merge."""

from itertools import permutations
from uuid import uuid4

import pytest
from factories import envelopes, order_cancelled, order_paid, pieces_given_up, refund_granted, sold_line
from sqlalchemy import text

FIGURES = """
    SELECT uniqExact(order_id), count(), sum(sales_fen), sum(quantity) FROM sold_lines FINAL WHERE is_cancelled = 0
"""


@pytest.fixture
async def unmerged(warehouse):
    """Parts stay as they were inserted, so that nothing is right only because of a merge."""
    await warehouse.execute("SYSTEM STOP MERGES sold_lines")
    return warehouse


def story():
    """Three orders, the second cancelled: 2 orders, 3 lines, 6,000 fen, 3 units remain."""
    kept = order_paid(sold_line(payable_fen=1000), sold_line(payable_fen=2000))
    void = order_paid(sold_line(payable_fen=70000))
    other = order_paid(sold_line(payable_fen=3000))
    return envelopes(kept, void, order_cancelled(void), other)


async def test_a_cancelled_order_counts_no_more(feeds, unmerged):
    await feeds.apply_orders(story())
    assert await unmerged.read(FIGURES) == [[2, 3, 6000, 3]]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
async def test_events_one_by_one_in_any_order_leave_the_same_figures(feeds, unmerged, order):
    events = story()
    for place in order:
        await feeds.apply_orders([events[place]])
    assert await unmerged.read(FIGURES) == [[2, 3, 6000, 3]]


async def test_a_batch_twice_and_a_replay_from_zero_leave_the_same_figures(feeds, unmerged):
    events = story()
    await feeds.apply_orders(events)
    await feeds.apply_orders(events)
    for event in events:
        await feeds.apply_orders([event])
    assert await unmerged.read(FIGURES) == [[2, 3, 6000, 3]]


async def test_merging_changes_no_figure(feeds, warehouse):
    events = story()
    for event in (*events, *events):
        await feeds.apply_orders([event])
    await warehouse.execute("OPTIMIZE TABLE sold_lines FINAL")
    assert await warehouse.read(FIGURES) == [[2, 3, 6000, 3]]


async def test_a_cancellation_of_an_unpaid_order_changes_nothing(feeds, unmerged):
    await feeds.apply_orders(story())
    await feeds.apply_orders(envelopes(order_cancelled(order_paid()), first=9))
    assert await unmerged.read(FIGURES) == [[2, 3, 6000, 3]]


async def test_an_overdue_order_that_late_money_paid_after_all_counts(feeds, unmerged):
    late = order_paid(sold_line(payable_fen=4000))
    overdue = order_cancelled(late).model_copy(update={"was_paid": False, "reason": "payment-overdue"})
    await feeds.apply_orders(envelopes(overdue, late))
    assert await unmerged.read(FIGURES) == [[1, 1, 4000, 1]]


async def test_an_event_that_cannot_be_read_is_parked_and_the_rest_goes_on(feeds, warehouse, db):
    events = story()
    broken = events[3].model_copy(update={"data": {"order_id": str(uuid4())}, "cursor": "1-99", "id": uuid4()})
    await feeds.apply_orders([broken, *events])
    await feeds.apply_orders([broken])
    assert await warehouse.read(FIGURES) == [[2, 3, 6000, 3]]
    parked = (await db.execute(text("SELECT consumer, event_id, error FROM parked_events"))).all()
    assert [(row.consumer, row.event_id) for row in parked] == [("analytics<-orders", broken.id)]
    assert "order_number" in parked[0].error


REFUNDS = """
    SELECT count(), sum(sales_fen), sum(refunded_fen), sum(sales_fen - refunded_fen)
    FROM sold_lines FINAL WHERE is_cancelled = 0
"""


def refunds():
    """Two orders; of the first's lines 300 + 200 and 50 fen go back: 550 of 6,000."""
    first = order_paid(sold_line(payable_fen=1000), sold_line(payable_fen=2000))
    given = (pieces_given_up(first, goods_fen=300), refund_granted(first, goods_fen=200))
    other = order_paid(sold_line(payable_fen=3000))
    return envelopes(first, other, *given, refund_granted(first, line=1, goods_fen=50))


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
async def test_refunds_are_subtracted_once_in_any_order_and_after_any_replay(feeds, unmerged, order):
    events = refunds()
    for place in order:
        await feeds.apply_orders([events[place]])
    assert await unmerged.read(REFUNDS) == [[3, 6000, 550, 5450]]
    await feeds.apply_orders(events)
    await feeds.apply_orders(events[:1])
    assert await unmerged.read(REFUNDS) == [[3, 6000, 550, 5450]]


async def test_merging_changes_no_refund(feeds, warehouse):
    events = refunds()
    for event in (*events, *events):
        await feeds.apply_orders([event])
    await warehouse.execute("OPTIMIZE TABLE sold_lines FINAL")
    await warehouse.execute("OPTIMIZE TABLE refunded_lines FINAL")
    assert await warehouse.read(REFUNDS) == [[3, 6000, 550, 5450]]
