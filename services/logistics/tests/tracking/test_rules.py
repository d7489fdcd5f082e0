"""What a log adds up to: any order, any repetition, one state."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.tracking.queries import get_status_book
from logistics.tracking.rules import (
    ParcelState,
    Update,
    ensure_plausible,
    is_forward,
    legs_of,
    occurrence_of,
    repeat_key,
    state_of,
)

T0 = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BOOK = get_status_book()


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def update(status: str, hours: float, leg: int | None = None) -> Update:
    found = BOOK.find(status)
    assert found is not None
    return Update(leg, found, at(hours))


UPDATES = st.lists(
    st.builds(
        update,
        st.sampled_from(sorted(BOOK.statuses)),
        st.integers(0, 6),
        st.sampled_from([None, None, None, 1, 2, 3]),
    ),
    max_size=12,
)


@given(UPDATES, st.randoms(use_true_random=False), st.integers(0, 3))
def test_any_order_and_repetition_of_the_same_updates_gives_the_same_state(updates, random, repeats):
    shuffled = updates * (1 + repeats)
    random.shuffle(shuffled)
    assert state_of(shuffled) == state_of(updates)


@given(UPDATES, st.integers(0, 6))
def test_an_update_from_before_the_last_leg_began_lowers_nothing(updates, hours):
    before = state_of(updates)
    rank = BOOK.statuses[before.status].rank or 0
    late = state_of([*updates, update("IN_TRANSIT", -1 - hours)])
    assert late.leg == max(before.leg, 1)
    assert (BOOK.statuses[late.status].rank or 0) >= rank
    assert late.delivered_at == before.delivered_at


def test_a_parcel_of_which_nobody_said_anything_is_created():
    assert state_of([]) == ParcelState(status="CREATED", leg=1)


def test_delivered_then_a_late_in_transit_stays_delivered():
    state = state_of([update("DELIVERED", 5), update("IN_TRANSIT", 2)])
    assert (state.status, state.delivered_at, state.last_update_at) == ("DELIVERED", at(5), at(5))
    after = state_of([update("DELIVERED", 5), update("IN_TRANSIT", 6)])
    assert (after.status, after.delivered_at, after.last_update_at) == ("DELIVERED", at(5), at(6))


def test_a_return_after_delivery_opens_a_new_leg_and_keeps_the_delivery():
    log = [update("DELIVERED", 5), update("RETURNING", 8), update("IN_TRANSIT", 9)]
    state = state_of(log)
    assert (state.status, state.leg, state.delivered_at, state.returned_at) == ("RETURNING", 2, at(5), None)
    home = state_of([*log, update("RETURNED", 12)])
    assert (home.status, home.leg, home.delivered_at, home.returned_at) == ("RETURNED", 2, at(5), at(12))


def test_a_return_without_delivery_was_never_delivered():
    log = [update("OUT_FOR_DELIVERY", 3), update("REFUSED", 4), update("RETURNING", 5), update("DELIVERED", 9)]
    state = state_of(log)
    assert (state.status, state.delivered_at, state.returned_at) == ("RETURNED", None, at(9))


def test_what_happened_before_the_return_belongs_to_the_way_out_however_late_it_arrives():
    updates = [update("RETURNING", 8), update("DELIVERED", 5), update("IN_TRANSIT", 9), update("PICKED_UP", 1)]
    assert [legs_of(updates)[each] for each in updates] == [2, 1, 2, 1]


def test_the_carriers_own_leg_counts_where_it_names_one():
    again = [update("DELIVERED", 5, 1), update("RETURNED", 8, 2), update("IN_TRANSIT", 9, 3)]
    assert (state_of(again).status, state_of(again).leg) == ("IN_TRANSIT", 3)
    home = state_of([*again, update("DELIVERED", 11, 3)])
    assert (home.status, home.delivered_at) == ("DELIVERED", at(5))
    assert [is_forward(leg) for leg in (1, 2, 3)] == [True, False, True]


def test_an_exception_lowers_nothing_and_lasts_until_the_parcel_moves_on():
    failed = [update("OUT_FOR_DELIVERY", 3), update("DELIVERY_FAILED", 4)]
    state = state_of(failed)
    assert (state.status, state.exception, state.exception_at) == ("OUT_FOR_DELIVERY", "DELIVERY_FAILED", at(4))
    moved_on = state_of([*failed, update("OUT_FOR_DELIVERY", 7)])
    assert (moved_on.status, moved_on.exception) == ("OUT_FOR_DELIVERY", None)
    damaged = state_of([*failed, update("DELIVERED", 7), update("DAMAGED", 8)])
    assert (damaged.status, damaged.exception) == ("DELIVERED", "DAMAGED")


def test_a_remark_changes_nothing_but_when_we_last_heard():
    state = state_of([update("IN_TRANSIT", 2), update("UNKNOWN", 6)])
    assert (state.status, state.exception, state.last_update_at) == ("IN_TRANSIT", None, at(6))


def test_progress_of_one_second_ends_at_the_furthest():
    newest_first = [update("READY_FOR_PICKUP", 4), update("ARRIVED_CITY", 4), update("IN_TRANSIT", 4)]
    assert state_of(newest_first).status == "READY_FOR_PICKUP"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("1", "PICKED_UP"),
        ("0", "IN_TRANSIT"),
        ("1001", "ARRIVED_CITY"),
        ("501", "READY_FOR_PICKUP"),
        ("304", "DELIVERED"),
        ("14", "REFUSED"),
        ("4", "RETURNED"),
        ("401", "CANCELLED"),
        ("OutForDelivery", "OUT_FOR_DELIVERY"),
        ("out_for_delivery", "OUT_FOR_DELIVERY"),
        ("AT_COUNTY_HUB", "AT_COUNTY_HUB"),
    ],
)
def test_carriers_words_are_understood(word: str, status: str):
    found = BOOK.find(word)
    assert found is not None
    assert found.status == status


def test_an_unknown_word_is_none_and_every_status_has_a_name_in_both_languages():
    assert BOOK.find("FLYING") is None
    assert len(BOOK.statuses) == 18
    assert all(each.name and each.name_en for each in BOOK.statuses.values())
    assert {each.status for each in BOOK.statuses.values() if each.rank is None} == {
        "DELIVERY_FAILED", "DELAYED", "DAMAGED", "REFUSED", "CANCELLED", "EXPIRED", "UNKNOWN",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "utc", "zone", "is_assumed"),
    [
        ("2026-11-22T12:00:00", "2026-11-22T04:00:00", "+08:00", True),
        ("2026-11-22 12:00:00", "2026-11-22T04:00:00", "+08:00", True),
        ("2026-11-22T12:00:00+08:00", "2026-11-22T04:00:00", "+08:00", False),
        ("2026-11-22T12:00:00+0600", "2026-11-22T06:00:00", "+0600", False),
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00", "+00:00", False),
        ("2026-11-22T12:00:00.5-05:30", "2026-11-22T17:30:00.500000", "-05:30", False),
    ],
)
def test_a_time_without_zone_is_beijing_time_and_the_zone_is_kept(written, utc, zone, is_assumed):
    found = occurrence_of(written)
    assert (found.at.astimezone(UTC).replace(tzinfo=None).isoformat(), found.zone) == (utc, zone)
    assert found.is_zone_assumed is is_assumed


def test_a_time_of_other_decades_is_refused():
    ensure_plausible(T0 + timedelta(days=2), now=T0)
    for absurd in (T0 + timedelta(days=3), datetime(1999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)):
        with pytest.raises(ValueError, match="not of these years"):
            ensure_plausible(absurd, now=T0)


def test_the_same_thing_said_again_has_the_same_key():
    def key(**given_: object) -> str:
        facts = {"event_id": None, "leg": None, "carrier_status": "0", "occurred_at": at(1)}
        return repeat_key(**{**facts, **given_})  # type: ignore[arg-type]

    assert key() == key(occurred_at=at(1).astimezone(occurrence_of("2026-11-22T12:00:00").at.tzinfo))
    assert len({key(), key(leg=2), key(carrier_status="5"), key(occurred_at=at(2)), key(event_id="7")}) == 5
    assert key(event_id="7") == key(event_id="7", occurred_at=at(9), carrier_status="3")
