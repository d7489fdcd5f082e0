"""What logistics does by the clock."""

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
