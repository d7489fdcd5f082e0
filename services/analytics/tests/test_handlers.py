"""The feeds through the real consumer: twice, out of order, from zero, and stopped before the cursor moved."""

from uuid import uuid4

import pytest
from factories import envelopes, order_cancelled, order_paid, sku_listed, sold_line
from sqlalchemy import text

from analytics.handlers import Feeds, subscriptions
from shared.events.institutions import AcceptedLine, OrderAccepted, OrderConfirmed
from shared.events.orders import OrderPaid
from shared.testing import consumer_of

FIGURES = "SELECT count(), sum(sales_fen) FROM sold_lines FINAL WHERE is_cancelled = 0"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def orders_feed(fresh_database, warehouse):
    """A consumer of a list of events, on a committed database."""
    feeds = Feeds(warehouse, fresh_database, b"k" * 32)
    orders, catalog = subscriptions(feeds)

    def consumer(events, *, of=orders):
        return consumer_of(of, fresh_database, events)

    consumer.catalog = catalog
    return consumer


async def read_cursors(database):
    async with database.read() as db:
        rows = await db.execute(text("SELECT consumer, cursor FROM event_cursors"))
        return {row.consumer: row.cursor for row in rows}


async def test_the_feed_becomes_figures_and_the_cursor_moves(orders_feed, fresh_database, warehouse):
    void = order_paid(sold_line(payable_fen=500))
    events = envelopes(order_paid(sold_line(payable_fen=1000)), void, order_cancelled(void))
    assert await orders_feed(events).drain() == 3
    assert await warehouse.read(FIGURES) == [[1, 1000]]
    assert (await read_cursors(fresh_database))["analytics<-orders"] == events[-1].cursor


async def test_a_replay_from_zero_leaves_the_same_figures(orders_feed, fresh_database, warehouse):
    void = order_paid(sold_line(payable_fen=500))
    events = envelopes(order_paid(sold_line(payable_fen=1000)), void, order_cancelled(void))
    await orders_feed(events).drain()
    async with fresh_database.begin() as db:
        await db.execute(text("UPDATE event_cursors SET cursor = ''"))
    assert await orders_feed(events).drain() == 3
    assert await warehouse.read(FIGURES) == [[1, 1000]]


async def test_stopped_between_the_insert_and_the_cursor_it_is_redone_once(fresh_database, warehouse):
    feeds = Feeds(warehouse, fresh_database, b"k" * 32)
    (orders, _) = subscriptions(feeds)
    events = envelopes(order_paid(sold_line(payable_fen=1000)))

    async def apply_and_die(batch):
        await feeds.apply_orders(batch)
        raise Killed

    dying = type(orders)(orders.consumer, orders.source, orders.events, apply_and_die)
    with pytest.raises(Killed):
        await consumer_of(dying, fresh_database, events).drain()
    assert await warehouse.read(FIGURES) == [[1, 1000]]
    assert (await read_cursors(fresh_database))["analytics<-orders"] == ""
    assert await consumer_of(orders, fresh_database, events).drain() == 1
    assert await warehouse.read(FIGURES) == [[1, 1000]]
    assert (await read_cursors(fresh_database))["analytics<-orders"] == events[-1].cursor


async def test_stopped_between_its_two_inserts_a_cancellation_is_not_lost(fresh_database, warehouse):
    """The cancellation is written down, the process ends, and the payment comes only afterwards."""
    paid = order_paid(sold_line(payable_fen=1000))
    await warehouse.insert("cancelled_orders", [{"order_id": str(paid.order_id)}])
    feeds = Feeds(warehouse, fresh_database, b"k" * 32)
    (orders, _) = subscriptions(feeds)
    await consumer_of(orders, fresh_database, envelopes(paid, order_cancelled(paid))).drain()
    assert await warehouse.read(FIGURES) == [[0, 0]]


async def test_more_events_than_a_batch_all_count(orders_feed, warehouse):
    events = envelopes(*(order_paid(sold_line(payable_fen=1)) for _ in range(450)))
    assert await orders_feed(events).drain() == 450
    assert await warehouse.read(FIGURES) == [[450, 450]]


async def test_names_come_with_their_own_feed(orders_feed, fresh_database, warehouse):
    events = envelopes(sku_listed(supplier_name="道真合作社"))
    assert await orders_feed(events, of=orders_feed.catalog).drain() == 1
    assert await warehouse.read("SELECT kind, name FROM names FINAL ORDER BY kind") == [
        ["product", "红富士苹果"],
        ["supplier", "道真合作社"],
    ]
    assert (await read_cursors(fresh_database))["analytics<-catalog"] == events[-1].cursor


async def test_fields_that_came_later_do_not_disturb(orders_feed, warehouse):
    (event,) = envelopes(order_paid(sold_line(payable_fen=1000)))
    grown = event.model_copy(update={"data": {**event.data, "gift_wrap": True}})
    assert OrderPaid.model_validate(grown.data)
    await orders_feed([grown]).drain()
    assert await warehouse.read(FIGURES) == [[1, 1000]]


def confirmed(payable_fen: int) -> OrderConfirmed:
    """A unit's order of one line."""
    paid = order_paid(sold_line(payable_fen=payable_fen))
    own = {"unit_id": uuid4(), "way": "DIRECT", "fund": "CANTEEN", "budget_year": 2026, "confirmed_at": paid.paid_at}
    return OrderConfirmed(**{**dict(paid), **own})


def accepted(event: OrderConfirmed, *, refused_fen: int) -> OrderAccepted:
    """The unit took all of it but some."""
    [part] = event.parts
    [line] = part.lines
    kept_fen = line.payable_fen - refused_fen
    return OrderAccepted(
        order_id=event.order_id,
        order_number=event.order_number,
        unit_id=event.unit_id,
        supplier_order_id=part.supplier_order_id,
        supplier_id=part.supplier_id,
        way=event.way,
        fund=event.fund,
        budget_year=event.budget_year,
        lines=(
            AcceptedLine(
                line_id=line.line_id,
                sku_id=line.sku_id,
                product_id=line.product_id,
                quantity=1,
                refused_count=1,
                refused_fen=refused_fen,
                payable_fen=kept_fen,
            ),
        ),
        accepted_fen=kept_fen,
        refused_fen=refused_fen,
        due_on=event.confirmed_at.date(),
        accepted_at=event.confirmed_at,
    )


async def test_a_units_order_counts_from_its_suppliers_word(orders_feed, warehouse):
    kept, refused, void = confirmed(1000), confirmed(700), confirmed(500)
    ended = order_cancelled(void).model_copy(update={"was_paid": False, "was_confirmed": True, "refunded_fen": 0})
    await orders_feed(envelopes(kept, refused, void, ended, accepted(refused, refused_fen=300))).drain()
    assert await warehouse.read(FIGURES) == [[2, 1700]]
    found = await warehouse.read("SELECT sum(refunded_fen) FROM sold_lines FINAL WHERE is_cancelled = 0")
    assert found == [[300]]
