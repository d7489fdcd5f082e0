"""Booking at a reserve's point, the scale, and the seller's word."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.appointment import actions, jobs, queries, rules, weighing
from orders.appointment.models import Appointment
from orders.purchase import queries as purchase_queries
from orders.purchase_point import actions as point_actions
from orders.reserve_purchase import actions as reserve_actions
from orders.reserve_purchase import queries as reserve_queries
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.appointment.selling import (
    DAY,
    NOW,
    ON_THE_DAY,
    PIECE_G,
    Store,
    booked,
    decided,
    filed,
    found,
    published,
    state,
    submitted,
    sums,
)
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale


async def weighed(db: AsyncSession, store: Store, made: Appointment, accepted: int = 8, **given: Any) -> Appointment:
    return await weighing.weigh_in(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        found=found(accepted, **given),
        caller=store.weigher,
        now=ON_THE_DAY,
    )


async def agreed(db: AsyncSession, store: Store, made: Appointment) -> Appointment:
    return await weighing.agree(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        caller=store.seller(),
        now=ON_THE_DAY,
    )


async def test_a_filing_is_published_once_approved_with_what_is_kept_for_those_who_come_first(db: AsyncSession):
    store = await filed(db)
    made = await submitted(db, store)
    assert (made.status, made.published_at, made.kept_g) == ("APPROVING", None, 0)
    for person in store.approvers:
        if made.status == "APPROVING":
            await decided(db, store, person)
            made = await reserve_queries.lock_purchase(db, store.reserve_purchase_id)
    assert (made.status, made.published_at, made.kept_g) == ("PUBLISHED", NOW, 50 * PIECE_G)
    assert made.opens_to_all_on == DAY - timedelta(days=2)


async def test_a_refused_filing_is_a_draft_again_and_its_filer_cannot_approve_it(db: AsyncSession):
    store = await filed(db)
    await submitted(db, store)
    with pytest.raises(Forbidden) as refused:
        await decided(
            db,
            store,
            Caller(store.filer.person_id, store.filer.organisation_id, "institution", frozenset({"approver"})),
        )
    assert refused.value.code == "approval-own-request"
    await decided(db, store, store.approvers[0], "REFUSE")
    made = await reserve_queries.lock_purchase(db, store.reserve_purchase_id)
    assert (made.status, made.published_at) == ("DRAFT", None)
    with pytest.raises(NotFound):
        await booked(db, store)


async def test_a_booking_takes_from_what_is_wanted_and_from_the_day(db: AsyncSession):
    store = await published(db)
    await booked(db, store, 10)
    assert await sums(db, store) == (10, 0, 10)


async def test_goods_of_other_counties_are_booked_later_and_never_from_the_kept_share(db: AsyncSession):
    store = await published(db, capacity_g=100 * PIECE_G)
    with pytest.raises(Conflict) as early:
        await booked(db, store, 1, sku=store.other)
    assert early.value.code == "not-open-to-all"
    later = NOW + timedelta(days=3)
    with pytest.raises(Conflict) as much:
        await booked(db, store, 51, sku=store.other, now=later)
    assert (much.value.code, much.value.extra["free_g"]) == ("reserve-full", 50 * PIECE_G)
    await booked(db, store, 50, sku=store.other, now=later)
    await booked(db, store, 50, now=later)
    assert await sums(db, store) == (100, 50, 100)
    with pytest.raises(Conflict) as full:
        await booked(db, store, 1, now=later)
    assert full.value.code == "reserve-full"


async def test_a_day_takes_no_more_than_its_capacity_and_others_no_less(db: AsyncSession):
    store = await published(db)
    await booked(db, store, 38)
    with pytest.raises(Conflict) as refused:
        await booked(db, store, 3)
    assert (refused.value.code, refused.value.extra["free_g"]) == ("point-full", 2 * PIECE_G)
    await booked(db, store, 2)
    await booked(db, store, 3, day=DAY + timedelta(days=1))
    assert await sums(db, store) == (43, 0, 43)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"day": DAY - timedelta(days=5)}, "too-late-to-book"),
        ({"day": DAY + timedelta(days=40)}, "day-outside"),
    ],
)
async def test_a_day_is_booked_ahead_and_within_the_season(db: AsyncSession, given: dict[str, Any], code: str):
    store = await published(db)
    with pytest.raises(Conflict) as refused:
        await booked(db, store, **given)
    assert refused.value.code == code
    assert await sums(db, store) == (0, 0, 0)


async def test_nothing_is_booked_at_a_paused_point_or_after_the_end(db: AsyncSession):
    store = await published(db)
    point = await point_actions.move_point(
        db, point_id=store.point_id, verb="pause", expected_revision=1, caller=store.filer, now=NOW
    )
    with pytest.raises(Conflict) as paused:
        await booked(db, store)
    assert paused.value.code == "point-not-open"
    await point_actions.move_point(
        db, point_id=store.point_id, verb="reopen", expected_revision=point.revision, caller=store.filer, now=NOW
    )
    made = await reserve_queries.lock_purchase(db, store.reserve_purchase_id)
    await reserve_actions.move_purchase(
        db,
        reserve_purchase_id=store.reserve_purchase_id,
        verb="end",
        expected_revision=made.revision,
        reason="已收满",
        caller=store.filer,
        now=NOW,
    )
    with pytest.raises(Conflict) as ended:
        await booked(db, store)
    assert ended.value.code == "reserve-purchase-status"


async def test_a_change_moves_what_is_counted_and_cancelling_frees_it_in_time(db: AsyncSession):
    store = await published(db)
    made = await booked(db, store, 10)
    made = await actions.change_appointment(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        point_id=store.point_id,
        day=DAY + timedelta(days=1),
        quantity=40,
        caller=store.seller(),
        now=NOW,
    )
    assert await sums(db, store) == (40, 0, 40)
    with pytest.raises(Conflict) as late:
        await actions.cancel_appointment(
            db,
            appointment_id=made.appointment_id,
            expected_revision=made.revision,
            reason="下雨",
            caller=store.seller(),
            now=NOW + timedelta(days=6),
        )
    assert late.value.code == "too-late-to-book"
    await actions.cancel_appointment(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        reason="下雨",
        caller=store.seller(),
        now=NOW,
    )
    assert await sums(db, store) == (0, 0, 0)


async def test_the_scale_makes_the_order_and_the_sellers_word_its_acceptance(db: AsyncSession):
    store = await published(db)
    made = await weighed(db, store, await booked(db, store, 10), 8, refused=2, grade_number=2)
    assert (made.status, made.unit_price_fen) == ("WEIGHED", 9025)
    assert (made.ticket_number or "").startswith("GB")
    assert await sums(db, store) == (8, 0, 10)
    purchase = await purchase_queries.find_of_source(db, "RESERVE", made.appointment_id)
    assert purchase is not None
    assert (purchase.status, purchase.fund, purchase.total_fen) == ("ORDERED", "OTHER", 72_200)
    assert (purchase.approved_by_kind, purchase.approved_by_id) == ("reserve-purchase", store.reserve_purchase_id)
    [own] = await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
    assert (own.stage, own.is_split) == ("PENDING_CONFIRM", True)
    made = await agreed(db, store, made)
    [own] = await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
    assert (made.status, own.stage, own.accepted_fen) == ("TAKEN_IN", "ACCEPTED", 72_200)
    facts = (
        await db.execute(
            text("""
                SELECT placed.mode, money.committed_fen, money.consumed_fen, checked.accepted_by, level.on_hand
                FROM orders AS placed JOIN unit_orders AS own USING (order_id)
                JOIN budgets AS money ON money.unit_id = own.unit_id JOIN acceptances AS checked USING (order_id)
                JOIN stock_levels AS level ON level.sku_id = :sku_id WHERE own.order_id = :order_id
            """),
            {"order_id": own.order_id, "sku_id": store.sku.sku_id},
        )
    ).one()
    assert tuple(facts) == ("RESERVE", 0, 72_200, store.weigher.person_id, 992)


async def test_a_ticket_that_its_seller_declines_frees_everything(db: AsyncSession):
    store = await published(db)
    made = await weighed(db, store, await booked(db, store, 10))
    made = await weighing.decline(
        db,
        appointment_id=made.appointment_id,
        expected_revision=made.revision,
        reason="等级偏低",
        caller=store.seller(),
        now=ON_THE_DAY,
    )
    assert made.status == "DECLINED"
    assert await sums(db, store) == (0, 0, 0)
    committed = await db.scalar(text("SELECT committed_fen FROM budgets WHERE unit_id = :id"), {"id": store.unit_id})
    assert committed == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"gross_g": 2_000_000}, "load-invalid"),
        ({"gross_g": 3_000_000 + 8 * PIECE_G * 98 // 100}, "weight-short"),
        ({"accepted_count": 11, "gross_g": 9_000_000}, "more-than-booked"),
        ({"cause": "MOULD"}, "refusal-cause"),
        ({"grade_number": 3}, "grade-unknown"),
    ],
)
async def test_what_the_scale_cannot_have_said_is_refused_and_orders_nothing(
    db: AsyncSession, given: dict[str, Any], code: str
):
    store = await published(db)
    made = await booked(db, store, 10)
    before = await state(db, made)
    with pytest.raises(Invalid) as refused:
        await weighed(db, store, made, **given)
    assert refused.value.code == code
    assert await state(db, made) == before


async def test_who_filed_it_weighs_nothing_and_nothing_is_weighed_on_another_day(db: AsyncSession):
    store = await published(db)
    made = await booked(db, store)
    told = {"appointment_id": made.appointment_id, "expected_revision": made.revision, "found": found()}
    with pytest.raises(Forbidden) as own:
        await weighing.weigh_in(db, **told, caller=store.filer, now=ON_THE_DAY)
    with pytest.raises(Conflict) as early:
        await weighing.weigh_in(db, **told, caller=store.weigher, now=NOW)
    assert (own.value.code, early.value.code) == ("own-filing", "not-the-day")
    stranger = Caller(uuid4(), uuid4(), "supplier", frozenset())
    with pytest.raises(NotFound):
        await queries.get_seen(db, stranger, made.appointment_id)


async def test_the_clock_marks_who_did_not_come_and_follows_the_order(db: AsyncSession):
    store = await published(db)
    missed, confirmed, refused = [await booked(db, store, 5) for _ in range(3)]
    for made in (confirmed, refused):
        await weighed(db, store, made, 5)
    for made, verb in ((confirmed, unit_order_actions.confirm_order), (refused, None)):
        purchase = await purchase_queries.find_of_source(db, "RESERVE", made.appointment_id)
        assert purchase is not None
        [own] = await unit_order_queries.list_of_purchase(db, purchase.purchase_id)
        if verb is not None:
            await verb(db, order_id=own.order_id, caller=store.seller(), now=ON_THE_DAY)
        else:
            await unit_order_actions.lapse_order(db, order_id=own.order_id, now=own.lapses_at)
    after = ON_THE_DAY + timedelta(days=1)
    due = await queries.list_to_follow(db, today=DAY + timedelta(days=1), after=UUID(int=0), limit=10)
    assert sorted(due) == sorted(each.appointment_id for each in (missed, confirmed, refused))
    for _ in range(2):
        for each in due:
            await actions.miss_appointment(db, appointment_id=each, now=after)
            await weighing.follow_order(db, appointment_id=each, now=after)
    ended = [(await queries.lock_appointment(db, each.appointment_id)).status for each in (missed, confirmed, refused)]
    assert ended == ["NO_SHOW", "TAKEN_IN", "DECLINED"]
    assert await sums(db, store) == (5, 0, 5)


async def test_the_database_holds_capacity_and_wanted_itself(db: AsyncSession):
    store = await published(db)
    made = await booked(db, store, 40)
    for quantity, constraint in ((41, "never_above_capacity"), (101, "never_above_wanted")):
        with pytest.raises(IntegrityError, match=constraint):
            async with db.begin_nested():
                await db.execute(
                    text("UPDATE reserve_appointments SET quantity = :quantity WHERE appointment_id = :id"),
                    {"quantity": quantity, "id": made.appointment_id},
                )
    assert await sums(db, store) == (40, 0, 40)


REACHED = ("BOOKED", "CANCELLED", "TURNED_AWAY", "NO_SHOW", "WEIGHED", "TAKEN_IN", "DECLINED")


async def _do(db: AsyncSession, store: Store, made: Appointment, verb: str) -> None:
    told: dict[str, Any] = {"appointment_id": made.appointment_id, "expected_revision": made.revision}
    seller = store.seller()
    if verb == "change":
        place: dict[str, Any] = {"point_id": store.point_id, "day": DAY, "quantity": 9}
        await actions.change_appointment(db, **told, **place, caller=seller, now=NOW)
    elif verb == "cancel":
        await actions.cancel_appointment(db, **told, reason="不来", caller=seller, now=NOW)
    elif verb == "turn-away":
        await actions.turn_away(db, **told, reason="霉变", caller=store.weigher, now=ON_THE_DAY)
    elif verb == "weigh":
        await weighed(db, store, made, 8)
    elif verb == "take-in":
        await agreed(db, store, made)
    else:
        await weighing.decline(db, **told, reason="不同意", caller=seller, now=ON_THE_DAY)


async def _reach(db: AsyncSession, store: Store, status: str) -> Appointment:
    made = await booked(db, store, 10)
    if status == "NO_SHOW":
        await actions.miss_appointment(db, appointment_id=made.appointment_id, now=ON_THE_DAY + timedelta(days=1))
    ways = {
        "CANCELLED": ("cancel",),
        "TURNED_AWAY": ("turn-away",),
        "WEIGHED": ("weigh",),
        "TAKEN_IN": ("weigh", "take-in"),
        "DECLINED": ("weigh", "decline"),
    }
    for verb in ways.get(status, ()):
        await _do(db, store, made, verb)
    assert made.status == status
    return made


@pytest.mark.parametrize("status", REACHED)
async def test_only_the_moves_of_the_table_lead_on_and_others_change_nothing(db: AsyncSession, status: str):
    store = await published(db, capacity_g=100 * PIECE_G)
    for verb in sorted(rules.MOVES.keys() - {"miss"}):
        made = await _reach(db, store, status)
        before = await state(db, made)
        allowed, after = rules.MOVES[verb]
        if status in allowed:
            await _do(db, store, made, verb)
            assert made.status == after
            continue
        with pytest.raises(Refusal) as refused:
            async with db.begin_nested():
                await _do(db, store, made, verb)
        assert refused.value.code == "appointment-status"
        assert await state(db, made) == before


async def test_a_weigh_in_that_saw_an_older_appointment_is_stale(db: AsyncSession):
    store = await published(db)
    made = await booked(db, store)
    with pytest.raises(Stale):
        await weighing.weigh_in(
            db,
            appointment_id=made.appointment_id,
            expected_revision=made.revision + 1,
            found=found(),
            caller=store.weigher,
            now=ON_THE_DAY,
        )


async def test_the_job_runs_twice_and_marks_once(fresh_database: Database):
    now = utc_now() - timedelta(days=10)
    async with fresh_database.begin() as db:
        store = await published(db, now=now)
        made = await booked(db, store, now=now)
    for _ in range(2):
        await jobs.follow_appointments(fresh_database)
    async with fresh_database.begin() as db:
        assert (await queries.lock_appointment(db, made.appointment_id)).status == "NO_SHOW"
        assert await sums(db, store) == (0, 0, 0)
