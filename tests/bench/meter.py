"""Measuring: CPU seconds of the app and of the database, latencies, and what becomes a row of the report."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import psutil

Work = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """A line of `.state/bench.json`. `ratio` is value over yardstick, in the yardstick's sense."""

    name: str
    value: float
    unit: str
    goal: str
    ok: bool | None
    yardstick: str = ""
    ratio: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, rounded to what was measured."""
        row = asdict(self)
        row["value"] = round(self.value, 4)
        row["ratio"] = None if self.ratio is None else round(self.ratio, 3)
        return row


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of the processes and their present children."""
    total = 0.0
    for pid in pids:
        for process in family(pid):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
    return total


@dataclass(frozen=True)
class Sample:
    """One burst of equal operations."""

    count: int
    seconds: float
    app_cpu: float
    database_cpu: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.count / self.seconds

    @property
    def app_ms(self) -> float:
        """CPU milliseconds of the app for one operation."""
        return 1000 * self.app_cpu / self.count

    @property
    def database_ms(self) -> float:
        """CPU milliseconds of the database for one operation."""
        return 1000 * self.database_cpu / self.count

    @property
    def cpu_ms(self) -> float:
        """Both together."""
        return self.app_ms + self.database_ms

    def percentile(self, share: float) -> float:
        """A latency in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def burst(
    work: Work, *, count: int, clients: int, app_pids: list[int], database_pids: list[int], first: int = 0
) -> Sample:
    """Do `work(number)` for `count` numbers from `first`, `clients` at a time, and measure what it cost."""
    numbers = iter(range(first, first + count))
    latencies: list[float] = []

    async def client() -> None:
        for number in numbers:
            started = perf_counter()
            await work(number)
            latencies.append(perf_counter() - started)

    app_before, database_before = cpu_seconds(app_pids), cpu_seconds(database_pids)
    started = perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = perf_counter() - started
    return Sample(
        count, seconds, cpu_seconds(app_pids) - app_before, cpu_seconds(database_pids) - database_before, latencies
    )


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)
