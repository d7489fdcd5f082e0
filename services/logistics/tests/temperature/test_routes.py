"""Signed readings come in, and the parties see them as a chart."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.logistics.tests.factories import OPERATOR, Headers, Way, caller_headers, on_its_way, push, with_carrier

T0 = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def minute(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def columns(readings: dict[int, float]) -> dict[str, Any]:
    return {"at": [minute(number).isoformat() for number in readings], "temperature_c": list(readings.values())}


@pytest.fixture
async def way(db: AsyncSession) -> Way:
    await with_carrier(db)
    return await on_its_way(db)


async def send(client: httpx2.AsyncClient, way: Way, readings: Any, **more: Any) -> httpx2.Response:
    return await push(
        client, "readings", {"waybill_number": way.waybill, "device_id": "dev-1", "readings": readings, **more}
    )


def hours(*runs: tuple[int, int, float]) -> dict[int, float]:
    return {number: degrees for start, end, degrees in runs for number in range(start, end)}


async def chart(client: httpx2.AsyncClient, way: Way, headers: dict[str, str], **query: Any) -> Any:
    answer = await client.get(f"/v1/parcels/{way.parcel_id}/temperatures", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_day_with_an_excursion_and_a_gap_is_shown_as_it_was(
    client: httpx2.AsyncClient, way: Way, as_caller: Headers
):
    day = hours((0, 600, 2.0), (600, 640, 7.0), (640, 1000, 2.0), (1085, 1440, 2.0))
    taken = await send(client, way, columns(day))
    assert (taken.status_code, taken.json()) == (202, {"accepted": 1355, "repeated": 0, "refused": []})
    found = await chart(client, way, caller_headers(as_caller, way.buyer))
    assert found["temperature_range"]["min_c"] == 0
    assert found["temperature_range"]["max_c"] == 4
    assert found["temperature_range"]["source"]
    (excursion,) = found["excursions"]
    assert (excursion["kind"], excursion["severity"], excursion["extreme_c"]) == ("high", "major", 7.0)
    assert (excursion["started_at"], excursion["ended_at"]) == ("2026-11-21T14:00:00Z", "2026-11-21T14:40:00Z")
    assert (excursion["out_seconds"], excursion["degree_minutes"]) == (2400.0, 120.0)
    (gap,) = found["gaps"]
    assert (gap["kind"], gap["severity"]) == ("gap", "major")
    assert (gap["started_at"], gap["ended_at"]) == ("2026-11-21T20:39:00Z", "2026-11-21T22:05:00Z")
    assert (found["reading_count"], found["out_count"], found["worst_severity"]) == (1355, 40, "major")
    # 1439 minutes from first to last; the gap of 86 is covered for the ten of the record interval
    assert found["completeness_bp"] == (1439 - 86 + 10) * 10_000 // 1439
    assert found["compliance_bp"] == (1439 - 86 - 40) * 10_000 // (1439 - 86)
    assert 2.0 < found["mean_kinetic_temperature_c"] < 2.5
    assert len(found["buckets"]) <= 300
    assert sum(bucket["reading_count"] for bucket in found["buckets"]) == 1355
    assert max(bucket["max_c"] for bucket in found["buckets"]) == 7.0


async def test_the_mean_kinetic_temperature_weighs_by_time(client: httpx2.AsyncClient, way: Way, as_caller: Headers):
    quarter_hours = dict.fromkeys(range(0, 1380, 15), 4.0) | dict.fromkeys(range(1380, 1440, 15), 15.0) | {1440: 15.0}
    await send(client, way, columns(quarter_hours))
    found = await chart(client, way, caller_headers(as_caller, OPERATOR))
    assert found["mean_kinetic_temperature_c"] == 4.8975


async def test_a_window_and_its_points_are_as_asked_for(client: httpx2.AsyncClient, way: Way, as_caller: Headers):
    await send(client, way, columns(hours((0, 120, 2.0))))
    headers = caller_headers(as_caller, way.supplier)
    query = {"from": "2026-11-21T12:30:00", "to": "2026-11-21T13:00:00+08:00", "points": 10}
    found = await chart(client, way, headers, **query)
    assert (found["bucket_seconds"], found["reading_count"]) == (180, 30)
    assert [bucket["reading_count"] for bucket in found["buckets"]] == [3] * 10
    assert found["buckets"][0]["at"] == "2026-11-21T04:30:00Z"
    assert found["buckets"][0] == {**found["buckets"][0], "min_c": 2.0, "max_c": 2.0, "mean_c": 2.0, "out_count": 0}


async def test_the_chart_ends_with_the_way_unless_asked_further(
    client: httpx2.AsyncClient, way: Way, as_caller: Headers
):
    await send(client, way, columns(hours((0, 61, 2.0), (61, 120, 21.0))))
    delivered = {"waybill_number": way.waybill, "status": "DELIVERED", "occurred_at": minute(60).isoformat()}
    await push(client, "tracking", {"updates": [delivered]})
    headers = caller_headers(as_caller, way.buyer)
    found = await chart(client, way, headers)
    assert (found["reading_count"], found["compliance_bp"], found["excursions"]) == (61, 10_000, [])
    whole = await chart(client, way, headers, to=minute(120).isoformat())
    assert (whole["reading_count"], whole["out_count"], whole["excursions"]) == (120, 59, [])


async def test_a_parcel_without_readings_has_an_empty_chart(client: httpx2.AsyncClient, way: Way, as_caller: Headers):
    found = await chart(client, way, caller_headers(as_caller, way.buyer))
    assert (found["buckets"], found["excursions"], found["gaps"], found["devices"]) == ([], [], [], [])
    assert (found["completeness_bp"], found["compliance_bp"], found["mean_kinetic_temperature_c"]) == (None, None, None)


async def test_bad_windows_are_refused(client: httpx2.AsyncClient, way: Way, as_caller: Headers):
    await send(client, way, columns({0: 2.0}))
    headers = caller_headers(as_caller, way.buyer)
    for query, code in [
        ({"from": "2026-11-21T12:00:00", "to": "2026-11-21T12:00:00"}, "range-invalid"),
        ({"from": "0001-01-01T00:00:00"}, "range-invalid"),
        ({"from": "yesterday"}, "validation"),
        ({"points": 9}, "validation"),
    ]:
        answer = await client.get(f"/v1/parcels/{way.parcel_id}/temperatures", params=query, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_only_the_parties_of_the_order_see_the_chart(client: httpx2.AsyncClient, way: Way, as_caller: Headers):
    path = f"/v1/parcels/{way.parcel_id}/temperatures"
    assert (await client.get(path)).status_code == 401
    for kind in ("consumer", "institution", "supplier", "carrier", "analyst", "official", "service"):
        answer = await client.get(path, headers=as_caller(kind=kind, organisation_id=uuid4()))
        assert (answer.status_code, answer.json()["code"]) == (404, "parcel-not-found")


async def test_rows_are_refused_one_by_one_and_a_repeated_push_is_harmless(
    client: httpx2.AsyncClient, db: AsyncSession, way: Way
):
    rows = [
        {"at": "2026-11-21T12:01:00", "temperature_c": 2.0},
        {"at": "noon", "temperature_c": 2.0},
        {"at": "2026-11-21T12:00:00", "temperature_c": 2.5, "humidity_percent": 90},
        {"at": "2026-11-21T12:02:00", "temperature_c": 999},
        {"at": "2026-11-21T12:00:00", "temperature_c": 2.5, "humidity_percent": 90},
    ]
    first = (await send(client, way, rows)).json()
    assert (first["accepted"], first["repeated"]) == (2, 1)
    assert [(each["index"], each["code"]) for each in first["refused"]] == [
        (1, "instant-invalid"),
        (3, "temperature-invalid"),
    ]
    again = (await send(client, way, rows)).json()
    assert (again["accepted"], again["repeated"], len(again["refused"])) == (0, 3, 2)
    kept = await db.execute(text("SELECT temperature_c, humidity_percent FROM readings ORDER BY at"))
    assert [tuple(row) for row in kept] == [(2.5, 90.0), (2.0, None)]


async def test_readings_of_an_unknown_waybill_are_refused_row_by_row_and_kept(
    client: httpx2.AsyncClient, db: AsyncSession, way: Way
):
    answer = (await send(client, way, columns({0: 2.0, 1: 2.0}), waybill_number="SF-NOT-YET")).json()
    assert answer["accepted"] == 0
    assert [(each["index"], each["code"]) for each in answer["refused"]] == [
        (0, "waybill-unknown"),
        (1, "waybill-unknown"),
    ]
    assert await db.scalar(text("SELECT count(*) FROM early_readings")) == 2


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"waybill_number": 7}, "waybill-number-invalid"),
        ({"waybill_number": "SF\u00001"}, "waybill-number-invalid"),
        ({"device_id": ""}, "device-id-invalid"),
        ({"device_id": "x" * 65}, "device-id-invalid"),
        ({"readings": {}}, "readings-malformed"),
        ({"readings": []}, "batch-size"),
    ],
)
async def test_a_push_that_is_no_batch_is_refused(
    client: httpx2.AsyncClient, way: Way, document: dict[str, Any], code: str
):
    answer = await send(
        client, way, document.pop("readings", [{"at": "2026-11-21T12:00:00", "temperature_c": 2}]), **document
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_classes_and_their_sources_are_for_everyone(client: httpx2.AsyncClient):
    items = (await client.get("/v1/temperature-classes")).json()["items"]
    assert len(items) == 34
    assert all(each["source"] for each in items)
