"""Who files, who reviews, what is taken from the unit, and how a locked filing is corrected."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.reserved_share import actions, queries
from orders.unit import actions as unit_actions
from orders.unit.models import BudgetUnit
from orders.unit.rules import Canteen
from services.orders.tests.factories import NOW
from services.orders.tests.reserved_share.filing import FACTS, OFFICE, drafted, eating, locked, moved
from services.orders.tests.unit_factories import acting_for, finance_office, unit
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict, Refusal
from shared.events.institutions import DecisionAsked, DecisionTaken
from shared.testing import published


async def refusal(db: AsyncSession, deed: object) -> str:
    with pytest.raises(Refusal) as refused:
        async with db.begin_nested():
            await deed  # type: ignore[misc]
    return refused.value.code


async def test_a_filing_goes_from_its_unit_to_its_lead_to_the_finance_office(db: AsyncSession):
    bureau = await unit(db, name="教育局")
    school = await eating(db, parent_id=bureau.unit_id)
    share = await drafted(db, school)
    assert (share.canteen_reserved_fen, share.reserved_fen, share.status) == (200_000_00, 220_000_00, "DRAFT")
    handler, lead = acting_for(school), acting_for(bureau, "approver")
    await moved(db, share, "submit", handler)
    assert await refusal(db, moved(db, share, "review", OFFICE)) == "lead-unit-needed"
    assert await refusal(db, moved(db, share, "review", acting_for(school, "approver"))) == "lead-unit-needed"
    assert await refusal(db, moved(db, share, "review", acting_for(bureau, "buyer"))) == "duty-missing"
    await moved(db, share, "review", lead)
    await moved(db, share, "approve", lead)
    assert await refusal(db, moved(db, share, "confirm", lead)) == "finance-office-needed"
    assert await refusal(db, moved(db, share, "confirm", finance_office("420600"))) == "reserved-share-unknown"
    await moved(db, share, "confirm", OFFICE)
    await moved(db, share, "lock", OFFICE)
    assert (share.status, share.locked_at, share.revision) == ("LOCKED", NOW, 6)
    assert await queries.find_in_force(db, school.unit_id, 2026) == (200_000_00, 20_000_00)
    [asked] = await published(db, DecisionAsked)
    [taken] = await published(db, DecisionTaken)
    assert (asked.organisation_id, asked.unit_name, asked.duty) == (bureau.organisation_id, school.name, "approver")
    assert (taken.person_id, taken.outcome) == (handler.person_id, "LOCKED")


async def test_nobody_decides_on_what_they_submitted(db: AsyncSession):
    person = uuid4()
    bureau = await unit(db)
    school = await eating(db, parent_id=bureau.unit_id)
    share = await drafted(db, school)
    await moved(db, share, "submit", acting_for(school, person_id=person))
    assert await refusal(db, moved(db, share, "review", acting_for(bureau, "approver", person_id=person))) == (
        "own-request"
    )
    with pytest.raises(IntegrityError, match="decided_by_another"):
        async with db.begin_nested():
            await db.execute(text("UPDATE reserved_shares SET approved_by = submitted_by"))


async def test_what_is_returned_says_why_and_comes_again(db: AsyncSession):
    school = await eating(db)
    share = await drafted(db, school)
    for verb, caller in (("submit", acting_for(school)), ("review", OFFICE)):
        await moved(db, share, verb, caller)
    await moved(db, share, "return", OFFICE, reason="比例请按 25% 填")
    assert (share.status, share.return_reason) == ("RETURNED", "比例请按 25% 填")
    await moved(db, share, "submit", acting_for(school))
    assert (share.status, share.return_reason, share.approved_by) == ("SUBMITTED", "", None)


async def test_the_mode_is_the_units_at_the_moment_of_submitting(db: AsyncSession):
    school = await eating(db, "SHARED_REP")
    share = await drafted(db, school)
    assert share.canteen_mode == "SHARED_REP"
    await unit_actions.say_canteen(
        db, unit_id=school.unit_id, year=2026, canteen=Canteen("NONE"), caller=acting_for(school), now=NOW
    )
    assert await refusal(db, moved(db, share, "submit", acting_for(school))) == "filing-has-no-canteen"


async def test_a_member_of_a_shared_canteen_files_zero_and_names_who_files_for_it(db: AsyncSession):
    files = await eating(db, "SHARED_REP")
    eats = await eating(db, "SHARED_MEMBER", shared_with_id=files.unit_id, has_union_funds=False)
    none = {"union_total_fen": 0, "union_member_count": 0, "union_reserved_fen": 0}
    assert await refusal(db, drafted(db, eats, **none)) == "filing-has-no-canteen"
    share = await locked(db, eats, canteen_total_fen=0, ratio_bp=0, **none)
    assert (share.shared_with_id, share.reserved_fen) == (files.unit_id, 0)


async def test_a_filing_needs_a_mode_a_handler_and_its_year_once(db: AsyncSession):
    school = await unit(db)
    assert await refusal(db, drafted(db, school)) == "canteen-mode-missing"
    fed = await eating(db)
    finance = acting_for(fed, "finance")
    assert await refusal(
        db, actions.draft_share(db, share_id=uuid4(), year=2026, facts=FACTS, caller=finance, now=NOW)
    ) == ("duty-missing")
    await drafted(db, fed)
    assert await refusal(db, drafted(db, fed)) == "filing-exists"
    assert await refusal(db, drafted(db, fed, year=2030)) == "filing-year-wrong"
    assert await refusal(db, _draft(db, Caller(uuid4(), kind="consumer"))) == "unit-needed"


async def _draft(db: AsyncSession, caller: Caller) -> object:
    return await actions.draft_share(db, share_id=uuid4(), year=2026, facts=FACTS, caller=caller, now=NOW)


async def test_last_year_is_what_was_locked_then(db: AsyncSession):
    school = await eating(db, year=2025)
    await unit_actions.say_canteen(
        db, unit_id=school.unit_id, year=2026, canteen=Canteen("OWN"), caller=acting_for(school), now=NOW
    )
    await locked(db, school, year=2025, canteen_total_fen=1_100_000_00)
    share = await drafted(db, school)
    assert await refusal(db, moved(db, share, "submit", acting_for(school))) == "below-last-year"
    await db.refresh(share)
    await db.refresh(school)
    await actions.edit_share(
        db,
        share_id=share.share_id,
        expected_revision=1,
        facts=FACTS | {"ratio_bp": 2200},
        caller=acting_for(school),
        now=NOW,
    )
    await moved(db, share, "submit", acting_for(school))
    assert share.canteen_reserved_fen == 220_000_00


async def test_a_correction_is_in_force_once_it_is_locked(db: AsyncSession):
    school = await eating(db)
    first = await locked(db, school)
    handler = acting_for(school)
    second = await moved(db, first, "correct", handler, reason="学生人数增加")
    assert (second.version, second.status, second.canteen_total_fen) == (2, "DRAFT", 1_000_000_00)
    assert await refusal(db, moved(db, first, "correct", handler, reason="x")) == "filing-exists"
    await actions.edit_share(
        db,
        share_id=second.share_id,
        expected_revision=1,
        facts=FACTS | {"canteen_total_fen": 2_000_000_00},
        caller=handler,
        now=NOW,
    )
    for verb, caller in (("submit", handler), ("review", OFFICE), ("approve", OFFICE), ("confirm", OFFICE)):
        await moved(db, second, verb, caller)
    assert await queries.find_in_force(db, school.unit_id, 2026) == (200_000_00, 20_000_00)
    await moved(db, second, "lock", OFFICE)
    assert await queries.find_in_force(db, school.unit_id, 2026) == (400_000_00, 20_000_00)
    await db.refresh(first)
    assert (first.superseded_at, first.status) == (NOW, "LOCKED")
    assert await refusal(db, moved(db, first, "correct", handler, reason="x")) == "reserved-share-status"


async def test_the_database_keeps_what_is_locked_and_every_move(db: AsyncSession):
    share = await locked(db, await eating(db))
    for change in ("note = 'x'", "status = 'DRAFT', locked_at = NULL", "superseded_at = now(), note = 'x'"):
        with pytest.raises(IntegrityError, match=r"new version|no such move"):
            async with db.begin_nested():
                await db.execute(text(f"UPDATE reserved_shares SET {change}"))  # noqa: S608 - our own words
    with pytest.raises(IntegrityError, match="new version"):
        async with db.begin_nested():
            await db.execute(text("DELETE FROM reserved_shares"))
    other = await drafted(db, await eating(db))
    with pytest.raises(IntegrityError, match="no such move"):
        async with db.begin_nested():
            await db.execute(
                text("UPDATE reserved_shares SET status = 'LEAD_REVIEW', submitted_by = :by WHERE share_id = :id"),
                {"id": other.share_id, "by": uuid4()},
            )
    await db.refresh(share)
    assert share.note == ""


async def test_of_two_corrections_in_parallel_one_is_made(fresh_database: Database):
    async with fresh_database.begin() as db:
        school = await eating(db)
        share = await locked(db, school)

    async def correct() -> str:
        try:
            async with fresh_database.begin() as db:
                await moved(db, share, "correct", acting_for(school), reason="更正")
        except Refusal as refused:
            return refused.code
        return "made"

    ends = await asyncio.gather(*(correct() for _ in range(4)))
    assert sorted(ends) == ["filing-exists"] * 3 + ["made"]


async def test_of_two_reviewers_in_parallel_one_decides(fresh_database: Database):
    async with fresh_database.begin() as db:
        school = await eating(db)
        share = await drafted(db, school)
        await moved(db, share, "submit", acting_for(school))
        await moved(db, share, "review", OFFICE)

    async def decide(verb: str) -> str:
        try:
            async with fresh_database.begin() as db:
                await moved(db, share, verb, finance_office(), reason="请改")
        except Refusal as refused:
            return refused.code
        return verb

    ends = await asyncio.gather(decide("approve"), decide("return"), decide("approve"))
    assert sorted(ends).count("stale") == 2


async def test_a_unit_that_was_closed_files_nothing_more(db: AsyncSession):
    school = await eating(db)
    share = await drafted(db, school)
    await unit_actions.close_unit(
        db,
        unit_id=school.unit_id,
        expected_revision=school.revision,
        reason="撤销",
        caller=OFFICE,
        now=NOW,
    )
    assert await refusal(db, moved(db, share, "submit", acting_for(school))) == "unit-closed"
    assert isinstance(school, BudgetUnit)
    with pytest.raises(Conflict):
        await _draft(db, acting_for(school))
