"""Sessions in the database."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import actions as account_actions
from gateway.organisation import actions as organisation_actions
from gateway.session import actions, queries
from gateway.session.rules import Lifetime
from shared.errors import Forbidden, NotFound

LIFETIME = Lifetime(idle=timedelta(days=14), total=timedelta(days=20))


async def person(db: AsyncSession, now: datetime, email: str = "a@example.com") -> UUID:
    person_id = uuid4()
    await account_actions.open_account(
        db, person_id=person_id, display_name="A", email=email, password_hash="hash", now=now
    )
    return person_id


async def membership(db: AsyncSession, now: datetime, person_id: UUID) -> UUID:
    organisation_id = uuid4()
    await organisation_actions.found_organisation(
        db, organisation_id=organisation_id, kind="institution", name="食堂", name_en="Canteen", now=now
    )
    await organisation_actions.add_member(
        db, organisation_id=organisation_id, person_id=person_id, roles=["admin"], now=now
    )
    return organisation_id


async def opened(db: AsyncSession, now: datetime, person_id: UUID, token_hash: bytes = b"hash"):
    return await actions.open_session(
        db,
        session_id=uuid4(),
        token_hash=token_hash,
        person_id=person_id,
        lifetime=LIFETIME,
        user_agent="browser" * 100,
        address="127.0.0.1",
        now=now,
    )


async def test_a_session_lives_while_it_is_used_and_ends_at_its_total(db: AsyncSession, now: datetime):
    session = await opened(db, now, await person(db, now))
    used_at = now + timedelta(days=10)
    await actions.touch(db, session, lifetime=LIFETIME, now=used_at)
    assert await queries.find_live(db, token_hash=b"hash", now=now + timedelta(days=19)) is not None
    assert await queries.find_live(db, token_hash=b"hash", now=now + timedelta(days=20)) is None
    assert await queries.find_live(db, token_hash=b"other", now=now) is None


async def test_an_unused_session_ends_by_itself(db: AsyncSession, now: datetime):
    await opened(db, now, await person(db, now))
    assert await queries.find_live(db, token_hash=b"hash", now=now + timedelta(days=14)) is None
    await actions.purge(db, now=now + timedelta(days=14))
    assert await queries.find_live(db, token_hash=b"hash", now=now) is None


async def test_a_touch_brings_no_ended_session_back(db: AsyncSession, now: datetime):
    person_id = await person(db, now)
    session = await opened(db, now, person_id)
    await actions.end_session(db, session_id=session.session_id, person_id=person_id)
    await actions.touch(db, session, lifetime=LIFETIME, now=now + timedelta(days=1))
    assert await queries.find_live(db, token_hash=b"hash", now=now) is None


async def test_who_belongs_to_one_organisation_acts_for_it_at_once(db: AsyncSession, now: datetime):
    person_id = await person(db, now)
    organisation_id = await membership(db, now, person_id)
    assert (await opened(db, now, person_id)).organisation_id == organisation_id
    await membership(db, now, person_id)
    assert (await opened(db, now, person_id, b"second")).organisation_id is None, "of two one chooses"


async def test_one_acts_only_for_one_s_own_organisations(db: AsyncSession, now: datetime):
    person_id, other_id = await person(db, now), await person(db, now, "b@example.com")
    theirs = await membership(db, now, other_id)
    session = await opened(db, now, person_id)
    with pytest.raises(Forbidden) as refused:
        await actions.choose_organisation(
            db, session_id=session.session_id, person_id=person_id, organisation_id=theirs
        )
    assert refused.value.code == "not-a-member"
    mine = await membership(db, now, person_id)
    await actions.choose_organisation(db, session_id=session.session_id, person_id=person_id, organisation_id=mine)
    with pytest.raises(NotFound):
        await actions.choose_organisation(db, session_id=session.session_id, person_id=other_id, organisation_id=theirs)


async def test_leaving_an_organisation_ends_the_sessions_that_act_for_it(db: AsyncSession, now: datetime):
    person_id, admin_id = await person(db, now), await person(db, now, "b@example.com")
    organisation_id = await membership(db, now, admin_id)
    await organisation_actions.add_member(
        db, organisation_id=organisation_id, person_id=person_id, roles=["buyer"], now=now
    )
    await opened(db, now, person_id)
    private = await opened(db, now, person_id, b"private")
    await actions.choose_organisation(db, session_id=private.session_id, person_id=person_id, organisation_id=None)
    await organisation_actions.remove_member(db, organisation_id=organisation_id, person_id=person_id)
    assert await queries.find_live(db, token_hash=b"hash", now=now) is None
    assert await queries.find_live(db, token_hash=b"private", now=now) is not None
