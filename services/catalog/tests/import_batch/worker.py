"""A worker in a process of its own that is killed at a given moment. Arguments: database, files, batch, by how many
seconds its clock is ahead, and where it dies: before its n-th step (`before:4`), or within one, its work done and not
committed (`within:2`)."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from catalog.import_batch import actions, rules
from catalog.importer.working import Workplace, work_on
from catalog.settings import CatalogSettings
from shared.clock import utc_now
from shared.db import Database
from shared.files import open_files

STEP_ROWS = 20


def dying(step: Callable[..., Any], last: int) -> Callable[..., Any]:
    """The same, killed when it was done so many times; nothing of the last is committed."""
    turns = count(1)

    async def done(*given: Any, **named: Any) -> Any:
        result = await step(*given, **named)
        die_at(next(turns), last)
        return result

    return done


def die_at(turn: int, last: int) -> None:
    """As the kernel kills: no cleaning up."""
    if turn == last:
        os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, files_url: str, batch_id: str, ahead: str, death: str) -> None:
    """As far as it goes."""
    rules.STEP_ROWS = STEP_ROWS
    where, _, moment = death.partition(":")
    if where == "within":
        actions.count_checked = dying(actions.count_checked, int(moment))
        actions.count_written = dying(actions.count_written, int(moment))
    turns = count(1)

    def clock() -> datetime:
        if where == "before":
            die_at(next(turns), int(moment))
        return utc_now() + timedelta(seconds=float(ahead))

    settings = CatalogSettings(database_url=url, events_token="-", household_secret="of-a-test-only-0000")
    database = Database(url, pool_size=2)
    await work_on(Workplace(database, open_files(files_url), settings, uuid4(), clock), UUID(batch_id))
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
