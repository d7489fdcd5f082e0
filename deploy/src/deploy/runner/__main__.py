"""`make run`: the marketplace with its demo data, until Ctrl-C."""

import argparse
import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.demo.mark import is_loaded
from deploy.runner.suite import PartFailed, PortTaken, Suite, prepared

FIRST_PORT = 8000


def main() -> int:
    """Run until a signal; the exit code says whether all went well."""
    arguments = _arguments()
    state = Path(arguments.state).absolute()
    state.mkdir(parents=True, exist_ok=True)
    try:
        with only_one(state):
            return asyncio.run(run(state, arguments.port, with_demo=not arguments.no_demo))
    except AlreadyRunning as running:
        print(f"助农 is running already: {running}. Nothing was started. End the other one with Ctrl-C there.")
        return 0
    except PortTaken as taken:
        print(f"\n{taken}.\nEnd that program, or choose other ports:  ZHUNONG_PORT=9000 make run", file=sys.stderr)
    except PartFailed as failed:
        print(f"\n{failed}. Its last lines are above; everything was stopped.", file=sys.stderr)
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description="Run the whole marketplace on this machine.")
    parser.add_argument("--state", default=os.environ.get("ZHUNONG_STATE", ".state"), help="folder of all data")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("ZHUNONG_PORT", FIRST_PORT)), help="first of six ports"
    )
    parser.add_argument("--no-demo", action="store_true", help="start without demo data")
    return parser.parse_args()


class AlreadyRunning(Exception):  # noqa: N818 - not an error
    """Another process runs the suite on this folder; the message is its address."""


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it however this process ends."""
    path = state / "run.lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise AlreadyRunning(lock.read().strip() or "it is starting") from error
        lock.truncate(0)
        yield
        lock.truncate(0)


async def run(state: Path, first_port: int, *, with_demo: bool) -> int:
    """Start, load the demo data once, say what to try, and wait."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, stopping.set)
    started = time.monotonic()
    print("助农 Zhunong starts: PostgreSQL, five apps and the payment sandbox …", flush=True)
    async with prepared(state, first_port=first_port, say=lambda line: print(line, flush=True)) as (suite, environment):
        main_task = asyncio.create_task(_live(suite, state, environment, with_demo=with_demo, started=started))
        stop_task = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({main_task, stop_task}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.is_set():
                print("\nstopping …", flush=True)
            else:
                main_task.result()
        finally:
            for task in (main_task, stop_task):
                task.cancel()
            await asyncio.gather(main_task, stop_task, return_exceptions=True)
    print("stopped; the data is kept", flush=True)
    return 0


async def _live(suite: Suite, state: Path, environment: dict[str, str], *, with_demo: bool, started: float) -> None:
    await suite.start()
    if with_demo and not is_loaded(state, environment):
        await _load_demo(state, environment)
    (state / "run.lock").write_text(suite.url)
    print(_welcome(suite.url, time.monotonic() - started, with_demo=with_demo), flush=True)
    ended = await suite.wait_for_end()
    raise PartFailed(f"{ended.part.name} ended with code {ended.process.returncode}")


async def _load_demo(state: Path, environment: dict[str, str]) -> None:
    """Load what is missing, in a process of its own that can be cut off and goes on the next time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.demo", "load", "--state", str(state), env=environment, start_new_session=True
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code != 0:
        raise PartFailed(f"the demo data could not be loaded (code {code}); the next `make run` goes on with it")


def _welcome(url: str, seconds: float, *, with_demo: bool) -> str:
    lines = [
        "",
        f"  助农 is open after {seconds:.0f} s:  {url}",
        f"  API: {url}/docs   CSV, Parquet and query: {url}/dashboard",
    ]
    if with_demo:
        from deploy.demo.accounts import accounts_text  # noqa: PLC0415 - not needed without demo data

        lines.append(accounts_text())
    lines.append("  Ctrl-C ends it; the data stays in .state/. In another terminal:  make demo")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
