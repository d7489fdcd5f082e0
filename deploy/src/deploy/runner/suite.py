"""Starting, watching and ending the processes. Whatever ends this process ends them too."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from deploy.runner.plan import PORTS, Part, make_plan, whole_environment
from shared.postgres import ensure_database, start_postgres

_READY_SECONDS = 90
_STOP_SECONDS = 12
_PR_SET_PDEATHSIG = 1
_COLOURS = {"gateway": 32, "catalog": 36, "orders": 33, "logistics": 35, "analytics": 34, "sandbox": 90}

Say = Callable[[str], None]


class PartFailed(Exception):  # noqa: N818 - the message is for the terminal
    """A process ended by itself, or never became ready."""


class PortTaken(Exception):  # noqa: N818
    """Somebody else listens where one of ours must."""


@dataclass
class Running:
    """A part and its process."""

    part: Part
    process: asyncio.subprocess.Process
    log: asyncio.Task[None]


class Suite:
    """The whole marketplace: `start`, then `wait_for_end`, then `stop`."""

    def __init__(self, parts: list[Part], *, say: Say) -> None:
        self.parts = parts
        self._say = say
        self._running: list[Running] = []

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self.parts[0].url

    def pid(self, name: str) -> int:
        """The process of a part."""
        return next(running.process.pid for running in self._running if running.part.name == name)

    async def start(self) -> None:
        """Start every part and wait until each can do its work."""
        for part in self.parts:
            ensure_port_free(part)
        for part in self.parts:
            self._running.append(await self._spawn(part))
        waiting = [asyncio.create_task(self._until_ready(running)) for running in self._running]
        try:
            await asyncio.gather(*waiting)
        finally:
            for task in waiting:
                task.cancel()

    async def wait_for_end(self) -> Running:
        """The first part that ends by itself."""
        ends = {asyncio.create_task(running.process.wait()): running for running in self._running}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        return ends[done.pop()]

    async def stop(self) -> None:
        """Let each finish what is under way, then make sure that none is left."""
        for running in self._running:
            if running.process.returncode is None:
                running.process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.gather(*(running.process.wait() for running in self._running))
        except TimeoutError:
            for running in self._running:
                if running.process.returncode is None:
                    self._say(f"{running.part.name} does not stop; killed")
                    running.process.kill()
        for running in self._running:
            await running.process.wait()
            running.log.cancel()
        self._running.clear()

    async def _spawn(self, part: Part) -> Running:
        process = await asyncio.create_subprocess_exec(
            *part.command,
            env={**part.environment, **os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        return Running(part, process, asyncio.create_task(self._copy_log(part, process)))

    async def _copy_log(self, part: Part, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        label = f"{part.name:<9}"
        if sys.stdout.isatty():
            label = f"\033[{_COLOURS.get(part.name, 37)}m{label}\033[0m"
        while line := await _read_line(process.stdout):
            self._say(f"{label} │ {line.decode(errors='replace').rstrip()}")

    async def _until_ready(self, running: Running) -> None:
        part, process = running.part, running.process
        async with httpx2.AsyncClient(timeout=2) as client:
            for _ in range(_READY_SECONDS * 20):
                if process.returncode is not None:
                    raise PartFailed(f"{part.name} ended with code {process.returncode} before it was ready")
                with contextlib.suppress(httpx2.HTTPError):
                    if (await client.get(part.url + part.health)).is_success:
                        return
                await asyncio.sleep(0.05)
        raise PartFailed(f"{part.name} was not ready after {_READY_SECONDS} s")


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """A line, or what there is of one that is longer than the buffer."""
    try:
        return await stream.readline()
    except ValueError:
        return await stream.read(65_536)


def _die_with_parent() -> None:
    """On Linux the kernel ends the child when its parent is gone, however that went."""
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def ensure_port_free(part: Part) -> None:
    """Raise `PortTaken` if somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", part.port))
        except OSError as error:
            raise PortTaken(f"port {part.port} (for {part.name}) is taken by another program") from error


@asynccontextmanager
async def prepared(state: Path, *, first_port: int, say: Say) -> AsyncIterator[tuple[Suite, dict[str, str]]]:
    """A suite that is ready to start, with its database server up; and the whole environment for loaders.

    `ZHUNONG_DATABASE_URL` names a server of your own; otherwise PostgreSQL runs from its wheel under `state`.
    """
    given = os.environ.get("ZHUNONG_DATABASE_URL")
    with contextlib.ExitStack() as stack:
        server = given or stack.enter_context(start_postgres(state / "postgres"))
        parts = make_plan(state=state, first_port=first_port, server_url=server)
        for name in PORTS:
            if f"{name.upper()}_DATABASE_URL" not in os.environ:
                await asyncio.to_thread(ensure_database, server, f"zhunong_{name}")
        suite = Suite(parts, say=say)
        try:
            yield suite, whole_environment(parts)
        finally:
            await suite.stop()
