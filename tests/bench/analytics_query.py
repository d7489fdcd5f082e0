"""POST /v1/query on 5,000,000 sold lines, beside the same SQL in ClickHouse with no API."""

import asyncio
import signal
import sys
from time import perf_counter
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
            body = orjson.loads(await self._ask(stage, question(name, 0)))
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
                through, bare = [], []
                for number in range((3 if stage.is_quick else _TIMES) + 1):
                    self._asked += 1
                    asked = question(name, self._asked)
                    started = perf_counter()
                    answer = orjson.loads(await self._ask(stage, asked))
                    seconds = perf_counter() - started
                    assert engine.stdin is not None
                    assert engine.stdout is not None
                    engine.stdin.write(orjson.dumps(asked) + b"\n")
                    told = orjson.loads(await engine.stdout.readline())
                    if answer["cached"] or not answer["rows"]:
                        raise RuntimeError(f"{name} was answered from memory, or not at all")
                    if number:  # the first of each is to warm up
                        through.append(seconds)
                        bare.append(told["ms"] / 1000)
                figures[f"{name} api"] = percentile_ms(through, 0.5)
                figures[f"{name} bare"] = percentile_ms(bare, 0.5)
                figures[f"{name} over"] = percentile_ms([a - b for a, b in zip(through, bare, strict=True)], 0.5)
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

    async def _ask(self, stage: Stage, asked: dict[str, object]) -> bytes:
        url = f"{stage.url('analytics')}/v1/query"
        return await stage.send("POST", url, data=orjson.dumps(asked), headers=self._analyst)
