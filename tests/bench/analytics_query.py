"""POST /v1/query on 5,000,000 sold lines: what the API adds to its engine, beside the same SQL with no API at all.

What the API adds is the caller's wait less the engine's own work for that very request, as Server-Timing tells it: half
a second of two engines in two processes differs by more than that from one time to the next.
"""

import asyncio
import signal
import sys
from time import perf_counter
from typing import Any
from uuid import uuid4

import orjson

from tests.bench.measurement import Figures
from tests.bench.meter import Row, percentile_ms, row_at_most
from tests.bench.questions import QUESTIONS, question
from tests.bench.stage import Stage

_TIMES = 7


class AnalyticsQuery:
    """One analyst, one question at a time, the service and the bare engine in turn."""

    name = "query"

    def __init__(self) -> None:
        self._analyst: dict[str, str] = {}
        self._asked = 0

    async def prepare(self, stage: Stage) -> None:
        """An analyst, and that the lines are there."""
        self._analyst = stage.token(uuid4(), kind="analyst", organisation_id=uuid4())
        for name in QUESTIONS:
            body, _ = await self._ask(stage, question(name, 0))
            if not body["rows"] or body["cached"]:
                raise RuntimeError(f"no fresh figures for {name}")

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Medians of both for each question; every question is asked of each once and never again."""
        engine = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.bench.engine", "ask", str(stage.state / "clickhouse-bare")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        figures: dict[str, float] = {}
        try:
            for name in QUESTIONS:
                through, over, bare = [], [], []
                for number in range((3 if stage.is_quick else _TIMES) + 1):
                    self._asked += 1
                    asked = question(name, self._asked)
                    started = perf_counter()
                    answer, engine_seconds = await self._ask(stage, asked)
                    seconds = perf_counter() - started
                    assert engine.stdin is not None
                    assert engine.stdout is not None
                    engine.stdin.write(orjson.dumps(asked) + b"\n")
                    told = orjson.loads(await engine.stdout.readline())
                    if answer["cached"] or not answer["rows"]:
                        raise RuntimeError(f"{name} was answered from memory, or not at all")
                    if number:  # the first of each is to warm up
                        through.append(seconds)
                        over.append(seconds - engine_seconds)
                        bare.append(told["ms"] / 1000)
                figures[f"{name} api"] = percentile_ms(through, 0.5)
                figures[f"{name} bare"] = percentile_ms(bare, 0.5)
                figures[f"{name} over"] = percentile_ms(over, 0.5)
        finally:
            if engine.returncode is None:
                engine.send_signal(signal.SIGTERM)
            await engine.wait()
        return figures

    def rows(self, medians: Figures) -> list[Row]:
        """What the API adds to the engine."""
        return [
            row_at_most(
                f"analytics query over the engine, {name}",
                medians[f"{name} over"],
                "ms",
                5,
                f"{medians[f'{name} api']:.1f} ms; the same SQL in bare ClickHouse {medians[f'{name} bare']:.1f} ms",
                medians[f"{name} api"] / medians[f"{name} bare"],
            )
            for name in QUESTIONS
        ]

    async def _ask(self, stage: Stage, asked: dict[str, object]) -> tuple[dict[str, Any], float]:
        """The answer, and the seconds of the engine's own work for it."""
        headers = {"content-type": "application/json", **self._analyst}
        url = f"{stage.url('analytics')}/v1/query"
        async with stage.http.post(url, data=orjson.dumps(asked), headers=headers) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{url} answered {answer.status}: {body[:500]!r}")
            milliseconds = answer.headers["server-timing"].removeprefix("engine;dur=")
        return orjson.loads(body), float(milliseconds) / 1000
