"""Callers who wait go together: how many, and each with its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.db import Database
from shared.direct import Direct, Statement
from shared.together import Rows, Together, Values

ECHO = Statement("SELECT CAST(:number AS integer)")


@pytest.mark.parametrize(("entrance", "first"), [(None, 8), (ECHO, 4)])
async def test_of_all_who_are_inside_half_go_through_the_entrance_together_and_all_through_another_lane(
    fresh_database: Database, entrance: Statement | None, first: int
):
    sizes: list[int] = []

    async def echo_all(_: Direct, asked: Sequence[Values]) -> Sequence[Rows]:
        sizes.append(len(asked))
        return [[[each["number"]]] for each in asked]

    together = Together({ECHO: echo_all}, most=32, entrance=entrance)

    async def ask(number: int) -> int:
        async with together.join(fresh_database) as joined:
            [[told]] = await joined.rows(ECHO, {"number": number})
        return int(told)

    assert await asyncio.gather(*(ask(number) for number in range(8))) == list(range(8))
    assert sizes[0] == max(sizes) == first
