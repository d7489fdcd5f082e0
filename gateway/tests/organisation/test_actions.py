"""Memberships in the database."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.account import actions as account_actions
from gateway.organisation import actions, queries
from shared.db import Database
from shared.errors import Conflict


async def two_administrators(database: Database, now: datetime) -> tuple[UUID, UUID, UUID]:
    """An organisation and its two administrators."""
    organisation_id, first_id, second_id = uuid4(), uuid4(), uuid4()
    async with database.begin() as db:
        await actions.found_organisation(
            db, organisation_id=organisation_id, kind="supplier", name="合作社", name_en="Cooperative", now=now
        )
        for person_id in (first_id, second_id):
            await account_actions.open_account(
                db,
                person_id=person_id,
                display_name="A",
                email=f"{person_id.hex}@example.com",
                password_hash="hash",
                now=now,
            )
            await actions.add_member(db, organisation_id=organisation_id, person_id=person_id, roles=["admin"], now=now)
    return organisation_id, first_id, second_id


async def test_who_leaves_second_waits_and_finds_that_somebody_must_stay(fresh_database: Database, now: datetime):
    organisation_id, first_id, second_id = await two_administrators(fresh_database, now)

    async def leave(person_id: UUID) -> None:
        async with fresh_database.begin() as db:
            await actions.remove_member(db, organisation_id=organisation_id, person_id=person_id)

    async with fresh_database.begin() as db:
        await actions.remove_member(db, organisation_id=organisation_id, person_id=first_id)
        second = asyncio.create_task(leave(second_id))
        await asyncio.sleep(0.2)
        assert not second.done(), "it waits for the first to be committed"
    with pytest.raises(Conflict) as refused:
        await second
    assert refused.value.code == "last-administrator"
    async with fresh_database.read() as db:
        assert [each.person_id for each in await queries.list_members(db, organisation_id)] == [second_id]


async def test_joining_twice_at_once_is_joining_once(fresh_database: Database, now: datetime):
    organisation_id, first_id, _ = await two_administrators(fresh_database, now)
    async with fresh_database.begin() as db:
        await actions.remove_member(db, organisation_id=organisation_id, person_id=first_id)

    async def join(role: str) -> bool:
        try:
            async with fresh_database.begin() as db:
                await actions.add_member(db, organisation_id=organisation_id, person_id=first_id, roles=[role], now=now)
        except Conflict:
            return False
        return True

    joined = await asyncio.gather(*(join(role) for role in ("sales", "warehouse", "finance", "admin")))
    assert sum(joined) == 1
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM memberships")) == 2
