"""A real HTTP service for the gateway to route to: it says what it was sent, streams, packs, stalls, breaks."""

import asyncio
import gzip
import hashlib
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

import orjson

MEGABYTE = 1024 * 1024
PACKED = gzip.compress("香菇".encode() * 1000, mtime=0)

calls: Counter[str] = Counter()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    path = scope["path"]
    calls[path] += 1
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    await ANSWERS.get(path, echo)(scope, receive, send, query)


async def answer(send: Any, body: bytes, *, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Any, receive: Any, send: Any, _: Any) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode("utf-8", "replace")] for name, value in scope["headers"]],
        "body": body.decode("utf-8", "replace"),
        "digest": hashlib.sha256(body).hexdigest(),
    }
    headers = (
        (b"content-type", b"application/json"),
        (b"connection", b"x-private"),
        (b"x-private", b"between us"),
        (b"x-public", b"for all"),
        (b"set-cookie", b"stolen=1"),
    )
    await answer(send, orjson.dumps(told), status=201 if scope["method"] == "POST" else 200, headers=headers)


async def sink(_: Any, receive: Any, send: Any, __: Any) -> None:
    digest, count = hashlib.sha256(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            calls["broken off"] += 1
            return
        digest.update(message.get("body", b""))
        count += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await answer(send, orjson.dumps({"count": count, "digest": digest.hexdigest()}))


async def flood(_: Any, __: Any, send: Any, query: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for index in range(int(query["megabytes"])):
        chunk = bytes([index % 256]) * MEGABYTE
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def packed(_: Any, __: Any, send: Any, ___: Any) -> None:
    headers = ((b"content-encoding", b"gzip"), (b"content-type", b"text/plain"), (b"etag", b'"7"'))
    await answer(send, PACKED, headers=headers)


async def slow(_: Any, __: Any, send: Any, query: Any) -> None:
    await asyncio.sleep(float(query["seconds"]))
    await answer(send, b"{}")


async def trickle(_: Any, receive: Any, send: Any, __: Any) -> None:
    """Sends for ever; counts how many streams run."""
    calls["running"] += 1

    async def wait_for_end() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    end = asyncio.create_task(wait_for_end())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while not end.done():
        await send({"type": "http.response.body", "body": b"tick\n", "more_body": True})
        await asyncio.sleep(0.01)
    calls["running"] -= 1


async def half(_: Any, __: Any, send: Any, ___: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await asyncio.sleep(0.05)
    raise ConnectionError("the service dies in the middle of its answer")


async def problem(_: Any, __: Any, send: Any, query: Any) -> None:
    told = {
        "type": "urn:zhunong:problem:product-not-found",
        "title": "Not found",
        "status": int(query["status"]),
        "code": "product-not-found",
        "detail": "There is no such product.",
        "field": "product_id",
        "known": [1, 2],
        "trace_id": "x",
    }
    headers = ((b"content-type", b"application/problem+json"),)
    await answer(send, orjson.dumps(told), status=int(query["status"]), headers=headers)


async def tell_calls(_: Any, __: Any, send: Any, ___: Any) -> None:
    await answer(send, orjson.dumps(calls))


ANSWERS = {
    "/v1/sink": sink,
    "/v1/flood": flood,
    "/v1/packed": packed,
    "/v1/slow": slow,
    "/v1/trickle": trickle,
    "/v1/half": half,
    "/v1/problem": problem,
    "/v1/calls": tell_calls,
}
