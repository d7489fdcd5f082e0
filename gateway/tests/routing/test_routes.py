"""Requests through the running gateway to a running service (T62)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import psutil
import pytest

MEGABYTE = 1024 * 1024


def sent(answer: httpx2.Response) -> dict[str, list[str]]:
    """The headers that arrived at the service."""
    found: dict[str, list[str]] = {}
    for name, value in answer.json()["headers"]:
        found.setdefault(name, []).append(value)
    return found


async def test_a_request_arrives_as_it_was_sent(browser: httpx2.AsyncClient):
    answer = await browser.post(
        "/api/analytics/v1/a%2Fb/香菇?q=%E9%A6%99&q=x+y&empty=",
        content=b'{ "kept" :   "byte for byte" }',
        headers={"content-type": "application/json; charset=utf-8", "webhook-id": "msg_1", "x-note": "香菇".encode()},
    )
    assert answer.status_code == 201
    told = answer.json()
    assert told["path"] == "/v1/a%2Fb/%E9%A6%99%E8%8F%87"
    assert told["query"] == "q=%E9%A6%99&q=x+y&empty="
    assert told["body"] == '{ "kept" :   "byte for byte" }'
    headers = sent(answer)
    assert headers["content-type"] == ["application/json; charset=utf-8"]
    assert headers["webhook-id"] == ["msg_1"]
    assert headers["x-note"] == ["香菇"]
    assert headers["content-length"] == ["30"]


async def test_a_request_without_a_body_arrives_without_one(browser: httpx2.AsyncClient):
    headers = sent(await browser.get("/api/analytics/v1/echo"))
    assert "content-length" not in headers
    assert "transfer-encoding" not in headers
    assert "content-type" not in headers


async def test_nobody_can_say_who_they_are_but_by_a_credential(browser: httpx2.AsyncClient):
    claims = {
        "x-forwarded-for": "10.0.0.1",
        "x-real-ip": "10.0.0.1",
        "forwarded": "for=10.0.0.1",
        "x-user-id": "1",
        "x-caller": "operator",
        "x-roles": "unrelated",
        "x-role-name": "operator",
        "x-scope": "all",
    }
    headers = sent(await browser.get("/api/analytics/v1/echo", headers=claims))
    assert headers["x-forwarded-for"] == ["10.0.0.1"], "uvicorn believes a proxy on this machine"
    gone = {"x-real-ip", "forwarded", "x-user-id", "x-caller", "x-role-name", "x-scope", "authorization"}
    assert gone.isdisjoint(headers)
    assert headers["x-roles"] == ["unrelated"]


async def test_the_service_gets_our_token_and_never_the_session(consumer: httpx2.AsyncClient):
    headers = sent(await consumer.get("/api/analytics/v1/echo"))
    assert "cookie" not in headers
    kind, _, token = headers["authorization"][0].partition(" ")
    assert kind == "Bearer"
    assert token.count(".") == 2
    assert not token.startswith("zs_")
    again = sent(await consumer.get("/api/analytics/v1/echo"))
    assert again["authorization"] == headers["authorization"], "signed once, not for each request"


async def test_headers_between_two_peers_stay_between_them(browser: httpx2.AsyncClient):
    answer = await browser.get(
        "/api/analytics/v1/echo",
        headers={"connection": "keep-alive, x-hop", "x-hop": "mine", "te": "trailers", "x-end": "yours"},
    )
    headers = sent(answer)
    assert "x-hop" not in headers
    assert "te" not in headers
    assert headers["x-end"] == ["yours"]
    assert answer.headers["x-public"] == "for all"
    assert "x-private" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert len(answer.headers.get_list("date")) == 1
    assert len(answer.headers.get_list("x-trace-id")) == 1


async def test_the_trace_goes_on(browser: httpx2.AsyncClient):
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    answer = await browser.get("/api/analytics/v1/echo", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    (traceparent,) = sent(answer)["traceparent"]
    assert traceparent.startswith(f"00-{trace_id}-")
    assert traceparent != f"00-{trace_id}-b7ad6b7169203331-01", "our span, not the client's"
    assert answer.headers["x-trace-id"] == trace_id


async def test_gzip_passes_untouched(browser: httpx2.AsyncClient, running: Any):
    async with browser.stream("GET", "/api/analytics/v1/packed", headers={"accept-encoding": "gzip"}) as answer:
        through = b"".join([chunk async for chunk in answer.aiter_raw()])
    async with (
        httpx2.AsyncClient() as straight,
        straight.stream("GET", f"{running.upstream_url}/v1/packed") as original,
    ):
        expected = b"".join([chunk async for chunk in original.aiter_raw()])
    assert through == expected
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(expected))
    assert answer.headers["etag"] == '"7"'


async def test_head_has_the_headers_and_no_body(browser: httpx2.AsyncClient):
    answer = await browser.head("/api/analytics/v1/packed")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


async def test_a_hundred_megabytes_down_need_no_memory(browser: httpx2.AsyncClient, running: Any):
    gateway = psutil.Process(running.pid)
    await browser.get("/api/analytics/v1/flood?megabytes=1")
    before, most, count = gateway.memory_info().rss, 0, 0
    async with browser.stream("GET", "/api/analytics/v1/flood?megabytes=100") as answer:
        async for chunk in answer.aiter_raw():
            count += len(chunk)
            most = max(most, gateway.memory_info().rss)
    assert count == 100 * MEGABYTE
    assert most - before < 12 * MEGABYTE


async def test_a_slow_reader_holds_the_service_back_and_not_our_memory(browser: httpx2.AsyncClient, running: Any):
    gateway = psutil.Process(running.pid)
    await browser.get("/api/analytics/v1/flood?megabytes=1")
    before = gateway.memory_info().rss
    async with browser.stream("GET", "/api/analytics/v1/flood?megabytes=100") as answer:
        await asyncio.sleep(0.7)
        assert gateway.memory_info().rss - before < 12 * MEGABYTE
        assert answer.status_code == 200


async def test_a_hundred_megabytes_up_need_no_memory(browser: httpx2.AsyncClient, running: Any):
    gateway = psutil.Process(running.pid)
    digest, most = hashlib.sha256(), 0

    async def upload(megabytes: int) -> AsyncIterator[bytes]:
        nonlocal most
        for index in range(megabytes):
            chunk = bytes([index % 256]) * MEGABYTE
            digest.update(chunk)
            most = max(most, gateway.memory_info().rss)
            yield chunk

    await browser.post("/api/analytics/v1/sink", content=upload(1))
    before, most, digest = gateway.memory_info().rss, 0, hashlib.sha256()
    answer = await browser.post("/api/analytics/v1/sink", content=upload(100))
    assert answer.json() == {"count": 100 * MEGABYTE, "digest": digest.hexdigest()}
    assert most - before < 12 * MEGABYTE


async def test_a_body_of_known_length_keeps_its_length(browser: httpx2.AsyncClient):
    body = b"0123456789" * 100_000
    answer = await browser.post("/api/analytics/v1/echo", content=body)
    assert sent(answer)["content-length"] == ["1000000"]
    assert "transfer-encoding" not in sent(answer)
    assert answer.json()["digest"] == hashlib.sha256(body).hexdigest()


async def test_a_key_does_what_its_scopes_say(consumer: httpx2.AsyncClient, running: Any):
    made = await consumer.post("/v1/api-keys", json={"name": "till", "scopes": ["analytics:read", "orders:write"]})
    async with httpx2.AsyncClient(base_url=running.url, headers={"x-api-key": made.json()["secret"]}) as program:
        read = await program.get("/api/analytics/v1/echo")
        query = await program.post("/api/analytics/v1/query", json={})
        write = await program.post("/api/analytics/v1/targets", json={})
        elsewhere = await program.get("/api/catalog/v1/products")
        assert (read.status_code, query.status_code) == (200, 201), "a program needs no form token"
        assert "x-api-key" not in sent(read)
        assert sent(read)["authorization"][0].count(".") == 2
        assert (write.status_code, write.json()["code"], write.json()["scopes"]) == (
            403,
            "scope-missing",
            ["analytics:write"],
        )
        assert elsewhere.json()["scopes"] == ["catalog:read"]
        await consumer.delete(f"/v1/api-keys/{made.json()['key']['key_id']}")
        assert (await program.get("/api/analytics/v1/echo")).status_code == 401


async def test_a_signed_out_session_is_nobody_at_once(consumer: httpx2.AsyncClient):
    cookie = {"cookie": f"zn_session={consumer.cookies['zn_session']}"}
    assert "authorization" in sent(await consumer.get("/api/analytics/v1/echo", headers=cookie))
    await consumer.delete("/v1/sessions/current")
    assert "authorization" not in sent(await consumer.get("/api/analytics/v1/echo", headers=cookie))


async def until(condition: Callable[[], Any], *, seconds: float = 5.0) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the other side is a process
            await asyncio.sleep(0.02)


async def test_a_client_that_leaves_ends_the_work_for_it(browser: httpx2.AsyncClient, upstream_calls: Any):
    async with browser.stream("GET", "/api/analytics/v1/trickle") as answer:
        async for _ in answer.aiter_raw():
            break
        assert (await upstream_calls())["running"] == 1

    async def has_ended() -> bool:
        return bool((await upstream_calls())["running"] == 0)

    await until(has_ended)


async def test_a_client_that_leaves_in_the_middle_of_its_body_breaks_off_the_upload(running: Any, upstream_calls: Any):
    before = (await upstream_calls()).get("broken off", 0)
    host, _, port = running.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /api/analytics/v1/sink HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()

    async def has_noticed() -> bool:
        return bool((await upstream_calls()).get("broken off", 0) == before + 1)

    await until(has_noticed)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
async def test_a_service_that_is_silent_is_504_and_asked_once(running: Any, browser: httpx2.AsyncClient, method: str):
    running.deaf.requests.clear()
    answer = await browser.request(method, "/api/catalog/v1/products", content=None if method == "GET" else b"{}")
    assert (answer.status_code, answer.json()["code"]) == (504, "service-timeout")
    assert answer.headers["content-type"] == "application/problem+json"
    assert running.deaf.requests == [method]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_may_have_taken_effect_is_never_sent_again(running: Any, browser: httpx2.AsyncClient, method: str):
    running.hanging_up.requests.clear()
    answer = await browser.request(method, "/api/orders/v1/orders")
    assert (answer.status_code, answer.json()["code"]) == (502, "service-broke-off")
    assert running.hanging_up.requests == [method]


async def test_a_read_may_be_sent_a_second_time_and_no_more(running: Any, browser: httpx2.AsyncClient):
    running.hanging_up.requests.clear()
    answer = await browser.get("/api/orders/v1/orders")
    assert answer.status_code == 502
    assert running.hanging_up.requests == ["GET", "GET"]


async def test_a_service_that_is_down_is_503_with_a_time_to_come_back(browser: httpx2.AsyncClient):
    answer = await browser.post("/api/logistics/v1/carriers", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["service"] == "logistics"


async def test_an_answer_that_breaks_in_the_middle_looks_broken(browser: httpx2.AsyncClient):
    with pytest.raises(httpx2.RemoteProtocolError):
        await browser.get("/api/analytics/v1/half")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/unknown/v1/x", 404, "service-unknown"),
        ("/api/analytics", 404, "service-path-unknown"),
        ("/api/analytics/events", 404, "service-path-unknown"),
        ("/api/analytics/metrics", 404, "service-path-unknown"),
        ("/api/analytics/v1/%2e%2e/events", 400, "path-invalid"),
        ("/api/analytics/v1/a%2f..%2f..%2fevents", 400, "path-invalid"),
        ("/api/analytics/v1/a%5c..%5cevents", 400, "path-invalid"),
    ],
)
async def test_only_what_services_publish_is_reachable(browser: httpx2.AsyncClient, path: str, status: int, code: str):
    answer = await browser.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_header_bytes_that_are_no_text_are_refused(running: Any):
    host, _, port = running.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/analytics/v1/echo HTTP/1.1\r\nHost: x\r\nwebhook-signature: \xff\xfe\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert b" 400 " in head.splitlines()[0]
    assert b"problem+json" in head


async def test_a_foreign_page_cannot_make_a_browser_act(consumer: httpx2.AsyncClient, upstream_calls: Any):
    before = (await upstream_calls()).get("/v1/act", 0)
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        answer = await consumer.post("/api/analytics/v1/act", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf-failed")
    form = await consumer.post("/api/analytics/v1/act", data={"a": "1"})
    assert form.json()["code"] == "csrf-failed", "a form needs the token even from our own page"
    assert (await upstream_calls()).get("/v1/act", 0) == before
    assert (await consumer.post("/api/analytics/v1/act", json={})).status_code == 201


async def test_a_program_with_a_cookie_needs_the_token(consumer: httpx2.AsyncClient):
    token = (await consumer.get("/v1/me")).json()["csrf_token"]
    del consumer.headers["sec-fetch-site"]
    refused = await consumer.post("/api/analytics/v1/act", json={})
    assert refused.json()["code"] == "csrf-failed"
    assert (await consumer.post("/api/analytics/v1/act", json={}, headers={"x-csrf-token": token})).status_code == 201
    foreign = await consumer.post("/api/analytics/v1/act", json={}, headers={"origin": "https://evil.example"})
    assert foreign.json()["code"] == "csrf-failed"
