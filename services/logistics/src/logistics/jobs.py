"""What logistics does by the clock."""

from uuid import UUID

from logistics.dispatch_file import actions as dispatch_file_actions
from logistics.dispatch_file import queries as dispatch_file_queries
from logistics.reading import actions as reading_actions
from shared.clock import utc_now
from shared.db import Database
from shared.ids import new_id
from shared.jobs import Jobs

jobs = Jobs("logistics")


@jobs.periodic("* * * * *")
async def watch_for_silence(database: Database) -> None:
    """Every minute: note the devices that are silent for too long, in batches, each in its own short transaction."""
    while True:
        async with database.begin() as db:
            if not await reading_actions.note_silences(db, now=utc_now(), new_id=new_id):
                return


@jobs.task()
async def send_file(database: Database, file_id: str) -> None:
    """Send what a dispatch file says, a shipment a transaction; begun again it goes on where it was."""
    is_more = True
    while is_more:
        async with database.begin() as db:
            is_more = await dispatch_file_actions.send_next(db, file_id=UUID(file_id), now=utc_now(), new_id=new_id)


@jobs.periodic("* * * * *")
async def go_on_with_files(database: Database) -> None:
    """Every minute: files whose worker died."""
    async with database.read() as db:
        unfinished = await dispatch_file_queries.list_unfinished(db)
    for file_id in unfinished:
        await send_file(database, str(file_id))
