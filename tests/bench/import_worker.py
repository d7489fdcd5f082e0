"""A worker of imports in a process of its own, as `python -m catalog work` is one, which says what each import cost.

In: a line with a batch's id. Out: a line of JSON, CPU seconds of this process and of the reader that it started.
"""

import asyncio
import resource
import sys
from time import perf_counter
from uuid import UUID

import orjson

from catalog.importer.working import Workplace, work_on
from catalog.settings import CatalogSettings
from shared.clock import utc_now
from shared.db import Database
from shared.files import open_files
from shared.ids import new_id


def cpu_seconds() -> float:
    """Of this process and of the children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


async def main(database_url: str, files_url: str) -> None:
    """Until the input ends."""
    settings = CatalogSettings(database_url=database_url, events_token="-", household_secret="of-the-bench-only-0000")
    database = Database(database_url, pool_size=2)
    place = Workplace(database, open_files(files_url), settings, new_id(), utc_now)
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        before, started = cpu_seconds(), perf_counter()
        is_done = await work_on(place, UUID(line.strip().decode()))
        told = {"is_done": is_done, "seconds": perf_counter() - started, "cpu": cpu_seconds() - before}
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.stdout.buffer.flush()
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
