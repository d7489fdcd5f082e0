"""ClickHouse with no API, in a process of its own: a folder is open in one process only.

`python -m tests.bench.engine load FOLDER` makes 5,000,000 lines. `python -m tests.bench.engine ask FOLDER` reads
questions from its input, one JSON a line, sends the statements that the service sends for each, and answers with the
milliseconds that the engine took for these alone.
"""

import asyncio
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from analytics.name.queries import NameBook
from analytics.query import queries
from analytics.query.queries import AnswerCache, Figures, Freshness
from analytics.query.rules import Scope
from analytics.query.schemas import QueryIn
from analytics.warehouse import Warehouse
from tests.bench.questions import LINES
from tests.bench.synthetic_facts import load_synthetic_lines

DATABASE = "analytics"


def opened(folder: str) -> Warehouse:
    """The engine on a folder, as the service opens it."""
    return Warehouse(f"chdb://{Path(folder).absolute()}", database=DATABASE, readers=1)


async def load(folder: str) -> None:
    """All lines, merged, so that every run reads the same parts."""
    warehouse = opened(folder)
    await warehouse.open()
    await load_synthetic_lines(warehouse, count=LINES)
    await warehouse.execute("OPTIMIZE TABLE sold_lines FINAL")
    await warehouse.close()


async def ask(folder: str) -> None:
    """Until the input ends."""
    warehouse = opened(folder)
    await warehouse.open()
    figures = Figures(warehouse, NameBook(warehouse), AnswerCache(0))
    client: Any = warehouse._clients[1]
    send = client.raw_query
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        taken: list[float] = []

        def timed(sql: str, *values: Any, taken: list[float] = taken, **named: Any) -> Any:
            started = perf_counter()
            answer = send(sql, *values, **named)
            if "sold_lines" in sql:
                taken.append(perf_counter() - started)
            return answer

        client.raw_query = timed
        asked = QueryIn.model_validate_json(line)
        await queries.get_answer(
            figures, asked.to_question(), Scope(), freshness=Freshness(()), language="zh", limit=asked.limit
        )
        sys.stdout.buffer.write(orjson.dumps({"ms": 1000 * sum(taken), "statements": len(taken)}) + b"\n")
        sys.stdout.buffer.flush()
    await warehouse.close()


if __name__ == "__main__":
    asyncio.run({"load": load, "ask": ask}[sys.argv[1]](sys.argv[2]))
