"""Signing keys in the database, and the tokens that services check."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from joserfc.jwk import KeySet
from sqlalchemy import text

from gateway.keyring import Keyring, Seal, read_master_key
from gateway.settings import GatewaySettings
from shared.auth import Caller, Verifier
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Unavailable

MONTH = timedelta(days=30)
MASTER_KEY = bytes(range(32))
CALLER = Caller(uuid4(), uuid4(), "official", frozenset({"officer"}), ("520000",), frozenset({"orders:read"}))


def keyring(database: Database, master_key: bytes = MASTER_KEY) -> Keyring:
    return Keyring(lambda: database, Seal(master_key), every=MONTH)


async def verified(ring: Keyring, token: str, *, now: datetime) -> Caller:
    return await Verifier(keys=KeySet.import_key_set(ring.public_keys(now=now))).verify(token)  # type: ignore[arg-type]


async def test_a_service_reads_the_whole_caller_from_the_token(fresh_database: Database):
    ring, now = keyring(fresh_database), utc_now()
    await ring.refresh(now=now)
    token = ring.issue(CALLER, now=now, lifetime=timedelta(minutes=2))
    assert await verified(ring, token, now=now) == CALLER


async def test_no_private_key_lies_open_in_the_database(fresh_database: Database):
    ring, now = keyring(fresh_database), utc_now()
    await ring.refresh(now=now)
    async with fresh_database.read() as db:
        stored = (await db.execute(text("SELECT sealed_private_key, public_jwk FROM signing_keys"))).one()
    assert b"PRIVATE" not in stored.sealed_private_key
    assert "d" not in stored.public_jwk
    assert all("d" not in each for each in ring.public_keys(now=now)["keys"])


async def test_gateways_that_start_at_once_share_one_key(fresh_database: Database):
    rings, now = [keyring(fresh_database) for _ in range(4)], utc_now()
    await asyncio.gather(*(ring.refresh(now=now) for ring in rings))
    (shown,) = {str(ring.public_keys(now=now)) for ring in rings}
    assert shown.count("kid") == 1
    for ring in rings:
        token = ring.issue(CALLER, now=now, lifetime=timedelta(minutes=2))
        assert await verified(rings[0], token, now=now) == CALLER


async def test_tokens_on_both_sides_of_a_rotation_are_good(fresh_database: Database):
    ring, begin = keyring(fresh_database), utc_now()
    await ring.refresh(now=begin)
    before = ring.issue(CALLER, now=begin, lifetime=timedelta(minutes=2))
    due = begin + MONTH
    await ring.refresh(now=due)
    assert len(ring.public_keys(now=due)["keys"]) == 2
    still_old = ring.issue(CALLER, now=due, lifetime=timedelta(minutes=2))
    later = due + timedelta(minutes=11)
    new = ring.issue(CALLER, now=later, lifetime=timedelta(minutes=2))
    kids = [each["kid"] for each in ring.public_keys(now=later)["keys"]]
    for token in (before, still_old, new):
        assert (await verified(ring, token, now=later)) == CALLER
    assert len(kids) == 2
    gone = later + timedelta(hours=1)
    await ring.refresh(now=gone)
    assert [each["kid"] for each in ring.public_keys(now=gone)["keys"]] == kids[1:]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM signing_keys")) == 1


async def test_a_forced_rotation_happens_once_a_call(fresh_database: Database):
    ring, now = keyring(fresh_database), utc_now()
    await ring.refresh(now=now)
    await ring.rotate(now=now, is_forced=True)
    assert len(ring.public_keys(now=now)["keys"]) == 2


async def test_a_gateway_with_another_master_key_makes_its_own_and_shows_both(fresh_database: Database):
    first, second, now = keyring(fresh_database), keyring(fresh_database, secrets.token_bytes(32)), utc_now()
    await first.refresh(now=now)
    await second.refresh(now=now)
    token = second.issue(CALLER, now=now, lifetime=timedelta(minutes=2))
    await first.refresh(now=now)
    assert await verified(first, token, now=now) == CALLER


async def test_without_a_key_nothing_is_signed(fresh_database: Database):
    with pytest.raises(Unavailable):
        keyring(fresh_database).issue(CALLER, now=utc_now(), lifetime=timedelta(minutes=2))


def test_a_sealed_key_cannot_be_moved_or_altered():
    seal = Seal(MASTER_KEY)
    sealed = seal.close(b"secret", "one")
    assert seal.open(sealed, "one") == b"secret"
    assert seal.open(sealed, "two") is None
    assert seal.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "one") is None
    assert Seal(secrets.token_bytes(32)).open(sealed, "one") is None


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., GatewaySettings]:
    """Settings whose master key lies in a file of this test."""

    def make(**given: str) -> GatewaySettings:
        return GatewaySettings(
            database_url="postgresql://nowhere",
            events_token="x",
            master_key_file=tmp_path / "deep" / "master.key",
            **given,
        )

    return make


def test_the_master_key_is_made_once_and_for_our_eyes_only(settings: Callable[..., GatewaySettings]):
    made = read_master_key(settings())
    assert len(made) == 32
    assert read_master_key(settings()) == made
    file = settings().master_key_file
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("text_", ["", "short", "c2hvcnQ=", "香菇"])
def test_a_master_key_of_another_length_is_refused(settings: Callable[..., GatewaySettings], text_: str):
    with pytest.raises(ValueError, match="32 bytes"):
        read_master_key(settings(master_key=text_))
