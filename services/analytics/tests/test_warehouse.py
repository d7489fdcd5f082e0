"""The engine's handles: rows come in pieces, callers wait for a handle, and who leaves gives it back."""

import asyncio

import pytest

from shared.errors import Unavailable


async def test_a_million_rows_come_in_small_pieces(warehouse):
    """T59: nothing holds the whole."""
    largest = total = 0
    async for rows in warehouse.stream("SELECT number, toString(number) FROM numbers(1000000)"):
        largest, total, last = max(largest, len(rows)), total + len(rows), rows[-1]
    assert (total, last) == (1_000_000, [999_999, "999999"])
    assert largest < 20_000


async def test_more_readers_than_handles_all_get_their_own_answer(warehouse):
    answers = await asyncio.gather(
        *(warehouse.read("SELECT {n:UInt64}, sleepEachRow(0.01)", {"n": number}) for number in range(12))
    )
    assert [rows[0][0] for rows in answers] == list(range(12))


async def test_a_reader_who_leaves_gives_the_handle_back(warehouse):
    for _ in range(4):
        task = asyncio.create_task(warehouse.read("SELECT sleepEachRow(0.1) FROM numbers(2)"))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async for _ in warehouse.stream("SELECT number FROM numbers(1000000)"):
            break
    assert await asyncio.wait_for(warehouse.read("SELECT 1"), 10) == [[1]]


async def test_writers_beside_each_other_lose_nothing(warehouse):
    rows = [{"kind": "supplier", "id": f"00000000-0000-0000-0000-{n:012}", "name": str(n)} for n in range(20)]
    await asyncio.gather(*(warehouse.insert("names", [row]) for row in rows))
    assert await warehouse.read("SELECT count() FROM names") == [[20]]


async def test_what_is_too_heavy_is_refused_with_advice(warehouse):
    with pytest.raises(Unavailable) as refused:
        await warehouse.read("SELECT count() FROM numbers(100000000000) SETTINGS max_execution_time = 1")
    assert refused.value.code == "query-too-heavy"
