"""A worker in a process of its own, for a test that kills it: database, files and batch are its arguments."""

import asyncio
import sys
from uuid import UUID, uuid4

from catalog.import_batch import rules
from catalog.importer.working import Workplace, work_on
from catalog.settings import CatalogSettings
from shared.clock import utc_now
from shared.db import Database
from shared.files import open_files


async def main(url: str, files_url: str, batch_id: str) -> None:
    """As far as it goes."""
    rules.STEP_ROWS = 20
    settings = CatalogSettings(database_url=url, events_token="-", household_secret="of-a-test-only-0000")
    database = Database(url, pool_size=2)
    await work_on(Workplace(database, open_files(files_url), settings, uuid4(), utc_now), UUID(batch_id))
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
