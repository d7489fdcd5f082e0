"""Readings on real PostgreSQL: late, shuffled, repeated, at once; excursions are always those of the whole series."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.excursion import queries as excursion_queries
from logistics.excursion.rules import judge_all
from logistics.reading import actions
from logistics.reading.actions import Recorded
from logistics.reading.rules import Batch
from logistics.tracking import actions as tracking_actions
from services.logistics.tests.factories import CARRIER, Way, on_its_way, said, with_carrier
from shared.db import Database
from shared.events.logistics import ExcursionClosed, ExcursionOpened
from shared.ids import new_id
from shared.testing import NOW, published

T0 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def minute(number: int) -> datetime:
    return T0 + timedelta(minutes=number)


async def record(
    db: AsyncSession, way: Way, readings: dict[int, float], *, device_id: str = "dev-1", waybill: str | None = None
) -> Recorded:
    """Keep a batch of {minute: degrees}."""
    order = sorted(readings)
    return await actions.record_readings(
        db,
        carrier_code=CARRIER,
        waybill_number=waybill or way.waybill,
        device_id=device_id,
        batch=Batch([minute(number) for number in order], [readings[number] for number in order]),
        now=NOW,
        new_id=new_id,
    )


async def standing(db: AsyncSession, way: Way) -> list[tuple[Any, ...]]:
    """The excursions that stand: kind, severity, start and end in minutes, extreme."""
    found = await excursion_queries.list_of_parcel(db, way.parcel_id)
    for each in found:
        await db.refresh(each)

    def number(at: datetime | None) -> float | None:
        return None if at is None else (at - T0) / timedelta(minutes=1)

    return sorted((e.kind, e.severity, number(e.started_at), number(e.ended_at), e.extreme_c) for e in found)


@pytest.fixture
async def way(db: AsyncSession) -> Way:
    await with_carrier(db)
    return await on_its_way(db)


def hot(start: int, end: int, degrees: float = 6.0) -> dict[int, float]:
    return dict.fromkeys(range(start, end), degrees)


def cool(start: int, end: int) -> dict[int, float]:
    return hot(start, end, 2.0)


async def test_two_hours_in_one_batch_give_the_excursion_its_own_times(db: AsyncSession, way: Way):
    assert await record(db, way, cool(0, 30) | hot(30, 50) | cool(50, 120)) == Recorded(120, 0)
    assert await standing(db, way) == [("high", "minor", 30, 50, 6.0)]
    (opened,) = await published(db, ExcursionOpened)
    (closed,) = await published(db, ExcursionClosed)
    assert isinstance(opened, ExcursionOpened)
    assert isinstance(closed, ExcursionClosed)
    assert (opened.kind, opened.started_at, opened.order_id) == ("high", minute(30), way.event.order_id)
    assert (closed.excursion_id, closed.started_at, closed.ended_at) == (opened.excursion_id, minute(30), minute(50))


async def test_the_same_batch_again_keeps_and_announces_nothing(db: AsyncSession, way: Way):
    batch = cool(0, 30) | hot(30, 50) | cool(50, 60)
    await record(db, way, batch)
    assert await record(db, way, batch) == Recorded(0, 60)
    assert len(await published(db, ExcursionOpened)) == len(await published(db, ExcursionClosed)) == 1
    assert await db.scalar(text("SELECT reading_count FROM reading_series")) == 60


async def test_an_excursion_over_many_batches_is_opened_once_and_closed_once(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 10))
    for start in range(10, 50, 10):
        await record(db, way, hot(start, start + 10))
        assert await standing(db, way) == [("high", "minor" if start < 40 else "major", 10, None, 6.0)]
    await record(db, way, cool(50, 51))
    await record(db, way, cool(51, 60))
    assert await standing(db, way) == [("high", "major", 10, 50, 6.0)]
    (opened,), (closed,) = await published(db, ExcursionOpened), await published(db, ExcursionClosed)
    assert isinstance(opened, ExcursionOpened)
    assert isinstance(closed, ExcursionClosed)
    assert (opened.severity, closed.severity) == ("minor", "major")
    assert opened.excursion_id == closed.excursion_id


async def test_late_readings_correct_an_excursion_and_it_keeps_its_id(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 10) | hot(15, 25) | cool(25, 40))
    (before,) = await db.scalars(text("SELECT excursion_id FROM excursions"))
    await record(db, way, hot(10, 15, 7.5))
    assert await standing(db, way) == [("high", "major", 10, 25, 7.5)]
    (after,) = await db.scalars(text("SELECT excursion_id FROM excursions WHERE withdrawn_at IS NULL"))
    assert after == before
    assert len(await published(db, ExcursionOpened)) == len(await published(db, ExcursionClosed)) == 1


async def test_a_gap_that_late_readings_fill_is_withdrawn(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 10) | cool(100, 110))
    assert await standing(db, way) == [("gap", "major", 9, 100, None)]
    await record(db, way, cool(10, 100))
    assert await standing(db, way) == []
    assert await db.scalar(text("SELECT count(*) FROM excursions WHERE withdrawn_at = :now"), {"now": NOW}) == 1
    assert len(await published(db, ExcursionOpened)) == len(await published(db, ExcursionClosed)) == 1


async def test_readings_come_back_as_they_were_sent(db: AsyncSession, way: Way):
    instants = [T0 + timedelta(microseconds=number * 1_234_567 + 1) for number in range(2000)]
    temperatures = [round(-79.9 + number * 0.0777, 4) for number in range(2000)]
    humidities = [None if number % 3 else number / 20 for number in range(2000)]
    batch = Batch(instants, temperatures, humidities)
    place = {"carrier_code": CARRIER, "waybill_number": way.waybill, "device_id": "dev-1"}
    await actions.record_readings(db, **place, batch=batch, now=NOW, new_id=new_id)
    kept = (await db.execute(text("SELECT at, temperature_c, humidity_percent FROM readings ORDER BY at"))).all()
    assert [tuple(row) for row in kept] == list(zip(instants, temperatures, humidities, strict=True))


async def test_each_device_has_its_own_readings_and_excursions(db: AsyncSession, way: Way):
    await record(db, way, hot(0, 10) | cool(10, 20))
    assert await record(db, way, cool(0, 20), device_id="dev-2") == Recorded(20, 0)
    assert await standing(db, way) == [("high", "minor", 0, 10, 6.0)]


async def test_readings_that_came_before_their_parcel_are_kept_and_judged_when_it_appears(db: AsyncSession):
    await with_carrier(db)
    other = await on_its_way(db)
    early = hot(0, 10) | cool(10, 20)
    assert await record(db, other, early, waybill="SF-EARLY-2") == Recorded(0, 0, is_early=True)
    assert await record(db, other, early, waybill="SF-EARLY-2") == Recorded(0, 20, is_early=True)
    way = await on_its_way(db, waybill="SF-EARLY-2")
    assert await standing(db, way) == [("high", "minor", 0, 10, 6.0)]
    assert await record(db, way, early) == Recorded(0, 20)
    assert await db.scalar(text("SELECT count(*) FROM early_readings")) == 0


async def test_a_silent_device_opens_a_gap_that_the_next_reading_ends(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 10))
    assert await actions.note_silences(db, now=minute(29), new_id=new_id) == 0
    assert await actions.note_silences(db, now=minute(30), new_id=new_id) == 1
    assert await actions.note_silences(db, now=minute(31), new_id=new_id) == 0
    assert await standing(db, way) == [("gap", "minor", 9, None, None)]
    await record(db, way, cool(80, 90))
    assert await standing(db, way) == [("gap", "major", 9, 80, None)]
    assert len(await published(db, ExcursionOpened)) == len(await published(db, ExcursionClosed)) == 1


async def test_a_silence_that_was_only_a_slow_line_is_withdrawn(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 10))
    await actions.note_silences(db, now=minute(60), new_id=new_id)
    await record(db, way, cool(10, 60))
    assert await standing(db, way) == []


async def hear(db: AsyncSession, way: Way, status: str, at: datetime) -> None:
    await tracking_actions.record_updates(
        db, carrier_code=CARRIER, updates=[said(way.waybill, status, at)], now=NOW, new_id=new_id
    )


async def test_what_a_device_measures_after_the_delivery_is_kept_and_not_judged(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 30))
    await hear(db, way, "DELIVERED", minute(30))
    assert await record(db, way, hot(30, 90, 21.0)) == Recorded(60, 0)
    assert await standing(db, way) == [("high", "major", 30, None, 21.0)]  # the one reading at the door
    assert await record(db, way, cool(90, 100)) == Recorded(10, 0)
    assert await db.scalar(text("SELECT count(*) FROM readings")) == 100


async def test_a_delivery_told_late_withdraws_what_came_after_it(db: AsyncSession, way: Way):
    await record(db, way, cool(0, 30) | hot(31, 240, 21.0))
    assert await standing(db, way) == [("high", "critical", 31, None, 21.0)]
    await hear(db, way, "DELIVERED", minute(30))
    assert await standing(db, way) == []
    assert len(await published(db, ExcursionOpened)) == len(await published(db, ExcursionClosed)) == 1
    await record(db, way, {30: 2.0} | hot(240, 250, 21.0), device_id="dev-2")
    assert await standing(db, way) == []


async def test_a_return_that_shows_there_was_no_delivery_judges_the_way_back(db: AsyncSession, way: Way):
    await hear(db, way, "DELIVERED", minute(30))
    await record(db, way, cool(0, 40) | hot(40, 50) | cool(50, 60))
    assert await standing(db, way) == []
    await hear(db, way, "RETURNING", minute(20))
    await hear(db, way, "RETURNED", minute(55))
    assert await standing(db, way) == []  # it came back at minute 30 already
    assert await db.scalar(text("SELECT rested_at FROM reading_series")) == minute(30)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[dict[int, float], list[list[int]]]:
    """A series with spikes and gaps, and how it arrives: shuffled into batches, some of them twice."""
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 5, 21, 65]), min_size=3, max_size=30))
    minutes = [sum(steps[: index + 1]) for index in range(len(steps))]
    degrees = draw(st.lists(st.sampled_from([2.0, 2.0, 3.8, 6.0, 9.0, -0.5]), min_size=len(steps), max_size=len(steps)))
    order = draw(st.permutations(minutes))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=5)) | {len(order)})
    batches = [order[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]
    repeated = draw(st.lists(st.sampled_from(batches), max_size=2))
    return dict(zip(minutes, degrees, strict=True)), [each for each in [*batches, *repeated] if each]


@given(given_=deliveries())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_and_batching_of_the_same_readings_gives_the_same_excursions(
    db: AsyncSession, given_: tuple[dict[int, float], list[list[int]]]
):
    readings, batches = given_
    async with db.begin_nested() as savepoint:
        await with_carrier(db)
        way = await on_its_way(db)
        for batch in batches:
            await record(db, way, {number: readings[number] for number in batch})
        order = sorted(readings)
        _, expected = judge_all(
            [minute(number) for number in order],
            [readings[number] for number in order],
            limits=excursion_queries.limits_of("MUSHROOM"),
            policy=excursion_queries.get_policy(),
        )
        found = [
            (e.kind, e.severity, e.started_at, e.ended_at, e.extreme_c, e.out_seconds, round(e.degree_minutes, 6))
            for e in await excursion_queries.list_of_parcel(db, way.parcel_id)
        ]
        assert sorted(found, key=repr) == sorted(
            (
                (e.kind, e.severity, e.started_at, e.ended_at, e.extreme_c, e.out_seconds, round(e.degree_minutes, 6))
                for e in expected
            ),
            key=repr,
        )
        await savepoint.rollback()
    db.expunge_all()


async def test_batches_of_one_device_at_once_lose_and_double_nothing(fresh_database: Database):
    async with fresh_database.begin() as db:
        await with_carrier(db)
        way = await on_its_way(db)
    whole = cool(0, 60) | hot(60, 90) | cool(90, 200)
    batches = [{n: d for n, d in whole.items() if n % 7 == part} for part in range(7)]

    async def send(batch: dict[int, float]) -> Recorded:
        async with fresh_database.begin() as db:
            return await record(db, way, batch)

    answers = await asyncio.gather(*(send(batch) for batch in batches * 2))
    assert sum(each.accepted for each in answers) == 200
    assert sum(each.repeated for each in answers) == 200
    async with fresh_database.begin() as db:
        assert await db.scalar(text("SELECT count(*) FROM readings")) == 200
        assert await db.scalar(text("SELECT reading_count FROM reading_series")) == 200
        assert await standing(db, way) == [("high", "minor", 60, 90, 6.0)]
        opened = await published(db, ExcursionOpened)
        closed = await published(db, ExcursionClosed)
        assert len({each.excursion_id for each in opened if isinstance(each, ExcursionOpened)}) == len(opened)
        assert len({each.excursion_id for each in closed if isinstance(each, ExcursionClosed)}) == len(closed)
