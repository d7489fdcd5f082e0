"""Batches as devices send them: either form, any order, twice, with rubbish between."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.reading.rules import Batch, Bounds, columns_of, read_batch
from shared.errors import Invalid

T0 = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BOUNDS = Bounds(-80.0, 80.0, datetime(2000, 1, 1, tzinfo=UTC), T0 + timedelta(days=2))


def minute(number: int) -> datetime:
    return T0 + timedelta(minutes=number)


def batch_of(rows: list[object]) -> Batch:
    return read_batch(*columns_of(rows), bounds=BOUNDS)


def test_objects_and_columns_are_the_same_batch():
    rows = [
        {"at": "2026-11-22T12:00:00+08:00", "temperature_c": 2},
        {"at": "2026-11-22T12:01:00+08:00", "temperature_c": 2.5},
    ]
    columns = {"at": [row["at"] for row in rows], "temperature_c": [2, 2.5]}
    expected = Batch([minute(0), minute(1)], [2, 2.5], None)
    assert batch_of(rows) == expected
    assert read_batch(*columns_of(columns), bounds=BOUNDS) == expected


def test_a_time_without_zone_is_beijing_time():
    assert batch_of([{"at": "2026-11-22T12:00:00", "temperature_c": 2.0}]).instants == [minute(0)]


def test_a_shuffled_batch_is_put_in_order_and_keeps_the_first_of_what_came_twice():
    rows = [(3, 1.0, 80), (1, 2.0, None), (3, 9.0, 90), (2, 3.0, 70)]
    found = batch_of([{"at": minute(at).isoformat(), "temperature_c": t, "humidity_percent": h} for at, t, h in rows])
    assert found.instants == [minute(1), minute(2), minute(3)]
    assert (found.temperatures, found.humidities, found.repeated) == ([2.0, 3.0, 1.0], [None, 70, 80], 1)


def test_one_instant_in_two_zones_is_one_reading():
    rows = [{"at": at, "temperature_c": 2.0} for at in ("2026-11-22T12:00:00+08:00", "2026-11-22T04:00:00Z")]
    assert batch_of(rows).repeated == 1


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"at": "noon", "temperature_c": 2.0}, "instant-invalid"),
        ({"at": None, "temperature_c": 2.0}, "instant-invalid"),
        ({"at": 1795320000, "temperature_c": 2.0}, "instant-invalid"),
        ({"at": "2026-11-25T12:00:00+08:00", "temperature_c": 2.0}, "instant-out-of-range"),
        ({"at": "0001-01-01T00:00:00+14:00", "temperature_c": 2.0}, "instant-out-of-range"),
        ({"at": "1970-01-01T00:00:00Z", "temperature_c": 2.0}, "instant-out-of-range"),
        ({"at": "2026-11-22T12:00:00Z", "temperature_c": "2"}, "temperature-invalid"),
        ({"at": "2026-11-22T12:00:00Z", "temperature_c": True}, "temperature-invalid"),
        ({"at": "2026-11-22T12:00:00Z", "temperature_c": None}, "temperature-invalid"),
        ({"at": "2026-11-22T12:00:00Z", "temperature_c": 80.1}, "temperature-invalid"),
        ({"at": "2026-11-22T12:00:00Z", "temperature_c": 2.0, "humidity_percent": 101}, "humidity-invalid"),
        ({"at": "2026-11-22T12:00:00Z", "temperature_c": 2.0, "humidity_percent": "wet"}, "humidity-invalid"),
    ],
)
def test_a_bad_row_is_refused_by_its_place_and_the_rest_is_kept(row: dict[str, object], code: str):
    good = {"at": "2026-11-22T12:00:00+08:00", "temperature_c": 2.0}
    found = batch_of([good, row])
    assert [(each.index, each.code) for each in found.refused] == [(1, code)]
    assert (found.instants, found.temperatures) == ([minute(0)], [2.0])


@pytest.mark.parametrize(
    ("readings", "code"),
    [
        (None, "readings-malformed"),
        ("rows", "readings-malformed"),
        ([1], "readings-malformed"),
        ([{"at": "2026-11-22T12:00:00Z"}], "readings-malformed"),
        ({"at": ["2026-11-22T12:00:00Z"]}, "readings-malformed"),
        ({"at": ["2026-11-22T12:00:00Z"], "temperature_c": [1, 2]}, "readings-malformed"),
        ({"at": [], "temperature_c": [], "humidity_percent": [1]}, "readings-malformed"),
        ([], "batch-size"),
        ({"at": [""] * 20_001, "temperature_c": [1] * 20_001}, "batch-size"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(readings: object, code: str):
    with pytest.raises(Invalid) as refusal:
        columns_of(readings)
    assert (refusal.value.code, refusal.value.field) == (code, "readings")


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(-80, 80), st.none() | st.floats(0, 100)), min_size=1, max_size=60),
    st.booleans(),
)
def test_nothing_is_lost_and_the_order_is_by_time(rows, is_spoiled):
    documents: list[object] = [
        {"at": minute(at).isoformat(), "temperature_c": t, "humidity_percent": h} for at, t, h in rows
    ]
    if is_spoiled:
        documents.append({"at": "never", "temperature_c": 1.0})
    found = batch_of(documents)
    assert found.instants == sorted({minute(at) for at, _, _ in rows})
    assert len(found.instants) + found.repeated == len(rows)
    assert len(found.refused) == is_spoiled
    first = {}
    for at, t, h in rows:
        first.setdefault(minute(at), (t, h))
    assert list(found.temperatures) == [first[at][0] for at in found.instants]
    if found.humidities is not None:
        assert list(found.humidities) == [first[at][1] for at in found.instants]
