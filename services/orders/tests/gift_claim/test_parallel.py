"""Claims beside each other: two devices, the last package, an organiser who gives out codes twice."""

import asyncio
from collections import Counter

from sqlalchemy import text

from orders.claim_code import actions as code_actions
from orders.gift_claim import actions
from services.orders.tests.claim_factories import KEY, LATER, code_id_of, handed_out
from services.orders.tests.gift_factories import campaign_at
from services.orders.tests.unit_factories import acting_for, unit
from shared.db import Database
from shared.errors import Refusal

MANY = 200


async def test_two_hundred_claims_of_one_code_at_once_are_one_claim(fresh_database: Database):
    async with fresh_database.begin() as db:
        handed = await handed_out(db)

    async def choose(number: int) -> str:
        try:
            async with fresh_database.begin() as db:
                code_id = await code_id_of(db, handed.codes["M00001"])
            async with fresh_database.begin() as db:
                choice = handed.choice(number % 2)
                await actions.claim_gift(db, code_id=code_id, choice=choice, expected_revision=0, now=LATER)
        except Refusal as refusal:
            return refusal.code
        return "claimed"

    told = Counter(await asyncio.gather(*(choose(number) for number in range(MANY))))
    assert told == {"claimed": MANY // 2, "stale": MANY // 2}
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM gift_claims")) == 1
        assert await db.scalar(text("SELECT sum(chosen_count) FROM gift_packages")) == 1
        assert await db.scalar(text("SELECT count(*) FROM trail_entries WHERE verb = 'claim'")) == 1
        assert await db.scalar(text("SELECT count(*) FROM claim_attempts")) == 0


async def test_of_two_hundred_members_at_once_as_many_get_the_package_as_there_are(fresh_database: Database):
    async with fresh_database.begin() as db:
        handed = await handed_out(db, members=MANY, planned_count=MANY, budget_fen=20_000 * MANY)
        await db.execute(
            text("UPDATE gift_packages SET planned_count = 7 WHERE package_id = :id"), {"id": handed.packages[0]}
        )
        ids = [await code_id_of(db, code) for code in handed.codes.values()]

    async def choose(code_id: object) -> str:
        try:
            async with fresh_database.begin() as db:
                given = {"choice": handed.choice(), "expected_revision": 0, "now": LATER}
                await actions.claim_gift(db, code_id=code_id, **given)  # type: ignore[arg-type]
        except Refusal as refusal:
            return refusal.code
        return "claimed"

    told = Counter(await asyncio.gather(*(choose(each) for each in ids)))
    assert told == {"claimed": 7, "gift-package-gone": MANY - 7}
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM gift_claims")) == 7
        assert await db.scalar(text("SELECT count(*) FROM claim_codes WHERE status = 'CLAIMED'")) == 7


async def test_members_who_change_places_at_once_neither_wait_for_ever_nor_lose_a_package(fresh_database: Database):
    async with fresh_database.begin() as db:
        handed = await handed_out(db, members=10)
        ids = [await code_id_of(db, code) for code in handed.codes.values()]
        for number, code_id in enumerate(ids):
            choice = handed.choice(number % 2)
            await actions.claim_gift(db, code_id=code_id, choice=choice, expected_revision=0, now=LATER)

    async def swap(number: int, code_id: object) -> None:
        async with fresh_database.begin() as db:
            given = {"choice": handed.choice(1 - number % 2), "expected_revision": 1, "now": LATER}
            await actions.claim_gift(db, code_id=code_id, **given)  # type: ignore[arg-type]

    await asyncio.gather(*(swap(number, code_id) for number, code_id in enumerate(ids)))
    async with fresh_database.read() as db:
        found = list(await db.scalars(text("SELECT chosen_count FROM gift_packages ORDER BY position")))
        assert found == [5, 5]


async def test_an_organiser_who_asks_for_codes_ten_times_at_once_gets_each_member_one(fresh_database: Database):
    async with fresh_database.begin() as db:
        union = await unit(db)
        campaign = await campaign_at(db, "ROSTER_LOCKED", of=union, members=10)
    caller = acting_for(union, "union")

    async def issue() -> int:
        async with fresh_database.begin() as db:
            made = await code_actions.issue_codes(
                db, campaign_id=campaign.campaign_id, department="", key=KEY, caller=caller, now=LATER
            )
            return len(made)

    assert sorted(await asyncio.gather(*(issue() for _ in range(10)))) == [0] * 9 + [10]


async def test_of_many_wrong_codes_at_once_from_one_address_no_more_are_looked_up_than_may_be(
    fresh_database: Database,
):
    async def guess() -> int:
        async with fresh_database.begin() as db:
            tried = await code_actions.try_code(db, typed="2" * 16, asker="203.0.113.1", key=KEY, now=LATER)
            return tried.wait_seconds

    waits = await asyncio.gather(*(guess() for _ in range(60)))
    assert Counter(bool(each) for each in waits) == {False: 10, True: 50}
