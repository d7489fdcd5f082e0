"""Calls of pages to a running service."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
from starlette.responses import StreamingResponse

from gateway.pages.listing import download
from gateway.services import BadGateway, GatewayTimeout, ServiceCalls, Unavailable
from gateway.settings import GatewaySettings
from gateway.upstream import UpstreamClient
from gateway.visitor import Visitor
from shared.auth import Caller
from shared.errors import NotFound, TooMany
from shared.telemetry import enter_trace, leave_trace

VISITOR = Visitor(Caller(uuid4()), uuid4(), "小梅", None, None, None, (), "en", "token", "internal.token.here")


@pytest_asyncio.fixture
async def calls(running: Any) -> AsyncIterator[ServiceCalls]:
    upstreams = {
        "analytics": running.upstream_url,
        "catalog": running.deaf.url,
        "orders": running.hanging_up.url,
        "logistics": "http://127.0.0.1:1",
    }
    settings = GatewaySettings(database_url="postgresql://nowhere", events_token="x", upstreams=upstreams)
    client = UpstreamClient(settings)
    await client.open()
    yield ServiceCalls(client)
    await client.close()


def sent(told: dict[str, Any]) -> dict[str, str]:
    return dict(told["headers"])


async def test_a_read_goes_out_in_the_visitor_s_name_and_language(calls: ServiceCalls):
    enter_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    told = await calls.analytics.get(
        "/v1/产品/a%2Fb",
        visitor=VISITOR,
        params={"q": "香 菇", "id": ["1", "2"], "none": None, "facets": True, "page": 2},
    )
    leave_trace()
    assert told["path"] == "/v1/%E4%BA%A7%E5%93%81/a%2Fb"
    assert told["query"] == "q=%E9%A6%99+%E8%8F%87&id=1&id=2&facets=true&page=2"
    headers = sent(told)
    assert headers["authorization"] == "Bearer internal.token.here"
    assert headers["accept-language"] == "en"
    assert headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")


async def test_nobody_has_no_token(calls: ServiceCalls):
    told = await calls.analytics.get("/v1/echo", visitor=None)
    assert "authorization" not in sent(told)
    assert told["query"] == ""


async def test_what_acts_carries_json_key_and_etag(calls: ServiceCalls):
    told = await calls.analytics.post(
        "/v1/echo", visitor=VISITOR, json={"名": "香菇", "on": date(2026, 11, 22)}, idempotency_key="key"
    )
    assert told["body"] == '{"名":"香菇","on":"2026-11-22"}'
    assert sent(told)["content-type"] == "application/json"
    assert sent(told)["idempotency-key"] == "key"
    told = await calls.analytics.put("/v1/echo", visitor=VISITOR, json={}, if_match='"3"')
    assert (told["method"], sent(told)["if-match"]) == ("PUT", '"3"')
    assert (await calls.analytics.delete("/v1/echo", visitor=VISITOR))["method"] == "DELETE"


async def test_status_and_headers_are_there_for_who_needs_them(calls: ServiceCalls):
    answer = await calls.analytics.answer(
        "POST", "/v1/echo", visitor=None, data=b"raw", headers={"Content-Type": "a/b"}
    )
    assert (answer.status, answer.headers["x-public"], answer.json["body"]) == (201, "for all", "raw")


async def test_a_service_s_problem_is_raised_as_what_it_was(calls: ServiceCalls):
    with pytest.raises(NotFound) as missing:
        await calls.analytics.get("/v1/problem", visitor=None, params={"status": 404})
    assert (missing.value.code, missing.value.field) == ("product-not-found", "product_id")
    assert missing.value.message == "There is no such product."
    assert missing.value.extra == {"known": [1, 2]}
    with pytest.raises(TooMany):
        await calls.analytics.get("/v1/problem", visitor=None, params={"status": 429})


@pytest.mark.parametrize("status", [500, 418])
async def test_a_service_s_own_fault_is_not_ours_to_repeat(calls: ServiceCalls, status: int):
    with pytest.raises(BadGateway) as failed:
        await calls.analytics.get("/v1/problem", visitor=None, params={"status": status})
    assert (failed.value.code, failed.value.extra["service_status"]) == ("service-failed", status)


async def test_silence_and_absence_are_told_apart(calls: ServiceCalls, running: Any):
    running.deaf.requests.clear()
    running.hanging_up.requests.clear()
    with pytest.raises(GatewayTimeout):
        await calls.catalog.post("/v1/x", visitor=None, json={}, timeout=0.2)
    with pytest.raises(Unavailable) as down:
        await calls.logistics.get("/v1/x", visitor=None)
    with pytest.raises(BadGateway):
        await calls.orders.post("/v1/x", visitor=None, json={})
    assert down.value.extra["service"] == "logistics"
    assert running.deaf.requests == ["POST"]
    assert running.hanging_up.requests == ["POST"]


async def test_a_question_mark_in_a_path_stays_in_the_path(calls: ServiceCalls):
    told = await calls.analytics.get("/v1/products/what?is=this#now", visitor=None)
    assert (told["path"], told["query"]) == ("/v1/products/what%3Fis=this%23now", "")


async def test_a_long_answer_comes_in_pieces_and_whole(calls: ServiceCalls):
    found = await calls.analytics.stream("/v1/flood", visitor=VISITOR, params={"megabytes": 5})
    pieces = [piece async for piece in found.chunks]
    assert found.status == 200
    assert len(pieces) > 5
    assert sum(map(len, pieces)) == 5 * 1024 * 1024


async def test_a_stream_is_refused_before_its_first_byte(calls: ServiceCalls):
    with pytest.raises(NotFound) as refused:
        await calls.analytics.stream("/v1/problem", visitor=VISITOR, params={"status": 404})
    assert refused.value.code == "product-not-found"
    with pytest.raises(Unavailable):
        await calls.logistics.stream("/v1/anything", visitor=VISITOR)


async def test_a_download_passes_type_and_bytes_on_and_is_never_kept(calls: ServiceCalls):
    answer = await download(calls.analytics, VISITOR, "/v1/echo", {"q": "x"}, accept="text/csv")
    assert isinstance(answer, StreamingResponse)
    body = b"".join([bytes(piece) async for piece in answer.body_iterator])  # type: ignore[arg-type]
    told = orjson.loads(body)
    assert (told["query"], sent(told)["accept"]) == ("q=x", "text/csv")
    assert sent(told)["authorization"] == "Bearer internal.token.here"
    assert answer.headers["content-length"] == str(len(body))
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"
