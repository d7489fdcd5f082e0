"""The very statement that the catalog sends: its own query runs with a fetch that writes down instead of asking."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.direct import Fetch
from tests.bench.pgbench import Script, script_of


async def recorded_script(number: int, ask: Callable[[Fetch], Awaitable[Any]]) -> Script:
    """What `ask` sends first, as a pgbench script."""
    sent: list[tuple[str, Sequence[Any]]] = []

    async def fetch(sql: str, arguments: Sequence[Any]) -> Sequence[Any]:
        sent.append((sql, list(arguments)))
        return []

    await ask(fetch)
    sql, arguments = sent[0]
    return script_of(number, sql, arguments)
