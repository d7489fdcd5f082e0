"""Jobs and timers: procrastinate on the service's own PostgreSQL.

`defer` writes the job in the caller's transaction, so work is never queued for something that did not happen, nor
forgotten for something that did. A job may run twice (a worker can die after its work): a task must bear that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import procrastinate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database
from shared.log import logger
from shared.settings import ServiceSettings

Task = Callable[..., Awaitable[None]]

log = logger(__name__)

_DEFER = text("""
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW(:queue, :task, 0, CAST(:lock AS text), CAST(:queueing_lock AS text), CAST(:args AS jsonb),
            CAST(:scheduled_at AS timestamptz))::procrastinate_job_to_defer_v1])
""")


class Jobs:
    """The tasks of one service. A task is `async def task(database: Database, **arguments)`."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._tasks: dict[str, Task] = {}
        self._with_settings: set[str] = set()
        self._retries: dict[str, int] = {}
        self._periodic: dict[str, str] = {}

    def task(self, *, retries: int = 5, with_settings: bool = False) -> Callable[[Task], Task]:
        """Register a task that is tried again, with growing pauses, up to `retries` times. `with_settings` hands it the
        service's `settings` too."""

        def register(function: Task) -> Task:
            name = f"{function.__module__}.{function.__qualname__}"
            self._tasks[name] = function
            self._retries[name] = retries
            if with_settings:
                self._with_settings.add(name)
            return function

        return register

    def periodic(self, cron: str, *, with_settings: bool = False) -> Callable[[Task], Task]:
        """Register a task that runs by the clock (cron, UTC), once over all replicas; it takes no arguments."""

        def register(function: Task) -> Task:
            self.task(retries=0, with_settings=with_settings)(function)
            self._periodic[f"{function.__module__}.{function.__qualname__}"] = cron
            return function

        return register

    async def defer(
        self,
        db: AsyncSession,
        task: Task,
        *,
        scheduled_at: datetime | None = None,
        lock: str | None = None,
        queueing_lock: str | None = None,
        **arguments: Any,
    ) -> None:
        """Queue the task in the caller's transaction. Jobs with one `lock` run one after the other."""
        await db.execute(
            _DEFER,
            {
                "queue": "default",
                "task": f"{task.__module__}.{task.__qualname__}",
                "lock": lock,
                "queueing_lock": queueing_lock,
                "args": orjson.dumps(arguments, default=str).decode(),
                "scheduled_at": scheduled_at,
            },
        )

    async def work(self, database: Database, *, settings: ServiceSettings | None = None, wait: bool = True) -> None:
        """Run jobs until cancelled; with `wait=False`, until there is none left."""
        app = self._application(database, settings)
        async with app.open_async():
            await app.run_worker_async(
                wait=wait,
                concurrency=2,
                listen_notify=wait,
                fetch_job_polling_interval=5.0,
                install_signal_handlers=False,
                shutdown_graceful_timeout=5.0,
                delete_jobs="successful",
            )

    async def keep_working(self, database: Database, settings: ServiceSettings | None = None) -> None:
        """`work`, started again after a lost connection."""
        while True:
            try:
                await self.work(database, settings=settings)
            except Exception as error:  # noqa: BLE001 - a worker that dies in silence is worse than any error
                log.warning("job worker stopped; starts again", error=repr(error))
                await asyncio.sleep(2)

    def _application(self, database: Database, settings: ServiceSettings | None) -> procrastinate.App:
        connector = procrastinate.PsycopgConnector(
            conninfo=database.url, min_size=1, max_size=4, kwargs={"application_name": f"{self.service}-jobs"}
        )
        app = procrastinate.App(connector=connector)
        for name, function in self._tasks.items():
            given = {"settings": settings} if name in self._with_settings else {}
            self._register(app, name, partial(function, database, **given))
        return app

    def _register(self, app: procrastinate.App, name: str, function: Callable[..., Awaitable[None]]) -> None:
        async def run(**arguments: Any) -> None:
            await function(**arguments)

        async def run_by_the_clock(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the tick
            await function()

        retry = procrastinate.RetryStrategy(max_attempts=self._retries[name], exponential_wait=2)
        cron = self._periodic.get(name)
        if cron is None:
            app.task(name=name, retry=retry)(run)
        else:
            registered = app.task(name=name, queueing_lock=name, pass_context=False)(run_by_the_clock)
            app.periodic(cron=cron, periodic_id=name)(registered)
