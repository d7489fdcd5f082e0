"""Deliveries to a program that really listens: signed, once while all goes well, again when it does not."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from gateway.tests.factories import a_part, envelope, paid
from gateway.tests.webhook.http_peer import Received, listening
from gateway.tests.webhook.stage import KEY, SEAL, Stage, a_stage
from gateway.webhook import actions, queries, rules
from gateway.webhook.rules import Outcome
from shared.clock import utc_now
from shared.db import Database
from shared.ids import new_id
from shared.webhooks import secret_text


@pytest.fixture
async def stage(fresh_database: Database) -> Stage:
    """A supplier that listens."""
    return await a_stage(fresh_database)


def verified(received: Received, key: bytes = KEY) -> dict[str, object]:
    """The body, once the standard's own library holds the signature for good."""
    body: dict[str, object] = Webhook(secret_text(key)).verify(received.body, received.headers)
    return body


async def test_an_event_arrives_once_signed_and_limited_to_the_receiver(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/ok"))
        (order,) = await stage.sells()
        await stage.sender().drain()
        await stage.sender().drain()
    (received,) = peer.received
    body = verified(received)
    assert body["type"] == "orders.order-paid.v1"
    assert body["specversion"] == "1.0"
    data = body["data"]
    assert isinstance(data, dict)
    assert [part["supplier_id"] for part in data["parts"]] == [str(stage.supplier_id)]
    assert data["order_id"] == str(order.order_id)
    assert "13800000000" not in received.body.decode()
    assert await stage.states() == [("DELIVERED", 1, 1)]
    (attempt,) = await stage.rows("SELECT number, response_status, error FROM webhook_attempts")
    assert tuple(attempt) == (1, 204, "")


async def test_an_event_heard_twice_or_older_than_the_endpoint_is_not_sent_again(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/ok"))
        heard = [envelope(paid(uuid4(), a_part(stage.supplier_id)))]
        old = envelope(paid(uuid4(), a_part(stage.supplier_id)), time=utc_now() - timedelta(hours=1))
        for _ in range(2):
            await stage.inbox().apply([*heard, old])
        await stage.sender().drain()
    assert len(peer.received) == 1


async def test_two_secrets_sign_for_a_day_after_a_change_then_one(stage: Stage):
    async with listening() as peer:
        endpoint_id = await stage.listens(peer.url("/ok"))
        async with stage.database.begin() as db:
            endpoint = await queries.lock_endpoint(db, endpoint_id)
            await actions.give_secret(
                db, endpoint=endpoint, key=b"n" * 32, secret_id=new_id(), seal=SEAL, now=utc_now()
            )
        await stage.sells()
        await stage.sender().drain()
        async with stage.database.begin() as db:
            await db.execute(text("UPDATE webhook_secrets SET valid_until = now() WHERE valid_until IS NOT NULL"))
        await stage.sells()
        await stage.sender().drain()
    both, one = peer.received
    assert len(both.headers["webhook-signature"].split()) == 2
    verified(both)
    verified(both, b"n" * 32)
    assert len(one.headers["webhook-signature"].split()) == 1
    verified(one, b"n" * 32)


async def test_a_failing_one_is_tried_ten_times_under_one_id_and_given_up(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/fail"))
        await stage.sells()
        for _ in range(12):
            await stage.sender().drain()
            await stage.make_due()
    assert len(peer.received) == 10
    assert len({each.headers["webhook-id"] for each in peer.received}) == 1
    assert await stage.states() == [("FAILED", 10, 10)]
    attempts = await stage.rows("SELECT number, response_status, excerpt FROM webhook_attempts ORDER BY number")
    assert [tuple(each) for each in attempts] == [(number, 500, "out of order") for number in range(1, 11)]


async def test_a_redirect_is_not_followed_and_a_wait_that_is_asked_for_is_kept(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/moved"))
        await stage.listens(peer.url("/busy"))
        await stage.sells()
        await stage.sender().drain()
    assert sorted(peer.paths()) == ["/busy", "/moved"]
    waits = await stage.rows("SELECT error, next_at - now() AS wait FROM webhook_deliveries ORDER BY next_at")
    assert [row.error for row in waits] == ["answered 302", "answered 503"]
    assert waits[0].wait < timedelta(minutes=1)
    assert waits[1].wait > timedelta(hours=1)


async def test_one_that_hangs_or_never_ends_its_answer_costs_its_own_time_only(stage: Stage):
    async with listening() as peer:
        hanging = await stage.listens(peer.url("/hang"))
        endless = await stage.listens(peer.url("/long"))
        healthy = await stage.listens(peer.url("/ok"))
        await stage.sells(6)
        sender = stage.sender(timeout_seconds=600)
        await sender.start_due()
        async with asyncio.timeout(20):
            while await stage.states(healthy) != [("DELIVERED", 1, 1)] * 6:
                await asyncio.sleep(0.02)
                await sender.start_due()
        assert [status for status, _, _ in await stage.states(hanging)].count("SENDING") <= rules.AT_ONCE_EACH
        assert "DELIVERED" in [status for status, _, _ in await stage.states(endless)]
        peer.released.set()
        await asyncio.gather(*sender._under_way, return_exceptions=True)


async def test_a_silent_one_is_given_up_after_its_time(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/hang"))
        await stage.sells()
        await stage.sender(timeout_seconds=0.2).drain()
        (row,) = await stage.rows("SELECT status, error FROM webhook_deliveries")
    assert (row.status, row.error) == ("WAITING", "no answer within 0 s")


async def test_a_name_that_leads_inside_is_not_called(stage: Stage):
    async with listening() as peer:
        endpoint_id = await stage.listens(peer.url("/ok"))
        async with stage.database.begin() as db:
            await db.execute(
                text("UPDATE webhook_endpoints SET url = :url WHERE endpoint_id = :id"),
                {"url": f"https://localhost.localdomain:{peer.port}/ok", "id": endpoint_id},
            )
        await stage.sells()
        await stage.sender().drain()
    assert peer.received == []
    (row,) = await stage.rows("SELECT status, error FROM webhook_deliveries")
    assert row.status == "WAITING"
    assert "leads" in row.error


async def test_senders_side_by_side_send_each_once(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/ok"))
        await stage.sells(25)
        async with asyncio.TaskGroup() as senders:
            for sender in [stage.sender() for _ in range(3)]:
                senders.create_task(sender.drain())
        await stage.sender().drain()
    assert len(peer.received) == 25
    assert len({each.headers["webhook-id"] for each in peer.received}) == 25


async def test_who_dies_between_the_answer_and_its_note_sends_it_again_under_the_same_id(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/ok"))
        await stage.sells()
        sender = stage.sender()
        async with stage.database.begin() as db:
            (claimed,) = await actions.claim_due(db, is_failing=False, room=9, now=utc_now())
        assert (await sender.call(claimed)).is_success  # and then it dies
        await stage.sender().drain()
        assert await stage.states() == [("SENDING", 1, 1)], "its claim still holds"
        await stage.make_due()
        await stage.sender().drain()
        assert await stage.states() == [("DELIVERED", 2, 2)]
        await sender.note(claimed, Outcome(500), started_at=utc_now())  # it was only slow: too late
        assert await stage.states() == [("DELIVERED", 2, 2)]
    first, second = peer.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert json.loads(first.body) == json.loads(second.body)


@pytest.mark.parametrize(("path", "reason"), [("/gone", "gone"), ("/fail", "failing")])
async def test_an_endpoint_that_is_gone_or_failed_for_days_is_switched_off_and_told_of(
    stage: Stage, path: str, reason: str
):
    async with listening() as peer:
        endpoint_id = await stage.listens(peer.url(path))
        await stage.sells(2)
        async with stage.database.begin() as db:
            await db.execute(
                text("UPDATE webhook_endpoints SET failing_since = now() - CAST(:ago AS interval)"),
                {"ago": rules.DISABLED_AFTER},
            )
        await stage.sender().drain()
        count = len(peer.received)
        await stage.sells()
        await stage.make_due()
        await stage.sender().drain()
    assert count == len(peer.received) == 1
    assert [status for status, _, _ in await stage.states(endpoint_id)] == ["FAILED"] * 3
    (row,) = await stage.rows("SELECT status, disabled_reason FROM webhook_endpoints")
    assert tuple(row) == ("DISABLED", reason)
    told = await stage.rows("SELECT template FROM messages WHERE template = 'webhook-disabled'")
    assert len(told) == 1


async def test_when_it_works_again_all_that_failed_is_sent(stage: Stage):
    async with listening() as peer:
        endpoint_id = await stage.listens(peer.url("/gone"))
        await stage.sells(3)
        await stage.sender().drain()
        peer.answers["/gone"] = (200, "back")
        async with stage.database.begin() as db:
            await actions.enable_endpoint(db, endpoint=await queries.lock_endpoint(db, endpoint_id))
        async with stage.database.begin() as db:
            count = await actions.replay_failed(
                db,
                endpoint_id=endpoint_id,
                organisation_id=stage.supplier_id,
                since=utc_now() - timedelta(hours=1),
                now=utc_now(),
            )
        await stage.sender().drain()
    assert count == 3
    assert [status for status, _, _ in await stage.states()] == ["DELIVERED"] * 3
    assert await stage.rows("SELECT 1 FROM webhook_endpoints WHERE failing_since IS NOT NULL") == []


async def test_a_running_sender_hears_the_bell(stage: Stage):
    async with listening() as peer:
        await stage.listens(peer.url("/ok"))
        sender = stage.sender()
        running = asyncio.create_task(sender.run())
        await stage.sells()
        sender.ring()
        async with asyncio.timeout(20):
            while await stage.states() != [("DELIVERED", 1, 1)]:  # noqa: ASYNC110 - the database changes
                await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
