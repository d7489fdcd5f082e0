"""One transaction a request, problems, keys and tags, seen from outside."""

import asyncio
from uuid import uuid4

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from shared.migrations import differences
from shared.telemetry import configure_tracing


async def test_a_migrated_database_equals_the_models(database_url, app):
    assert await differences(database_url, app.state.service.metadata) == []


async def test_a_commit_that_fails_answers_409_and_changes_nothing(live_client, as_caller, fresh_database):
    answer = await live_client.post(
        "/v1/things", json={"name": "unlucky", "count": 13}, headers={**as_caller(), "idempotency-key": "a"}
    )
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "constraint-violated"
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM things")) == 0
        assert await db.scalar(text("SELECT count(*) FROM outbox")) == 0
        assert await db.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0


async def test_a_post_without_a_key_is_refused(client, as_caller):
    answer = await client.post("/v1/things", json={"name": "a", "count": 1}, headers=as_caller())
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_a_repeated_key_gets_the_first_answer(client, as_caller):
    headers = {**as_caller(), "idempotency-key": "same"}
    first = await client.post("/v1/things", json={"name": "a", "count": 1}, headers=headers)
    second = await client.post("/v1/things", json={"name": "a", "count": 1}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json() == {"name": "a", "count": 1}
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"


async def test_a_key_with_another_body_is_refused(client, as_caller):
    headers = {**as_caller(), "idempotency-key": "same"}
    await client.post("/v1/things", json={"name": "a", "count": 1}, headers=headers)
    other = await client.post("/v1/things", json={"name": "b", "count": 1}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_the_same_key_of_another_caller_is_another_key(client, as_caller):
    for name in ("a", "b"):
        answer = await client.post(
            "/v1/things", json={"name": name, "count": 1}, headers={**as_caller(), "idempotency-key": "same"}
        )
        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers


async def test_a_key_beside_itself_takes_effect_once(live_client, as_caller, fresh_database):
    headers = {**as_caller(), "idempotency-key": "together"}
    answers = await asyncio.gather(
        *(live_client.post("/v1/things", json={"name": "a", "count": 1}, headers=headers) for _ in range(20))
    )
    statuses = sorted({answer.status_code for answer in answers})
    assert 201 in statuses
    assert set(statuses) <= {201, 409}
    assert {a.json().get("code") for a in answers if a.status_code == 409} <= {"idempotency-key-in-use"}
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM things")) == 1
        assert await db.scalar(text("SELECT count(*) FROM outbox")) == 1


async def test_a_refused_request_may_be_sent_again_under_its_key(client, as_caller):
    headers = {**as_caller(), "idempotency-key": "same"}
    refused = await client.post("/v1/things", json={"name": "a", "count": -1}, headers=headers)
    assert refused.status_code == 409
    again = await client.post("/v1/things", json={"name": "a", "count": 1}, headers=headers)
    assert again.status_code == 201


async def test_after_a_fault_the_same_key_runs_anew(live_client, as_caller, fresh_database):
    """CASES T28: a fault stores nothing under its key."""
    headers, thing = {**as_caller(), "idempotency-key": "same"}, {"name": "a", "count": 1}
    async with fresh_database.begin() as db:
        await db.execute(text("ALTER TABLE outbox RENAME TO outbox_away"))
    assert (await live_client.post("/v1/things", json=thing, headers=headers)).status_code == 500
    async with fresh_database.begin() as db:
        await db.execute(text("ALTER TABLE outbox_away RENAME TO outbox"))
    assert (await live_client.post("/v1/things", json=thing, headers=headers)).status_code == 201
    async with fresh_database.read() as db:
        assert await db.scalar(text("SELECT count(*) FROM things")) == 1


async def test_an_edit_names_its_version(client, as_caller):
    await client.post("/v1/things", json={"name": "a", "count": 1}, headers={**as_caller(), "idempotency-key": "k"})
    missing = await client.put("/v1/things/a", json={"name": "a", "count": 2})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition-missing")
    stale = await client.put("/v1/things/a", json={"name": "a", "count": 2}, headers={"if-match": '"7"'})
    assert (stale.status_code, stale.json()["current_etag"]) == (412, '"1"')
    strange = await client.put("/v1/things/a", json={"name": "a", "count": 2}, headers={"if-match": "x"})
    assert (strange.status_code, strange.json()["code"]) == (400, "etag-invalid")
    fresh = await client.put("/v1/things/a", json={"name": "a", "count": 2}, headers={"if-match": '"1"'})
    assert fresh.status_code == 200


async def test_a_fault_hides_its_cause_and_shows_its_trace(client):
    answer = await client.get("/v1/fault", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert answer.status_code == 500
    assert answer.json()["trace_id"] == "a" * 32
    assert "ZeroDivision" not in answer.text


async def test_a_refusals_extra_members_never_hide_the_problems_own(client):
    answer = await client.get("/v1/taken")
    assert answer.status_code == 409
    body = answer.json()
    assert (body["status"], body["current_status"], body["thing"], body["code"]) == (409, "RESERVED", "a", "taken")


async def test_wrong_input_names_every_field(client, as_caller):
    answer = await client.post("/v1/things", json={"count": "many"}, headers={**as_caller(), "idempotency-key": "k"})
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {"name", "count"}


async def test_a_text_that_cannot_be_stored_is_invalid_input(client, as_caller):
    answer = await client.post(
        "/v1/things", json={"name": "a\u0000b", "count": 1}, headers={**as_caller(), "idempotency-key": "k"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "value-not-storable")


async def test_a_number_beyond_the_column_is_invalid_input(client, as_caller):
    answer = await client.post(
        "/v1/things", json={"name": "a", "count": 2**40}, headers={**as_caller(), "idempotency-key": "k"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "value-not-storable")


async def test_an_unknown_route_and_thing_are_problems(client):
    for path, code in (("/v1/nowhere", "not-found"), (f"/v1/things/{uuid4()}", "thing-not-found")):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_a_token_must_be_ours(client):
    for header in ("Bearer nonsense", "Bearer a.b.c"):
        answer = await client.post(
            "/v1/things", json={"name": "a", "count": 1}, headers={"authorization": header, "idempotency-key": "k"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")


async def test_health_and_metrics_answer(client):
    assert (await client.get("/health/live")).text == "live"
    assert (await client.get("/health/ready")).text == "ready"
    assert "http_server_request_duration" in (await client.get("/metrics")).text


async def test_a_collector_hears_of_each_request_below_its_caller(client):
    exporter = InMemorySpanExporter()
    configure_tracing("sample", None, processor=SimpleSpanProcessor(exporter))
    try:
        answer = await client.get("/v1/things/none", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    finally:
        configure_tracing("sample", None)
    [span] = exporter.get_finished_spans()
    assert span.name == "GET /v1/things/{name}"
    assert format(span.context.trace_id, "032x") == answer.headers["x-trace-id"] == "a" * 32
    assert format(span.parent.span_id, "016x") == "b" * 16
    assert span.attributes["http.response.status_code"] == 404
