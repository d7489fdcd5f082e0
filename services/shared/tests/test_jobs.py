"""Jobs live and die with the transaction that queued them; files are kept whole."""

import asyncio
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from shared.errors import NotFound, Unavailable
from shared.files import open_files
from shared.http import ServiceClient
from shared.jobs import Jobs

jobs = Jobs("sample")


@jobs.task(retries=2)
async def add_thing(database, *, name: str) -> None:
    async with database.begin() as db:
        await db.execute(text("INSERT INTO things VALUES (:name, 1)"), {"name": name})


async def names(database) -> list[str]:
    async with database.read() as db:
        return list(await db.scalars(text("SELECT name FROM things ORDER BY name")))


async def test_a_job_runs_after_its_transaction_committed_and_never_without_it(fresh_database):
    async with fresh_database.begin() as db:
        await jobs.defer(db, add_thing, name="kept")
    with pytest.raises(ZeroDivisionError):
        async with fresh_database.begin() as db:
            await jobs.defer(db, add_thing, name="lost")
            raise ZeroDivisionError
    await jobs.work(fresh_database, wait=False)
    assert await names(fresh_database) == ["kept"]


async def test_two_workers_do_each_job_once(fresh_database):
    async with fresh_database.begin() as db:
        for number in range(10):
            await jobs.defer(db, add_thing, name=f"{number}")
    await asyncio.gather(jobs.work(fresh_database, wait=False), jobs.work(fresh_database, wait=False))
    assert await names(fresh_database) == [f"{number}" for number in range(10)]


async def test_a_file_comes_back_as_it_was(tmp_path):
    files = open_files((tmp_path / "files").as_uri())
    key = f"photos/{uuid4()}.png"
    await files.put(key, b"\x89PNG\r\n\x1a\n pixels")
    stored = await files.get(key)
    assert (stored.content, stored.media_type) == (b"\x89PNG\r\n\x1a\n pixels", "image/png")
    with pytest.raises(NotFound):
        await files.get("photos/none.png")


class Counting(httpx2.AsyncBaseTransport):
    """A network that is down, and counts who tries."""

    def __init__(self) -> None:
        self.tries = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.tries += 1
        raise httpx2.ConnectError("down", request=request)


async def test_a_get_is_tried_again_and_a_post_is_not():
    network = Counting()
    async with ServiceClient("catalog", "http://catalog", transport=network) as client:
        with pytest.raises(Unavailable):
            await client.get("/")
        assert network.tries == 3
        with pytest.raises(Unavailable):
            await client.post("/")
        assert network.tries == 4


async def test_a_service_that_is_down_is_left_alone_for_a_while():
    network = Counting()
    async with ServiceClient("catalog", "http://catalog", transport=network) as client:
        for _ in range(20):
            with pytest.raises(Unavailable):
                await client.post("/")
    assert network.tries == 5


async def test_a_call_ends_at_its_deadline():
    class Slow(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            await asyncio.sleep(30)
            return httpx2.Response(200, request=request)

    async with ServiceClient("catalog", "http://catalog", transport=Slow(), deadline_seconds=0.05) as client:
        with pytest.raises(Unavailable):
            await asyncio.wait_for(client.get("/"), 5)
