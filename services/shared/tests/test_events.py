"""The outbox, the feed and its consumer on real PostgreSQL, with the accidents that they are built for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sample.app import created
from sqlalchemy import text

from shared.bell import CHANNEL, note_published
from shared.consumer import BatchSubscription, Consumer, FeedPage, LockedElsewhere, Subscription
from shared.db import Database
from shared.events import Envelope
from shared.events.logistics import ShipmentCreated
from shared.feed import FeedSignal
from shared.outbox import look_at_feed, publish, read_feed
from shared.telemetry import configure_tracing
from shared.testing import EVENTS_TOKEN, consumer_of

TOKEN = {"authorization": f"Bearer {EVENTS_TOKEN}"}


async def add_thing(db, event: ShipmentCreated, _envelope: Envelope) -> None:
    await db.execute(text("INSERT INTO things VALUES (:name, 1)"), {"name": str(event.shipment_id)})


def envelopes(*events: ShipmentCreated) -> list[Envelope]:
    return [
        Envelope(
            id=uuid4(),
            source="/logistics",
            type=event.type,
            subject=event.subject,
            time=datetime.now(UTC),
            data=event.model_dump(mode="json"),
            cursor=f"10-{place}",
        )
        for place, event in enumerate(events, start=1)
    ]


async def things(database) -> int:
    async with database.read() as db:
        return await db.scalar(text("SELECT count(*) FROM things"))


async def feed_of(database, after: str = "") -> list[dict]:
    async with database.read() as db:
        return await read_feed(db, source="/logistics", after=after, limit=100)


async def soon(look: Callable[[], Awaitable[list[dict]]]) -> list[dict]:
    """What is there once nobody holds the feed back: a transaction of any other test on this server does."""
    for _ in range(600):
        if found := await look():
            return found
        await asyncio.sleep(0.05)
    return []


async def test_an_event_of_a_transaction_that_commits_late_is_not_lost(fresh_database):
    early, late = created(uuid4()), created(uuid4())
    async with fresh_database.begin() as first:
        await publish(first, early, now=datetime.now(UTC))  # takes the lower number, commits last
        async with fresh_database.begin() as second:
            await publish(second, late, now=datetime.now(UTC))
        assert await feed_of(fresh_database) == []  # the later one waits for the earlier
    seen = await soon(lambda: feed_of(fresh_database))
    assert [item["data"]["shipment_id"] for item in seen] == [str(early.shipment_id), str(late.shipment_id)]
    assert await feed_of(fresh_database, after=seen[0]["cursor"]) == seen[1:]


async def test_going_on_from_where_one_looked_passes_what_is_not_wanted_and_loses_nothing(fresh_database):
    async def look(after: str, types: list[str] | None):
        async with fresh_database.read() as db:
            return await look_at_feed(db, source="/logistics", after=after, limit=100, types=types)

    early, late = created(uuid4()), created(uuid4())
    async with fresh_database.begin() as db:
        await publish(db, created(uuid4()), now=datetime.now(UTC))
    assert await soon(lambda: feed_of(fresh_database))
    past = await look("", ["logistics.nobody-publishes-this.v1"])
    assert past.items == []
    assert (await look(past.looked_to, None)).items == []  # the first event is behind us
    async with fresh_database.begin() as first:
        await publish(first, early, now=datetime.now(UTC))
        async with fresh_database.begin() as second:
            await publish(second, late, now=datetime.now(UTC))
        hidden = await look(past.looked_to, None)  # it must not look past the one that still runs
        assert hidden.items == []
    seen = await soon(lambda: feed_of(fresh_database, after=hidden.looked_to))
    assert [item["data"]["shipment_id"] for item in seen] == [str(early.shipment_id), str(late.shipment_id)]


async def test_an_event_is_gone_with_its_transaction(fresh_database):
    with pytest.raises(ZeroDivisionError):
        async with fresh_database.begin() as db:
            await publish(db, created(uuid4()), now=datetime.now(UTC))
            raise ZeroDivisionError
    assert await feed_of(fresh_database) == []


async def test_each_event_takes_effect_once_however_often_it_is_fetched(fresh_database):
    feed = envelopes(created(uuid4()), created(uuid4()))
    subscription = Subscription("sample", "logistics", {ShipmentCreated: add_thing})
    consumer = consumer_of(subscription, fresh_database, feed)
    assert await consumer.drain() == 2
    for envelope in feed:  # fetched again by a replica that read the cursor too early
        await consumer._apply(subscription, envelope)
    assert await things(fresh_database) == 2


async def test_two_replicas_apply_each_event_once(fresh_database):
    feed = envelopes(*(created(uuid4()) for _ in range(40)))
    subscription = Subscription("sample", "logistics", {ShipmentCreated: add_thing})

    async def work() -> None:
        consumer = consumer_of(subscription, fresh_database, feed)
        while True:
            try:
                if not await consumer.drain():
                    return
            except LockedElsewhere:
                await asyncio.sleep(0.01)

    await asyncio.gather(work(), work(), work())
    assert await things(fresh_database) == 40


async def test_a_handler_killed_after_its_write_is_redone_once(fresh_database):
    killed = asyncio.Event()

    async def hang_once(db, event, envelope) -> None:
        await add_thing(db, event, envelope)
        if not killed.is_set():
            killed.set()
            await asyncio.Event().wait()  # the process dies here, after the write and before the commit

    subscription = Subscription("sample", "logistics", {ShipmentCreated: hang_once})
    consumer = consumer_of(subscription, fresh_database, envelopes(created(uuid4())))
    task = asyncio.create_task(consumer.drain())
    await killed.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await things(fresh_database) == 0
    assert await consumer.drain() == 1
    assert await things(fresh_database) == 1


async def test_a_poisoned_event_is_parked_with_those_behind_it_and_replayed_in_order(fresh_database, monkeypatch):
    monkeypatch.setattr("shared.consumer._PAUSES_SECONDS", (0, 0, 0, 0))
    first, other = created(uuid4()), created(uuid4())
    second = first.model_copy(update={"shipment_id": uuid4()})  # the same order: the same subject
    applied: list[UUID] = []
    is_broken = True

    async def fail_on_first(db, event, envelope) -> None:
        if is_broken and event.shipment_id == first.shipment_id:
            raise ZeroDivisionError
        await add_thing(db, event, envelope)
        applied.append(event.shipment_id)

    subscription = Subscription("sample", "logistics", {ShipmentCreated: fail_on_first})
    consumer = consumer_of(subscription, fresh_database, envelopes(first, second, other))
    await consumer.drain()
    assert applied == [other.shipment_id]
    async with fresh_database.read() as db:
        parked = (await db.execute(text("SELECT attempts, error FROM parked_events ORDER BY parked_id"))).all()
    assert [row.attempts for row in parked] == [5, 0]
    assert "ZeroDivisionError" in parked[0].error
    assert await consumer.replay() == 0  # still broken: both stay
    is_broken = False
    assert await consumer.replay() == 2
    assert applied == [other.shipment_id, first.shipment_id, second.shipment_id]
    assert await consumer.replay() == 0


async def test_an_unknown_type_or_field_is_passed_over(fresh_database):
    known, strange = envelopes(created(uuid4()), created(uuid4()))
    grown = known.model_copy(update={"data": {**known.data, "a_field_of_tomorrow": 1}})
    unknown = strange.model_copy(update={"type": "logistics.drone-landed.v1"})
    subscription = Subscription("sample", "logistics", {ShipmentCreated: add_thing})
    assert await consumer_of(subscription, fresh_database, [grown, unknown]).drain() == 2
    assert await things(fresh_database) == 1


async def test_a_batch_that_fails_is_fetched_again(fresh_database):
    seen: list[int] = []

    async def apply(batch: list[Envelope]) -> None:
        seen.append(len(batch))
        if len(seen) == 1:
            raise ConnectionError

    subscription = BatchSubscription("sample", "logistics", (ShipmentCreated,), apply)
    consumer = consumer_of(subscription, fresh_database, envelopes(created(uuid4()), created(uuid4())))
    with pytest.raises(ConnectionError):
        await consumer.drain()
    await consumer.drain()
    assert seen == [2, 2]


async def test_the_feed_wants_its_token_and_a_readable_cursor(live_client):
    assert (await live_client.get("/events")).status_code == 401
    assert (await live_client.get("/events", headers={"authorization": "Bearer wrong"})).status_code == 401
    for cursor in ("x", "1-x", "-1-2", f"{2**70}-1"):
        refused = await live_client.get("/events", params={"after": cursor}, headers=TOKEN)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")


async def test_a_waiting_reader_is_woken_by_the_commit(live_client, fresh_database, monkeypatch):
    monkeypatch.setattr("shared.feed._UNPROMPTED_LOOK_SECONDS", 60.0)  # nothing but the bell can wake it
    live_client.app.state.feed_signal.start()
    reading = asyncio.create_task(live_client.get("/events", params={"wait_seconds": 20}, headers=TOKEN))
    await asyncio.sleep(0.3)
    event = created(uuid4())
    async with fresh_database.begin() as db:
        await publish(db, event, now=datetime.now(UTC))
    answer = await asyncio.wait_for(reading, 5)
    await live_client.app.state.feed_signal.stop()
    page = FeedPage.model_validate_json(answer.content)
    assert [item.data["shipment_id"] for item in page.items] == [str(event.shipment_id)]
    assert page.items[0].source == "/logistics"
    assert page.next_cursor == page.items[0].cursor


async def test_the_bell_rings_once_it_is_committed_and_for_those_who_want_the_type(fresh_database):
    signal = FeedSignal(fresh_database.url)
    signal.start()
    await asyncio.sleep(0.3)
    async with fresh_database.begin() as db:
        await publish(db, created(uuid4()), now=datetime.now(UTC))
        assert not await signal.wait(0.2)  # not committed yet
        wanting = asyncio.create_task(signal.wait(5, [ShipmentCreated.type]))
        wanting_all = asyncio.create_task(signal.wait(5))
        wanting_others = asyncio.create_task(signal.wait(0.5, ["orders.order-paid.v1"]))
        await asyncio.sleep(0)
    assert await wanting
    assert await wanting_all
    assert not await wanting_others
    await signal.stop()


async def test_a_bell_that_cannot_be_rung_harms_nobody():
    database = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    info: dict = {}
    note_published(info, {ShipmentCreated.type})
    database.bell.ring_committed(info)
    assert info == {}  # told, or tried: not again at the session's next commit
    await database.dispose()


async def test_the_bell_is_silent_about_what_was_rolled_back(fresh_database):
    signal = FeedSignal(fresh_database.url)
    signal.start()
    await asyncio.sleep(0.3)
    waiting = asyncio.create_task(signal.wait(0.5))
    with pytest.raises(ZeroDivisionError):
        async with fresh_database.begin() as db:
            await publish(db, created(uuid4()), now=datetime.now(UTC))
            raise ZeroDivisionError
    assert not await waiting
    await signal.stop()


async def test_many_commits_beside_each_other_are_told_in_few_rings_and_none_is_missed(fresh_database):
    async def commit() -> None:
        async with fresh_database.begin() as db:
            await publish(db, created(uuid4()), now=datetime.now(UTC))

    heard: list[str] = []
    listener = await asyncpg.connect(fresh_database.url)
    await listener.add_listener(CHANNEL, lambda *told: heard.append(told[3]))
    await asyncio.gather(*(commit() for _ in range(40)))
    await commit()
    await fresh_database.bell.silence()
    await listener.execute("SELECT 1")  # what was told before this answer has arrived
    await listener.close()
    assert set(heard) == {ShipmentCreated.type}
    assert 1 < len(heard) < 20


async def test_an_event_hidden_by_an_older_transaction_is_seen_soon_after_its_end(
    live_client, fresh_database, monkeypatch
):
    monkeypatch.setattr("shared.feed._UNPROMPTED_LOOK_SECONDS", 0.5)
    live_client.app.state.feed_signal.start()
    reading = asyncio.create_task(live_client.get("/events", params={"wait_seconds": 20}, headers=TOKEN))
    await asyncio.sleep(0.3)
    event = created(uuid4())
    async with fresh_database.begin() as older:
        await older.execute(text("SELECT pg_current_xact_id()"))
        async with fresh_database.begin() as db:
            await publish(db, event, now=datetime.now(UTC))
        await asyncio.sleep(0.1)
        assert not reading.done()
    answer = await asyncio.wait_for(reading, 2)
    await live_client.app.state.feed_signal.stop()
    assert [item["subject"] for item in answer.json()["items"]] == [event.subject]


async def test_a_consumer_survives_a_feed_that_is_down(fresh_database):
    class Down:
        calls = 0

        async def fetch(self, **_: object) -> FeedPage:
            self.calls += 1
            raise ConnectionRefusedError("no one there")

    feed = Down()
    subscription = Subscription("sample", "logistics", {ShipmentCreated: add_thing})
    task = asyncio.create_task(Consumer(subscription, database=fresh_database, feed=feed).run())
    await asyncio.sleep(0.5)
    assert not task.done()
    assert feed.calls >= 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_collector_hears_of_each_handled_event_below_the_request_that_caused_it(fresh_database):
    async def fail(_db, _event: ShipmentCreated, _envelope: Envelope) -> None:
        raise ValueError("no")

    envelope = envelopes(created(uuid4()))[0].model_copy(update={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    exporter = InMemorySpanExporter()
    configure_tracing("sample", None, processor=SimpleSpanProcessor(exporter))
    try:
        for handler in (fail, add_thing):
            subscription = Subscription(f"sample-{handler.__name__}", "logistics", {ShipmentCreated: handler})
            consumer = consumer_of(subscription, fresh_database, [envelope])
            async with fresh_database.begin() as db:
                if handler is fail:
                    with pytest.raises(ValueError, match="no"):
                        await consumer._handle(subscription, db, envelope)
                else:
                    await consumer._handle(subscription, db, envelope)
    finally:
        configure_tracing("sample", None)
    failed, handled = exporter.get_finished_spans()
    assert [span.attributes["outcome"] for span in (failed, handled)] == ["failed", "handled"]
    assert handled.name == "sample-add_thing<-logistics logistics.shipment-created.v1"
    assert format(handled.context.trace_id, "032x") == "a" * 32
    assert format(handled.parent.span_id, "016x") == "b" * 16
