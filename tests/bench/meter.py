"""Measuring: CPU seconds of the app and of the database, latencies, and what becomes a row of the report."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter, process_time
from typing import Any

import psutil  # type: ignore[import-untyped]

Work = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """A line of `.state/bench.json`. `ratio` is value over yardstick, in the sense that the yardstick's text names."""

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


def row_at_most(
    name: str, value: float, unit: str, most: float, yardstick: str = "", ratio: float | None = None
) -> Row:
    """A row whose goal is an upper bound."""
    return Row(name, value, unit, f"≤ {most:g} {unit}", value <= most, yardstick, ratio)


def row_at_least(name: str, value: float, unit: str, least: float, yardstick: str, ratio: float | None = None) -> Row:
    """A row whose goal is a lower bound."""
    return Row(name, value, unit, f"≥ {least:g} {unit}".strip(), value >= least, yardstick, ratio)


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def app_usage(pids: Iterable[int]) -> dict[int, float]:
    """User and system seconds by process, of these and their present children."""
    found: dict[int, float] = {}
    for pid in pids:
        for process in family(pid):
            try:
                found[process.pid] = _seconds(process)
            except psutil.NoSuchProcess:
                continue
    return found


def database_usage(postmaster: int, database: str = "") -> dict[int, float]:
    """The same for PostgreSQL. With a database's name: its own backends and the server's background processes, without
    the backends of other databases, which serve other services. Vacuuming falls into one burst or another by chance
    and is left out."""
    found: dict[int, float] = {}
    for process in family(postmaster):
        try:
            title = " ".join(process.cmdline())
            is_of_another = database and " zhunong_" in title and f" {database} " not in f"{title} "
            if is_of_another or "autovacuum worker" in title:
                continue
            found[process.pid] = _seconds(process)
        except psutil.NoSuchProcess:
            continue
    return found


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Seconds used between two readings; a process that is new counts from its birth."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


@dataclass(frozen=True)
class Account:
    """Whose CPU is counted, and what it uses when nobody asks anything (CPU seconds a second), which is taken off."""

    app_pids: tuple[int, ...]
    postmaster: int
    database: str = ""
    idle_app: float = 0.0
    idle_database: float = 0.0

    def read(self) -> tuple[dict[int, float], dict[int, float]]:
        """A reading of the app and of the database."""
        return app_usage(self.app_pids), database_usage(self.postmaster, self.database)


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

    def figures(self, prefix: str = "") -> dict[str, float]:
        """What a round keeps of it."""
        return {
            f"{prefix}cpu_ms": self.cpu_ms,
            f"{prefix}app_ms": self.app_ms,
            f"{prefix}database_ms": self.database_ms,
            f"{prefix}rate": self.rate,
            f"{prefix}p50_ms": percentile_ms(self.latencies, 0.5),
            f"{prefix}p99_ms": percentile_ms(self.latencies, 0.99),
        }


def percentile_ms(seconds: list[float], share: float) -> float:
    """A latency in milliseconds."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def burst(work: Work, *, count: int, clients: int, account: Account, settle_seconds: float = 0.0) -> Sample:
    """Do `work(number)` for `count` numbers from 0, `clients` at a time, and measure what it cost.

    `settle_seconds` is how long CPU is still counted after the last answer, for work that goes on behind it.
    """
    numbers = iter(range(count))
    latencies: list[float] = []

    async def client() -> None:
        for number in numbers:
            started = perf_counter()
            await work(number)
            latencies.append(perf_counter() - started)

    app_before, database_before = account.read()
    started = perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = perf_counter() - started
    if settle_seconds:
        await asyncio.sleep(settle_seconds)
    app_after, database_after = account.read()
    counted = perf_counter() - started
    return Sample(
        count,
        seconds,
        max(0.0, spent(app_before, app_after) - account.idle_app * counted),
        max(0.0, spent(database_before, database_after) - account.idle_database * counted),
        latencies,
    )


@dataclass
class OwnWork:
    """Seconds by the clock, CPU milliseconds of this process, and of the database."""

    seconds: float = 0.0
    app_ms: float = 0.0
    database_ms: float = 0.0


@contextmanager
def own_work(postmaster: int, database: str) -> Iterator[OwnWork]:
    """What a block takes that runs a service's code in this very process; known after the block."""
    found = OwnWork()
    before, app, started = database_usage(postmaster, database), process_time(), perf_counter()
    yield found
    found.seconds, found.app_ms = perf_counter() - started, 1000 * (process_time() - app)
    found.database_ms = 1000 * spent(before, database_usage(postmaster, database))


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)
