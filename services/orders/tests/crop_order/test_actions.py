"""Crop orders in the database: agreement, money, milestones, ends. What is refused changes nothing."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.crop_order import actions, growing, jobs, paying, queries, sharing
from orders.crop_order.sharing import SeasonOf
from orders.purchase import queries as purchase_queries
from orders.trail import queries as trail_queries
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.budget.granting import granted
from services.orders.tests.crop_order.cropping import (
    TODAY,
    a_side,
    agreed,
    answered,
    budget_of,
    day_after,
    decided,
    declared,
    deposited,
    drafted,
    fresh,
    grown,
    offered,
    parties,
    submitted,
    told,
)
from services.orders.tests.factories import NOW
from shared.db import Database
from shared.errors import Conflict, Forbidden, NotFound, Refusal
from shared.events.institutions import CropHarvestShared, CropMilestoneMissed, CropOrderEnded, CropOrderOffered
from shared.testing import published


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


async def test_what_is_submitted_is_committed_whole_and_what_is_refused_is_free_again(db: AsyncSession):
    those = await parties(db)
    crop = await submitted(db, those)
    assert (crop.status, crop.total_fen, crop.deposit_fen, crop.budget_year) == ("SUBMITTED", 300_000, 60_000, 2026)
    assert await budget_of(db, those.side) == (300_000, 0)
    crop = await decided(db, crop, those.side.approver, "REFUSE")
    assert (crop.status, await budget_of(db, those.side)) == ("REFUSED", (0, 0))
    assert await published(db, CropOrderOffered) == []


async def test_nobody_approves_what_they_asked_for(db: AsyncSession):
    those = await parties(db)
    both = those.side.handler.__class__(
        those.side.handler.person_id, those.side.unit.organisation_id, "institution", frozenset({"buyer", "approver"})
    )
    crop = await submitted(db, those)
    with pytest.raises(Forbidden) as refused:
        await decided(db, crop, both)
    assert code_of(refused) == "approval-own-request"
    assert (await fresh(db, crop)).status == "SUBMITTED"


async def test_more_than_the_budget_holds_is_not_submitted(db: AsyncSession):
    those = await parties(db, budget_fen=299_999)
    with pytest.raises(Conflict) as refused:
        async with db.begin_nested():
            await submitted(db, those)
    assert (code_of(refused), refused.value.extra["left_fen"]) == ("budget-exceeded", 299_999)
    assert await budget_of(db, those.side) == (0, 0)


async def test_an_approved_order_is_offered_and_its_supplier_may_decline_it(db: AsyncSession):
    those = await parties(db)
    crop = await drafted(db, those)
    with pytest.raises(NotFound):
        await queries.get_crop_order_for(db, those.supplier, crop.crop_order_id)
    crop = await offered(db, those)
    [event] = await published(db, CropOrderOffered)
    assert (event.crop_order_id, event.supplier_id) == (crop.crop_order_id, those.sku.supplier_id)
    crop = await answered(db, those, crop, does_agree=False)
    assert (crop.status, await budget_of(db, those.side)) == ("REFUSED", (0, 0))
    assert (await queries.get_crop_order_for(db, those.supplier, crop.crop_order_id)).status == "REFUSED"


async def test_what_is_withdrawn_may_be_submitted_again_and_is_committed_once(db: AsyncSession):
    those = await parties(db)
    crop = await offered(db, those)
    for _ in range(2):
        crop = await actions.withdraw_crop_order(
            db,
            crop_order_id=crop.crop_order_id,
            expected_revision=crop.revision,
            reason="再看看",
            caller=those.side.handler,
            now=NOW,
        )
        assert (crop.status, crop.offered_at, await budget_of(db, those.side)) == ("DRAFT", None, (0, 0))
        crop = await actions.submit_crop_order(
            db,
            crop_order_id=crop.crop_order_id,
            expected_revision=crop.revision,
            caller=those.side.handler,
            now=NOW,
        )
        assert await budget_of(db, those.side) == (300_000, 0)


async def test_a_deposit_is_consumed_once_when_the_supplier_has_it(db: AsyncSession):
    those = await parties(db)
    crop = await told(db, those, await agreed(db, those))
    assert await budget_of(db, those.side) == (300_000, 0)
    crop = await deposited(db, those, crop, has_come=False)
    assert (crop.status, crop.deposit_told_on) == ("AGREED", None)
    with pytest.raises(Conflict) as refused:
        await deposited(db, those, crop)
    assert code_of(refused) == "deposit-not-told"
    crop = await deposited(db, those, await told(db, those, await fresh(db, crop)))
    assert (crop.status, await budget_of(db, those.side)) == ("DEPOSIT_PAID", (240_000, 60_000))
    with pytest.raises(Conflict) as again:
        await deposited(db, those, crop)
    assert code_of(again) == "crop-order-status"


async def test_only_finance_tells_of_a_deposit(db: AsyncSession):
    those = await parties(db)
    crop = await agreed(db, those)
    with pytest.raises(Forbidden) as refused:
        await paying.tell_deposit(
            db,
            crop_order_id=crop.crop_order_id,
            paid_on=TODAY,
            voucher="",
            expected_revision=crop.revision,
            caller=those.side.handler,
            now=NOW,
        )
    assert code_of(refused) == "duty-missing"


async def test_an_agreement_ends_before_its_deposit_but_not_while_that_is_on_its_way(db: AsyncSession):
    those = await parties(db)
    crop = await told(db, those, await agreed(db, those))
    ending = {"crop_order_id": crop.crop_order_id, "reason": "不要了", "caller": those.side.handler, "now": NOW}
    with pytest.raises(Conflict) as refused:
        await growing.cancel_crop_order(db, expected_revision=crop.revision, **ending)
    assert code_of(refused) == "deposit-told"
    await db.refresh(crop)
    crop = await deposited(db, those, crop, has_come=False)
    crop = await growing.cancel_crop_order(db, expected_revision=crop.revision, **ending)
    assert (crop.status, crop.owed_back_fen, await budget_of(db, those.side)) == ("CANCELLED", 0, (0, 0))


async def test_a_failed_crop_owes_its_deposit_back_and_frees_the_rest(db: AsyncSession):
    those = await parties(db)
    crop = await grown(db, those)
    crop = await growing.fail_crop(
        db,
        crop_order_id=crop.crop_order_id,
        reason="冰雹",
        expected_revision=crop.revision,
        caller=those.supplier,
        now=NOW,
    )
    assert (crop.status, crop.owed_back_fen, crop.refunded_fen) == ("FAILED", 60_000, 0)
    assert await budget_of(db, those.side) == (0, 60_000)
    [event] = await published(db, CropOrderEnded)
    assert (event.outcome, event.owed_back_fen, event.reason) == ("FAILED", 60_000, "冰雹")
    refund = {
        "crop_order_id": crop.crop_order_id,
        "received_on": TODAY,
        "voucher": "TK",
        "caller": those.side.financier,
        "now": NOW,
    }
    crop = await paying.record_refund(db, expected_revision=crop.revision, **refund)
    assert (crop.refunded_fen, await budget_of(db, those.side)) == (60_000, (0, 0))
    with pytest.raises(Conflict) as again:
        await paying.record_refund(db, expected_revision=crop.revision, **refund)
    assert code_of(again) == "nothing-owed-back"


async def report(db: AsyncSession, those, crop, number: int, *, day: int = 0):
    return await growing.report_milestone(
        db,
        crop_order_id=crop.crop_order_id,
        number=number,
        reached_on=day_after(day),
        note="已播种 30 亩",
        photo_ids=(),
        expected_revision=crop.revision,
        caller=those.supplier,
        now=NOW + timedelta(days=day),
    )


async def test_milestones_are_reported_once_each_and_a_missed_one_is_told_once(db: AsyncSession):
    those = await parties(db)
    crop = await report(db, those, await grown(db, those), 1, day=9)
    assert crop.status == "GROWING"
    with pytest.raises(Conflict) as again:
        await report(db, those, crop, 1)
    assert code_of(again) == "milestone-reported"
    await db.refresh(crop)
    with pytest.raises(NotFound) as unknown:
        await report(db, those, crop, 3)
    assert code_of(unknown) == "milestone-unknown"
    for day, was_told in ((90, False), (91, True), (92, False)):
        missed = await queries.list_missed(db, on=day_after(day), limit=9)
        assert missed == ([(crop.crop_order_id, 2)] if was_told else [])
        now = NOW + timedelta(days=day)
        assert await growing.tell_missed(db, crop_order_id=crop.crop_order_id, number=2, now=now) is was_told
    [event] = await published(db, CropMilestoneMissed)
    assert (event.milestone, event.due_on, event.organisation_id) == (
        "RIPENING", day_after(90), those.side.unit.organisation_id
    )  # fmt: skip
    late = await queries.list_open_milestones(db, those.side.handler, late_on=day_after(92), limit=9)
    assert [(each.number, order.crop_order_id) for each, order in late] == [(2, crop.crop_order_id)]
    crop = await report(db, those, await fresh(db, crop), 2, day=92)
    assert await queries.list_open_milestones(db, those.side.handler, late_on=day_after(92), limit=9) == []
    verbs = [each.verb for each in await trail_queries.list_trail(db, crop.crop_order_id)]
    assert verbs[-3:] == ["report", "miss", "report"]


async def test_who_never_paid_the_deposit_and_whose_unit_was_closed_have_no_part_in_the_harvest(db: AsyncSession):
    those = await parties(db)
    other = await a_side(db)
    mine, unpaid, closed = await grown(db, those), await agreed(db, those), await grown(db, those, other)
    other.unit.status = "CLOSED"
    await db.flush()
    harvest = await declared(db, those, 150)
    mine, unpaid, closed = await fresh(db, mine), await fresh(db, unpaid), await fresh(db, closed)
    assert (harvest.order_count, harvest.shared_count) == (1, 100)
    assert [(each.status, each.owed_back_fen) for each in (mine, unpaid, closed)] == [
        ("DELIVERING", 0), ("CANCELLED", 0), ("CANCELLED", 60_000)
    ]  # fmt: skip
    assert await budget_of(db, other) == (0, 60_000)


async def test_nothing_at_all_is_a_failed_crop_for_everybody(db: AsyncSession):
    those = await parties(db)
    crop = await grown(db, those)
    await declared(db, those, 0)
    crop = await fresh(db, crop)
    assert (crop.status, crop.allocated_count, crop.owed_back_fen) == ("FAILED", 0, 60_000)
    assert await published(db, CropHarvestShared) == []


async def test_a_harvest_is_declared_once_and_as_it_was_looked_at(db: AsyncSession):
    those = await parties(db)
    await grown(db, those)
    _, seen = await sharing.preview_sharing(db, season=those.season, harvested_count=50, caller=those.supplier)
    late = await grown(db, those, await a_side(db))
    with pytest.raises(Conflict) as changed:
        await sharing.declare_harvest(
            db,
            harvest_id=uuid4(),
            season=those.season,
            harvested_count=50,
            note="",
            seen=seen.seen,
            caller=those.supplier,
            now=NOW,
        )
    assert code_of(changed) == "sharing-changed"
    await declared(db, those, 150)
    assert (await fresh(db, late)).allocated_count == 75
    with pytest.raises(Conflict) as twice:
        await declared(db, those, 150)
    assert code_of(twice) == "season-over"
    crop = await drafted(db, those)
    with pytest.raises(Conflict) as over:
        await actions.submit_crop_order(
            db,
            crop_order_id=crop.crop_order_id,
            expected_revision=crop.revision,
            caller=those.side.handler,
            now=NOW,
        )
    assert code_of(over) == "season-over"


async def test_others_declare_no_harvest_of_it(db: AsyncSession):
    those = await parties(db)
    await grown(db, those)
    other = await parties(db)
    with pytest.raises(NotFound) as refused:
        await sharing.preview_sharing(db, season=those.season, harvested_count=5, caller=other.supplier)
    with pytest.raises(Forbidden):
        await sharing.preview_sharing(db, season=those.season, harvested_count=5, caller=those.side.handler)
    with pytest.raises(Conflict) as empty:
        season = SeasonOf(those.sku.sku_id, those.season.season_year, "SPRING")
        await sharing.preview_sharing(db, season=season, harvested_count=5, caller=those.supplier)
    assert (code_of(refused), code_of(empty)) == ("sku-unknown", "season-empty")


async def test_what_is_submitted_in_december_is_paid_from_that_year_although_it_is_harvested_in_the_next(
    db: AsyncSession,
):
    # Half past eleven at night on 31 December in Shanghai is 15:30 UTC; half an hour later it is the next year there.
    those = await parties(db, budget_fen=0)
    await granted(db, those.side.unit.unit_id, 300_000, year=2026)
    eve = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)
    crop = await submitted(db, those, now=eve)
    assert crop.budget_year == 2026
    with pytest.raises(Conflict) as refused:
        async with db.begin_nested():
            await submitted(db, those, now=eve + timedelta(minutes=30))
    assert (code_of(refused), refused.value.extra["year"]) == ("budget-exceeded", 2027)


async def test_the_harvest_of_the_next_year_uses_the_budget_that_was_committed(db: AsyncSession):
    those = await parties(db, budget_fen=0)
    await granted(db, those.side.unit.unit_id, 300_000, year=2026)
    crop = await grown(db, those)
    await declared(db, those, 80, now=datetime(2027, 2, 1, tzinfo=UTC))
    crop = await fresh(db, crop)
    assert crop.purchase_id is not None
    purchase = await purchase_queries.get_purchase(db, crop.purchase_id)
    assert (purchase.budget_year, purchase.total_fen) == (2026, 240_000)
    years = await db.execute(text("SELECT year, committed_fen, consumed_fen FROM budgets"))
    assert [tuple(row) for row in years] == [(2026, 240_000, 0)]


async def test_when_the_order_of_a_share_falls_the_whole_deposit_is_owed_back(db: AsyncSession):
    # 80 of 100 at 30.00: the order is 2,400.00, all committed; refused, 600.00 stay consumed.
    those = await parties(db)
    crop = await grown(db, those)
    await declared(db, those, 80)
    crop = await fresh(db, crop)
    [placed] = await purchase_queries.list_orders(db, crop.purchase_id)
    assert await budget_of(db, those.side) == (240_000, 0)
    await unit_order_actions.refuse_order(
        db, order_id=placed.order_id, reason="仓库失火", caller=those.supplier, now=NOW
    )
    crop = await fresh(db, crop)
    assert (crop.status, crop.credited_fen, crop.owed_back_fen) == ("CANCELLED", 0, 60_000)
    assert await budget_of(db, those.side) == (0, 60_000)
    assert (await unit_order_queries.get_unit_order(db, placed.order_id)).stage == "REFUSED"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE crop_orders SET status = 'COMPLETED'",
        "UPDATE crop_orders SET quantity = quantity + 1, total_fen = total_fen + unit_price_fen",
        "UPDATE crop_orders SET allocated_count = allocated_count - 1",
        "UPDATE crop_orders SET owed_back_fen = deposit_fen, refunded_fen = deposit_fen + 1",
        "UPDATE crop_orders SET credited_fen = deposit_fen, owed_back_fen = 1",
        "UPDATE crop_harvests SET harvested_count = harvested_count + 1",
        "DELETE FROM crop_harvests",
    ],
)
async def test_the_database_refuses_what_never_happens(db: AsyncSession, change: str):
    those = await parties(db)
    await grown(db, those)
    await declared(db, those, 40)
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(text(change))


async def test_the_clock_tells_and_takes_what_is_due(fresh_database: Database):
    # In 2026 nothing is late of a season that lies ahead: the jobs find nothing, twice.
    async with fresh_database.begin() as db:
        those = await parties(db)
        crop = await grown(db, those)
        await declared(db, those, 10)
        await db.execute(
            text("UPDATE crop_orders SET decide_by = now() - interval '1 hour' WHERE crop_order_id = :crop_order_id"),
            {"crop_order_id": crop.crop_order_id},
        )
    for _ in range(2):
        await jobs.tell_missed_milestones(fresh_database)
        await jobs.take_undecided_shares(fresh_database)
    async with fresh_database.begin() as db:
        assert (await fresh(db, crop)).status == "DELIVERING"
