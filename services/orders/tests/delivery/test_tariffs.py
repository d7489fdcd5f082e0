"""Tariffs of which several people are editors: who has not seen the latest changes nothing."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import httpx2

from shared.db import Database

Headers = Callable[..., dict[str, str]]
PATH = "/v1/delivery-tariffs"


def tariff(fee_fen: int) -> dict[str, object]:
    return {"first_g": 1000, "first_fen": fee_fen, "step_g": 1000, "step_fen": 200, "free_from_fen": None}


async def put(client: httpx2.AsyncClient, me: dict[str, str], etag: str, fee_fen: int) -> httpx2.Response:
    return await client.put(PATH, json={"tariffs": [tariff(fee_fen)]}, headers=me | {"If-Match": etag})


async def test_an_edit_of_what_was_replaced_changes_nothing(client: httpx2.AsyncClient, as_caller: Headers):
    me = as_caller(kind="supplier", organisation_id=uuid4())
    empty = (await client.get(PATH, headers=me)).headers["etag"]
    first = await put(client, me, empty, 800)
    assert (first.status_code, empty) == (200, '"0"')
    assert first.headers["etag"] == f'"{first.json()["revision"]}"'
    late = await put(client, me, empty, 900)
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    assert late.json()["current_etag"] == first.headers["etag"]
    kept = await client.get(PATH, headers=me)
    assert (kept.json(), kept.headers["etag"]) == (first.json(), first.headers["etag"])
    again = await put(client, me, first.headers["etag"], 900)
    assert (again.status_code, again.json()["own"][0]["first_fen"]) == (200, 900)
    unasked = await client.put(PATH, json={"tariffs": []}, headers=me)
    assert (unasked.status_code, unasked.json()["code"]) == (428, "precondition-missing")
    sheet = (await client.get(f"{PATH}/export", headers=me)).text.splitlines()
    assert [row.split(",")[0] for row in sheet[1:]] == ["自己"]
    assert ",9.0," in sheet[1] or ",9," in sheet[1]
    other = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get(PATH, headers=other)).headers["etag"] == '"0"'


async def test_of_editors_at_once_one_is_heard(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    del fresh_database
    me = as_caller(kind="supplier", organisation_id=uuid4())
    etag = '"0"'
    for round_fen in (100, 200):
        answers = await asyncio.gather(*(put(live_client, me, etag, round_fen + each) for each in range(8)))
        assert sorted(each.status_code for each in answers) == [200] + [412] * 7
        [heard] = [each for each in answers if each.status_code == 200]
        assert (await live_client.get(PATH, headers=me)).json() == heard.json()
        etag = heard.headers["etag"]
