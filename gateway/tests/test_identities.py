"""Callers are remembered for seconds, and forgotten at once where it matters."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import actions as account_actions
from gateway.credential.rules import SESSION_PREFIX, new_secret, secret_hash
from gateway.identities import Identities
from gateway.keyring import Keyring, Seal
from gateway.session import actions as session_actions
from gateway.session.rules import Lifetime
from gateway.settings import GatewaySettings
from shared.clock import utc_now
from shared.db import Database

LIFETIME = Lifetime(timedelta(days=14), timedelta(days=90))


class Paused(Database):
    """A database whose reads end only when the test says so; it counts them."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=5)
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.has_read = asyncio.Event()
        self.read_count = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        self.read_count += 1
        async with super().read() as session:
            yield session
            self.has_read.set()
            await self.go_on.wait()


@pytest_asyncio.fixture
async def database(fresh_database: Database) -> AsyncIterator[Paused]:
    paused = Paused(fresh_database.url)
    yield paused
    await paused.dispose()


async def identities(database: Paused, *, fresh_seconds: float = 4.0) -> Identities:
    """One gateway's memory."""
    keyring = Keyring(lambda: database, Seal(bytes(32)), every=timedelta(days=30))
    await keyring.refresh(now=utc_now())
    database.read_count = 0
    return Identities(
        lambda: database,
        keyring,
        lifetime=LIFETIME,
        fresh_seconds=fresh_seconds,
        token_lifetime=timedelta(seconds=300),
    )


async def signed_in(database: Database) -> tuple[str, UUID, UUID]:
    """The secret, session and person of somebody new."""
    secret, session_id, person_id = new_secret(SESSION_PREFIX), uuid4(), uuid4()
    async with database.begin() as db:
        await account_actions.open_account(
            db,
            person_id=person_id,
            display_name="A",
            email=f"{person_id.hex}@example.com",
            password_hash="hash",
            now=utc_now(),
        )
        await session_actions.open_session(
            db,
            session_id=session_id,
            token_hash=secret_hash(secret),
            person_id=person_id,
            lifetime=LIFETIME,
            user_agent="",
            address="",
            now=utc_now(),
        )
    return secret, session_id, person_id


async def test_many_requests_ask_the_database_once(database: Paused):
    secret, _, person_id = await signed_in(database)
    known = await identities(database)
    found = await asyncio.gather(*(known.find(secret) for _ in range(50)))
    again = await known.find(secret)
    assert {each.caller.person_id for each in found if each} == {person_id}
    assert again is found[0]
    assert database.read_count == 1


async def test_what_is_no_secret_of_ours_costs_no_question(database: Paused):
    known = await identities(database)
    assert await known.find("zs_short") is None
    assert await known.find("香" * 46) is None
    assert database.read_count == 0


async def test_an_ended_session_is_unknown_at_once_here(database: Paused):
    secret, session_id, person_id = await signed_in(database)
    known = await identities(database)
    assert await known.find(secret) is not None
    async with database.begin() as db:
        await session_actions.end_session(db, session_id=session_id, person_id=person_id)
        known.forget_after(db, person_id)
        assert await known.find(secret) is not None, "not before it is committed"
    assert await known.find(secret) is None


async def test_a_rolled_back_change_forgets_nobody(database: Paused):
    secret, session_id, person_id = await signed_in(database)
    known = await identities(database)
    first = await known.find(secret)
    async with database.begin() as db:
        await session_actions.end_session(db, session_id=session_id, person_id=person_id)
        known.forget_after(db, person_id)
        await db.rollback()
    assert await known.find(secret) is first


async def test_a_look_up_that_began_before_the_end_is_made_again(database: Paused):
    secret, session_id, person_id = await signed_in(database)
    known = await identities(database)
    database.go_on.clear()
    database.has_read.clear()
    begun = asyncio.create_task(known.find(secret))
    await asyncio.wait_for(database.has_read.wait(), timeout=5)
    async with database.begin() as db:
        await session_actions.end_session(db, session_id=session_id, person_id=person_id)
        known.forget_after(db, person_id)
    database.go_on.set()
    assert await begun is None
    assert await known.find(secret) is None


async def test_another_gateway_notices_within_its_time(database: Paused):
    secret, session_id, person_id = await signed_in(database)
    elsewhere = await identities(database, fresh_seconds=0.3)
    assert await elsewhere.find(secret) is not None
    async with database.begin() as db:
        await session_actions.end_session(db, session_id=session_id, person_id=person_id)
    assert await elsewhere.find(secret) is not None, "it cannot know yet"
    await asyncio.sleep(0.31)
    assert await elsewhere.find(secret) is None


def test_that_time_is_never_more_than_five_seconds():
    field = GatewaySettings.model_fields["identity_fresh_seconds"]
    assert field.default < 5
    assert any(getattr(each, "le", None) == 5.0 for each in field.metadata)


async def test_the_token_lasts_over_look_ups_until_something_changes(database: Paused):
    secret, _, person_id = await signed_in(database)
    known = await identities(database, fresh_seconds=0.01)
    first = await known.find(secret)
    await asyncio.sleep(0.02)
    second = await known.find(secret)
    assert first is not None
    assert second is not None
    assert second.internal_token == first.internal_token
    assert database.read_count == 2
    async with database.begin() as db:
        same = {"id": person_id}
        await db.execute(
            text("INSERT INTO organisations VALUES (:id, 'institution', '食堂', 'Canteen', '{}', now(), 1)"), same
        )
        await db.execute(text("INSERT INTO memberships VALUES (:id, :id, '{buyer}', '{}', now(), 1)"), same)
        await db.execute(text("UPDATE sessions SET organisation_id = :id"), same)
    await asyncio.sleep(0.02)
    third = await known.find(secret)
    assert third is not None
    assert (third.caller.kind, third.caller.roles) == ("institution", {"buyer"})
    assert third.internal_token != first.internal_token


async def test_a_use_after_a_while_keeps_the_session_alive(database: Paused):
    secret, _, _ = await signed_in(database)
    async with database.begin() as db:
        await db.execute(
            text("UPDATE sessions SET last_seen_at = now() - interval '1 day', expires_at = now() + interval '1 hour'")
        )
    known = await identities(database)
    await known.find(secret)
    async with database.begin() as db:
        left = await db.scalar(text("SELECT expires_at - now() FROM sessions"))
    assert left > timedelta(days=13)
