"""Rosters beside each other, and cut off in the middle: one gift a member and holiday, whole files or none."""

import asyncio
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from orders.gift_member import actions, queries
from services.orders.tests.crashing import Fuse
from services.orders.tests.factories import NOW
from services.orders.tests.gift_campaign.test_routes import once, union_of
from services.orders.tests.gift_factories import campaign_at, row
from services.orders.tests.unit_factories import unit
from shared.db import Database
from shared.ids import new_id

PEOPLE = range(1, 41)


def roster(numbers):
    lines = [f"M{number:05d},会员{number}" for number in numbers]
    return "\r\n".join(["会员编号,姓名", *lines]).encode()


async def test_campaigns_of_a_unit_in_parallel_give_a_member_one_gift_for_the_holiday(
    live_client, fresh_database, as_caller
):
    async with fresh_database.begin() as db:
        made = await unit(db)
        campaigns = [await campaign_at(db, "PLAN_APPROVED", of=made, rows=[row(100 + n)]) for n in range(3)]
    headers = union_of(made, as_caller)

    async def send(campaign, numbers):
        path = f"/v1/gift-campaigns/{campaign.campaign_id}/roster-files?name=a.csv"
        return (await live_client.post(path, content=roster(numbers), headers=headers)).status_code

    forward, backward = list(PEOPLE), list(reversed(PEOPLE))
    statuses = await asyncio.gather(
        *(send(campaign, numbers) for campaign in campaigns for numbers in (forward, backward))
    )
    assert statuses == [201] * 6
    async with fresh_database.read() as db:
        gifts = (await db.execute(text("SELECT member_no, count(*) FROM gift_entitlements GROUP BY member_no"))).all()
        assert len(gifts) == len(PEOPLE) + 3
        assert {each.count for each in gifts} == {1}
        sums = (await db.execute(text("SELECT DISTINCT standards_fen FROM gift_member_years"))).scalars().all()
        assert sums == [20_000]


async def test_the_same_file_twice_at_once_is_one_file(live_client, fresh_database, as_caller):
    async with fresh_database.begin() as db:
        made = await unit(db)
        campaign = await campaign_at(db, "PLAN_APPROVED", of=made)
    path = f"/v1/gift-campaigns/{campaign.campaign_id}/roster-files?name=a.csv"
    headers = union_of(made, as_caller)
    sent = await asyncio.gather(*(live_client.post(path, content=roster(PEOPLE), headers=headers) for _ in range(3)))
    assert sorted(each.status_code for each in sent) == [200, 200, 201]
    assert len({each.json()["file_id"] for each in sent}) == 1


async def test_two_who_lock_the_roster_at_once_lock_it_once(live_client, fresh_database, as_caller):
    async with fresh_database.begin() as db:
        made = await unit(db)
        campaign = await campaign_at(db, "PUBLICITY", of=made)
    path = f"/v1/gift-campaigns/{campaign.campaign_id}/lock-roster"
    assert (await _close_publicity(fresh_database, campaign)) == 1

    async def lock():
        headers = {**once(union_of(made, as_caller)), "If-Match": f'"{campaign.revision}"'}
        return (await live_client.post(path, json={}, headers=headers)).status_code

    assert sorted(await asyncio.gather(lock(), lock())) == [200, 412]
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM stock_terms WHERE purpose = 'campaign'")) == 1


async def _close_publicity(database, campaign):
    """The publicity ended long ago, and claims end when stock may still be kept, whatever day the test runs on."""
    async with database.begin() as db:
        done = await db.execute(
            text("""
                UPDATE gift_campaigns SET publicity_from_on = '2020-01-01', publicity_until_on = '2020-01-03',
                    claim_from_at = now() + interval '1 day', claim_until_at = now() + interval '9 days'
                WHERE campaign_id = :campaign_id
            """),
            {"campaign_id": campaign.campaign_id},
        )
        return done.rowcount


async def test_an_import_that_is_shot_at_any_statement_is_whole_or_absent(fresh_database):
    async with fresh_database.begin() as db:
        campaign = await campaign_at(db, "PLAN_APPROVED", rows=[row(1)])
    database = Database(fresh_database.url, pool_size=1)
    fuse = Fuse(database)
    rows = [row(2), row(3, name=""), row(4)]

    async def send():
        async with database.begin() as db:
            await actions.import_roster(
                db,
                file_id=new_id(),
                campaign_id=campaign.campaign_id,
                name="a.csv",
                digest=b"the same bytes",
                rows=rows,
                person_id=uuid4(),
                now=NOW,
                new_id=new_id,
            )

    is_done, statement, left = False, 0, []
    while not is_done:
        statement += 1
        fuse.light(statement)
        try:
            await send()
        except (DBAPIError, ConnectionError, OSError):
            assert fuse.has_blown
        is_done = not fuse.has_blown
        fuse.light(None)
        await database.engine.dispose()
        async with fresh_database.read() as db:
            counts = await queries.count_members(db, campaign.campaign_id)
            files = await queries.list_files(db, campaign.campaign_id)
            wrong = await db.scalar(text("SELECT count(*) FROM gift_roster_errors"))
            left.append((counts.members, len(files), wrong))
    await database.dispose()
    assert set(left[:-1]) <= {(1, 1, 0), (3, 2, 1)}
    assert left[-1] == (3, 2, 1)
    assert statement > 8
