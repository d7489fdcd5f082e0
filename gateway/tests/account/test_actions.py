"""Accounts in the database."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.account import actions, queries
from shared.errors import Conflict, Stale


async def opened(db: AsyncSession, now: datetime, *, email: str | None = None, phone: str | None = None):
    return await actions.open_account(
        db, person_id=uuid4(), display_name="小梅", email=email, phone=phone, password_hash="hash", now=now
    )


async def test_an_account_is_found_by_address_and_by_number(db: AsyncSession, now: datetime):
    person = await opened(db, now, email="XiaoMei@example.com", phone="13800138000")
    for contact in ("xiaomei@example.com", "+8613800138000"):
        found = await queries.find_by_contact(db, contact)
        assert found is not None
        assert found.person_id == person.person_id
    assert await queries.find_by_contact(db, "other@example.com") is None


async def test_an_address_belongs_to_one_person(db: AsyncSession, now: datetime):
    await opened(db, now, email="xiaomei@example.com")
    with pytest.raises(Conflict) as refused:
        await opened(db, now, email="XIAOMEI@example.com", phone="13800138000")
    assert (refused.value.code, refused.value.field) == ("email-taken", "email")
    assert await queries.find_by_contact(db, "+8613800138000") is None


async def test_a_number_belongs_to_one_person(db: AsyncSession, now: datetime):
    await opened(db, now, phone="13800138000")
    with pytest.raises(Conflict) as refused:
        await opened(db, now, email="other@example.com", phone="+86 138 0013 8000")
    assert (refused.value.code, refused.value.field) == ("phone-taken", "phone")


async def test_a_password_changes_only_from_the_one_that_was_checked(db: AsyncSession, now: datetime):
    person = await opened(db, now, email="xiaomei@example.com")
    later = now + timedelta(minutes=1)
    await actions.change_password(db, person_id=person.person_id, verified_hash="hash", new_hash="newer", now=later)
    with pytest.raises(Conflict) as refused:
        await actions.change_password(db, person_id=person.person_id, verified_hash="hash", new_hash="x", now=later)
    assert refused.value.code == "password-changed-meanwhile"
    kept = await queries.lock_person(db, person.person_id)
    assert (kept.password_hash, kept.password_changed_at) == ("newer", later)


async def test_a_profile_is_not_overwritten_unseen(db: AsyncSession, now: datetime):
    person = await opened(db, now, email="xiaomei@example.com")
    changed = await actions.change_profile(
        db, person_id=person.person_id, display_name="梅", language="en", expected_revision=1
    )
    assert (changed.display_name, changed.language, changed.revision) == ("梅", "en", 2)
    with pytest.raises(Stale):
        await actions.change_profile(
            db, person_id=person.person_id, display_name="x", language=None, expected_revision=1
        )
